import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOOM, CheckpointRun, ref } from './checkpoint-coordinator-fixture.ts';

const HIBERNATE = { type: 'hibernate' } as const;

describe('a checkpoint behind which a job hibernates', () => {
  it('is an incremental checkpoint of the log, aligned, behind which tasks stop', () => {
    const run = CheckpointRun.running({ interval: 1000, 'unaligned.enabled': true }).on(HIBERNATE);
    const [{ barrier } = {}] = run.of('trigger');
    assert.equal(barrier?.type, 'CHECKPOINT_SUSPEND');
    assert.equal(barrier?.full, false);
    assert.equal(barrier?.unalignedAfterMs, -1);
    run.complete(1);
    assert.deepEqual(run.types, ['notify-complete', 'suspended']);
    assert.deepEqual(run.retainedIds, [1]);
  });

  it('is followed by no other, until the job runs again', () => {
    const run = CheckpointRun.running({ interval: 100 }).on(HIBERNATE).complete(1).at(500);
    assert.deepEqual(run.triggeredIds, [1]);
    for (const key of ['source/0', 'source/1', 'map/0']) {
      run.on({ type: 'task-finished', task: ref(key) });
    }
    run.on({ type: 'job-stopping' }).at(1000);
    assert.equal(run.state.wakeUpEpochMs, undefined);
    assert.equal(run.state.stop, undefined);
    assert.deepEqual(run.of('not-suspended'), []);
  });

  it('waits for checkpoints that are under way', () => {
    const run = CheckpointRun.running({ interval: 100 }).at(100).on(HIBERNATE);
    assert.deepEqual(run.triggeredIds, [1]);
    run.complete(1);
    assert.deepEqual(run.triggeredIds, [1, 2]);
    assert.equal(run.of('trigger')[1]?.barrier.type, 'CHECKPOINT_SUSPEND');
  });

  it('that fails lets the job go on, with its periodic checkpoints', () => {
    const tolerant = { interval: 100, 'tolerable-failed-checkpoints': 5 };
    const run = CheckpointRun.running(tolerant).on(HIBERNATE).decline(1);
    assert.deepEqual(run.of('not-suspended').length, 1);
    assert.deepEqual(run.of('fail-job'), []);
    run.at(100);
    assert.equal(run.of('trigger')[1]?.barrier.type, 'CHECKPOINT');
  });

  it('is not taken while somebody waits for another, or the job does not run', () => {
    const stopping = CheckpointRun.running({}).savepoint('s', 'SAVEPOINT_SUSPEND').on(HIBERNATE);
    assert.deepEqual(stopping.types, ['not-suspended']);
    assert.equal(stopping.state.stop?.type, 'SAVEPOINT_SUSPEND');
    const created = new CheckpointRun({}).on(HIBERNATE);
    assert.deepEqual(created.types, ['not-suspended']);
  });

  it('counts for a restart when it is complete and a slot is lost behind it', () => {
    const run = CheckpointRun.running({}).on(HIBERNATE).complete(1);
    run.on({ type: 'job-stopping', error: BOOM });
    assert.deepEqual(run.of('fail-job'), []);
    assert.equal(run.state.stop, undefined);
    assert.deepEqual(run.retainedIds, [1]);
  });

  it('is given up with the attempt it belongs to', () => {
    const run = CheckpointRun.running({}).on(HIBERNATE).on({ type: 'job-stopping', error: BOOM });
    assert.equal(run.of('not-suspended').length, 1);
    assert.equal(run.state.stop, undefined);
    assert.deepEqual(run.pendingIds, []);
    assert.deepEqual(run.of('answer'), []);
  });

  it('that was being stored when the attempt was stopped is kept, and stops nobody', () => {
    const run = CheckpointRun.running({}).on(HIBERNATE).ackAll(1);
    run.on({ type: 'job-stopping', error: BOOM }).stored(1);
    assert.deepEqual(run.retainedIds, [1]);
    assert.deepEqual(run.of('suspended'), []);
  });
});
