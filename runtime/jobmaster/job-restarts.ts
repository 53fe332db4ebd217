import type { Clock, Timers } from '../core/index.ts';
import type { SleepingRestart } from './sleeping-job.ts';

/** Restarts of a job's regions that wait for their delay. */
export class JobRestarts {
  readonly #parts: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly due: (regionIndexes: readonly number[]) => void;
  };
  /** What cancels each. */
  readonly #waiting = new Map<SleepingRestart, () => void>();

  constructor(parts: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly due: (regionIndexes: readonly number[]) => void;
  }) {
    this.#parts = parts;
  }

  get waiting(): readonly SleepingRestart[] {
    return [...this.#waiting.keys()];
  }

  after(delayMs: number, regionIndexes: readonly number[]): void {
    this.at({ atEpochMs: this.#parts.clock.nowEpochMs() + delayMs, regionIndexes });
  }

  at(restart: SleepingRestart): void {
    const { clock, timers, due } = this.#parts;
    const delayMs = Math.max(0, restart.atEpochMs - clock.nowEpochMs());
    const cancel = timers.schedule(delayMs, () => {
      this.#waiting.delete(restart);
      due(restart.regionIndexes);
    });
    this.#waiting.set(restart, cancel);
  }

  cancel(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
