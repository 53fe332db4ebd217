import type { Clock } from '../../core/index.ts';

/** What was not used of the rate may be caught up with for this long; the rest is lost. */
const MAX_BURST_MS = 1000;

/**
 * Spreads records evenly over time; after a pause it catches up with at most one second's worth.
 *
 * @see Guava SmoothBursty, which Flink's GuavaRateLimiter wraps.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** When the next record is due, in the clock's monotonic time. */
  #nextMs: number | undefined;

  constructor(clock: Clock, ratePerSecond: number) {
    this.#clock = clock;
    this.#intervalMs = 1000 / ratePerSecond;
  }

  /** Takes what is due, at most `maxCount`. The first record is due at once. */
  take(maxCount: number): number {
    const nowMs = this.#clock.monotonicMs();
    const nextMs = Math.max(this.#nextMs ?? nowMs, nowMs - MAX_BURST_MS);
    const due = nowMs < nextMs ? 0 : Math.floor((nowMs - nextMs) / this.#intervalMs) + 1;
    const count = Math.min(due, maxCount);
    this.#nextMs = nextMs + count * this.#intervalMs;
    return count;
  }

  /** How long until a record is due; 0 when one is. Whole milliseconds, rounded up. */
  delayMs(): number {
    if (this.#nextMs === undefined) return 0;
    return Math.max(0, Math.ceil(this.#nextMs - this.#clock.monotonicMs()));
  }
}
