/**
 * What a reader emits into: gives its records timestamps, and watermarks by split.
 *
 * Owns one watermark generator a split, or one in all for readers without splits.
 *
 * I1  The watermark is the lowest of the splits being read and never regresses.
 * I2  An assigned split holds the watermark back from its assignment on, not from its first record;
 *     but not for a reader that emits outside of any split.
 * I3  After a restore the watermark of every split, and of the subtask, is at least what it was at
 *     the checkpoint, before the first record: what was late then is late again. Generators
 *     themselves begin anew.
 * I4  A reader that has no split for as long as its strategy's idleness is idle, until it has one.
 * I5  What is held back on purpose does not become idle: time stands still for it.
 */
import { defined, MAX_WATERMARK_MS, MIN_TIMESTAMP_MS, NO_TIMESTAMP_MS } from '../core/index.ts';
import {
  type OperatorContext,
  type Output,
  TimestampExtractor,
  UserFunction,
  WatermarkEmitter,
  watermarkMaker,
} from '../operators/index.ts';
import type {
  OpenSplitsRecord,
  SplitWatermarkRecord,
  WatermarkMakerRecord,
} from '../protocol/index.ts';
import {
  PausableClock,
  type WatermarkGenerator,
  type WatermarkOutput,
  WatermarkOutputMultiplexer,
  type WatermarkStrategy,
} from '../time/index.ts';
import type { ReaderOutput } from './source.ts';

/** The id under which records outside of any split are counted. */
export const NO_SPLIT = '';

/** How far a source's subtask was at a checkpoint. */
export interface SourceWatermarks {
  /** Of the subtask. */
  readonly reachedMs: number;
  /** Of the splits that were begun and not ended, by id. */
  readonly splits: ReadonlyMap<string, number>;
}

interface SplitWatermarks<T> {
  readonly generator: WatermarkGenerator<T>;
  readonly output: TrackingOutput;
  /** Measures its idleness, within that of the subtask. */
  readonly clock: PausableClock;
}

export class SourceOutput<T> implements ReaderOutput<T> {
  readonly #strategy: WatermarkStrategy<T>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<T>;
  readonly #timestamps: TimestampExtractor<T>;
  readonly #emitter: TrackingOutput;
  readonly #multiplexer: WatermarkOutputMultiplexer;
  readonly #user: UserFunction;
  readonly #splits = new Map<string, SplitWatermarks<T>>();
  /** Measures idleness. */
  readonly #clock: PausableClock;
  #current: SplitWatermarks<T> | undefined;
  /** Measures how long there is no split; absent: there is one, or nobody has looked. */
  #none: WatermarkGenerator<T> | undefined;
  /** Waits for the first poll: operators downstream may not be open before. */
  #restored: SourceWatermarks | undefined;
  #hasBegun = false;
  /** Assigned before the first poll. */
  readonly #waiting: string[] = [];
  /** Assigned, and nothing was emitted for them yet. */
  readonly #untouched = new Set<string>();

  constructor(strategy: WatermarkStrategy<T>, ctx: OperatorContext, output: Output<T>) {
    this.#strategy = strategy;
    this.#ctx = ctx;
    this.#output = output;
    this.#timestamps = new TimestampExtractor(strategy.timestampAssigner, ctx);
    this.#emitter = new TrackingOutput(new WatermarkEmitter(output));
    this.#multiplexer = new WatermarkOutputMultiplexer(this.#emitter);
    this.#user = new UserFunction(undefined, 'watermark generator', ctx);
    this.#clock = new PausableClock(() => ctx.clock.monotonicMs());
  }

  /** I3. */
  restore(watermarks: SourceWatermarks): void {
    this.#restored = watermarks;
  }

