import type {
  BlobStore,
  CheckpointSettings,
  CheckpointStore,
  RestorePoint,
} from '../checkpoint/index.ts';
import type { Clock, FileSystem, Logger, Rng, StreamErrorRecord, Timers } from '../core/index.ts';
import type { StageLimits, StreamGraph } from '../graph/index.ts';
import type { ResultStorage } from './blocking-results.ts';
import type { HibernationSettings } from './hibernation.ts';
import type { MasterTurn } from './job-checkpoints-parts.ts';
import type { WakeUpArming } from './job-hibernation.ts';
import type { JobJournal } from './job-journal.ts';
import type { JobPlan } from './job-plan.ts';
import type { JobSnapshot } from './job-snapshot.ts';
import type { RestartSettings } from './restart-settings.ts';
import type { SleepingJob } from './sleeping-job.ts';
import type { AttachingLauncher, SlotLauncher } from './slot-launcher.ts';
import type { ClientAnswer } from './turn-messages.ts';

/** What a job that is not new starts from. */
export interface JobRestore extends RestorePoint {
  readonly claimMode: 'CLAIM' | 'NO_CLAIM';
  /** State that no operator takes is dropped. */
  readonly allowNonRestoredState: boolean;
}

export interface JobMasterParts {
  readonly jobId: string;
  readonly graph: StreamGraph;
  readonly plan: JobPlan;
  readonly launcher: SlotLauncher | AttachingLauncher;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly blobs: BlobStore;
  readonly checkpointStore: CheckpointStore;
  readonly checkpointing: CheckpointSettings;
  readonly restart: RestartSettings;
  readonly journal: JobJournal;
  /** Of a job with blocking edges. */
  readonly results?: ResultStorage;
  /** Of stages whose parallelism is open. */
  readonly stageLimits?: Omit<StageLimits, 'maxParallelism'>;
  readonly restore?: JobRestore;
  /** Taken over from a process that died. */
  readonly isRecovered: boolean;
  /** `task.cancellation.timeout`; 0: never. */
  readonly cancellationTimeoutMs: number;
  /** `web.exception-history-size`. */
  readonly exceptionHistoryCount: number;
  /** The job as an earlier turn of its master left it; undefined: it begins, or begins anew. */
  readonly asleep?: SleepingJob;
  /** The turn it works in, if it does. */
  readonly turn?: MasterTurn;
  /** Undefined: it never hibernates. */
  readonly hibernation?: HibernationSettings;
  /** What wakes it; of a master that works in turns. */
  readonly arming?: WakeUpArming;
  /** Answers to what was asked in an earlier turn, or by `request`. */
  readonly onAnswer?: (requestId: string, answer: ClientAnswer) => void;
  /** How often slots report. Undefined: when others ask them to, so that silence says nothing. */
  readonly reportIntervalMs?: number;
  /** What print sinks write. The promise, if any, holds them back. */
  readonly onPrint: (text: string) => Promise<void> | undefined;
  /** What collect sinks deliver. */
  readonly onDeliver: (collectId: string, values: readonly unknown[]) => Promise<void> | undefined;
}

export interface JobResult {
  readonly jobId: string;
  readonly jobName: string;
  readonly status: 'FINISHED' | 'FAILED' | 'CANCELED' | 'SUSPENDED';
  /** From the first deployment to the end. */
  readonly netRuntimeMs: number;
  readonly error?: StreamErrorRecord;
  /** As of the end. */
  readonly metrics: JobSnapshot;
  /** What functions have counted, by name: Flink's `getAccumulatorResult`. Of the last attempts. */
  readonly accumulators: Readonly<Record<string, unknown>>;
}
