/**
 * Time that passes only when nothing else can happen: the clock, the timers and the thread of the
 * in-memory cluster. Deterministic as long as the job's own promises settle without real waiting.
 */
import type { Clock, Rng, Timers } from '../../core/index.ts';
import type { SlotThread } from '../../taskmanager/index.ts';

/** Turns of the event loop that let settled promises run their callbacks. */
const SETTLE_TURNS = 2;

interface Pending {
  readonly atEpochMs: number;
  readonly callback: () => void;
}

export class VirtualTime implements Clock, Timers, SlotThread {
  #nowEpochMs: number;
  readonly #pending = new Set<Pending>();
  #woken = false;
  #resume: (() => void) | undefined;

  constructor(startEpochMs = 0) {
    this.#nowEpochMs = startEpochMs;
  }

  nowEpochMs(): number {
    return this.#nowEpochMs;
  }

  monotonicMs(): number {
    return this.#nowEpochMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const entry = { atEpochMs: this.#nowEpochMs + delayMs, callback };
    this.#pending.add(entry);
    this.#resume?.();
    return () => this.#pending.delete(entry);
  }

  arm(): void {}

  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** Waits for what is under way, else moves the clock to what is due next. */
  async sleep(wakeAtEpochMs: number | undefined): Promise<void> {
    for (let i = 0; i < SETTLE_TURNS && !this.#woken; i += 1) await this.breathe();
    if (!this.#woken) {
      const next = this.#nextAtEpochMs(wakeAtEpochMs);
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#resume = resolve;
        });
        this.#resume = undefined;
      } else {
        this.advanceTo(next);
      }
    }
    this.#woken = false;
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the clock forward and runs what became due, in order of time. */
  advanceTo(epochMs: number): void {
    this.#nowEpochMs = Math.max(this.#nowEpochMs, epochMs);
    const due = [...this.#pending]
      .filter(({ atEpochMs }) => atEpochMs <= this.#nowEpochMs)
      .toSorted((a, b) => a.atEpochMs - b.atEpochMs);
    for (const entry of due) {
      if (this.#pending.delete(entry)) entry.callback();
    }
  }

  #nextAtEpochMs(wakeAtEpochMs: number | undefined): number | undefined {
    let next = wakeAtEpochMs;
    for (const { atEpochMs } of this.#pending) {
      if (next === undefined || atEpochMs < next) next = atEpochMs;
    }
    return next;
  }
}

/** A small seeded generator (mulberry32); the same seed gives the same numbers. */
export class SeededRng implements Rng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}
