/**
 * How a sleeping slot is woken: one for each slot, in shared memory. Whoever gives the slot
 * something to do rings; the slot looks at all its work before it waits.
 *
 * I1  No lost wake-up: read `signals`, look for work, then wait with what was read; a ring in
 *     between makes the wait return at once.
 * I2  Ringing a slot that is awake costs no system call: `notify` is for sleepers only.
 */
const SIGNALS = 0;
const SLEEPERS = 1;
const DOORBELL_BYTES = 8;

/** One slot's; every thread that rings or waits has its own object over the same memory. */
export class Doorbell {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  #waiting: Promise<void> | undefined;

  /** @param memory that of the same doorbell in another thread; left out, a new one. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(DOORBELL_BYTES)) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  /** Wakes the slot, if it sleeps. */
  ring(): void {
    Atomics.add(this.#cells, SIGNALS, 1);
    if (Atomics.load(this.#cells, SLEEPERS) > 0) Atomics.notify(this.#cells, SIGNALS);
  }

  /** To be read before looking for work. */
  signals(): number {
    return Atomics.load(this.#cells, SIGNALS);
  }

  /**
   * Resolves after the next ring, at once when it rang since `signals` was read (I1); may also
   * resolve for nothing. A pending wait does not keep the thread's event loop alive.
   */
  wait(seenSignals: number): Promise<void> {
    if (this.#waiting !== undefined) return this.#waiting;
    Atomics.add(this.#cells, SLEEPERS, 1);
    const outcome = Atomics.waitAsync(this.#cells, SIGNALS, seenSignals);
    if (!outcome.async) {
      Atomics.sub(this.#cells, SLEEPERS, 1);
      return Promise.resolve();
    }
    this.#waiting = outcome.value.then(() => {
      Atomics.sub(this.#cells, SLEEPERS, 1);
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  /** Blocks the thread; false when `timeoutMs` passed without a ring. */
  waitBlocking(seenSignals: number, timeoutMs: number): boolean {
    Atomics.add(this.#cells, SLEEPERS, 1);
    const outcome = Atomics.wait(this.#cells, SIGNALS, seenSignals, timeoutMs);
    Atomics.sub(this.#cells, SLEEPERS, 1);
    return outcome !== 'timed-out';
  }
}
