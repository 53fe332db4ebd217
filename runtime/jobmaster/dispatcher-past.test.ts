/** Goal: who looks at a job after a restart of its cluster sees what was before, too. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  emptyStatistics,
  JobStore,
  jobPartition,
  statsCompleted,
  statsTriggered,
} from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import { MemoryBlobStore, MemoryRowStore } from '../testing/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { FakePlanner, jobIdOf } from './dispatcher-fixture.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';

const failure = new StreamError({ kind: 'user', code: 'BOOM', message: 'boom' }).toJSON();
const EXCEPTIONS = {
  size: 16,
  entries: [{ timestampEpochMs: 3, error: failure, concurrentExceptions: [] }],
  truncated: false,
};
const BEGUN = statsTriggered(emptyStatistics(10), {
  ...{ checkpointId: 1, type: 'SAVEPOINT', full: true, triggeredAtEpochMs: 4, tasks: [] },
});
const STATISTICS = statsCompleted(BEGUN, 1, '/savepoints/1', 6);

describe('the past of a job', () => {
  let rows: MemoryRowStore;
  let blobs: MemoryBlobStore;
  let planner: FakePlanner;
  let time: ManualTime;
  let processes = 0;

  beforeEach(() => {
    rows = new MemoryRowStore();
    blobs = new MemoryBlobStore();
    planner = new FakePlanner();
    time = new ManualTime();
  });

  /** The process before is as good as dead: nothing of it writes. */
  async function open(slotCount = 4): Promise<Dispatcher> {
    processes += 1;
    const jobs = new JobStore(rows, `writer-${processes}`);
    const dispatcher = new Dispatcher({
      ...{ rows, blobs, jobs, planner, slotCount, directory: '/data' },
      history: { maxCount: 100, expirationMs: 600_000 },
      ...{ clock: time, timers: time, logger: { log: () => {} } },
    });
    await dispatcher.recover();
    return dispatcher;
  }

  /** It ran, failed once, and has taken a savepoint. */
  async function ran(): Promise<string> {
    const dispatcher = await open();
    const jobId = jobIdOf(1);
    const bundle = Buffer.from('export default () => {}');
    await dispatcher.submit({ jobId, bundle, args: ['1'], configuration: {} });
    await settle();
    const { past } = planner.masterOf(jobId).journal;
    past?.started(1);
    past?.entered({ RUNNING: 2, RESTARTING: 3 });
    past?.failed(EXCEPTIONS);
    past?.checkpointed(STATISTICS);
    await past?.settled();
    await time.advance(10_000);
    return jobId;
  }

  /** Writes of it wait from now on. @returns lets them go on. */
  function holdPast(): () => void {
    const held = Promise.withResolvers<void>();
    const write = rows.write.bind(rows);
    rows.write = async (steps) => {
      if (/^past/.test(steps[0]?.sortKey ?? '')) await held.promise;
      await write(steps);
    };
    return held.resolve;
  }

  it('is shown while the job waits for slots, and of one that cannot be resumed', async () => {
    const jobId = await ran();
    for (const failing of [undefined, 'plan'] as const) {
      planner.failing = failing;
      const job = await (await open(0)).details(jobId);
      assert.equal(job.status, failing === undefined ? 'RECONCILING' : 'FAILED');
      assert.deepEqual(job.checkpointStatistics, STATISTICS);
      assert.deepEqual(
        job.exceptions.entries.map(({ error }) => error.code),
        failing === undefined ? ['BOOM'] : ['PLANNED', 'BOOM'],
      );
      const { CREATED, RECONCILING, RUNNING, RESTARTING } = job.times ?? {};
      assert.deepEqual([CREATED, RUNNING, RESTARTING], [job.submittedAtEpochMs, 2, 3]);
      assert.ok((RECONCILING ?? 0) >= 10_000);
    }
  });

  it('is left behind by a job that is canceled before it runs again', async () => {
    const jobId = await ran();
    const second = await open(0);
    await second.cancel(jobId);
    assert.deepEqual(
      (await rows.query(jobPartition(jobId))).map(({ sortKey }) => sortKey),
      ['coordinator'],
    );
    for (const cluster of [second, await open(0)]) {
      const job = await cluster.details(jobId);
      assert.equal(job.status, 'CANCELED');
      assert.deepEqual([job.exceptions, job.checkpointStatistics], [EXCEPTIONS, STATISTICS]);
      assert.equal(job.netRuntimeMs, (job.endedAtEpochMs ?? 0) - 1);
    }
  });

  it('is what is left of a job whose process died before it was archived', async () => {
    const jobId = await ran();
    const { journal } = planner.masterOf(jobId);
    journal.past?.entered({ FAILED: 9 });
    await journal.end('FAILED');
    const job = await (await open()).details(jobId);
    assert.deepEqual([job.status, job.endedAtEpochMs, job.netRuntimeMs], ['FAILED', 9, 8]);
    assert.deepEqual([job.error, job.exceptions], [failure, EXCEPTIONS]);
    assert.deepEqual(job.checkpointStatistics, STATISTICS);
  });

  it('is there before the row says that the job has ended', async () => {
    const jobId = await ran();
    const { journal } = planner.masterOf(jobId);
    const reader = new JobStore(rows, 'reader');
    const status = async () => (await reader.get(jobId))?.job.status;
    const goOn = holdPast();
    journal.past?.entered({ FAILED: 9 });
    const ended = journal.end('FAILED');
    await settle();
    assert.equal(await status(), 'RUNNING');
    goOn();
    await ended;
    assert.equal(await status(), 'FAILED');
  });

  it('is where its state is read from while it waits for slots', async () => {
    const jobId = await ran();
    const waiting = await open(0);
    const read: string[] = [];
    blobs.get = async (location) => {
      read.push(location);
      throw new StreamError({ kind: 'data', code: 'BLOB_NOT_FOUND', message: location });
    };
    const query = { name: 'total', key: { type: 'string', text: 'a' } } as const;
    await assert.rejects(waiting.queryState(jobId, { operator: 'sum', query }), {
      code: 'STATE_NO_CHECKPOINT',
      message: /status=RECONCILING/,
    });
    assert.equal(read[0], '/savepoints/1/_metadata');
  });

  it('is there before a process that leaves the job to the next is done', async () => {
    await ran();
    const dispatcher = await open();
    await settle();
    const goOn = holdPast();
    planner.masterOf(jobIdOf(1)).journal.past?.entered({ RUNNING: 20_000 });
    let isDone = false;
    const done = dispatcher.shutdown().then(() => {
      isDone = true;
    });
    await settle();
    assert.equal(isDone, false);
    goOn();
    await done;
    const job = await (await open(0)).details(jobIdOf(1));
    assert.equal(job.times?.RUNNING, 20_000);
  });

  it('is nothing of a job of a release that has not kept it', async () => {
    const jobId = await ran();
    for (const { partitionKey, sortKey } of await rows.query(jobPartition(jobId))) {
      if (/^past/.test(sortKey)) await rows.write([{ type: 'delete', partitionKey, sortKey }]);
    }
    const job = await (await open(0)).details(jobId);
    assert.deepEqual([job.status, job.exceptions.entries], ['RECONCILING', []]);
    assert.equal(job.checkpointStatistics, undefined);
  });
});
