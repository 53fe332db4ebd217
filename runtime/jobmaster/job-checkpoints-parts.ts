/** What the checkpoints of a job need of it, and are told. */
import type {
  BlobStore,
  CheckpointAnswer,
  CheckpointStore,
  CheckpointsState,
  CheckpointTaskInput,
  ManifestVertex,
  RowWrite,
  SourceStateRecord,
} from '../checkpoint/index.ts';
import type { Clock, Logger, StreamErrorRecord, Timers } from '../core/index.ts';
import type {
  CheckpointBarrier,
  SlotCommand,
  SlotReport,
  SubtaskRef,
  SubtaskStateRecord,
} from '../protocol/index.ts';
import type { JobPast } from './job-past.ts';
import type { Cleaning } from './sleeping-job.ts';

export type CheckpointReport = Extract<
  SlotReport,
  {
    readonly type:
      | 'task-ended'
      | 'task-finished'
      | 'checkpoint-ack'
      | 'checkpoint-declined'
      | 'checkpoint-wanted';
  }
>;

/** What the driver needs of the job. */
export interface CheckpointHost {
  /** What a task reads, as deployed. */
  inputsOf(task: SubtaskRef): readonly CheckpointTaskInput[];
  /** To every slot that is deployed. */
  broadcast(command: SlotCommand): void;
  /** To every slot, each with those of the tasks it holds. */
  trigger(barrier: CheckpointBarrier, tasks: readonly SubtaskRef[]): void;
  /** @throws what keeps an enumerator from it. */
  snapshotSources(checkpointId: number): readonly SourceStateRecord[];
  checkpointComplete(checkpointId: number): void;
  /** The vertices as deployed, with these states. */
  manifestVertices(subtasks: readonly SubtaskStateRecord[]): readonly ManifestVertex[];
  /** Attempts of the tasks that run or are about to. */
  attemptsInUse(): readonly number[];
  answered(requestId: string, answer: CheckpointAnswer): void;
  fail(error: StreamErrorRecord): void;
  /** The checkpoint is complete behind which the tasks stop by themselves. */
  suspended(): void;
  /** They go on, or are being stopped. */
  notSuspended(): void;
}

export interface JobCheckpointsParts {
  readonly jobId: string;
  readonly jobName: string;
  readonly initial: CheckpointsState;
  readonly store: CheckpointStore;
  readonly blobs: BlobStore;
  /** Steps that fail when another process has taken the job. */
  readonly fence: () => readonly RowWrite[];
  /** Directory of a savepoint or checkpoint this job claimed. */
  readonly claimed?: string;
  /** Directories of savepoints that failed before. */
  readonly discarded?: readonly string[];
  /** What an earlier turn has left to clean. */
  readonly cleanings?: readonly Cleaning[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly host: CheckpointHost;
  /** Takes what people are shown of them. */
  readonly past?: JobPast | undefined;
  /** The turn it works in, if it does. */
  readonly turn?: MasterTurn;
}

/** What a turn is told of the storing of checkpoints (I6). */
export interface MasterTurn {
  /** Resolves once what is known is written; false: the job is over, nothing is stored any more. */
  beforeStore(): Promise<boolean>;
  /** The turn cannot come to its end. */
  abandon(error: Error): void;
}
