/** Goal: the next process shows what the one before has shown, and no write holds a job up. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  type CheckpointStatistics,
  coordinatorKey,
  emptyStatistics,
  jobPartition,
  pastCheckpointKey,
  statsCompleted,
  statsFailed,
  statsTriggered,
} from '../checkpoint/index.ts';
import { type Logger, StreamError } from '../core/index.ts';
import { FaultyRowStore, MemoryRowStore } from '../testing/index.ts';
import { JobPast, readPast } from './job-past.ts';
import { settle } from './manual-time.conformance.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';

const ID = 'a'.repeat(32);
const TASKS = [{ vertexId: 'v1', subtaskIndex: 0, isFinished: true }];
const error = new StreamError({ kind: 'user', code: 'BOOM', message: 'boom' }).toJSON();

function triggered(before: CheckpointStatistics, checkpointId: number): CheckpointStatistics {
  const one = { checkpointId, type: 'CHECKPOINT', full: false, tasks: TASKS } as const;
  return statsTriggered(before, { ...one, triggeredAtEpochMs: checkpointId * 10 });
}

function completed(before: CheckpointStatistics, id: number): CheckpointStatistics {
  return statsCompleted(triggered(before, id), id, `/chk-${id}`, id * 10 + 5);
}

function historyOf(concurrentCount: number): ExceptionHistory {
  const one = { timestampEpochMs: 5, error };
  const concurrentExceptions = Array.from({ length: concurrentCount }, () => one);
  return { size: 2, entries: [{ ...one, concurrentExceptions }], truncated: false };
}

describe('JobPast', () => {
  let rows: MemoryRowStore;
  let faulty: FaultyRowStore;
  let writes: number;
  let logged: string[];
  let reasons: string[];
  const logger: Logger = {
    log: (_level, message, fields) => {
      logged.push(message);
      reasons.push(String(fields?.reason));
    },
  };

  beforeEach(() => {
    rows = new MemoryRowStore();
    faulty = new FaultyRowStore(rows);
    writes = 0;
    logged = [];
    reasons = [];
    faulty.faultOf = ({ operation }) => {
      if (operation === 'write') writes += 1;
      return 'none';
    };
  });

  async function open(term = 0): Promise<JobPast> {
    const check = { type: 'check', ...coordinatorKey(ID), expectedVersion: term } as const;
    return await JobPast.open({ rows: faulty, jobId: ID, fence: () => [check], logger });
  }

  async function keys(): Promise<string[]> {
    return (await rows.query(jobPartition(ID))).map(({ sortKey }) => sortKey);
  }

  it('is what it was in the next process, but for checkpoints in progress', async () => {
    const first = await open();
    first.started(7);
    first.started(8);
    first.entered({ RUNNING: 10 });
    first.failed(historyOf(1));
    let statistics = completed(completed(emptyStatistics(4), 1), 2);
    statistics = statsFailed(triggered(statistics, 3), 3, error, 40);
    first.checkpointed(triggered(statistics, 4));
    await first.settled();
    const { record } = await open();
    assert.deepEqual(record, {
      times: { RUNNING: 10 },
      startedAtEpochMs: 7,
      exceptions: historyOf(1),
      checkpointStatistics: statistics,
    });
    assert.deepEqual(
      record.checkpointStatistics?.history.map(({ checkpointId }) => checkpointId),
      [3, 2, 1],
    );
    assert.equal(record.checkpointStatistics?.counts.total, 3);
  });

  it('writes a checkpoint once, when it is over, and deletes what is too old', async () => {
    const past = await open();
    let statistics = completed(emptyStatistics(2), 1);
    past.checkpointed(statistics);
    await past.settled();
    assert.equal(writes, 1);
    past.checkpointed(triggered(statistics, 2));
    await past.settled();
    assert.equal(writes, 1);
    statistics = completed(completed(statistics, 2), 3);
    past.checkpointed(statistics);
    await past.settled();
    const written = ['past-checkpoint#000000000002', 'past-checkpoint#000000000003'];
    assert.deepEqual(await keys(), [...written, 'past-checkpoints']);
    const again = await open();
    again.checkpointed(completed(again.record.checkpointStatistics ?? statistics, 4));
    await again.settled();
    const versions = (await rows.query(jobPartition(ID))).map((row) => row.version);
    assert.deepEqual(versions, [1, 1, 3]);
    assert.equal((await keys())[0], 'past-checkpoint#000000000003');
  });

  it('writes what changes together as one, and again what could not be written', async () => {
    const past = await open();
    faulty.faultOf = () => 'before';
    past.entered({ RUNNING: 10 });
    past.failed(historyOf(0));
    await settle();
    assert.deepEqual([await keys(), logged.length], [[], 1]);
    faulty.faultOf = () => {
      writes += 1;
      return 'none';
    };
    past.entered({ RESTARTING: 11 });
    await past.settled();
    assert.equal(writes, 1);
    assert.deepEqual((await readPast({ rows, jobId: ID, logger })).times, {
      ...{ RUNNING: 10, RESTARTING: 11 },
    });
  });

  it('keeps as many failures that came with a cause as causes, and says so', async () => {
    const past = await open();
    past.failed(historyOf(5));
    await past.settled();
    const { exceptions } = (await open()).record;
    assert.equal(exceptions?.entries[0]?.concurrentExceptions.length, 2);
    assert.equal(exceptions.truncated, true);
  });

  it('writes nothing once another process has the job', async () => {
    const past = await open();
    await rows.write([{ type: 'put', ...coordinatorKey(ID), value: {}, expectedVersion: 0 }]);
    past.entered({ RUNNING: 10 });
    await past.settled();
    past.entered({ RUNNING: 11 });
    await past.settled();
    assert.deepEqual([await keys(), logged.length], [['coordinator'], 1]);
  });

  it('leaves the history of the process that has the job since as it is', async () => {
    const lost = await open();
    lost.entered({ RUNNING: 10 });
    const statistics = completed(emptyStatistics(2), 1);
    lost.checkpointed(statistics);
    await lost.settled();
    await rows.write([{ type: 'put', ...coordinatorKey(ID), value: {}, expectedVersion: 0 }]);
    const successor = await open(1);
    successor.entered({ RUNNING: 20 });
    successor.checkpointed(completed(statistics, 2));
    await successor.settled();
    const before = await rows.query(jobPartition(ID));
    lost.checkpointed(completed(statistics, 3));
    await lost.settled();
    assert.deepEqual(await rows.query(jobPartition(ID)), before);
    await assert.rejects(lost.forget(), { code: 'ROW_CONFLICT' });
    assert.deepEqual(await rows.query(jobPartition(ID)), before);
  });

  it('is tried again by who waits for it, without another change', async () => {
    const past = await open();
    faulty.faultOf = () => 'before';
    past.entered({ RUNNING: 10 });
    past.checkpointed(completed(emptyStatistics(2), 1));
    await settle();
    assert.deepEqual(await keys(), []);
    faulty.faultOf = () => 'none';
    await past.settled();
    const written = ['past', 'past-checkpoint#000000000001', 'past-checkpoints'];
    assert.deepEqual(await keys(), written);
  });

  it('leaves out checkpoints of which one has no row, and says so', async () => {
    const past = await open();
    past.entered({ RUNNING: 10 });
    const statistics = completed(completed(emptyStatistics(4), 1), 2);
    past.checkpointed(statistics);
    await past.settled();
    await rows.write([{ type: 'delete', ...pastCheckpointKey(ID, 1) }]);
    const next = await open();
    assert.deepEqual(next.record, { times: { RUNNING: 10 } });
    assert.deepEqual(logged, ['the history of a job cannot be read']);
    assert.match(reasons[0] ?? '', /row=past-checkpoints version=1/);
    // What is left of them goes with the next that completes.
    next.checkpointed(completed(emptyStatistics(4), 3));
    await next.settled();
    const written = ['past', 'past-checkpoint#000000000003', 'past-checkpoints'];
    assert.deepEqual(await keys(), written);
  });

  it('leaves no row of a job that is over, and leaves out rows that do not read', async () => {
    const past = await open();
    past.entered({ RUNNING: 10 });
    past.checkpointed(completed(emptyStatistics(2), 1));
    await past.settled();
    const partitionKey = jobPartition(ID);
    for (const sortKey of ['past', 'past-checkpoints']) {
      await rows.write([{ type: 'put', partitionKey, sortKey, value: { of: 'a later one' } }]);
    }
    assert.deepEqual((await open()).record, { times: {} });
    assert.equal(logged.length, 2);
    await past.forget();
    past.entered({ FINISHED: 12 });
    await past.settled();
    assert.deepEqual(await keys(), []);
  });
});
