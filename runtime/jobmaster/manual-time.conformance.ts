import type { Clock, Timers } from '../core/index.ts';

/** Time that passes when a test says so. */
export class ManualTime implements Clock, Timers {
  #nowMs = 1_000;
  readonly #pending = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  /** Timers that were neither cancelled nor due. */
  get pending(): number {
    return this.#pending.size;
  }

  nowEpochMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, callback };
    this.#pending.add(entry);
    return () => this.#pending.delete(entry);
  }

  /** What becomes due happens in order, and what follows from it before what is due later. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#pending].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > end) break;
      this.#pending.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await settle();
    }
    this.#nowMs = end;
    await settle();
  }
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 12; turns += 1) await new Promise((done) => setImmediate(done));
}
