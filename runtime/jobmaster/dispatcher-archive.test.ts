/**
 * Goal: jobs that have ended stay whole, and cost nothing that nobody asks for. Method: a
 * dispatcher on stores that count what is read, opened again and again.
 */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { archiveLocation, emptyStatistics, JobStore } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import { MemoryBlobStore, MemoryRowStore } from '../testing/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { FakePlanner } from './dispatcher-fixture.ts';
import type { SubtaskExecution } from './job-executions.ts';
import type { JobHistorySettings } from './job-history.ts';
import type { VertexSnapshot } from './job-snapshot.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';

const JOBS = 1000;
const jobIdOf = (number: number): string => number.toString(16).padStart(32, '0');

const METRICS: TaskMetricsRecord = {
  ...{ vertexId: 'v1', subtaskIndex: 0, numRecordsIn: 7, numRecordsOut: 1, numBytesIn: 1 },
  ...{ numBytesOut: 1, numRecordsFallback: 0, maxPendingBytes: 0, currentInputWatermarkMs: 0 },
  ...{ busyTimeMs: 1, backPressuredTimeMs: 1, idleTimeMs: 1, operatorMetrics: {} },
};
const SUBTASK: SubtaskExecution = {
  ...{ subtaskIndex: 0, slotIndex: 0, attemptNumber: 0, state: 'FAILED', times: { CREATED: 1 } },
  ...{ metrics: METRICS, prior: [] },
  place: { taskManagerId: 'localhost-7-a', endpoint: 'localhost:7' },
};
const VERTEX: VertexSnapshot = {
  ...{ id: 'v1', name: 'Source', parallelism: 1, isSource: true, numRecordsIn: 7 },
  ...{ numRecordsOut: 1, numBytesIn: 1, numBytesOut: 1, numRecordsFallback: 0 },
  ...{ maxPendingBytes: 0, watermarkMs: 0, busyTimeMs: 1, backPressuredTimeMs: 1, idleTimeMs: 1 },
  ...{ progress: 1, numLateRecordsDropped: 0, operatorMetrics: {} },
  accumulators: [{ name: 'seen', type: 'IntCounter', value: 4 }],
};

/** Counts reads, and refuses on demand. */
class CountingBlobStore extends MemoryBlobStore {
  readonly read: string[] = [];
  failing: 'put' | 'get' | undefined;

  override async put(location: string, bytes: Uint8Array): Promise<void> {
    if (this.failing === 'put' && location.includes('/archive/')) throw noAnswer();
    await super.put(location, bytes);
  }

  override async get(location: string, range?: undefined): Promise<Uint8Array> {
    this.read.push(location);
    if (this.failing === 'get') throw noAnswer();
    return await super.get(location, range);
  }
}

function noAnswer(): StreamError {
  return new StreamError({ kind: 'unavailable', code: 'BLOB_NOT_READABLE', message: 'no' });
}

