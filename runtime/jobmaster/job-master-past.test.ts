/** Goal: a master that takes a job over goes on with what people were shown of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pastCheckpointKey, pastCheckpointsKey } from '../checkpoint/index.ts';
import { MasterWorld } from './job-master-world.conformance.ts';
import { JobPast } from './job-past.ts';

const JOB_ID = 'job';

async function openPast(world: MasterWorld): Promise<JobPast> {
  const logger = { log: () => {} };
  return await JobPast.open({ rows: world.storedRows, jobId: JOB_ID, fence: () => [], logger });
}

/** A job with three completed checkpoints and a failure; its process is dead. */
async function dead(): Promise<MasterWorld> {
  const world = new MasterWorld();
  world.journal.past = await openPast(world);
  const run = await world.start();
  await world.time.advance(310);
  world.launcher.slot(0).fail();
  await world.time.advance(60);
  assert.equal(run.status, 'RUNNING');
  await world.journal.past.settled();
  return world;
}

describe('JobMaster: the past of the job', () => {
  it('goes on: failures, checkpoints, times, and the start of its run', async () => {
    const first = await dead();
    const world = first.successor();
    world.journal.past = await openPast(world);
    const before = world.journal.past.record;
    await world.time.advance(1000);
    const { master } = await world.start({ isRecovered: true });
    const { counts, history } = master.checkpointStatistics ?? {};
    assert.deepEqual([counts?.completed, counts?.restored], [3, 2]);
    assert.deepEqual(
      history?.map(({ checkpointId }) => checkpointId),
      [3, 2, 1],
    );
    assert.deepEqual(history?.[0]?.tasks, before.checkpointStatistics?.history[0]?.tasks);
    assert.equal(master.exceptions.entries.length, 1);
    assert.equal(master.times.RESTARTING, before.times.RESTARTING);
    assert.ok((master.times.RECONCILING ?? 0) > (before.times.RUNNING ?? Infinity));
    assert.equal(world.journal.past.record.startedAtEpochMs, before.startedAtEpochMs);
    assert.ok(master.snapshot().elapsedMs >= 1000);
    await world.time.advance(100);
    assert.equal(master.checkpointStatistics?.counts.completed, 4);
  });

  it('has a checkpoint that the log has, though its process died before it was noted', async () => {
    const first = await dead();
    // As it was before the third.
    const rows = first.storedRows;
    const key = pastCheckpointsKey(JOB_ID);
    const value = (await rows.get(key.partitionKey, key.sortKey))?.value as {
      readonly counts: { readonly total: number; readonly completed: number };
    };
    const counts = { ...value.counts, total: 2, completed: 2 };
    const latest = { completed: 2 };
    await rows.write([
      { type: 'put', ...key, value: { ...value, counts, latest, checkpointIds: [2, 1] } },
      { type: 'delete', ...pastCheckpointKey(JOB_ID, 3) },
    ]);
    const world = first.successor();
    world.journal.past = await openPast(world);
    const { master } = await world.start({ isRecovered: true });
    const { counts: shown, history, latest: newest } = master.checkpointStatistics ?? {};
    assert.deepEqual([shown?.total, shown?.completed], [3, 3]);
    assert.deepEqual(
      history?.map(({ checkpointId, path }) => [checkpointId, path]),
      [3, 2, 1].map((id) => [id, `/checkpoints/job/chk-${id}`]),
    );
    assert.equal(newest?.completed?.checkpointId, 3);
  });

  it('gives no checkpoint the id of one that has failed', async () => {
    const first = new MasterWorld();
    first.journal.past = await openPast(first);
    const run = await first.start();
    await first.time.advance(210);
    first.rows.faultOf = ({ operation, place }) => {
      return operation === 'write' && /^checkpoint#/.test(place) ? 'before' : 'none';
    };
    await first.time.advance(100);
    assert.equal(run.master.checkpointStatistics?.counts.failed, 1);
    await first.journal.past.settled();
    const world = first.successor();
    world.journal.past = await openPast(world);
    const { master } = await world.start({ isRecovered: true });
    await world.time.advance(100);
    assert.deepEqual(
      master.checkpointStatistics?.history.map(({ checkpointId, status }) => [
        checkpointId,
        status,
      ]),
      [
        [4, 'COMPLETED'],
        [3, 'FAILED'],
        [2, 'COMPLETED'],
        [1, 'COMPLETED'],
      ],
    );
  });
});
