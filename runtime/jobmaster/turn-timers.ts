/**
 * Timers of one turn: real ones, as long as it lasts; afterwards only the time is known at which
 * the next would have been due.
 *
 * I1  After `stop` nothing runs any more; what was due next stays known.
 */
import type { Clock, Timers } from '../core/index.ts';

interface TurnTimer {
  readonly atEpochMs: number;
  readonly callback: () => void;
  readonly cancel: () => void;
}

export class TurnTimers implements Timers {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #waiting = new Set<TurnTimer>();
  #isStopped = false;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const run = (): void => {
      // One that ran before may have cancelled it.
      if (this.#waiting.delete(timer)) callback();
    };
    const timer: TurnTimer = {
      atEpochMs: this.#clock.nowEpochMs() + Math.max(0, delayMs),
      callback: run,
      cancel: this.#isStopped ? () => {} : this.#timers.schedule(delayMs, run),
    };
    this.#waiting.add(timer);
    return () => {
      timer.cancel();
      this.#waiting.delete(timer);
    };
  }

  /** When the next one is due; undefined: there is none. */
  get nextAtEpochMs(): number | undefined {
    const times = [...this.#waiting].map(({ atEpochMs }) => atEpochMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Runs what is due, the earliest first; true when there was something. */
  runDue(): boolean {
    const nowEpochMs = this.#clock.nowEpochMs();
    const due = [...this.#waiting]
      .filter(({ atEpochMs }) => atEpochMs <= nowEpochMs)
      .toSorted((a, b) => a.atEpochMs - b.atEpochMs);
    for (const { callback, cancel } of due) {
      cancel();
      callback();
    }
    return due.length > 0;
  }

  /** I1. */
  stop(): void {
    this.#isStopped = true;
    for (const { cancel } of this.#waiting) cancel();
  }
}