describe('the archive of a dispatcher', () => {
  let rows: MemoryRowStore;
  let blobs: CountingBlobStore;
  let planner: FakePlanner;
  let time: ManualTime;
  let logged: string[];
  let processes = 0;

  beforeEach(() => {
    rows = new MemoryRowStore();
    blobs = new CountingBlobStore();
    planner = new FakePlanner();
    time = new ManualTime();
    logged = [];
  });

  async function open(
    history: JobHistorySettings = { maxCount: 2 * JOBS, expirationMs: 3_600_000 },
  ): Promise<Dispatcher> {
    processes += 1;
    const dispatcher = new Dispatcher({
      ...{ rows, blobs, planner, history, clock: time, timers: time },
      jobs: new JobStore(rows, `writer-${processes}`),
      ...{ directory: '/data', slotCount: 4 },
      logger: { log: (_level, message) => logged.push(message) },
    });
    await dispatcher.recover();
    return dispatcher;
  }

  /** Submits a job that fails. */
  async function failed(dispatcher: Dispatcher, number: number): Promise<string> {
    const jobId = jobIdOf(number);
    const bundle = Buffer.from('export default () => {}');
    await dispatcher.submit({ jobId, bundle, args: ['1'], configuration: {} });
    await settle();
    const error = new StreamError({ kind: 'user', code: 'BOOM', message: `boom ${number}` });
    const master = planner.masterOf(jobId);
    const record = error.toJSON();
    const entry = { timestampEpochMs: 5, error: record, concurrentExceptions: [] };
    master.exceptions = { size: 16, entries: [entry], truncated: false };
    master.checkpointStatistics = emptyStatistics(10);
    master.shownExecutions = [{ vertexId: 'v1', subtasks: [SUBTASK] }];
    master.shownVertices = [VERTEX];
    master.end('FAILED', error);
    await dispatcher.ended(jobId);
    return jobId;
  }

  it('shows a job whole behind its end, and behind a restart', async () => {
    const first = await open();
    const jobId = await failed(first, 1);
    const whole = await first.details(jobId);
    const [vertex] = whole.executions;
    assert.equal(vertex?.subtasks[0]?.state, 'FAILED');
    assert.equal(vertex?.subtasks[0]?.metrics?.numRecordsIn, 7);
    assert.equal(vertex?.subtasks[0]?.place?.endpoint, 'localhost:7');
    assert.equal(whole.metrics[0]?.accumulators?.[0]?.name, 'seen');
    assert.equal(whole.exceptions.entries[0]?.error.code, 'BOOM');
    assert.equal(whole.checkpointStatistics?.historyCount, 10);
    assert.equal((await first.planOf(jobId))?.jid, jobId);
    await first.shutdown();
    const second = await open();
    assert.deepEqual(await second.details(jobId), whole);
    assert.equal((await second.planOf(jobId))?.jid, jobId);
  });

  it('lists a job as ended from its end on, whenever it is asked for', async () => {
    const dispatcher = await open();
    const shown = new Set<string>();
    const query = rows.query.bind(rows);
    // What the job leaves behind goes after its end.
    rows.query = async (...asked) => {
      for (const { status, endedAtEpochMs } of dispatcher.list()) {
        shown.add(`${status} ${endedAtEpochMs === undefined ? 'goes on' : 'has ended'}`);
      }
      return await query(...asked);
    };
    await failed(dispatcher, 1);
    rows.query = query;
    assert.ok(shown.has('FAILED has ended'), [...shown].join());
    const [listed] = dispatcher.list();
    assert.equal(listed?.status, 'FAILED');
    assert.notEqual(listed?.endedAtEpochMs, undefined);
  });

  it(`lists ${JOBS} jobs without reading archives, and reads one for a job's pages`, async () => {
    const first = await open();
    for (let number = 1; number <= 3; number += 1) await failed(first, number);
    // As if they had run one after the other.
    const [stored] = await new JobStore(rows, 'reader').list();
    assert.ok(stored !== undefined);
    const writer = new JobStore(rows, 'writer');
    for (let number = 4; number <= JOBS; number += 1) {
      const jobId = jobIdOf(number);
      await writer.create({ ...stored.job, jobId });
      const archive = await blobs.get(archiveLocation('/data', jobIdOf(1)));
      await blobs.put(archiveLocation('/data', jobId), archive);
    }
    await first.shutdown();
    blobs.read.splice(0);
    const second = await open();
    const jobs = second.list();
    assert.equal(jobs.length, JOBS);
    assert.deepEqual(blobs.read, []);
    assert.deepEqual(
      [jobs[0]?.status, jobs[0]?.error?.code, jobs[0]?.taskCounts],
      ['FAILED', 'BOOM', { FAILED: 1 }],
    );
    assert.ok(jobs.every(({ executions }) => executions.length === 0));
    for (let asked = 0; asked < 3; asked += 1) {
      await second.details(jobIdOf(500));
      await second.planOf(jobIdOf(500));
    }
    assert.deepEqual(blobs.read, [archiveLocation('/data', jobIdOf(500))]);
    for (let number = 1; number <= 40; number += 1) await second.details(jobIdOf(number));
    await second.details(jobIdOf(500));
    assert.equal(blobs.read.length, 42, 'only a few stay in memory');
  });

  it('forgets the archive with its job', async () => {
    const dispatcher = await open({ maxCount: 1, expirationMs: 1000 });
    for (const number of [1, 2]) await failed(dispatcher, number);
    await settle();
    const left = async (): Promise<string[]> =>
      (await blobs.list('/data')).map(({ location }) => location);
    assert.deepEqual(await left(), [archiveLocation('/data', jobIdOf(2))]);
    await time.advance(1000);
    assert.deepEqual([await left(), dispatcher.list()], [[], []]);
  });

  it('keeps all of a job in its row where the archive has no place', async () => {
    const first = await open();
    blobs.failing = 'put';
    const jobId = await failed(first, 1);
    assert.deepEqual(logged, ['the archive of a job could not be written: its row has it']);
    blobs.failing = undefined;
    const whole = await first.details(jobId);
    await first.shutdown();
    assert.deepEqual(await (await open()).details(jobId), whole);
    assert.deepEqual(blobs.read, []);
    assert.equal(whole.checkpointStatistics?.historyCount, 10);
  });

  it('replaces what an end that was not recorded has left', async () => {
    await blobs.put(archiveLocation('/data', jobIdOf(1)), Buffer.from('{}'));
    const dispatcher = await open();
    const jobId = await failed(dispatcher, 1);
    assert.equal((await dispatcher.details(jobId)).exceptions.entries.length, 1);
  });

  it('shows a job without details when they are gone or damaged, and says so', async () => {
    const location = archiveLocation('/data', jobIdOf(1));
    const later = Buffer.from('{"version":2,"details":{}}');
    for (const bytes of [undefined, Buffer.from('{"vers'), later]) {
      blobs = new CountingBlobStore();
      rows = new MemoryRowStore();
      logged = [];
      const first = await open();
      const jobId = await failed(first, 1);
      await first.shutdown();
      await blobs.delete(location);
      if (bytes !== undefined) await blobs.put(location, bytes);
      const job = await (await open()).details(jobId);
      assert.deepEqual([job.status, job.executions], ['FAILED', []]);
      assert.equal(logged.length, 1);
    }
  });

  it('does not take a store that is silent for an archive that is gone', async () => {
    const first = await open();
    const jobId = await failed(first, 1);
    await first.shutdown();
    const second = await open();
    blobs.failing = 'get';
    await assert.rejects(second.details(jobId), { code: 'BLOB_NOT_READABLE' });
    blobs.failing = undefined;
    assert.equal((await second.details(jobId)).exceptions.entries.length, 1);
  });

  it('reads jobs that an earlier release has kept in their rows', async () => {
    const writer = new JobStore(rows, 'old');
    const exceptions = { size: 1, entries: [], truncated: true };
    await writer.create({
      ...{ jobId: jobIdOf(1), name: 'old', status: 'FINISHED', attempt: 0, args: [] },
      ...{ submittedAtEpochMs: 1, bundleLocation: '/b', configuration: {}, parallelism: {} },
      coordinator: { endedAtEpochMs: 900, netRuntimeMs: 3, vertices: [], exceptions },
    });
    const dispatcher = await open();
    assert.deepEqual((await dispatcher.details(jobIdOf(1))).exceptions, exceptions);
    assert.deepEqual(blobs.read, []);
  });
});
