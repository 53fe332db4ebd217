/**
 * What the checkpoint coordinator knows, what it is told and what it asks for. Plain JSON values:
 * the state of a job's checkpoints fits a row of its own between two events.
 *
 * P1  The driver applies events one at a time and carries out commands in their order.
 * P2  Reports of an older attempt never reach the coordinator.
 * P3  After `store` the driver answers `stored` or `store-failed`, once. Deployed tasks begin only
 *     when no store is open ({@link isStoring}), from the newest checkpoint retained then.
 * P4  One timer: a `tick-at` replaces the one before. Ticks too many do no harm.
 */
import type { StreamErrorRecord } from '../core/index.ts';
import type {
  CheckpointBarrier,
  CheckpointType,
  SubtaskCheckpointStats,
  SubtaskRef,
  SubtaskStateRecord,
} from '../protocol/index.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import type { CheckpointStatistics, RestoredCheckpointRecord } from './checkpoint-statistics.ts';
import type { SourceStateRecord } from './manifest-record.ts';
import type {
  CheckpointTask,
  CheckpointToStore,
  PendingCheckpoint,
  TrackedTask,
} from './pending-checkpoint.ts';
import type { EndStatus, RetainedCheckpoint } from './retention.ts';

/** Somebody asks for a checkpoint. A request id that was seen before changes nothing. */
export type CheckpointRequest =
  | {
      readonly requestId: string;
      readonly type: 'CHECKPOINT';
      /** `CONFIGURED` does as periodic checkpoints do. */
      readonly kind: 'CONFIGURED' | 'FULL' | 'INCREMENTAL';
    }
  | {
      readonly requestId: string;
      readonly type: 'SAVEPOINT' | 'SAVEPOINT_SUSPEND' | 'SAVEPOINT_TERMINATE';
      /** The savepoint's own directory: `<target>/savepoint-…`. */
      readonly directory: string;
    };

/** A job that is being stopped with a savepoint, or falls asleep behind a checkpoint. */
export interface StopProgress {
  /** Of a job that falls asleep: `''`, nobody has asked. */
  readonly requestId: string;
  readonly type: 'SAVEPOINT_SUSPEND' | 'SAVEPOINT_TERMINATE' | 'CHECKPOINT_SUSPEND';
  readonly directory: string;
  /**
   * `WAITING`: for sources to end (`SAVEPOINT_TERMINATE`), for earlier checkpoints
   * (`CHECKPOINT_SUSPEND`), for tasks that are about to finish. `SNAPSHOT`: the savepoint is
   * pending. `STOPPING`: it is stored, the tasks finish.
   */
  readonly phase: 'WAITING' | 'SNAPSHOT' | 'STOPPING';
  /** In `STOPPING`. */
  readonly checkpointId?: number;
  readonly path?: string;
}

/** The last checkpoints that are not pending any more, for acks that come late. */
export interface ClosedCheckpoint {
  readonly checkpointId: number;
  readonly outcome: 'COMPLETED' | 'ABORTED';
}

export interface CheckpointsState {
  readonly settings: CheckpointSettings;
  /** Takes the segments of checkpoints: `<dir>/<jobId>/shared`. */
  readonly directory: string;
  /**
   * `PAUSED`: not every task runs. `ENDING`: the job has ended, a store is open. `ENDED`: nothing
   * follows, {@link isTerminated}.
   */
  readonly status: 'PAUSED' | 'RUNNING' | 'ENDING' | 'ENDED';
  readonly nextCheckpointId: number;
  readonly tasks: readonly TrackedTask[];
  /** By id. */
  readonly pending: readonly PendingCheckpoint[];
  /** Oldest first; the last is what a restart begins from. */
  readonly retained: readonly RetainedCheckpoint[];
  /** Waiting for their turn. */
  readonly requests: readonly CheckpointRequest[];
  /** The last requests that were answered. */
  readonly answered: readonly string[];
  readonly closed: readonly ClosedCheckpoint[];
  /** Every checkpoint is full until one has completed (restored with NO_CLAIM). */
  readonly forceFull: boolean;
  readonly stop?: StopProgress;
  /** Absent: no periodic checkpoints now. */
  readonly nextPeriodicEpochMs?: number;
  readonly lastCompletedEpochMs?: number;
  /** A final checkpoint that failed is tried again then. */
  readonly finalNotBeforeEpochMs?: number;
  /** What the last `tick-at` said. */
  readonly wakeUpEpochMs?: number;
  /** Countable failures since the last success. */
  readonly consecutiveFailures: number;
  readonly endStatus?: EndStatus;
  /** For people only: no decision reads it, so it may be kept apart. */
  readonly statistics: CheckpointStatistics;
}

export type CheckpointEvent = { readonly nowEpochMs: number } & CheckpointOccurrence;

