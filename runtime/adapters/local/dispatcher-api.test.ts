/** Goal: Flink's REST shapes and status codes. Method: requests against a recording dispatcher. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { CheckpointManifest } from '../../checkpoint/index.ts';
import { StreamError } from '../../core/index.ts';
import type { DispatchedJob, StateAnswer } from '../../jobmaster/index.ts';
import { MemoryRowStore } from '../../testing/index.ts';
import { answerRequest, type ClusterApi, noProcesses, serializedThrowable } from '../http/index.ts';
import { ClusterJars } from './cluster-jars.ts';
import { ClusterOperations } from './cluster-operations.ts';
import { dispatcherApi } from './dispatcher-api.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const ID = '0123456789abcdef0123456789abcdef';
const TRIGGER = 'f'.repeat(32);
const NODE = {
  operator: '',
  operator_strategy: '',
  description: 'Source',
  optimizer_properties: {},
};
const running: DispatchedJob = {
  jobId: ID,
  name: 'job',
  status: 'RUNNING',
  submittedAtEpochMs: 100,
  vertices: [{ id: 'v1', name: 'Source', parallelism: 2, maxParallelism: 128 }],
  metrics: [],
  executions: [],
  exceptions: { size: 16, entries: [], truncated: false },
};

/** What of a savepoint is told. */
const MANIFEST = {
  ...{ kind: 'SAVEPOINT', checkpointId: 3, jobId: 'x', jobName: 'job', completedAtEpochMs: 5 },
} as unknown as CheckpointManifest;
const PROBLEM = { kind: 'invalid', code: 'STATE_GONE', message: 'gone', details: {} } as const;

const ANSWER: StateAnswer = {
  operator: { operatorId: 'e'.repeat(32), uid: 'sum', name: 'Sum', keyGroup: 5, subtaskIndex: 1 },
  value: { kind: 'value', value: { url: 'http://user:pass@host' } },
  ...{ source: 'checkpoint', asOfEpochMs: 1000, ageMs: 100, checkpointId: 7 },
};

