import type { SlotThread } from '../taskmanager/index.ts';
import type { SimProcess } from './sim-process.ts';

/** The thread of one slot: sleeps in virtual time, moves frames between its turns. */
export class SimThread implements SlotThread {
  readonly #host: SimProcess;
  /** Moves what can be moved between rings and links; true when a task may have more to do. */
  readonly #pump: () => boolean;
  #woken = false;
  #resume: (() => void) | undefined;

  constructor(host: SimProcess, pump: () => boolean) {
    this.#host = host;
    this.#pump = pump;
  }

  arm(): void {}

  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  async sleep(wakeAtEpochMs: number | undefined): Promise<void> {
    if (this.#pump()) this.#woken = true;
    const { clock, timers } = this.#host;
    if (!this.#woken) {
      let cancel: (() => void) | undefined;
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
        if (wakeAtEpochMs === undefined) return;
        cancel = timers.schedule(Math.max(1, wakeAtEpochMs - clock.nowEpochMs()), resolve);
      });
      cancel?.();
      this.#resume = undefined;
    }
    this.#woken = false;
  }

  breathe(): Promise<void> {
    this.#pump();
    return new Promise((resolve) => {
      this.#host.timers.schedule(0, resolve);
    });
  }
}