export type CheckpointOccurrence =
  /** All tasks of the job, at every deployment and before any of their reports. */
  | { readonly type: 'job-deployed'; readonly tasks: readonly CheckpointTask[] }
  /** Every task runs (or has finished). */
  | { readonly type: 'job-running' }
  /** Tasks are about to begin again with its state; not at the start, which {@link withRestored} is of. */
  | { readonly type: 'restored'; readonly restored: RestoredCheckpointRecord }
  /**
   * Tasks are being stopped, to be deployed again or for good; before they are told. `error`:
   * because of a failure. Not when they finish by themselves.
   */
  | { readonly type: 'job-stopping'; readonly error?: StreamErrorRecord }
  /** Nothing of the job runs and nothing will; `SUSPENDED`: another cluster goes on with it. */
  | { readonly type: 'job-ended'; readonly status: EndStatus; readonly error?: StreamErrorRecord }
  /** `epochMs`: of the `tick-at` it comes from; one that was replaced is told by it. */
  | { readonly type: 'tick'; readonly epochMs?: number }
  | { readonly type: 'request'; readonly request: CheckpointRequest }
  /**
   * The job is to hibernate: a checkpoint behind which its tasks stop. Nothing, unless it runs and
   * nobody waits for another checkpoint; answered by `suspended` or `not-suspended`.
   */
  | { readonly type: 'hibernate' }
  /** A slot waits for a checkpoint: the next periodic one is due. */
  | { readonly type: 'wanted' }
  | { readonly type: 'task-ended'; readonly task: SubtaskRef }
  | { readonly type: 'task-finished'; readonly task: SubtaskRef }
  | {
      readonly type: 'enumerators-stored';
      readonly checkpointId: number;
      readonly sources: readonly SourceStateRecord[];
    }
  | {
      readonly type: 'enumerators-failed';
      readonly checkpointId: number;
      readonly error: StreamErrorRecord;
    }
  | {
      readonly type: 'ack';
      readonly checkpointId: number;
      readonly state: SubtaskStateRecord;
      readonly stats: SubtaskCheckpointStats;
    }
  | {
      readonly type: 'decline';
      readonly checkpointId: number;
      readonly task: SubtaskRef;
      readonly error: StreamErrorRecord;
    }
  /** Its log row exists; also of a checkpoint whose store was thought to have failed. */
  | { readonly type: 'stored'; readonly checkpointId: number; readonly path: string }
  /** Its log row does not exist, or nobody can tell. Kind `fenced`: another owner took the job. */
  | {
      readonly type: 'store-failed';
      readonly checkpointId: number;
      readonly error: StreamErrorRecord;
    };

export type CheckpointCommand =
  /**
   * Snapshot the enumerators at once and answer `enumerators-stored`; then send the barrier to
   * every slot, with the tasks that begin it.
   */
  | {
      readonly type: 'trigger';
      readonly barrier: CheckpointBarrier;
      readonly tasks: readonly SubtaskRef[];
    }
  /** Sources end as if bounded (`stop --drain`). */
  | { readonly type: 'drain' }
  /** Write manifest and, for a checkpoint, log row. */
  | { readonly type: 'store'; readonly checkpoint: CheckpointToStore }
  | {
      readonly type: 'notify-complete';
      readonly checkpointId: number;
      readonly checkpointType: CheckpointType;
    }
  | { readonly type: 'notify-aborted'; readonly checkpointId: number }
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly outcome: CheckpointAnswer;
    }
  /** The checkpoint of `hibernate` is complete: the tasks finish, which is not their end. */
  | { readonly type: 'suspended'; readonly checkpointId: number }
  /** There is none: the tasks go on, or are being stopped. */
  | { readonly type: 'not-suspended' }
  /** As a failure of no task: the restart strategy decides, unless `isRecoverable` denies it. */
  | { readonly type: 'fail-job'; readonly error: StreamErrorRecord }
  /** Delete log rows, then manifests; what nobody refers to any more is the collector's. */
  | { readonly type: 'drop'; readonly checkpoints: readonly RetainedCheckpoint[] }
  /**
   * Something was written in vain. The directory of a savepoint is garbage as a whole. Segments of
   * a checkpoint may be part of later ones: what of them, and of those before, is not needed is the
   * collector's.
   */
  | { readonly type: 'discard'; readonly savepointDirectory?: string }
  | { readonly type: 'tick-at'; readonly epochMs: number };

export type CheckpointAnswer =
  | { readonly checkpointId: number; readonly path: string }
  | { readonly error: StreamErrorRecord };

export interface CheckpointDecision {
  readonly state: CheckpointsState;
  readonly commands: readonly CheckpointCommand[];
}

/** Nothing follows: every event is answered with no command. */
export function isTerminated(state: CheckpointsState): boolean {
  return state.status === 'ENDED';
}

/** A log row may be being written (P3). */
export function isStoring(state: CheckpointsState): boolean {
  return state.pending.some(({ phase }) => phase === 'STORING');
}