describe('the REST interface', () => {
  let calls: unknown[][];
  let api: ClusterApi;
  let jars: ClusterJars;
  let job: DispatchedJob;
  let failure: StreamError | undefined;

  beforeEach(async () => {
    calls = [];
    job = running;
    failure = undefined;
    const clock = { nowEpochMs: () => 1100, monotonicMs: () => 0 };
    const record =
      <T>(name: string, result: T) =>
      async (...args: unknown[]): Promise<T> => {
        calls.push([name, ...args]);
        if (failure !== undefined) throw failure;
        return result;
      };
    jars = await ClusterJars.open({ directory: await temporaryDirectory(), maxBytes: 1e6, clock });
    const jobOf = (jobId: string): DispatchedJob => {
      if (jobId === ID) return job;
      const details = { jobId };
      throw new StreamError({ kind: 'invalid', code: 'JOB_NOT_FOUND', message: 'no', details });
    };
    api = dispatcherApi({
      processes: noProcesses('nothing runs here'),
      placeOf: () => undefined,
      dispatcher: {
        submit: record('submit', TRIGGER),
        list: () => [job],
        get: jobOf,
        details: async (jobId) => jobOf(jobId),
        planOf: async () => ({
          ...{ jid: ID, name: 'job', type: 'STREAMING' },
          nodes: [{ ...NODE, id: 'v1', parallelism: 1 }],
        }),
        diagnosis: () => {
          throw new Error('nobody asks');
        },
        queryState: record('queryState', ANSWER),
        slots: { total: 4, available: 2 },
        cancel: record('cancel', undefined),
        savepoint: record('savepoint', '/s/1'),
        cancelWithSavepoint: record('cancelWithSavepoint', '/s/2'),
        stop: record('stop', '/s/3'),
        checkpoint: record('checkpoint', 7),
        rescale: record('rescale', undefined),
        disposeSavepoint: record('dispose', undefined),
      },
      operations: new ClusterOperations({
        clock,
        rows: new MemoryRowStore(),
        logger: { log: () => {} },
      }),
      jars,
      planner: {
        plan: () => Promise.reject(new Error('not asked for')),
        checkSavepoint: async ({ args }, asked) => {
          calls.push(['checkSavepoint', args, asked]);
          return { path: asked.path, manifest: MANIFEST, operators: [], problems: [PROBLEM] };
        },
      },
      heartbeats: { note: (...args) => void calls.push(['heartbeat', ...args]) },
      shutDown: () => void calls.push(['shutDown']),
      clock,
      version: '1.0',
      dataDirectory: '/data',
      newId: () => TRIGGER,
      jobDefaults: { 'execution.checkpointing.interval': 2000, 'pipeline.name': 'ours' },
    });
  });

  async function ask(
    line: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<{ status: number; body: unknown }> {
    const [method = '', target = ''] = line.split(' ');
    const url = new URL(target, 'http://localhost');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return await answerRequest(api, {
      method,
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      contentType,
      contentTypeHeader: contentType,
      body: Buffer.from(body === undefined ? '' : text),
    });
  }

  it('shows the cluster and its jobs', async () => {
    const { body: overview } = await ask('GET /overview');
    assert.deepEqual(overview, {
      taskmanagers: 0,
      'slots-total': 4,
      'slots-available': 2,
      'jobs-running': 1,
      'jobs-finished': 0,
      'jobs-cancelled': 0,
      'jobs-failed': 0,
      'flink-version': '1.0',
      'flink-commit': 'sluice',
    });
    assert.deepEqual((await ask('GET /jobs')).body, { jobs: [{ id: ID, status: 'RUNNING' }] });
    const [listed] = ((await ask('GET /jobs/overview')).body as { jobs: object[] }).jobs;
    assert.deepEqual(listed, {
      jid: ID,
      name: 'job',
      'start-time': 100,
      'end-time': -1,
      duration: 1000,
      state: 'RUNNING',
      'last-modification': 100,
      tasks: {
        total: 2,
        created: 0,
        scheduled: 0,
        deploying: 0,
        running: 2,
        finished: 0,
        canceling: 0,
        canceled: 0,
        failed: 0,
        reconciling: 0,
        initializing: 0,
      },
      'pending-operators': 0,
    });
  });

  it('shows a job, its result and its exceptions', async () => {
    const shown = (await ask(`GET /jobs/${ID}`)).body as Record<string, unknown>;
    assert.deepEqual([shown.jid, shown.state, shown['end-time']], [ID, 'RUNNING', -1]);
    const [vertex] = shown.vertices as Record<string, unknown>[];
    assert.deepEqual([vertex?.id, vertex?.parallelism, vertex?.status], ['v1', 2, 'RUNNING']);
    // At the parallelism it runs with.
    const plan = {
      ...{ jid: ID, name: 'job', type: 'STREAMING' },
      nodes: [{ ...NODE, id: 'v1', parallelism: 2 }],
    };
    assert.deepEqual(shown.plan, plan);
    assert.deepEqual(await ask(`GET /jobs/${ID}/plan`), { status: 200, body: { plan } });
    const waiting = await ask(`GET /jobs/${ID}/execution-result`);
    assert.deepEqual(waiting.body, { status: { id: 'IN_PROGRESS' } });
    const error = {
      kind: 'user',
      code: 'BOOM',
      message: 'boom',
      details: {},
      stack: 'Error: boom\n    at x',
    } as const;
    const entry = {
      ...{ timestampEpochMs: 5, error, taskName: 'map (1/2)', concurrentExceptions: [] },
      place: { taskManagerId: 'localhost-7-ab', endpoint: 'localhost:7' },
    };
    job = {
      ...running,
      status: 'FAILED',
      endedAtEpochMs: 600,
      netRuntimeMs: 12.4,
      error,
      exceptions: { size: 16, entries: [entry, entry], truncated: false },
    };
    const thrown = { className: 'BOOM', message: 'boom', stackTrace: 'BOOM: boom\n    at x' };
    assert.deepEqual((await ask(`GET /jobs/${ID}/execution-result`)).body, {
      status: { id: 'COMPLETED' },
      'job-execution-result': {
        id: ID,
        'application-status': 'FAILED',
        'accumulator-results': {},
        accumulators: [],
        'net-runtime': 12,
        'failure-cause': {
          class: 'BOOM',
          'stack-trace': 'BOOM: boom\n    at x',
          'serialized-throwable': serializedThrowable(thrown),
          error,
        },
      },
    });
    assert.deepEqual((await ask(`GET /jobs/${ID}/exceptions?maxExceptions=1`)).body, {
      exceptionHistory: {
        entries: [
          {
            exceptionName: 'BOOM',
            stacktrace: 'BOOM: boom\n    at x',
            timestamp: 5,
            failureLabels: {},
            taskName: 'map (1/2)',
            endpoint: 'localhost:7',
            taskManagerId: 'localhost-7-ab',
            concurrentExceptions: [],
          },
        ],
        truncated: true,
      },
    });
  });

  it('asks for queryable state, its keys typed by parameters', async () => {
    const { status, body } = await ask(`GET /jobs/${ID}/state/sum/total/a%2Fb%3F`);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      ...{ jobId: ID, operatorId: 'e'.repeat(32), uid: 'sum', operatorName: 'Sum' },
      ...{ name: 'total', kind: 'value', key: 'a/b?', keyType: 'string' },
      ...{ keyGroup: 5, subtask: 1, value: { url: 'http://user:pass@host' } },
      ...{ source: 'checkpoint', asOfEpochMs: 1000, ageMs: 100, checkpointId: 7 },
    });
    const typed =
      'keyType=number&mapKey=%7B%22x%22:1%7D&mapKeyType=json&window=0,%2010&accumulator=true';
    await ask(`GET /v1/jobs/${ID}/state/sum/total/7?${typed}`.replace('/v1', ''));
    await ask(`GET /jobs/${ID}/state/sum/total/`);
    assert.deepEqual(
      calls.map(([, , question]) => question),
      [
        { operator: 'sum', query: { name: 'total', key: { type: 'string', text: 'a/b?' } } },
        {
          operator: 'sum',
          query: {
            name: 'total',
            key: { type: 'number', text: '7' },
            mapKey: { type: 'json', text: '{"x":1}' },
            ...{ window: '0,10', withAccumulator: true },
          },
        },
        { operator: 'sum', query: { name: 'total', key: { type: 'string', text: '' } } },
      ],
    );
  });

  it('tells why state is not answered, and refuses parameters it does not know', async () => {
    for (const parameters of [
      ...['keyType=int', 'mapKeyType=json', 'mapKey=a&mapKeyType=x', 'window=1', 'window=1,2,3'],
      ...['window=a,b', 'accumulator=yes', 'kyType=number'],
    ]) {
      const { status } = await ask(`GET /jobs/${ID}/state/sum/total/a?${parameters}`);
      assert.equal(status, 400, parameters);
    }
    assert.deepEqual(calls, []);
    assert.equal((await ask(`GET /jobs/${ID}/state/sum/total`)).status, 404);
    for (const [code, status] of [
      ['OPERATOR_NOT_FOUND', 404],
      ['STATE_NOT_FOUND', 404],
      ['STATE_KEY_NOT_FOUND', 404],
      ['STATE_JOB_ENDED', 404],
      ['STATE_NOT_QUERYABLE', 403],
      ['STATE_ANSWER_TOO_LARGE', 413],
      ['STATE_NO_CHECKPOINT', 409],
      ['STATE_KEY_INVALID', 400],
      ['STATE_NOT_KEYED', 400],
    ] as const) {
      failure = new StreamError({ kind: 'invalid', code, message: 'why' });
      const answer = await ask(`GET /jobs/${ID}/state/sum/total/a`);
      assert.deepEqual(answer, { status, body: { errors: ['why', `code: ${code}`] } });
    }
  });

  it('cancels, and refuses to cancel what has ended', async () => {
    assert.deepEqual(await ask(`PATCH /jobs/${ID}?mode=cancel`), { status: 202, body: {} });
    failure = new StreamError({ kind: 'conflict', code: 'JOB_ALREADY_ENDED', message: 'ended' });
    job = { ...running, status: 'FINISHED' };
    const refused = await ask(`PATCH /jobs/${ID}`);
    assert.equal(refused.status, 409);
    assert.match(JSON.stringify(refused.body), /another terminal state \(FINISHED\)\./);
    assert.equal((await ask(`PATCH /jobs/${ID}?mode=stop`)).status, 400);
  });

  it('triggers savepoints, stops and checkpoints, once an id', async () => {
    const one = { triggerId: '1'.repeat(32) };
    const accepted = { status: 202, body: { 'request-id': one.triggerId } };
    const savepoint = { 'target-directory': '/t', 'cancel-job': false, ...one };
    assert.deepEqual(await ask(`POST /jobs/${ID}/savepoints`, savepoint), accepted);
    assert.deepEqual(await ask(`POST /jobs/${ID}/savepoints`, savepoint), accepted);
    await ask(`POST /jobs/${ID}/stop`, { targetDirectory: '/t', drain: true });
    await ask(`POST /jobs/${ID}/checkpoints`, { checkpointType: 'FULL', triggerId: null });
    assert.deepEqual(calls, [
      ['savepoint', ID, '/t'],
      ['stop', ID, { drain: true, target: '/t' }],
      ['checkpoint', ID, 'FULL'],
    ]);
    assert.deepEqual((await ask(`GET /jobs/${ID}/savepoints/${one.triggerId}`)).body, {
      status: { id: 'COMPLETED' },
      operation: { location: '/s/1' },
    });
    assert.deepEqual((await ask(`GET /jobs/${ID}/savepoints/${TRIGGER}`)).body, {
      status: { id: 'COMPLETED' },
      operation: { location: '/s/3' },
    });
    assert.deepEqual((await ask(`GET /jobs/${ID}/checkpoints/${TRIGGER}`)).body, {
      status: { id: 'COMPLETED' },
      operation: { checkpointId: 7 },
    });
    const unknown = await ask(`GET /jobs/${ID}/savepoints/${'2'.repeat(32)}`);
    assert.deepEqual(unknown, {
      status: 404,
      body: {
        errors: [`There is no savepoint operation with triggerId=${'2'.repeat(32)} for job ${ID}.`],
      },
    });
  });

  it('tells why an operation failed', async () => {
    failure = new StreamError({ kind: 'invalid', code: 'JOB_NOT_RUNNING', message: 'not now' });
    await ask(`POST /jobs/${ID}/checkpoints`);
    const { body } = await ask(`GET /jobs/${ID}/checkpoints/${TRIGGER}`);
    const { operation } = body as { operation: { failureCause: { class: string } } };
    assert.equal(operation.failureCause.class, 'JOB_NOT_RUNNING');
  });

  it('rescales by number and by vertex', async () => {
    const { status } = await ask(`PATCH /jobs/${ID}/rescaling?parallelism=3`);
    const wanted = { v1: { parallelism: { lowerBound: 1, upperBound: 4 } } };
    assert.deepEqual(await ask(`PUT /jobs/${ID}/resource-requirements`, wanted), {
      status: 200,
      body: {},
    });
    assert.equal(status, 202);
    assert.deepEqual(calls, [
      ['rescale', ID, 3],
      ['rescale', ID, { v1: 4 }],
    ]);
    assert.equal((await ask(`PATCH /jobs/${ID}/rescaling?parallelism=0`)).status, 400);
    const malformed = { v1: { parallelism: { upperBound: 'many' } } };
    assert.equal((await ask(`PUT /jobs/${ID}/resource-requirements`, malformed)).status, 400);
    assert.deepEqual((await ask(`GET /jobs/${ID}/resource-requirements`)).body, {
      v1: { parallelism: { lowerBound: 1, upperBound: 2 } },
    });
  });

  it('disposes of savepoints', async () => {
    const { status } = await ask('POST /savepoint-disposal', { 'savepoint-path': '/s/1' });
    assert.equal(status, 200);
    assert.deepEqual(calls, [['dispose', '/s/1']]);
    assert.deepEqual((await ask(`GET /savepoint-disposal/${TRIGGER}`)).body, {
      status: { id: 'COMPLETED' },
      operation: {},
    });
    assert.equal((await ask('POST /savepoint-disposal', {})).status, 400);
  });

  it('checks a savepoint against a program, and starts nothing', async () => {
    const uploaded = await ask('POST /jars/upload?name=job.mjs', 'code', 'text/javascript');
    const { filename } = uploaded.body as { filename: string };
    const id = filename.replace(/^.*\//, '');
    const none = await ask(`POST /jars/${id}/savepoint-check`, {});
    assert.equal(none.status, 400);
    const { status, body } = await ask(`POST /jars/${id}/savepoint-check`, {
      ...{ savepointPath: '/s/1', allowNonRestoredState: true, programArgsList: ['--x'] },
    });
    assert.equal(status, 200);
    assert.deepEqual(calls, [
      ['checkSavepoint', ['--x'], { path: '/s/1', allowNonRestoredState: true }],
    ]);
    const { kind: _, ...problem } = PROBLEM;
    assert.deepEqual(body, {
      restorable: false,
      savepoint: { ...MANIFEST, path: '/s/1' },
      ...{ operators: [], problems: [problem] },
    });
  });

  it('takes programs and runs them, with its defaults below what the client says', async () => {
    const uploaded = await ask('POST /jars/upload?name=a/../job.mjs', 'code', 'text/javascript');
    const { filename } = uploaded.body as { filename: string };
    assert.match(filename, /^[0-9a-f-]{36}_job\.mjs$/);
    const run = await ask(`POST /jars/${filename}/run`, {
      programArgsList: ['--rate', '5'],
      parallelism: 3,
      savepointPath: '/s/1',
      allowNonRestoredState: true,
      claimMode: 'claim',
      flinkConfiguration: { 'execution.checkpointing.interval': '1 s' },
    });
    assert.deepEqual(run, { status: 200, body: { jobid: TRIGGER } });
    assert.deepEqual(calls, [
      [
        'submit',
        {
          jobId: TRIGGER,
          bundle: Buffer.from('code'),
          args: ['--rate', '5'],
          configuration: {
            'execution.checkpointing.interval': 1000,
            'execution.state-recovery.claim-mode': 'CLAIM',
            'execution.state-recovery.ignore-unclaimed-state': true,
            'execution.state-recovery.path': '/s/1',
            'parallelism.default': 3,
            'pipeline.name': 'ours',
          },
        },
      ],
    ]);
    assert.equal((await ask(`DELETE /jars/${filename}`)).status, 200);
    assert.equal((await ask(`POST /jars/${filename}/run`, {})).status, 404);
  });

  it('takes a program as a form', async () => {
    const form = new FormData();
    form.append('jarfile', new File(['code'], 'job.mjs'));
    const request = new Request('http://localhost/', { method: 'POST', body: form });
    const type = request.headers.get('content-type') ?? '';
    const answer = await answerRequest(api, {
      method: 'POST',
      path: '/jars/upload',
      query: new URLSearchParams(),
      contentType: 'multipart/form-data',
      contentTypeHeader: type,
      body: new Uint8Array(await request.arrayBuffer()),
    });
    assert.equal(answer.status, 200);
    const [uploaded] = await jars.list();
    const { bundle } = await jars.read(uploaded?.id ?? '');
    assert.equal(Buffer.from(bundle).toString(), 'code');
  });

  it('refuses what it does not understand', async () => {
    const codes = async (...lines: string[]): Promise<number[]> =>
      await Promise.all(lines.map(async (line) => (await ask(line)).status));
    assert.deepEqual(
      await codes('GET /nope', 'GET /jobs/../etc', `DELETE /jobs/${ID}`),
      [404, 404, 405],
    );
    assert.deepEqual(await codes('GET /jobs/12', `GET /jobs/${'a'.repeat(32)}`), [400, 404]);
    assert.deepEqual((await ask(`GET /jobs/${'a'.repeat(32)}`)).body, {
      errors: [`Job ${'a'.repeat(32)} not found`, 'code: JOB_NOT_FOUND'],
    });
    const bodies: readonly (readonly [body: unknown, type: string, status: number])[] = [
      ['{', 'application/json', 400],
      ['[]', 'application/json', 400],
      ['{}', 'text/plain', 415],
      [{ drain: 'yes' }, 'application/json', 400],
      [{ triggerId: '../x' }, 'application/json', 400],
    ];
    for (const [body, type, status] of bodies) {
      assert.equal((await ask(`POST /jobs/${ID}/stop`, body, type)).status, status, String(body));
    }
    assert.equal((await ask('POST /jars/upload', 'code', 'text/plain')).status, 415);
    assert.deepEqual(calls, []);
  });
});
