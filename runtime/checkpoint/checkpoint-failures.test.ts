import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CheckpointFailureReason,
  checkpointFailure,
  countFailure,
  declineReason,
  isCountedFailure,
} from './checkpoint-failures.ts';

const failure = (reason: CheckpointFailureReason) => checkpointFailure(reason, 'x', {});
const error = (code: string) => ({ kind: 'user', code, message: '', details: {} }) as const;
const CHECKPOINT = { type: 'CHECKPOINT', isLate: false } as const;

describe('isCountedFailure', () => {
  const counted: readonly CheckpointFailureReason[] = [
    'CHECKPOINT_DECLINED',
    'CHECKPOINT_ASYNC_EXCEPTION',
    'CHECKPOINT_EXPIRED',
    'IO_EXCEPTION',
    'FINALIZE_CHECKPOINT_FAILURE',
  ];
  const ignored: readonly CheckpointFailureReason[] = [
    'NOT_ALL_REQUIRED_TASKS_RUNNING',
    'TOO_MANY_CHECKPOINT_REQUESTS',
    'PERIODIC_SCHEDULER_SHUTDOWN',
    'CHECKPOINT_COORDINATOR_SUSPEND',
    'CHECKPOINT_COORDINATOR_SHUTDOWN',
    'CHECKPOINT_SUBSUMED',
    'TRIGGER_CHECKPOINT_FAILURE',
    'CHECKPOINT_DECLINED_TASK_NOT_READY',
    'CHECKPOINT_DECLINED_TASK_CLOSING',
    'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER',
    'CHECKPOINT_DECLINED_SUBSUMED',
    'CHECKPOINT_DECLINED_INPUT_END_OF_STREAM',
  ];

  it('counts what a task or the store did, not what the coordinator decided', () => {
    assert.deepEqual(counted.filter(isCountedFailure), counted);
    assert.deepEqual(ignored.filter(isCountedFailure), []);
  });
});

describe('declineReason', () => {
  it('is the code of the error when that is a reason of a task', () => {
    assert.equal(
      declineReason(error('CHECKPOINT_DECLINED_TASK_CLOSING')),
      'CHECKPOINT_DECLINED_TASK_CLOSING',
    );
    assert.equal(declineReason(error('CHECKPOINT_ASYNC_EXCEPTION')), 'CHECKPOINT_ASYNC_EXCEPTION');
    assert.equal(declineReason(error('CHECKPOINT_SUBSUMED')), 'CHECKPOINT_DECLINED');
    assert.equal(declineReason(error('DISK_FULL')), 'CHECKPOINT_DECLINED');
  });
});

describe('countFailure', () => {
  it('exceeds when there are more than are tolerable, and counts from the start again', () => {
    const expired = failure('CHECKPOINT_EXPIRED');
    assert.deepEqual(countFailure(0, 2, CHECKPOINT, expired), {
      consecutiveFailures: 1,
      isExceeded: false,
    });
    assert.equal(countFailure(1, 2, CHECKPOINT, expired).isExceeded, false);
    assert.deepEqual(countFailure(2, 2, CHECKPOINT, expired), {
      consecutiveFailures: 0,
      isExceeded: true,
    });
    assert.equal(countFailure(0, 0, CHECKPOINT, expired).isExceeded, true);
  });

  it('does not count a checkpoint that is older than the last that completed', () => {
    const late = { type: 'CHECKPOINT', isLate: true } as const;
    assert.equal(countFailure(1, 2, late, failure('CHECKPOINT_EXPIRED')).consecutiveFailures, 1);
  });

  it('counts a savepoint only when a task failed it', () => {
    const savepoint = { type: 'SAVEPOINT', isLate: false } as const;
    const declined = failure('CHECKPOINT_DECLINED');
    assert.equal(countFailure(0, 2, savepoint, declined).consecutiveFailures, 0);
    const ofTask = { ...declined, isOfTask: true };
    assert.equal(countFailure(0, 2, savepoint, ofTask).consecutiveFailures, 1);
  });
});

describe('checkpointFailure', () => {
  it('puts the details at the end of the message and keeps the cause and its kind', () => {
    const cause = error('DISK_FULL');
    const { error: made } = checkpointFailure('IO_EXCEPTION', 'no:', { checkpointId: 3 }, cause);
    assert.deepEqual(made, {
      kind: 'user',
      code: 'IO_EXCEPTION',
      message: 'no: checkpointId=3',
      details: { checkpointId: 3 },
      cause,
    });
  });
});
