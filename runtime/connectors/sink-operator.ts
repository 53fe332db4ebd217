/**
 * The end of a pipeline: writes records, and makes them visible once they can no longer be lost.
 *
 * Owns the writer, the committer and what was prepared and not committed yet.
 *
 * I1  With checkpoints: before barrier n the writer is flushed and hands over its committables,
 *     snapshot n holds them and all earlier ones not committed, and they are committed once n, or
 *     a later checkpoint, is complete, never before. What is written at the end of the input
 *     belongs to the checkpoint that follows it.
 * I2  Without: flush, prepareCommit, commit at the end of the input, each settled before the next.
 * I3  What a restored checkpoint holds is committed before the writer is made: it is complete.
 * I4  Commits are in the order of the checkpoints; one that fails as `unavailable` is repeated
 *     with the same committables, then fails the task. Nothing is dropped by a failure.
 * I5  A writer opened is a writer closed, also after a failure.
 *
 * @see Flink SinkWriterOperator, CommitterOperator
 */
import { assert, isStreamError, MIN_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import {
  type CounterMetric,
  type OneInputFactory,
  type OneInputOperator,
  type OperatorContext,
  type Output,
  UserFunction,
} from '../operators/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import { type ListState, ListStateDescriptor } from '../state/index.ts';
import { commitWithRetries } from './commit-with-retries.ts';
import { PendingWrites } from './pending-writes.ts';
import type { Committer, Sink, SinkContext, SinkWriter } from './sink.ts';

export interface SinkOperatorOptions {
  /** `sink.committer.retries`. @defaultValue 10, as in Flink */
  readonly committerRetries?: number;
}

/** Committables of one subtask, prepared for one checkpoint. Persisted; JSON. */
interface PendingCommit {
  /** Undefined until the checkpoint they belong to begins. */
  readonly checkpointId: number | undefined;
  readonly committable: unknown;
}

const PENDING = new ListStateDescriptor<PendingCommit>('SinkCommittables');
const WRITER_STATE = new ListStateDescriptor<unknown>('SinkWriterState');

/** Makes the sink operator of a graph node; it emits nothing. */
export function sinkOperator<T, CommittableT>(
  sink: Sink<T, CommittableT>,
  options: SinkOperatorOptions = {},
): OneInputFactory<T, never> {
  return (ctx, output) => new SinkWriterOperator(sink, ctx, output, options);
}

class SinkWriterOperator<T, CommittableT> implements OneInputOperator<T> {
  readonly #sink: Sink<T, CommittableT>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<never>;
  readonly #retries: number;
  readonly #user: UserFunction;
  readonly #recordsSent: CounterMetric;
  #writer: SinkWriter<T, CommittableT> | undefined;
  #committer: Committer<CommittableT> | undefined;
  #pendingState: ListState<PendingCommit> | undefined;
  #writerState: ListState<unknown> | undefined;
  /** In the order they were prepared, so of their checkpoints. */
  #pending: PendingCommit[] = [];
  /** Of this attempt. */
  #firstCheckpointId: number | undefined;
  #watermarkMs = MIN_TIMESTAMP_MS;
  #finished = false;
  readonly #pendingWrites = new PendingWrites();

  constructor(
    sink: Sink<T, CommittableT>,
    ctx: OperatorContext,
    output: Output<never>,
    { committerRetries = 10 }: SinkOperatorOptions,
  ) {
    this.#sink = sink;
    this.#ctx = ctx;
    this.#output = output;
    this.#retries = committerRetries;
    this.#user = new UserFunction(undefined, 'sink writer', ctx);
    this.#recordsSent = ctx.metrics.counter('numRecordsSend');
  }

  open(): Promise<void> {
    return this.#guarded(async () => {
      const { operatorState } = this.#ctx;
      this.#pendingState = operatorState.getListState(PENDING);
      this.#writerState = operatorState.getListState(WRITER_STATE);
      const ctx = sinkContext(this.#ctx, [...this.#writerState.get()]);
      this.#committer = this.#sink.createCommitter?.(ctx);
      await this.#commitAll(byCheckpoint(this.#pendingState.get()), true); // I3
      this.#writer = await this.#sink.createWriter(ctx);
    });
  }

  suspension(): Promise<void> | undefined {
    return this.#pendingWrites.suspension ?? this.#writer?.suspension?.();
  }

  processElement(value: T, timestampMs: number): void {
    if (this.#pendingWrites.suspension !== undefined) {
      const watermarkMs = this.#watermarkMs;
      this.#pendingWrites.add(() => this.#write(value, timestampMs, watermarkMs));
      return;
    }
    const written = this.#write(value, timestampMs, this.#watermarkMs);
    if (written !== undefined) this.#pendingWrites.follow(written);
  }

  #write(value: T, timestampMs: number, watermarkMs: number): Promise<void> | undefined {
    const writer = this.#openWriter();
    let written: unknown;
    try {
      written = writer.write(value, timestampMs, watermarkMs);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    if (isThenable(written)) return this.#written(written, value);
    this.#recordsSent.inc();
    return undefined;
  }

  async #written(written: PromiseLike<unknown>, value: T): Promise<void> {
    try {
      await written;
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    this.#recordsSent.inc();
  }

  processWatermark(watermarkMs: number): void {
    this.#watermarkMs = watermarkMs;
    this.#output.emitWatermark(watermarkMs);
  }

  processIdle(idle: boolean): void {
    this.#output.emitIdle(idle);
  }

  endInput(): void {}

  /** I1, I2. */
  finish(): Promise<void> {
    return this.#guarded(async () => {
      await this.#prepare(true);
      this.#finished = true;
      if (!this.#ctx.checkpointing) await this.#commitPending(this.#pending.length);
    });
  }

  /** I1. */
  prepareSnapshot(checkpointId: number): Promise<void> {
    return this.#guarded(async () => {
      if (!this.#finished) await this.#prepare(false);
      this.#pending = this.#pending.map((one) => ({
        ...one,
        checkpointId: one.checkpointId ?? checkpointId,
      }));
      this.#firstCheckpointId ??= checkpointId;
    });
  }

  snapshotState(): void {
    this.#pendingState?.update(this.#pending);
    this.#writerState?.update(this.#openWriter().snapshotState?.() ?? []);
  }

  notifyCheckpointComplete(completedId: number): Promise<void> {
    return this.#guarded(async () => {
      const isAfter = ({ checkpointId }: PendingCommit): boolean =>
        checkpointId === undefined || checkpointId > completedId;
      const first = this.#pending.findIndex(isAfter);
      await this.#commitPending(first === -1 ? this.#pending.length : first);
      const isOfThisAttempt = completedId >= (this.#firstCheckpointId ?? Number.POSITIVE_INFINITY);
      if (isOfThisAttempt) await this.#writer?.notifyCheckpointComplete?.(completedId);
    });
  }

  facts(): OperatorFacts {
    return this.#committer === undefined ? {} : { pendingCommitCount: this.#pending.length };
  }

  async close(): Promise<void> {
    this.#pendingWrites.drop();
    try {
      await this.#writer?.close();
    } finally {
      await this.#committer?.close();
    }
  }

  async #prepare(endOfInput: boolean): Promise<void> {
    const writer = this.#openWriter();
    await this.#pendingWrites.suspension;
    await writer.flush(endOfInput);
    for (const committable of await writer.prepareCommit()) {
      this.#pending.push({ checkpointId: undefined, committable });
    }
  }

  /** I4: they stay pending until they are committed. */
  async #commitPending(count: number): Promise<void> {
    await this.#commitAll(this.#pending.slice(0, count), false);
    this.#pending.splice(0, count);
  }

  /** Checkpoint by checkpoint. */
  async #commitAll(pending: readonly PendingCommit[], restored: boolean): Promise<void> {
    const committer = this.#committer;
    if (pending.length === 0) return;
    if (committer === undefined) throw withoutCommitter(this.#sink.name, pending.length);
    for (const group of Map.groupBy(pending, ({ checkpointId }) => checkpointId).values()) {
      const committables = group.map(({ committable }) => committable as CommittableT);
      await commitWithRetries(
        { count: committables.length, retries: this.#retries, ctx: this.#ctx },
        () => committer.commit(committables, { restored }),
      );
    }
  }

  #openWriter(): SinkWriter<T, CommittableT> {
    assert(this.#writer !== undefined, 'open comes before any input');
    return this.#writer;
  }

  async #guarded(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  /** What the world refused also says where; its kind stays. */
  #named(thrown: unknown): StreamError {
    const { operatorName: operator, subtaskIndex: subtask, parallelism } = this.#ctx;
    const isNameless = isStreamError(thrown) && thrown.details.operator === undefined;
    if (!isNameless || thrown.kind === 'user') return this.#user.failure(thrown);
    const { kind, code, message, details } = thrown;
    const place = `operator="${operator}" subtask=${subtask + 1}/${parallelism}`;
    return new StreamError({
      ...{ kind, code, cause: thrown },
      message: `${message}: ${place}`,
      details: { ...details, operator, subtask },
    });
  }
}

