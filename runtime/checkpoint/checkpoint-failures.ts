/**
 * Why checkpoints fail, and which failures count against the tolerable number.
 *
 * @see org.apache.flink.runtime.checkpoint.CheckpointFailureManager, release-1.20
 */
import type { ErrorDetails, StreamErrorRecord } from '../core/index.ts';
import { type CheckpointType, isSavepoint } from '../protocol/index.ts';

/** Flink's words; the codes of the errors. */
export type CheckpointFailureReason = keyof typeof IS_COUNTED;

/** Whether a failure counts against the tolerable number. */
const IS_COUNTED = {
  /** Some task does not run, or has finished and may not have. */
  NOT_ALL_REQUIRED_TASKS_RUNNING: false,
  /** The request waits with too many others. */
  TOO_MANY_CHECKPOINT_REQUESTS: false,
  /** The job is being stopped with a savepoint. */
  PERIODIC_SCHEDULER_SHUTDOWN: false,
  /** The job, or a part of it, is being restarted. */
  CHECKPOINT_COORDINATOR_SUSPEND: false,
  /** The job has ended. */
  CHECKPOINT_COORDINATOR_SHUTDOWN: false,
  /** A newer one has completed. */
  CHECKPOINT_SUBSUMED: false,
  /** An enumerator cannot say its state. */
  TRIGGER_CHECKPOINT_FAILURE: false,
  CHECKPOINT_DECLINED_TASK_NOT_READY: false,
  CHECKPOINT_DECLINED_TASK_CLOSING: false,
  CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER: false,
  CHECKPOINT_DECLINED_SUBSUMED: false,
  CHECKPOINT_DECLINED_INPUT_END_OF_STREAM: false,
  /** A task cannot take its snapshot. */
  CHECKPOINT_DECLINED: true,
  /** A task cannot store its snapshot. */
  CHECKPOINT_ASYNC_EXCEPTION: true,
  CHECKPOINT_EXPIRED: true,
  IO_EXCEPTION: true,
  /** Manifest or log row cannot be written. */
  FINALIZE_CHECKPOINT_FAILURE: true,
} as const;

export function isCountedFailure(reason: CheckpointFailureReason): boolean {
  return IS_COUNTED[reason];
}

/** What a task's refusal counts as: the reason that its code is, else `CHECKPOINT_DECLINED`. */
export function declineReason(error: StreamErrorRecord): CheckpointFailureReason {
  const code = error.code as CheckpointFailureReason;
  const isOfTask = code.startsWith('CHECKPOINT_DECLINED_') || code === 'CHECKPOINT_ASYNC_EXCEPTION';
  return isOfTask && code in IS_COUNTED ? code : 'CHECKPOINT_DECLINED';
}

export interface CheckpointFailure {
  readonly reason: CheckpointFailureReason;
  readonly error: StreamErrorRecord;
  /** A task failed it, not the coordinator: counts for savepoints too. */
  readonly isOfTask: boolean;
}

/** Details go into the message as `key=value`. */
export function checkpointFailure(
  reason: CheckpointFailureReason,
  text: string,
  details: ErrorDetails,
  cause?: StreamErrorRecord,
): CheckpointFailure {
  return {
    reason,
    error: {
      kind: cause?.kind ?? 'unavailable',
      code: reason,
      message: withDetails(text, details),
      details,
      ...(cause === undefined ? {} : { cause }),
    },
    isOfTask: false,
  };
}

/** Failures in a row, after one more; and whether they are too many. */
export interface FailureCount {
  readonly consecutiveFailures: number;
  readonly isExceeded: boolean;
}

/**
 * Counts a failure. Of savepoints only what a task did counts: the coordinator's own troubles with
 * them are the business of whoever asked.
 *
 * @param isLate a newer checkpoint has completed since.
 */
export function countFailure(
  consecutiveFailures: number,
  tolerable: number,
  failed: { readonly type: CheckpointType; readonly isLate: boolean },
  failure: CheckpointFailure,
): FailureCount {
  const isExempt = failed.isLate || (isSavepoint(failed.type) && !failure.isOfTask);
  if (isExempt || !isCountedFailure(failure.reason)) {
    return { consecutiveFailures, isExceeded: false };
  }
  const count = consecutiveFailures + 1;
  return count > tolerable
    ? { consecutiveFailures: 0, isExceeded: true }
    : { consecutiveFailures: count, isExceeded: false };
}

/** The job's failure when {@link countFailure} says so. */
export function thresholdExceeded(tolerable: number, last: StreamErrorRecord): StreamErrorRecord {
  const details = { tolerableFailedCheckpoints: tolerable };
  return {
    kind: 'unavailable',
    code: 'CHECKPOINT_FAILURES_EXCEEDED',
    message: withDetails(
      `exceeded checkpoint tolerable failure threshold; the latest: ${last.message};`,
      details,
    ),
    details,
    cause: last,
  };
}

/** The savepoint of a stop failed after its barrier was sent: tasks may be waiting for it. */
export function stopFailed(last: StreamErrorRecord): StreamErrorRecord {
  return {
    kind: 'unavailable',
    code: 'STOP_WITH_SAVEPOINT_FAILED',
    message: `the job was not stopped, it restarts; its savepoint failed: ${last.message}`,
    details: {},
    cause: last,
  };
}

/**
 * The savepoint of a stop is good, the job did not stop cleanly. Not restarted: tasks were told of
 * the savepoint, and may have committed what is beyond the last checkpoint.
 */
export function stopIncomplete(
  path: string,
  { isRestarted }: { readonly isRestarted: boolean },
  cause?: StreamErrorRecord,
): StreamErrorRecord {
  const outcome = isRestarted
    ? 'failed before it stopped and goes on'
    : 'did not stop cleanly and is not restarted, since its output may go beyond the last ' +
      'checkpoint; start it from the savepoint';
  const details = { path };
  return {
    kind: 'user',
    code: isRestarted ? 'STOP_WITH_SAVEPOINT_FAILED' : 'STOP_WITH_SAVEPOINT_STOPPING',
    message: withDetails(`a savepoint has been created, but the job ${outcome}:`, details),
    details,
    ...(cause === undefined ? {} : { cause }),
  };
}

function withDetails(text: string, details: ErrorDetails): string {
  return [text, ...Object.entries(details).map(([key, value]) => `${key}=${value}`)].join(' ');
}
