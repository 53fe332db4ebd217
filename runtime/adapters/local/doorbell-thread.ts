import type { Clock } from '../../core/index.ts';
import type { Doorbell } from '../../exchange/index.ts';
import type { SlotThread } from '../../taskmanager/index.ts';

/** Longest delay Node's timers take. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Sleeps on a doorbell in shared memory, on a timer, and on {@link wake}, whichever comes first. */
export class DoorbellThread implements SlotThread {
  readonly #doorbell: Doorbell;
  readonly #clock: Clock;
  #seenSignals = 0;
  #woken = false;
  #resume: (() => void) | undefined;

  constructor(doorbell: Doorbell, clock: Clock) {
    this.#doorbell = doorbell;
    this.#clock = clock;
  }

  arm(): void {
    this.#seenSignals = this.#doorbell.signals();
  }

  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  async sleep(wakeAtEpochMs: number | undefined): Promise<void> {
    if (!this.#woken && this.#doorbell.signals() === this.#seenSignals) {
      await new Promise<void>((resolve) => {
        const timer = wakeAtEpochMs === undefined ? undefined : this.#timer(wakeAtEpochMs, resolve);
        this.#resume = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#doorbell.wait(this.#seenSignals).then(this.#resume, this.#resume);
      });
      this.#resume = undefined;
    }
    this.#woken = false;
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #timer(wakeAtEpochMs: number, resolve: () => void): NodeJS.Timeout {
    const delayMs = Math.max(0, wakeAtEpochMs - this.#clock.nowEpochMs());
    return setTimeout(resolve, Math.min(delayMs, MAX_DELAY_MS));
  }
}
