/** Goal: a state is answered by who knows it last. Method: a master that answers, or does not. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  type CheckpointStatistics,
  emptyStatistics,
  JobStore,
  statsCompleted,
  statsTriggered,
} from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import type { StateQueryRecord } from '../protocol/index.ts';
import { MemoryBlobStore, MemoryRowStore } from '../testing/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { FakePlanner, jobIdOf } from './dispatcher-fixture.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';
import { pathsOf } from './query-state.ts';

const query: StateQueryRecord = { name: 'total', key: { type: 'string', text: 'a' } };
const question = { operator: 'sum', query };
const operator = { operatorId: 'op', uid: 'sum', name: 'Sum', keyGroup: 1, subtaskIndex: 0 };
const value = { kind: 'value', value: 7 };

function withCheckpoints(...paths: readonly string[]): CheckpointStatistics {
  return paths.reduce((before, path, at) => {
    const triggered = { checkpointId: at + 1, triggeredAtEpochMs: at * 10, full: true, tasks: [] };
    const type = path.includes('savepoint') ? ('SAVEPOINT' as const) : ('CHECKPOINT' as const);
    const begun = statsTriggered(before, { ...triggered, type });
    return statsCompleted(begun, at + 1, path, at * 10 + 5);
  }, emptyStatistics(10));
}

describe('Dispatcher.queryState', () => {
  let blobs: MemoryBlobStore;
  let planner: FakePlanner;
  let time: ManualTime;
  let dispatcher: Dispatcher;
  const jobId = jobIdOf(1);

  beforeEach(async () => {
    const rows = new MemoryRowStore();
    blobs = new MemoryBlobStore();
    planner = new FakePlanner();
    time = new ManualTime();
    dispatcher = new Dispatcher({
      ...{ rows, blobs, planner, slotCount: 4, directory: '/data' },
      jobs: new JobStore(rows, 'writer'),
      history: { maxCount: 100, expirationMs: 600_000 },
      ...{ clock: time, timers: time, logger: { log: () => {} } },
    });
    await dispatcher.recover();
    const bundle = Buffer.from('export default () => {}');
    await dispatcher.submit({ jobId, bundle, args: ['1'], configuration: {} });
    await settle();
  });

  it('is the slot’s answer, and how long it was under way', async () => {
    const [master] = planner.masters;
    assert.ok(master !== undefined);
    master.runningValue = { operator, value, asOfEpochMs: time.nowEpochMs() - 3 };
    assert.deepEqual(await dispatcher.queryState(jobId, question), {
      ...{ operator, value, source: 'slot', asOfEpochMs: time.nowEpochMs() - 3, ageMs: 3 },
    });
  });

  it('says that there is nothing yet when neither a slot nor a checkpoint answers', async () => {
    const [master] = planner.masters;
    assert.ok(master !== undefined);
    const none = { code: 'STATE_NO_CHECKPOINT', message: /enable checkpointing.*status=RUNNING/ };
    await assert.rejects(dispatcher.queryState(jobId, question), none);
    // It was deleted, and so was the one before.
    master.checkpointStatistics = withCheckpoints('/chk-1', '/savepoint-2');
    await assert.rejects(dispatcher.queryState(jobId, question), none);
  });

  it('looks again when the checkpoint it read was replaced meanwhile', async () => {
    const [master] = planner.masters;
    assert.ok(master !== undefined);
    master.checkpointStatistics = withCheckpoints('/chk-1');
    const read: string[] = [];
    blobs.get = async (location) => {
      read.push(location);
      master.checkpointStatistics = withCheckpoints('/chk-1', '/chk-2');
      throw new StreamError({ kind: 'data', code: 'BLOB_NOT_FOUND', message: location });
    };
    await assert.rejects(dispatcher.queryState(jobId, question), { code: 'STATE_NO_CHECKPOINT' });
    assert.deepEqual(read, ['/chk-1/_metadata', '/chk-2/_metadata']);
  });

  it('does not take storage that fails for a checkpoint that is gone', async () => {
    const [master] = planner.masters;
    assert.ok(master !== undefined);
    master.checkpointStatistics = withCheckpoints('/chk-1');
    blobs.get = async () => {
      throw new StreamError({ kind: 'unavailable', code: 'BLOB_NOT_READABLE', message: 'disk' });
    };
    await assert.rejects(dispatcher.queryState(jobId, question), { code: 'BLOB_NOT_READABLE' });
  });

  it('refuses jobs that have ended, or are not there', async () => {
    planner.masters[0]?.end('FINISHED');
    await settle();
    await assert.rejects(dispatcher.queryState(jobId, question), {
      code: 'STATE_JOB_ENDED',
      message: /status=FINISHED/,
    });
    await assert.rejects(dispatcher.queryState(jobIdOf(2), question), { code: 'JOB_NOT_FOUND' });
  });
});

describe('pathsOf', () => {
  it('is newest first, checkpoints and savepoints alike, with what the job began from', () => {
    const statistics = withCheckpoints('/chk-1', '/savepoint-2', '/chk-3');
    const restored = { checkpointId: 0, restoredAtEpochMs: 0, isSavepoint: true, path: '/old' };
    const latest = { ...statistics.latest, restored };
    assert.deepEqual(pathsOf({ ...statistics, latest }), ['/chk-3', '/savepoint-2', '/old']);
    assert.deepEqual(pathsOf(undefined), []);
  });
});
