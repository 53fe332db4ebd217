/**
 * How long calls from one task of a slot into another take. They run in the step of the task that
 * calls, but the time is that of the task which is called.
 *
 * I1  Every call that is timed stands for those before it that were not; what takes long is timed
 *     each time, what does not once in so many.
 */
import type { Clock } from '../core/index.ts';

/** No power of two, nor of ten: what repeats itself is met in all of its parts. */
const MOST_UNTIMED = 61;
/** A call that takes longer is slow. */
const SLOW_MS = 0.1;
const CALIBRATIONS = 8;

export class CallMeter {
  readonly #clock: Clock;
  /** Of a look at the clock itself. */
  readonly #overheadMs: number;
  #every = 1;
  #startMs = 0;
  /** About, of all calls. */
  calledMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    const looks = Array.from({ length: CALIBRATIONS }, () => clock.monotonicMs());
    const spans = looks.slice(1).map((atMs, index) => atMs - (looks[index] ?? atMs));
    this.#overheadMs = Math.min(...spans);
  }

  begin(): void {
    this.#startMs = this.#clock.monotonicMs();
  }

  /** I1. @returns after how many calls the next is to be timed. */
  end(): number {
    const tookMs = Math.max(0, this.#clock.monotonicMs() - this.#startMs - this.#overheadMs);
    this.calledMs += tookMs * this.#every;
    this.#every = tookMs > SLOW_MS ? 1 : Math.min(MOST_UNTIMED, 2 * this.#every);
    return this.#every;
  }

  /** Of a call that comes seldom. */
  endOne(): void {
    this.calledMs += this.#clock.monotonicMs() - this.#startMs;
  }
}
