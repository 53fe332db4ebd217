/** Goal: subtasks in Flink's shapes. Method: requests against a cluster of one job. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobPlanJson } from '../../graph/index.ts';
import type { DispatchedJob } from '../../jobmaster/index.ts';
import {
  askOf,
  clusterOf,
  IDLE_RATES,
  JOB_ID,
  jobWithSources,
  RUNNING_JOB,
  runningSubtask,
  SINK_ID,
  SOURCE_ID,
  taskMetrics,
} from './shown-cluster.fixture.ts';

const VERTEX = `/jobs/${JOB_ID}/vertices/${SOURCE_ID}`;

type Json = Record<string, unknown>;

async function shown(job: DispatchedJob, path: string): Promise<Json> {
  const { status, body } = await askOf(job, `GET ${path}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Json;
}

describe('GET /jobs/:jobid', () => {
  it('counts tasks by the state that each of them is in', async () => {
    const sources = [
      runningSubtask(SOURCE_ID, 0, {
        state: 'FINISHED',
        times: { DEPLOYING: 1000, FINISHED: 4000 },
      }),
      runningSubtask(SOURCE_ID, 1),
    ];
    const { vertices, 'status-counts': counts } = await shown(
      jobWithSources(sources),
      `/jobs/${JOB_ID}`,
    );
    const [source, sink] = vertices as Json[];
    assert.deepEqual([source?.status, sink?.status], ['RUNNING', 'RUNNING']);
    const tasks = (source?.tasks ?? {}) as Json;
    assert.deepEqual([tasks.RUNNING, tasks.FINISHED, tasks.FAILED], [1, 1, 0]);
    assert.deepEqual([source?.['start-time'], source?.['end-time']], [1000, -1]);
    assert.equal((counts as Json).RUNNING, 2);
    const { jobs } = await shown(jobWithSources(sources), '/jobs/overview');
    const { total, running, finished } = ((jobs as Json[])[0]?.tasks ?? {}) as Json;
    assert.deepEqual([total, running, finished], [3, 2, 1]);
  });

  it('tells when it entered each state, 0 of those that nobody noted', async () => {
    const times = { CREATED: 100, RUNNING: 700, RESTARTING: 500 };
    const restarted = { ...RUNNING_JOB, submittedAtEpochMs: 100, times, modifiedAtEpochMs: 900 };
    const { timestamps } = (await shown(restarted, `/jobs/${JOB_ID}`)) as { timestamps: Json };
    const { INITIALIZING, CREATED, RUNNING, RESTARTING, FAILING, FINISHED } = timestamps;
    assert.deepEqual([INITIALIZING, CREATED, RUNNING, RESTARTING], [100, 100, 700, 500]);
    assert.deepEqual([FAILING, FINISHED], [0, 0]);
    const { jobs } = await shown(restarted, '/jobs/overview');
    assert.equal((jobs as Json[])[0]?.['last-modification'], 900);

    const { times: _, ...unknown } = { ...restarted, endedAtEpochMs: 950 };
    const ended = await shown({ ...unknown, status: 'FINISHED' }, `/jobs/${JOB_ID}`);
    const told = ended.timestamps as Json;
    assert.deepEqual([told.RUNNING, told.FINISHED, told.CANCELED], [0, 950, 0]);
  });

  it('says what the job’s state tells where subtasks are not known', async () => {
    const { vertices } = await shown({ ...RUNNING_JOB, executions: [] }, `/jobs/${JOB_ID}`);
    const [source] = vertices as Json[];
    assert.deepEqual([source?.status, ((source?.tasks ?? {}) as Json).RUNNING], ['RUNNING', 2]);
  });

  it('does not say of such subtasks when they began: the job’s times are not theirs', async () => {
    for (const job of [RUNNING_JOB, { ...RUNNING_JOB, endedAtEpochMs: 950 }]) {
      const { vertices } = await shown({ ...job, executions: [] }, `/jobs/${JOB_ID}`);
      const [source] = vertices as Json[];
      const times = [source?.['start-time'], source?.['end-time'], source?.duration];
      assert.deepEqual(times, [-1, -1, -1]);
    }
  });

  it('has the type that its plan has; without a plan it is STREAMING', async () => {
    const plan: JobPlanJson = { jid: JOB_ID, name: 'job', type: 'BATCH', nodes: [] };
    const { jobs } = clusterOf(RUNNING_JOB);
    const typesOf = async (planned: JobPlanJson | undefined) => {
      const changed = { jobs: { ...jobs, planOf: async () => planned } };
      const { body } = await askOf(RUNNING_JOB, `GET /jobs/${JOB_ID}`, changed);
      const detail = body as Json;
      return [detail['job-type'], (detail.plan as Json).type];
    };
    assert.deepEqual(await typesOf(plan), ['BATCH', 'BATCH']);
    assert.deepEqual(await typesOf({ ...plan, type: 'STREAMING' }), ['STREAMING', 'STREAMING']);
    assert.deepEqual(await typesOf(undefined), ['STREAMING', 'STREAMING']);
  });

  it('is FAILED before anything else, and INITIALIZING before RUNNING', async () => {
    for (const [state, expected] of [
      ['FAILED', 'FAILED'],
      ['CANCELING', 'CANCELING'],
      ['INITIALIZING', 'INITIALIZING'],
      ['FINISHED', 'RUNNING'],
      ['CREATED', 'RUNNING'],
    ] as const) {
      const sources = [runningSubtask(SOURCE_ID, 0, { state }), runningSubtask(SOURCE_ID, 1)];
      const { vertices } = await shown(jobWithSources(sources), `/jobs/${JOB_ID}`);
      assert.equal((vertices as Json[])[0]?.status, expected);
    }
  });
});

describe('GET …/vertices/:vertexid', () => {
  it('shows each subtask with its times, its place and its counters', async () => {
    const body = await shown(RUNNING_JOB, VERTEX);
    const [, second] = body.subtasks as Json[];
    assert.deepEqual(
      { ...second, metrics: undefined },
      {
        subtask: 1,
        status: 'RUNNING',
        attempt: 0,
        endpoint: 'host-1:1',
        'start-time': 1000,
        start_time: 1000,
        'end-time': -1,
        duration: 9000,
        'taskmanager-id': 'tm-1',
        metrics: undefined,
        'status-duration': {
          ...{ CREATED: 500, SCHEDULED: 1000, DEPLOYING: 1000, INITIALIZING: 1000, RUNNING: 7000 },
        },
      },
    );
    assert.deepEqual(second?.metrics, {
      ...{ 'read-bytes': 100, 'read-bytes-complete': true },
      ...{ 'write-bytes': 200, 'write-bytes-complete': true },
      ...{ 'read-records': 10, 'read-records-complete': true },
      ...{ 'write-records': 20, 'write-records-complete': true },
      'accumulated-backpressured-time': 300,
      'accumulated-idle-time': 99,
      'accumulated-busy-time': 600,
    });
    const { metrics } = body.aggregated as { metrics: Record<string, Json> };
    const reads = { min: 10, max: 10, avg: 10, sum: 20, median: 10, p25: 10, p75: 10, p95: 10 };
    assert.deepEqual(metrics['read-records'], reads);
  });

  it('says that counters are not complete before a subtask has reported', async () => {
    const { metrics: _, ...silent } = runningSubtask(SOURCE_ID, 0);
    const body = await shown(jobWithSources([silent]), VERTEX);
    const counters = ((body.subtasks as Json[])[0]?.metrics ?? {}) as Json;
    assert.deepEqual([counters['read-records'], counters['read-records-complete']], [0, false]);
  });

  it('says that bytes are not complete where records are called inside a slot', async () => {
    const called = { numBytesOut: 0, hasLocalOutput: true } as const;
    const subtasks = [called, {}].map((changed, index) => {
      return runningSubtask(SOURCE_ID, index, { metrics: taskMetrics(SOURCE_ID, index, changed) });
    });
    const job = jobWithSources(subtasks);
    const flags = (metrics: unknown) =>
      ['read-bytes', 'write-bytes', 'read-records', 'write-records'].map((name) => {
        return (metrics as Json)[`${name}-complete`];
      });
    const body = await shown(job, VERTEX);
    const [first, second] = body.subtasks as Json[];
    assert.deepEqual(flags(first?.metrics), [true, false, true, true]);
    assert.deepEqual(flags(second?.metrics), [true, true, true, true]);
    const { taskmanagers } = await shown(job, `${VERTEX}/taskmanagers`);
    const shownFlags = (taskmanagers as Json[]).map(({ metrics }) => flags(metrics));
    assert.deepEqual(shownFlags.map(([, written]) => written).toSorted(), [false, true]);

    const sums = { id: SOURCE_ID, numRecordsIn: 1, numRecordsOut: 1, numBytesIn: 0 };
    const times = { busyTimeMs: 1, backPressuredTimeMs: 0, idleTimeMs: 0 };
    const vertex = { ...sums, ...times, numBytesOut: 0, hasLocalInput: true };
    const metrics = [vertex as unknown as DispatchedJob['metrics'][number]];
    const { vertices } = await shown({ ...job, metrics }, `/jobs/${JOB_ID}`);
    assert.deepEqual(flags((vertices as Json[])[0]?.metrics), [false, true, true, true]);
  });

  it('refuses what is no id, and does not know what is no vertex', async () => {
    const malformed = await askOf(RUNNING_JOB, `GET /jobs/${JOB_ID}/vertices/xyz`);
    const unknown = await askOf(RUNNING_JOB, `GET /jobs/${JOB_ID}/vertices/${'0'.repeat(32)}`);
    const ofNoJob = await askOf(RUNNING_JOB, `GET /jobs/${'0'.repeat(32)}/vertices/${SOURCE_ID}`);
    assert.deepEqual([malformed.status, unknown.status, ofNoJob.status], [400, 404, 404]);
    assert.match(JSON.stringify(unknown.body), /JobVertex 0{32} not found/);
  });
});

describe('routes of subtasks', () => {
  const retried = runningSubtask(SOURCE_ID, 1, {
    attemptNumber: 1,
    prior: [{ attemptNumber: 0, state: 'FAILED', times: { DEPLOYING: 700, FAILED: 900 } }],
  });
  const job = jobWithSources([runningSubtask(SOURCE_ID, 0), retried]);

  it('show an attempt that is over, without counters that are not known', async () => {
    const now = await shown(job, `${VERTEX}/subtasks/1`);
    const before = await shown(job, `${VERTEX}/subtasks/1/attempts/0`);
    assert.deepEqual([now.attempt, now.status], [1, 'RUNNING']);
    assert.deepEqual([before.attempt, before.status, before.duration], [0, 'FAILED', 200]);
    assert.equal((before.metrics as Json)['read-records-complete'], false);
  });

  it('do not know subtasks and attempts that are not there', async () => {
    for (const [path, status] of [
      ['subtasks/2', 404],
      ['subtasks/-1', 400],
      ['subtasks/1/attempts/2', 404],
      ['subtasks/1/attempts/x', 400],
    ] as const) {
      assert.equal((await askOf(job, `GET ${VERTEX}/${path}`)).status, status, path);
    }
  });

  it('show when each state began, and 0 for those that were not', async () => {
    const { subtasks } = await shown(job, `${VERTEX}/subtasktimes`);
    const [first] = subtasks as Json[];
    const { RUNNING, FAILED } = (first?.timestamps ?? {}) as Json;
    assert.deepEqual([RUNNING, FAILED, first?.duration], [3000, 0, 9000]);
  });

  it('group by TaskManager', async () => {
    const { taskmanagers } = await shown(job, `${VERTEX}/taskmanagers`);
    const ids = (taskmanagers as Json[]).map((one) => one['taskmanager-id']);
    assert.deepEqual(ids, ['tm-0', 'tm-1']);
  });

  it('say where they ran whose process nobody lists any more, if that was kept', async () => {
    const place = { taskManagerId: 'tm-before', endpoint: 'host-before:1' };
    const kept = jobWithSources([
      runningSubtask(SOURCE_ID, 0, { place }),
      runningSubtask(SOURCE_ID, 1),
    ]);
    const jobs = { ...clusterOf(kept).jobs, placeOf: () => undefined };
    const endpoints = async (path: string, list: string) => {
      const { body } = await askOf(kept, `GET ${VERTEX}${path}`, { jobs });
      return ((body as Json)[list] as Json[]).map((one) => one.endpoint);
    };
    const expected = ['host-before:1', '(unassigned)'];
    assert.deepEqual(await endpoints('', 'subtasks'), expected);
    assert.deepEqual(await endpoints('/subtasktimes', 'subtasks'), expected);
    assert.deepEqual(await endpoints('/subtasks/accumulators', 'subtasks'), expected);
    assert.deepEqual(await endpoints('/taskmanagers', 'taskmanagers'), expected);
    // Who lists the processes knows better.
    const { subtasks } = await shown(kept, VERTEX);
    assert.equal((subtasks as Json[])[0]?.endpoint, 'host-0:1');
  });
});

describe('GET …/watermarks', () => {
  it('is the lowest long before the first, and the highest behind the last', async () => {
    const subtasks = [-(2 ** 63), 1234, 2 ** 63].map((currentInputWatermarkMs, index) => {
      const metrics = taskMetrics(SOURCE_ID, index, { currentInputWatermarkMs });
      return runningSubtask(SOURCE_ID, index, { metrics });
    });
    assert.deepEqual(await shown(jobWithSources(subtasks), `${VERTEX}/watermarks`), [
      { id: '0.currentInputWatermark', value: '-9223372036854775808' },
      { id: '1.currentInputWatermark', value: '1234' },
      { id: '2.currentInputWatermark', value: '9223372036854775807' },
    ]);
  });
});

describe('GET …/backpressure', () => {
  it('is the level of the subtask that is held back most', async () => {
    const subtasks = [100, 101, 501].map((backPressuredTimeMsPerSecond, index) => {
      const rates = { ...IDLE_RATES, backPressuredTimeMsPerSecond };
      return runningSubtask(SOURCE_ID, index, {
        metrics: taskMetrics(SOURCE_ID, index, { rates }),
      });
    });
    const body = await shown(jobWithSources(subtasks), `${VERTEX}/backpressure`);
    const levels = (body.subtasks as Json[]).map((one) => one['backpressure-level']);
    assert.deepEqual(levels, ['ok', 'low', 'high']);
    assert.deepEqual([body.status, body.backpressureLevel], ['ok', 'high']);
  });

  it('is none for a vertex of which nothing is known yet, or any more', async () => {
    const body = await shown(RUNNING_JOB, `/jobs/${JOB_ID}/vertices/${SINK_ID}/backpressure`);
    assert.deepEqual([body.status, body.subtasks], ['deprecated', []]);
    assert.deepEqual([body.backpressureLevel, body['end-timestamp']], [null, null]);
  });
});
