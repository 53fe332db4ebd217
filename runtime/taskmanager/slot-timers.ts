/**
 * Processing-time calls of a slot. Owns the queue; the slot asks for what is due at the start of
 * each turn, so a callback never runs inside another call of the same thread.
 *
 * I1  Callbacks run in order of time, equal times in order of registration.
 * I2  A cancelled callback never runs.
 * I3  A callback that matters is work: the slot is not done with before it has run. The others keep
 *     something up that needs nobody while nothing comes.
 * I4  A delay is as long as it was asked to be, whatever the wall clock does meanwhile.
 */
import type { Clock, Timers } from '../core/index.ts';

/** Of two clocks that are read one after the other, in whole milliseconds or not. */
const CLOCK_JITTER_MS = 10;

interface Entry {
  atEpochMs: number;
  /** I4. */
  readonly isDelay: boolean;
  readonly order: number;
  readonly callback: () => void;
  readonly matters: () => boolean;
  cancelled: boolean;
}

const NEVER = (): boolean => false;

export class SlotTimers implements Timers {
  readonly #clock: Clock;
  readonly #onEarlier: () => void;
  /** Sorted by time, then order; a slot has few timers, windows keep one for each pane. */
  readonly #queue: Entry[] = [];
  #nextOrder = 0;
  /** I4. How far the wall clock was ahead of the monotonic one. */
  #aheadMs: number;
  /** I3. Callbacks that have run. */
  #ranCount = 0;

  /** @param onEarlier called when the next due time moved forward, so that a sleep is cut short. */
  constructor(clock: Clock, onEarlier: () => void) {
    this.#clock = clock;
    this.#aheadMs = clock.nowEpochMs() - clock.monotonicMs();
    this.#onEarlier = onEarlier;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    this.#followClock();
    return this.#insert(this.#clock.nowEpochMs() + delayMs, callback, NEVER, true);
  }

  /** @param matters I3; asked while it waits. @defaultValue it does not */
  scheduleAt(atEpochMs: number, callback: () => void, matters = NEVER): () => void {
    return this.#insert(atEpochMs, callback, matters, false);
  }

  #insert(
    atEpochMs: number,
    callback: () => void,
    matters: () => boolean,
    isDelay: boolean,
  ): () => void {
    const order = this.#nextOrder++;
    const entry: Entry = { atEpochMs, isDelay, order, callback, matters, cancelled: false };
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
    this.#followClock();
    this.#dropCancelled();
    return this.#queue[0]?.atEpochMs;
  }

  /** I3. When the next of those is due that matter. */
  nextMatteringAtEpochMs(): number | undefined {
    return this.#queue.find((entry) => !entry.cancelled && entry.matters())?.atEpochMs;
  }

  /** I3. How many have run that mattered. */
  get ranCount(): number {
    return this.#ranCount;
  }

  /** Runs what is due at `nowEpochMs`; the number of callbacks run. */
  runDue(nowEpochMs: number): number {
    this.#followClock();
    let count = 0;
    for (;;) {
      this.#dropCancelled();
      const entry = this.#queue[0];
      if (entry === undefined || entry.atEpochMs > nowEpochMs) return count;
      this.#queue.shift();
      if (entry.matters()) this.#ranCount += 1;
      count += 1;
      entry.callback();
    }
  }

  /** I4. */
  #followClock(): void {
    const aheadMs = this.#clock.nowEpochMs() - this.#clock.monotonicMs();
    const jumpMs = aheadMs - this.#aheadMs;
    if (Math.abs(jumpMs) <= CLOCK_JITTER_MS) return;
    this.#aheadMs = aheadMs;
    for (const entry of this.#queue) if (entry.isDelay) entry.atEpochMs += jumpMs;
    this.#queue.sort((a, b) => a.atEpochMs - b.atEpochMs || a.order - b.order);
  }

  #dropCancelled(): void {
    while (this.#queue[0]?.cancelled === true) this.#queue.shift();
  }
}