  /** I2. */
  addSplit(splitId: string): void {
    if (!this.#hasBegun) this.#waiting.push(splitId);
    else if (!this.#splits.has(splitId)) {
      this.#open(splitId);
      this.#untouched.add(splitId);
    }
  }

  /** Before the first record. */
  begin(): void {
    this.#hasBegun = true;
    const restored = this.#restored;
    this.#restored = undefined;
    for (const splitId of restored?.splits.keys() ?? []) this.#open(splitId);
    for (const splitId of this.#waiting.splice(0)) this.addSplit(splitId);
    if (restored === undefined) return;
    this.#emitter.emitWatermark(restored.reachedMs);
    for (const [splitId, ms] of restored.splits) {
      this.#splits.get(splitId)?.output.emitWatermark(ms);
    }
  }

  watermarks(): SourceWatermarks {
    if (this.#restored !== undefined) return this.#restored;
    const reachedMs = this.#emitter.watermarkMs;
    const splits = new Map<string, number>();
    for (const [splitId, { output }] of this.#splits) splits.set(splitId, output.watermarkMs);
    return { reachedMs, splits };
  }

  get isIdle(): boolean {
    return this.#emitter.isIdle;
  }

  /** Their watermarks, by id, of those that have emitted and are not idle. */
  begunSplits(): ReadonlyMap<string, number> {
    const begun = new Map<string, number>();
    for (const [splitId, { output }] of this.#splits) {
      if (this.#untouched.has(splitId) || output.isIdle) continue;
      begun.set(splitId, output.watermarkMs);
    }
    return begun;
  }

  /** I5. The reader is not asked. */
  pause(): void {
    this.#clock.pause();
  }

  resume(): void {
    this.#clock.resume();
  }

  /** I5. The reader was told. */
  pauseOrResumeSplits(pause: readonly string[], resume: readonly string[]): void {
    for (const splitId of pause) this.#splits.get(splitId)?.clock.pause();
    for (const splitId of resume) this.#splits.get(splitId)?.clock.resume();
  }

  get maker(): WatermarkMakerRecord {
    return watermarkMaker(this.#strategy, this.#ctx.autoWatermarkIntervalMs);
  }

  /** Undefined: the reader tells none apart. */
  openSplits(): OpenSplitsRecord | undefined {
    const named = [...this.#splits].filter(([splitId]) => splitId !== NO_SPLIT);
    if (named.length === 0) return undefined;
    let lowest: SplitWatermarkRecord | undefined;
    let highest: SplitWatermarkRecord | undefined;
    let idleCount = 0;
    for (const [splitId, { output }] of named) {
      const { watermarkMs, isIdle } = output;
      if (isIdle) idleCount += 1;
      if (isIdle) continue;
      const one = watermarkMs === MIN_TIMESTAMP_MS ? { splitId } : { splitId, watermarkMs };
      if (lowest === undefined || watermarkMs < reachedBy(lowest)) lowest = one;
      if (highest === undefined || watermarkMs > reachedBy(highest)) highest = one;
    }
    const ends = lowest === undefined || highest === undefined ? {} : { lowest, highest };
    return { count: named.length, idleCount, ...ends };
  }

  collect(value: T, recordTimestampMs: number): void {
    if (this.#current === undefined) this.#beginWithoutSplits();
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
    this.#untouched.delete(splitId);
    this.#current = this.#splits.get(splitId) ?? this.#open(splitId);
  }

  endSplit(splitId: string): void {
    this.#untouched.delete(splitId);
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
    if (this.#splits.size === 0) this.#lookWithoutSplits();
    for (const { generator, output } of this.#splits.values()) {
      try {
        generator.onPeriodicEmit(output);
      } catch (thrown) {
        throw this.#user.failure(thrown);
      }
    }
  }

  /** Time alone changes nothing any more. */
  get isSettled(): boolean {
    return [...this.#splits.values()].every(({ generator }) => generator.isSettled?.() !== false);
  }

  end(): void {
    this.#emitter.emitWatermark(MAX_WATERMARK_MS);
  }

  /** The reader does not tell its splits apart: they hold nothing back (I2). */
  #beginWithoutSplits(): void {
    this.beginSplit(NO_SPLIT);
    for (const splitId of this.#untouched) {
      this.#splits.delete(splitId);
      this.#multiplexer.unregister(splitId);
    }
    this.#untouched.clear();
  }

  /** I4. */
  #lookWithoutSplits(): void {
    if (!this.#hasBegun || this.maker.idlenessMs === undefined) return;
    this.#none ??= this.#strategy.createGenerator(() => this.#clock.nowMs());
    this.#none.onPeriodicEmit({
      emitWatermark: () => undefined,
      markIdle: () => this.#emitter.markIdle(),
      markActive: () => undefined,
    });
  }

  #open(splitId: string): SplitWatermarks<T> {
    if (this.#none !== undefined) this.#emitter.markActive();
    this.#none = undefined;
    const clock = new PausableClock(() => this.#clock.nowMs());
    const split = {
      clock,
      generator: this.#strategy.createGenerator(() => clock.nowMs()),
      output: new TrackingOutput(this.#multiplexer.register(splitId)),
    };
    this.#splits.set(splitId, split);
    return split;
  }
}

function reachedBy({ watermarkMs }: SplitWatermarkRecord): number {
  return watermarkMs ?? MIN_TIMESTAMP_MS;
}

/** Remembers the highest watermark that went through. */
class TrackingOutput implements WatermarkOutput {
  readonly #output: WatermarkOutput;
  #watermarkMs = MIN_TIMESTAMP_MS;
  #isIdle = false;

  constructor(output: WatermarkOutput) {
    this.#output = output;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  emitWatermark(watermarkMs: number): void {
    if (watermarkMs > this.#watermarkMs) this.#watermarkMs = watermarkMs;
    this.#isIdle = false;
    this.#output.emitWatermark(watermarkMs);
  }

  markIdle(): void {
    this.#isIdle = true;
    this.#output.markIdle();
  }

  markActive(): void {
    this.#isIdle = false;
    this.#output.markActive();
  }
}
