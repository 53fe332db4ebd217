/**
 * Counts what was handed to the file system and is not written yet: the bound that turns a slow
 * disk into back-pressure.
 *
 * I1  Between two buffers of input at most {@link MAX_OUTSTANDING_BYTES} are outstanding.
 * I2  After the first failure nothing more is started.
 */
import { Availability } from '../availability.ts';

export const MAX_OUTSTANDING_BYTES = 4 * 1024 * 1024;

export class WriteBacklog {
  readonly #changed = new Availability();
  #outstandingBytes = 0;
  #failure: { readonly thrown: unknown } | undefined;

  get outstandingBytes(): number {
    return this.#outstandingBytes;
  }

  /** @throws what the first failed write was rejected with. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  /** Runs `work` after `before`; never rejects, see {@link check}. */
  async run(before: Promise<void>, sizeBytes: number, work: () => Promise<void>): Promise<void> {
    this.#outstandingBytes += sizeBytes;
    await before;
    try {
      if (this.#failure === undefined) await work();
    } catch (thrown) {
      this.#failure ??= { thrown };
    }
    this.#outstandingBytes -= sizeBytes;
    this.#changed.notify();
  }

  /** I1: what must settle before the next buffer; undefined while there is room. */
  suspension(): Promise<void> | undefined {
    const mayGoOn = this.#failure === undefined && this.#outstandingBytes <= MAX_OUTSTANDING_BYTES;
    return mayGoOn ? undefined : this.#room();
  }

  async #room(): Promise<void> {
    this.check();
    while (this.#outstandingBytes > MAX_OUTSTANDING_BYTES) {
      await this.#changed.wait();
      this.check();
    }
  }
}
