import type { Timers } from '../../../core/index.ts';

/** Timers that run when a test says so. */
export class ManualTimers implements Timers {
  readonly #pending = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;

  get count(): number {
    return this.#pending.size;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, callback };
    this.#pending.add(entry);
    return () => void this.#pending.delete(entry);
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    const due = [...this.#pending].filter(({ atMs }) => atMs <= this.#nowMs);
    for (const entry of due.toSorted((a, b) => a.atMs - b.atMs)) {
      if (this.#pending.delete(entry)) entry.callback();
    }
  }
}
