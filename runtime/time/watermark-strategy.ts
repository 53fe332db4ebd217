import { type Duration, parseDurationMs, StreamError } from '../core/index.ts';
import type { TimestampAssigner, WatermarkGenerator } from './watermark-generator.ts';
import {
  BoundedOutOfOrdernessWatermarks,
  NoWatermarks,
  WatermarksWithIdleness,
} from './watermark-generators.ts';

/**
 * How a stream gets its timestamps and watermarks. Immutable: the `with…` methods return another
 * strategy.
 */
export class WatermarkStrategy<T> {
  readonly timestampAssigner: TimestampAssigner<T> | undefined;
  /** Undefined: never idle. */
  readonly idlenessMs: number | undefined;
  /** False: none but the one at the end of the input. */
  readonly makesWatermarks: boolean;
  readonly #createGenerator: () => WatermarkGenerator<T>;

  private constructor(
    createGenerator: () => WatermarkGenerator<T>,
    timestampAssigner: TimestampAssigner<T> | undefined,
    idlenessMs: number | undefined,
    makesWatermarks = true,
  ) {
    this.makesWatermarks = makesWatermarks;
    this.#createGenerator = createGenerator;
    this.timestampAssigner = timestampAssigner;
    this.idlenessMs = idlenessMs;
  }

  /** For timestamps that never go down within a split or subtask. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness<T>(0);
  }

  /**
   * For events at most this much older than the newest before them.
   *
   * @throws {StreamError} kind `invalid`, code `OUT_OF_ORDERNESS_INVALID`, when negative.
   */
  static forBoundedOutOfOrderness<T>(maxOutOfOrderness: Duration): WatermarkStrategy<T> {
    const maxOutOfOrdernessMs = millisecondsOf(maxOutOfOrderness);
    requireMs(
      maxOutOfOrdernessMs >= 0,
      'OUT_OF_ORDERNESS_INVALID',
      'out-of-orderness must be zero or more milliseconds',
      maxOutOfOrdernessMs,
    );
    return WatermarkStrategy.forGenerator(
      () => new BoundedOutOfOrdernessWatermarks<T>(maxOutOfOrdernessMs),
    );
  }

  /** @param create makes a generator for each split and subtask. */
  static forGenerator<T>(create: () => WatermarkGenerator<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy(create, undefined, undefined);
  }

  /** No watermark but the one at the end of the input. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    return new WatermarkStrategy(() => new NoWatermarks<T>(), undefined, undefined, false);
  }

  /** Takes timestamps from the records instead of from the source. */
  withTimestampAssigner(assigner: TimestampAssigner<T>): WatermarkStrategy<T> {
    const { idlenessMs, makesWatermarks } = this;
    return new WatermarkStrategy(this.#createGenerator, assigner, idlenessMs, makesWatermarks);
  }

  /**
   * A split or subtask without events for longer than this no longer holds back the others.
   *
   * @throws {StreamError} kind `invalid`, code `IDLENESS_INVALID`, when zero or negative.
   */
  withIdleness(idleness: Duration): WatermarkStrategy<T> {
    const idlenessMs = millisecondsOf(idleness);
    requireMs(
      idlenessMs > 0,
      'IDLENESS_INVALID',
      'idleness must be more than zero milliseconds',
      idlenessMs,
    );
    const { timestampAssigner, makesWatermarks } = this;
    return new WatermarkStrategy(
      this.#createGenerator,
      timestampAssigner,
      idlenessMs,
      makesWatermarks,
    );
  }

  /** @param monotonicMs the clock that idleness is measured with. */
  createGenerator(monotonicMs: () => number): WatermarkGenerator<T> {
    const generator = this.#createGenerator();
    if (this.idlenessMs === undefined) return generator;
    return new WatermarksWithIdleness(generator, this.idlenessMs, monotonicMs);
  }
}

/** Text is parsed, a number is taken as it is: what it may be is the caller's to check. */
function millisecondsOf(duration: Duration): number {
  return typeof duration === 'string' ? parseDurationMs(duration) : duration;
}

function requireMs(condition: boolean, code: string, message: string, valueMs: number): void {
  if (condition && Number.isFinite(valueMs)) return;
  throw new StreamError({
    kind: 'invalid',
    code,
    message: `${message}: valueMs=${String(valueMs)}`,
    details: { valueMs: String(valueMs) },
  });
}
