/**
 * The sink contract: Flink's Sink V2. A writer a subtask; what it prepares at a checkpoint (or at
 * the end of a bounded input) are committables, plain JSON values that a committer makes visible.
 *
 * I1  Committables are committed once the checkpoint that holds them is complete, or, without
 *     checkpoints, at the end of the input; those of a restored checkpoint before the writer is
 *     made, by any subtask.
 * I2  Committing is idempotent: it is repeated after a failure, by any attempt, and by jobs that
 *     start from the same savepoint.
 * I3  A subtask's commits are in the order of the checkpoints.
 */
import type { Clock, FileSystem, Logger } from '../core/index.ts';
import type { OperatorMetrics } from '../operators/index.ts';

export type DeliveryGuarantee = 'EXACTLY_ONCE' | 'AT_LEAST_ONCE' | 'NONE';

export interface Sink<T, CommittableT = never> {
  /** Shown in the plan, e.g. `print`, `files(out)`. */
  readonly name: string;
  readonly guarantee: DeliveryGuarantee;
  createWriter(
    ctx: SinkContext,
  ): SinkWriter<T, CommittableT> | Promise<SinkWriter<T, CommittableT>>;
  createCommitter?(ctx: SinkContext): Committer<CommittableT>;
  /**
   * Runs once in the client before the job is deployed: refuses what cannot work (an output
   * directory that would be overwritten) before anything has started.
   */
  validate?(ctx: SinkValidation): void | Promise<void>;
}

/** What a sink may use of the world before the job is deployed. */
export interface SinkValidation {
  readonly fileSystem: FileSystem;
  /** The job starts from a savepoint or checkpoint: what is there may be its own output. */
  readonly restoring: boolean;
}

export interface SinkContext {
  /** The same in every attempt of the job. */
  readonly jobId: string;
  readonly jobName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  /** Never used twice by a job. */
  readonly attempt: number;
  /** From 0; grows when the subtask moves within an attempt. With `attempt`, names one start. */
  readonly lease: number;
  /** Undefined when the sink starts without earlier state. */
  readonly restoredCheckpointId: number | undefined;
  /** What writers' `snapshotState` gave, dealt out among the subtasks. */
  readonly restoredState: readonly unknown[];
  /** False: what is complete at the end of the input is final; nothing is committed before. */
  readonly checkpointing: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly metrics: OperatorMetrics;
  print(text: string): Promise<void> | undefined;
  deliver(collectId: string, value: unknown): Promise<void> | undefined;
}

export interface SinkWriter<T, CommittableT = never> {
  /**
   * A promise holds the next record back: records are written one after the other. Faster is who
   * writes many at once: collects in `write`, sends, and tells of it by `suspension`.
   */
  write(value: T, timestampMs: number, watermarkMs: number): void | Promise<void>;
  /** Back-pressure: what must settle before the next buffer is written. */
  suspension?(): Promise<void> | undefined;
  /** Makes what was written durable; `endOfInput` when nothing follows. */
  flush(endOfInput: boolean): void | Promise<void>;
  /** Called after `flush`; what to commit once the checkpoint is complete. */
  prepareCommit(): readonly CommittableT[] | Promise<readonly CommittableT[]>;
  /** Called after `prepareCommit` at a checkpoint: what another writer goes on from. JSON. */
  snapshotState?(): readonly unknown[];
  /**
   * A checkpoint of this attempt is complete and what this subtask had prepared for it is
   * committed; every subtask has committed what it was restored with.
   */
  notifyCheckpointComplete?(checkpointId: number): void | Promise<void>;
  /** What was handed over by `prepareCommit` stays: its checkpoint may complete yet. */
  close(): void | Promise<void>;
}

export interface Committer<CommittableT> {
  /**
   * A rejection of kind `unavailable` is tried again with the same committables.
   *
   * @param ctx.restored whether they come from a restored checkpoint: they may have been committed
   * long ago.
   */
  commit(committables: readonly CommittableT[], ctx: { readonly restored: boolean }): Promise<void>;
  close(): void | Promise<void>;
}
