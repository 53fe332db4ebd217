import type { FileReader } from '../../core/index.ts';

/** Reads what one request brings, and asks again when it is taken. */
export class S3FileReader implements FileReader {
  readonly #fetch: (fromBytes: number, toBytes: number) => Promise<Uint8Array>;
  readonly #sizeBytes: number;
  readonly #partBytes: number;
  #offsetBytes: number;
  #fetched: Uint8Array = new Uint8Array();

  constructor(
    fetch: (fromBytes: number, toBytes: number) => Promise<Uint8Array>,
    at: { readonly offsetBytes: number; readonly sizeBytes: number; readonly partBytes: number },
  ) {
    this.#fetch = fetch;
    this.#offsetBytes = at.offsetBytes;
    this.#sizeBytes = at.sizeBytes;
    this.#partBytes = at.partBytes;
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    if (this.#fetched.length === 0 && this.#offsetBytes < this.#sizeBytes) {
      const toBytes = Math.min(this.#sizeBytes, this.#offsetBytes + this.#partBytes);
      this.#fetched = await this.#fetch(this.#offsetBytes, toBytes);
      this.#offsetBytes = toBytes;
    }
    const taken = this.#fetched.subarray(0, maxBytes);
    const isAll = taken.length === this.#fetched.length;
    // Of what is given away nothing is kept: its memory may go to another thread.
    this.#fetched = isAll ? new Uint8Array() : this.#fetched.subarray(taken.length);
    return taken;
  }

  async close(): Promise<void> {
    this.#fetched = new Uint8Array();
    this.#offsetBytes = this.#sizeBytes;
  }
}
