/**
 * Processing-time calls of a slot. Owns the queue; the slot asks for what is due at the start of
 * each turn, so a callback never runs inside another call of the same thread.
 *
 * I1  Callbacks run in order of time, equal times in order of registration.
 * I2  A cancelled callback never runs.
 */
import type { Timers } from '../core/index.ts';

interface Entry {
  readonly atEpochMs: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

export class SlotTimers implements Timers {
  readonly #nowEpochMs: () => number;
  readonly #onEarlier: () => void;
  /** Sorted by time, then order; a slot has few timers, windows keep one for each pane. */
  readonly #queue: Entry[] = [];
  #nextOrder = 0;

  /** @param onEarlier called when the next due time moved forward, so that a sleep is cut short. */
  constructor(nowEpochMs: () => number, onEarlier: () => void) {
    this.#nowEpochMs = nowEpochMs;
    this.#onEarlier = onEarlier;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    return this.scheduleAt(this.#nowEpochMs() + delayMs, callback);
  }

  scheduleAt(atEpochMs: number, callback: () => void): () => void {
    const entry: Entry = { atEpochMs, order: this.#nextOrder++, callback, cancelled: false };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#queue[middle]?.atEpochMs ?? 0) <= atEpochMs) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
    if (low === 0) this.#onEarlier();
    return () => {
      entry.cancelled = true;
    };
  }

  /** When the next callback is due; undefined when there is none. */
  nextAtEpochMs(): number | undefined {
    this.#dropCancelled();
    return this.#queue[0]?.atEpochMs;
  }

  /** Runs what is due at `nowEpochMs`; the number of callbacks run. */
  runDue(nowEpochMs: number): number {
    let count = 0;
    for (;;) {
      this.#dropCancelled();
      const entry = this.#queue[0];
      if (entry === undefined || entry.atEpochMs > nowEpochMs) return count;
      this.#queue.shift();
      count += 1;
      entry.callback();
    }
  }

  #dropCancelled(): void {
    while (this.#queue[0]?.cancelled === true) this.#queue.shift();
  }
}
