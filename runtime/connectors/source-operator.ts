/**
 * The head of a source vertex: drives a reader and gives its records timestamps and watermarks.
 *
 * Owns one watermark generator a split, or one in all for readers without splits. The task polls;
 * the reader calls the output it is given during a poll only.
 *
 * I1  The watermark is the lowest of the splits being read and never regresses.
 * I2  The final watermark precedes the answer `end`; nothing is emitted after it.
 */
import { defined, MAX_WATERMARK_MS, NO_TIMESTAMP_MS } from '../core/index.ts';
import {
  type OperatorContext,
  type Output,
  type ReaderEvent,
  type SourceEvent,
  type SourceFactory,
  type SourceOperator,
  type SourcePoll,
  TimestampExtractor,
  UserFunction,
  WatermarkEmitter,
} from '../operators/index.ts';
import {
  type WatermarkGenerator,
  type WatermarkOutput,
  WatermarkOutputMultiplexer,
  type WatermarkStrategy,
} from '../time/index.ts';
import type { ReaderOutput, Source, SourceReader } from './source.ts';

/** The id under which records outside of any split are counted. */
const NO_SPLIT = '';

/** Makes the source operator of a graph node. */
export function sourceOperator<T, SplitT, EnumeratorStateT>(
  source: Source<T, SplitT, EnumeratorStateT>,
  strategy: WatermarkStrategy<T>,
): SourceFactory<T> {
  return (ctx, output) => {
    const { subtaskIndex, parallelism, clock, timers, logger, fileSystem, metrics } = ctx;
    const world = { subtaskIndex, parallelism, clock, timers, logger, fileSystem, metrics };
    const sendToEnumerator = (event: ReaderEvent): void => ctx.sendToCoordinator(event);
    const reader = source.createReader({ ...world, sendToEnumerator });
    return new ReaderSourceOperator(reader, new SourceOutput(strategy, ctx, output), ctx);
  };
}

class ReaderSourceOperator<T, SplitT> implements SourceOperator {
  readonly #reader: SourceReader<T, SplitT>;
  readonly #output: SourceOutput<T>;
  readonly #ctx: OperatorContext;
  #cancelPeriodic: (() => void) | undefined;
  #ended = false;

  constructor(reader: SourceReader<T, SplitT>, output: SourceOutput<T>, ctx: OperatorContext) {
    this.#reader = reader;
    this.#output = output;
    this.#ctx = ctx;
  }

  open(): void {
    this.#schedule();
    this.#reader.start();
  }

  poll(maxRecords: number): SourcePoll {
    if (this.#ended) return 'end';
    const polled = this.#reader.pollNext(this.#output, maxRecords);
    if (polled !== 'end') return polled;
    this.#ended = true;
    this.#cancelPeriodic?.();
    this.#output.end();
    return 'end';
  }

  available(): Promise<void> {
    return this.#reader.available();
  }

  handleEvent(event: SourceEvent): void {
    this.#reader.handleEvent(event);
  }

  progress(): number {
    return this.#reader.progress?.() ?? 0;
  }

  close(): void | Promise<void> {
    this.#cancelPeriodic?.();
    return this.#reader.close();
  }

  #schedule(): void {
    const { autoWatermarkIntervalMs, processingTime } = this.#ctx;
    if (autoWatermarkIntervalMs <= 0) return;
    const atMs = processingTime.nowEpochMs() + autoWatermarkIntervalMs;
    this.#cancelPeriodic = processingTime.schedule(atMs, () => {
      this.#output.emitPeriodic();
      this.#schedule();
    });
  }
}

interface SplitWatermarks<T> {
  readonly generator: WatermarkGenerator<T>;
  readonly output: WatermarkOutput;
}

class SourceOutput<T> implements ReaderOutput<T> {
  readonly #strategy: WatermarkStrategy<T>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<T>;
  readonly #timestamps: TimestampExtractor<T>;
  readonly #emitter: WatermarkEmitter;
  readonly #multiplexer: WatermarkOutputMultiplexer;
  readonly #user: UserFunction;
  readonly #splits = new Map<string, SplitWatermarks<T>>();
  #current: SplitWatermarks<T> | undefined;

  constructor(strategy: WatermarkStrategy<T>, ctx: OperatorContext, output: Output<T>) {
    this.#strategy = strategy;
    this.#ctx = ctx;
    this.#output = output;
    this.#timestamps = new TimestampExtractor(strategy.timestampAssigner, ctx);
    this.#emitter = new WatermarkEmitter(output);
    this.#multiplexer = new WatermarkOutputMultiplexer(this.#emitter);
    this.#user = new UserFunction(undefined, 'watermark generator', ctx);
  }

  collect(value: T, recordTimestampMs: number): void {
    if (this.#current === undefined) this.beginSplit(NO_SPLIT);
    const split = defined(this.#current, 'a record belongs to a split');
    const timestampMs = this.#timestamps.extract(value, recordTimestampMs);
    this.#output.collect(value, timestampMs);
    try {
      split.generator.onEvent(value, timestampMs, split.output);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
  }

  beginSplit(splitId: string): void {
    this.#current = this.#splits.get(splitId) ?? this.#open(splitId);
  }

  endSplit(splitId: string): void {
    const split = this.#splits.get(splitId);
    if (split === undefined) return;
    this.#splits.delete(splitId);
    if (this.#current === split) this.#current = undefined;
    this.#multiplexer.unregister(splitId);
  }

  collectSide(tagId: string, value: unknown): void {
    this.#output.collectSide(tagId, value, NO_TIMESTAMP_MS);
  }

  emitPeriodic(): void {
    for (const { generator, output } of this.#splits.values()) {
      try {
        generator.onPeriodicEmit(output);
      } catch (thrown) {
        throw this.#user.failure(thrown);
      }
    }
  }

  end(): void {
    this.#emitter.emitWatermark(MAX_WATERMARK_MS);
  }

  #open(splitId: string): SplitWatermarks<T> {
    const split = {
      generator: this.#strategy.createGenerator(() => this.#ctx.clock.monotonicMs()),
      output: this.#multiplexer.register(splitId),
    };
    this.#splits.set(splitId, split);
    return split;
  }
}
