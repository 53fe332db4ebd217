/**
 * The end of a pipeline: writes records and, when the input ends, makes them visible.
 *
 * I1  At the end: flush, prepareCommit, commit, in this order, each settled before the next. The
 *     task has not finished before, and a failure in any of them fails it.
 * I2  A writer opened is a writer closed, also after a failure.
 */
import { assert, MIN_TIMESTAMP_MS } from '../core/index.ts';
import {
  type CounterMetric,
  type OneInputFactory,
  type OneInputOperator,
  type OperatorContext,
  type Output,
  UserFunction,
} from '../operators/index.ts';
import type { Committer, Sink, SinkContext, SinkWriter } from './sink.ts';

/** Makes the sink operator of a graph node; it emits nothing. */
export function sinkOperator<T, CommittableT>(
  sink: Sink<T, CommittableT>,
): OneInputFactory<T, never> {
  return (ctx, output) => new SinkWriterOperator(sink, ctx, output);
}

class SinkWriterOperator<T, CommittableT> implements OneInputOperator<T> {
  readonly #sink: Sink<T, CommittableT>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<never>;
  readonly #user: UserFunction;
  readonly #recordsSent: CounterMetric;
  #writer: SinkWriter<T, CommittableT> | undefined;
  #committer: Committer<CommittableT> | undefined;
  #watermarkMs = MIN_TIMESTAMP_MS;

  constructor(sink: Sink<T, CommittableT>, ctx: OperatorContext, output: Output<never>) {
    this.#sink = sink;
    this.#ctx = ctx;
    this.#output = output;
    this.#user = new UserFunction(undefined, 'sink writer', ctx);
    this.#recordsSent = ctx.metrics.counter('numRecordsSend');
  }

  async open(): Promise<void> {
    const ctx: SinkContext = this.#ctx;
    try {
      this.#writer = await this.#sink.createWriter(ctx);
      this.#committer = this.#sink.createCommitter?.(ctx);
    } catch (thrown) {
      throw this.#user.failure(thrown);
    }
  }

  suspension(): Promise<void> | undefined {
    return this.#writer?.suspension?.();
  }

  processElement(value: T, timestampMs: number): void {
    const writer = this.#writer;
    assert(writer !== undefined, 'open comes before any record');
    try {
      writer.write(value, timestampMs, this.#watermarkMs);
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

  async finish(): Promise<void> {
    const writer = this.#writer;
    assert(writer !== undefined, 'open comes before the end of the input');
    try {
      await writer.flush(true);
      const committables = await writer.prepareCommit();
      if (committables.length > 0) await this.#committer?.commit(committables);
    } catch (thrown) {
      throw this.#user.failure(thrown);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#writer?.close();
    } finally {
      await this.#committer?.close();
    }
  }
}