/** Clients of databases answer thenables of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function byCheckpoint(pending: readonly PendingCommit[]): PendingCommit[] {
  return [...pending].sort((a, b) => (a.checkpointId ?? 0) - (b.checkpointId ?? 0));
}

function sinkContext(ctx: OperatorContext, restoredState: readonly unknown[]): SinkContext {
  const { jobId, jobName, subtaskIndex, parallelism, attempt, lease } = ctx;
  const { restoredCheckpointId, checkpointing, clock, logger, fileSystem, metrics } = ctx;
  return {
    ...{ jobId, jobName, subtaskIndex, parallelism, attempt, lease },
    ...{ restoredCheckpointId, restoredState, checkpointing },
    ...{ clock, logger, fileSystem, metrics },
    print: (text) => ctx.print(text),
    deliver: (collectId, value) => ctx.deliver(collectId, value),
  };
}

/** The sink under this uid was replaced by one that cannot commit: output would be lost. */
function withoutCommitter(sink: string, count: number): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'COMMITTABLES_WITHOUT_COMMITTER',
    message:
      'the restored checkpoint holds output that is not committed yet, and the sink has no ' +
      `committer: restore with the sink it was taken with, or give the new one another uid ` +
      `sink=${sink} committables=${count}`,
    details: { sink },
  });
}
