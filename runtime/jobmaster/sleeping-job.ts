/**
 * A job between two turns of its master: what a JobMaster knows that is written nowhere else.
 * Plain JSON; a master that works in turns persists it, so fields are only ever added.
 *
 * I1  A master that wakes from the record goes on where the one that fell asleep was: nothing that
 *     was deployed is deployed again, no attempt begins, nothing is said to slots a second time.
 * I2  What was under way and ends by itself (a deployment, a plan, a checkpoint being stored, a
 *     request being checked) begins again: each of them may be done twice.
 */
import type { CheckpointsState, RetainedCheckpoint } from '../checkpoint/index.ts';
import type { JobGraphOverrides } from '../graph/index.ts';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import type { HibernationState } from './hibernation.ts';
import type { PackedExecutions } from './job-executions.ts';
import type { OpenRequest } from './job-requests.ts';
import type { JobState } from './job-state.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';
import type { PackedStatistics } from './sleeping-statistics.ts';
import type { AlignedSubtask } from './watermark-alignment.ts';

export interface SleepingJob {
  readonly state: JobState;
  readonly startedAtEpochMs: number;
  /** Of the layout that is deployed. */
  readonly overrides: JobGraphOverrides;
  /** Of the next layout, by vertex id. */
  readonly parallelism: Readonly<Record<string, number>>;
  readonly regions: readonly SleepingRegion[];
  /** Restarts that are not due yet. */
  readonly restarts: readonly SleepingRestart[];
  readonly checkpoints: SleepingCheckpoints;
  readonly sources: SleepingSources;
  readonly requests: readonly OpenRequest[];
  /** Absent: it never hibernates. */
  readonly hibernation?: HibernationState;
  readonly exceptions: ExceptionHistory;
  readonly metrics: readonly TaskMetricsRecord[];
  /** Absent: by a release that did not keep them. */
  readonly executions?: PackedExecutions;
}

/** The present attempt of a region. */
export interface SleepingRegion {
  readonly regionIndex: number;
  readonly attempt: number;
  readonly slotIndexes: readonly number[];
  /** Slots that will not be heard of any more. */
  readonly gone: readonly number[];
  readonly isStopping: boolean;
  readonly isLaunched: boolean;
  /** While stopping: when slots that do not stop are ended. */
  readonly endsStuckAtEpochMs?: number;
}

export interface SleepingRestart {
  readonly atEpochMs: number;
  readonly regionIndexes: readonly number[];
}

export interface SleepingCheckpoints {
  readonly state: Omit<CheckpointsState, 'statistics'>;
  readonly statistics: PackedStatistics;
  /** Directory of a savepoint or checkpoint that the job has claimed. */
  readonly claimed?: string;
  /** Directories of savepoints that failed. */
  readonly discarded: readonly string[];
  readonly cleanings: readonly Cleaning[];
}

/** Something to be deleted. */
export type Cleaning =
  /** Log rows, then manifests; then what of all that is there nobody refers to any more. */
  | { readonly type: 'drop'; readonly checkpoints: readonly RetainedCheckpoint[] }
  /** A log row that counts for nothing. */
  | { readonly type: 'forget'; readonly checkpointId: number }
  /** A savepoint that was not completed. */
  | { readonly type: 'discard'; readonly directory: string }
  | { readonly type: 'collect' };

export interface SleepingSources {
  /** They are made anew at the next deployment. */
  readonly isStale: boolean;
  readonly sources: readonly SleepingSource[];
  /** How far they are that wait for each other. Absent: none does. */
  readonly aligned?: readonly AlignedSubtask[];
}

export interface SleepingSource {
  readonly vertexId: string;
  readonly operatorId: string;
  readonly enumerator: unknown;
  readonly readers: readonly number[];
  /** Readers that have asked for a split and got none yet. */
  readonly asking: readonly number[];
  /** Readers that were told that no more splits come. */
  readonly told: readonly number[];
  readonly assignments: readonly SplitAssignment[];
  readonly lastSnapshotId: number;
}

/** Splits that no checkpoint of their reader covers yet. */
export interface SplitAssignment {
  readonly subtaskIndex: number;
  readonly splits: readonly unknown[];
  /** The newest snapshot taken before it; 0: none. */
  readonly afterCheckpointId: number;
}
