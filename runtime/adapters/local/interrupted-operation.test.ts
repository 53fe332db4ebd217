import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CheckpointStatistics,
  emptyStatistics,
  statsCompleted,
  statsTriggered,
} from '../../checkpoint/index.ts';
import type { JobStatus } from '../../jobmaster/index.ts';
import type { CheckpointType } from '../../protocol/index.ts';
import type { TriggeredOperation } from '../http/index.ts';
import { outcomeAfterRestart } from './interrupted-operation.ts';

const ID = 'a'.repeat(32);
const STOP: TriggeredOperation = { type: 'stop', jobId: ID, drain: false };
const SAVEPOINT: TriggeredOperation = { type: 'savepoint', jobId: ID, cancelsJob: false };

/** A job that has taken these, one every ten milliseconds. */
function took(...types: readonly CheckpointType[]): CheckpointStatistics {
  return types.reduce((before, type, at) => {
    const [checkpointId, triggeredAtEpochMs] = [at + 1, at * 10 + 10];
    const one = { checkpointId, type, full: true, triggeredAtEpochMs, tasks: [] };
    const path = `/savepoints/${checkpointId}`;
    return statsCompleted(statsTriggered(before, one), checkpointId, path, triggeredAtEpochMs + 5);
  }, emptyStatistics(10));
}

function outcome(
  operation: TriggeredOperation,
  status: JobStatus,
  checkpointStatistics: CheckpointStatistics,
  startedAtEpochMs = 5,
  taken: ReadonlySet<unknown> = new Set(),
): unknown {
  const job = { status, checkpointStatistics };
  const state = outcomeAfterRestart({ operation, startedAtEpochMs }, job, taken);
  return state.type === 'completed' ? state.value : state.type;
}

describe('outcomeAfterRestart', () => {
  it('is that of a stop by which the job has ended', () => {
    const stopped = took('SAVEPOINT', 'SAVEPOINT_SUSPEND');
    assert.equal(outcome(STOP, 'FINISHED', stopped), '/savepoints/2');
    assert.equal(outcome(STOP, 'FINISHED', took('SAVEPOINT_TERMINATE')), '/savepoints/1');
    // It goes on from the savepoint, or has ended otherwise.
    for (const status of ['RUNNING', 'RECONCILING', 'CANCELED', 'FAILED'] as const) {
      assert.equal(outcome(STOP, status, stopped), 'failed', status);
    }
    assert.equal(outcome(STOP, 'FINISHED', took('SAVEPOINT', 'CHECKPOINT')), 'failed');
  });

  it('is open for a stop that drains until the job has ended, once the savepoint is there', () => {
    const drain = { ...STOP, drain: true };
    const drained = took('SAVEPOINT_TERMINATE');
    assert.equal(outcome(drain, 'RECONCILING', drained), 'in-progress');
    assert.equal(outcome(drain, 'RUNNING', drained), 'in-progress');
    assert.equal(outcome(drain, 'FINISHED', drained), '/savepoints/1');
    assert.equal(outcome(drain, 'FAILED', drained), 'failed');
    assert.equal(outcome(drain, 'RUNNING', took('SAVEPOINT')), 'failed');
  });

  it('is that of a savepoint that was taken since, and is nobody else’s', () => {
    const statistics = took('SAVEPOINT', 'CHECKPOINT', 'SAVEPOINT');
    assert.equal(outcome(SAVEPOINT, 'RUNNING', statistics), '/savepoints/1');
    assert.equal(outcome(SAVEPOINT, 'RUNNING', statistics, 11), '/savepoints/3');
    assert.equal(outcome(SAVEPOINT, 'RUNNING', statistics, 31), 'failed');
    const taken = new Set(['/savepoints/1', '/savepoints/3']);
    assert.equal(outcome(SAVEPOINT, 'RUNNING', statistics, 5, taken), 'failed');
    const elsewhere = { ...SAVEPOINT, target: '/other' };
    assert.equal(outcome(elsewhere, 'RUNNING', statistics), 'failed');
    const there = { ...SAVEPOINT, target: '/savepoints/' };
    assert.equal(outcome(there, 'RUNNING', statistics), '/savepoints/1');
  });

  it('is that of a savepoint with which the job is canceled once it is', () => {
    const canceling = { ...SAVEPOINT, cancelsJob: true };
    assert.equal(outcome(canceling, 'CANCELED', took('SAVEPOINT')), '/savepoints/1');
    assert.equal(outcome(canceling, 'RUNNING', took('SAVEPOINT')), 'failed');
  });

  it('says what was going on, and where the savepoint is that is there all the same', () => {
    const job = { status: 'RUNNING', checkpointStatistics: took('SAVEPOINT_SUSPEND') } as const;
    const stop = outcomeAfterRestart({ operation: STOP, startedAtEpochMs: 5 }, job, new Set());
    assert.match(
      stop.type === 'failed' ? stop.error.message : '',
      /^the JobManager was restarted while the job was being stopped .*savepoint=\/savepoints\/1/,
    );
    const dispose = { operation: { type: 'dispose', path: '/s/1' }, startedAtEpochMs: 5 } as const;
    const gone = outcomeAfterRestart(dispose, undefined, new Set());
    assert.match(
      gone.type === 'failed' ? gone.error.message : '',
      /while the savepoint was being deleted: .*path=\/s\/1$/,
    );
  });
});
