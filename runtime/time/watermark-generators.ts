/** The generators behind the ready-made strategies. */
import { MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { WatermarkGenerator, WatermarkOutput } from './watermark-generator.ts';

/**
 * Watermark = highest timestamp - bound - 1 ms: another event with the highest timestamp minus
 * the bound is still in time.
 *
 * @see Flink `BoundedOutOfOrdernessWatermarks`
 */
export class BoundedOutOfOrdernessWatermarks<T> implements WatermarkGenerator<T> {
  readonly #boundMs: number;
  #maxTimestampMs = MIN_TIMESTAMP_MS;

  constructor(boundMs: number) {
    this.#boundMs = boundMs;
  }

  onEvent(_event: T, timestampMs: number): void {
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs;
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    output.emitWatermark(this.#maxTimestampMs - this.#boundMs - 1);
  }
}

/** Emits nothing, ever. */
export class NoWatermarks<T> implements WatermarkGenerator<T> {
  onEvent(): void {}
  onPeriodicEmit(): void {}
}

/**
 * Marks its output idle when no event came for longer than the timeout. The clock starts at the
 * first check without an event, so that a pause of the task itself does not count.
 *
 * @see Flink `WatermarksWithIdleness`
 */
export class WatermarksWithIdleness<T> implements WatermarkGenerator<T> {
  readonly #inner: WatermarkGenerator<T>;
  readonly #idlenessMs: number;
  readonly #monotonicMs: () => number;
  #eventSinceCheck = false;
  #quietSinceMs: number | undefined;
  #idle = false;

  constructor(inner: WatermarkGenerator<T>, idlenessMs: number, monotonicMs: () => number) {
    this.#inner = inner;
    this.#idlenessMs = idlenessMs;
    this.#monotonicMs = monotonicMs;
  }

  onEvent(event: T, timestampMs: number, output: WatermarkOutput): void {
    this.#eventSinceCheck = true;
    if (this.#idle) {
      this.#idle = false;
      output.markActive();
    }
    this.#inner.onEvent(event, timestampMs, output);
  }

  onPeriodicEmit(output: WatermarkOutput): void {
    if (!this.#checkIdle()) {
      this.#inner.onPeriodicEmit(output);
    } else if (!this.#idle) {
      this.#idle = true;
      output.markIdle();
    }
  }

  /** Idle already. */
  isSettled(): boolean {
    return this.#idle && this.#inner.isSettled?.() !== false;
  }

  #checkIdle(): boolean {
    if (this.#eventSinceCheck) {
      this.#eventSinceCheck = false;
      this.#quietSinceMs = undefined;
      return false;
    }
    this.#quietSinceMs ??= this.#monotonicMs();
    return this.#monotonicMs() - this.#quietSinceMs > this.#idlenessMs;
  }
}
