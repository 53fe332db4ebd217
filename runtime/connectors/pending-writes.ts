/**
 * Writes that a sink writer answers with promises.
 *
 * I1  Records are written one after the other, in the order they came.
 * I2  `suspension` settles when none waits any more; what came until then is bounded by a step.
 */

export class PendingWrites {
  /** I1. */
  readonly #waiting: (() => void | Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  /** I2; undefined: none is under way. Rejects with what a write threw. */
  get suspension(): Promise<void> | undefined {
    return this.#running;
  }

  /** @param write begins after those that came before it. */
  add(write: () => void | Promise<void>): void {
    this.#waiting.push(write);
  }

  /** The first of them is under way. */
  follow(first: Promise<void>): void {
    this.#running = this.#run(first);
    // Whoever waits for it is told; until then nobody may.
    this.#running.catch(() => undefined);
  }

  /** Nobody waits for the rest. */
  drop(): void {
    this.#waiting.length = 0;
  }

  async #run(first: Promise<void>): Promise<void> {
    await first;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await next();
    }
    this.#running = undefined;
  }
}
