/**
 * The sink contract: Flink's Sink V2. A writer a subtask; what it prepares at a checkpoint (or at
 * the end of a bounded input) are committables, plain JSON values that a committer makes visible.
 * Committing is idempotent: it may be repeated after a failure.
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
  validate?(ctx: { readonly fileSystem: FileSystem }): void | Promise<void>;
}

export interface SinkContext {
  readonly jobName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly attempt: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly metrics: OperatorMetrics;
  print(text: string): Promise<void> | undefined;
  deliver(collectId: string, value: unknown): Promise<void> | undefined;
}

export interface SinkWriter<T, CommittableT = never> {
  write(value: T, timestampMs: number, watermarkMs: number): void;
  /** Back-pressure: what must settle before the next buffer is written. */
  suspension?(): Promise<void> | undefined;
  /** Makes what was written durable; `endOfInput` when nothing follows. */
  flush(endOfInput: boolean): void | Promise<void>;
  /** Called after `flush`; what to commit once the checkpoint is complete. */
  prepareCommit(): readonly CommittableT[] | Promise<readonly CommittableT[]>;
  close(): void | Promise<void>;
}

export interface Committer<CommittableT> {
  commit(committables: readonly CommittableT[]): Promise<void>;
  close(): void | Promise<void>;
}
