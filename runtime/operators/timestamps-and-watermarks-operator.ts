import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { OperatorFacts, WatermarkMakerRecord } from '../protocol/index.ts';
import type { WatermarkGenerator, WatermarkOutput, WatermarkStrategy } from '../time/index.ts';
import type { OneInputFactory, OneInputOperator, OperatorContext, Output } from './operator.ts';
import { TimestampExtractor } from './timestamp-extractor.ts';
import { UserFunction } from './user-function.ts';

/** Gives records new timestamps and replaces the watermarks from upstream but the final one. */
export function timestampsAndWatermarksOperator<T>(
  strategy: WatermarkStrategy<T>,
): OneInputFactory<T, T> {
  return (ctx, output) => new TimestampsAndWatermarksOperator(strategy, ctx, output);
}

/** Forwards watermarks that advance; tells of idleness only when it changes. */
export class WatermarkEmitter implements WatermarkOutput {
  readonly #output: Pick<Output<never>, 'emitWatermark' | 'emitIdle'>;
  #watermarkMs = MIN_TIMESTAMP_MS;
  #idle = false;

  constructor(output: Pick<Output<never>, 'emitWatermark' | 'emitIdle'>) {
    this.#output = output;
  }

  emitWatermark(watermarkMs: number): void {
    if (watermarkMs <= this.#watermarkMs) return;
    this.#watermarkMs = watermarkMs;
    this.markActive();
    this.#output.emitWatermark(watermarkMs);
  }

  markIdle(): void {
    if (this.#idle) return;
    this.#idle = true;
    this.#output.emitIdle(true);
  }

  markActive(): void {
    if (!this.#idle) return;
    this.#idle = false;
    this.#output.emitIdle(false);
  }
}

/** What is told of an operator that makes watermarks by this strategy. */
export function watermarkMaker(
  { idlenessMs, makesWatermarks }: Pick<WatermarkStrategy<never>, 'idlenessMs' | 'makesWatermarks'>,
  intervalMs: number,
): WatermarkMakerRecord {
  const idleness = idlenessMs === undefined ? {} : { idlenessMs };
  return { makesAny: makesWatermarks, ...idleness, intervalMs };
}

class TimestampsAndWatermarksOperator<T> implements OneInputOperator<T> {
  readonly #strategy: WatermarkStrategy<T>;
  readonly #generator: WatermarkGenerator<T>;
  readonly #user: UserFunction;
  readonly #timestamps: TimestampExtractor<T>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<T>;
  readonly #emitter: WatermarkEmitter;
  #cancelPeriodic: (() => void) | undefined;

  constructor(strategy: WatermarkStrategy<T>, ctx: OperatorContext, output: Output<T>) {
    this.#strategy = strategy;
    this.#generator = strategy.createGenerator(() => ctx.clock.monotonicMs());
    this.#user = new UserFunction(this.#generator, 'watermark generator', ctx);
    this.#timestamps = new TimestampExtractor(strategy.timestampAssigner, ctx);
    this.#ctx = ctx;
    this.#output = output;
    this.#emitter = new WatermarkEmitter(output);
  }

  open(): void {
    this.#schedule();
  }

  processElement(value: T, recordTimestampMs: number): void {
    const timestampMs = this.#timestamps.extract(value, recordTimestampMs);
    this.#output.collect(value, timestampMs);
    try {
      this.#generator.onEvent(value, timestampMs, this.#emitter);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
  }

  processWatermark(watermarkMs: number): void {
    if (watermarkMs === MAX_WATERMARK_MS) this.#emitter.emitWatermark(watermarkMs);
  }

  /** The generator's idleness counts; upstream's would only repeat it. */
  processIdle(): void {}

  endInput(): void {
    this.#cancelPeriodic?.();
  }

  close(): void {
    this.#cancelPeriodic?.();
  }

  facts(): OperatorFacts {
    return { watermarks: watermarkMaker(this.#strategy, this.#ctx.autoWatermarkIntervalMs) };
  }

  #schedule(): void {
    const { autoWatermarkIntervalMs, processingTime } = this.#ctx;
    if (autoWatermarkIntervalMs <= 0) return;
    const atMs = processingTime.nowEpochMs() + autoWatermarkIntervalMs;
    this.#cancelPeriodic = processingTime.schedule(
      atMs,
      () => this.#onPeriodic(),
      () => this.#generator.isSettled?.() === false,
    );
  }

  #onPeriodic(): void {
    try {
      this.#generator.onPeriodicEmit(this.#emitter);
    } catch (thrown) {
      throw this.#user.failure(thrown);
    }
    this.#schedule();
  }
}
