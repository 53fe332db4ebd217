/**
 * Cuts the chunks of a file into regions of whole records, copying only records that straddle
 * two chunks.
 */
/** Finds the record ends of a chunk; may keep state from chunk to chunk. */
export interface BoundaryFinder {
  /** Offsets just after the first and the last record end; both 0 when there is none. */
  scan(chunk: Uint8Array): { readonly first: number; readonly last: number };
}

export class RecordFramer {
  readonly #finder: BoundaryFinder;
  #carry: Uint8Array[] = [];
  #carriedBytes = 0;

  constructor(finder: BoundaryFinder) {
    this.#finder = finder;
  }

  /** Bytes of a record whose end was not found yet. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  /** The regions that `chunk` completes, in order. */
  push(chunk: Uint8Array): Buffer[] {
    const { first, last } = this.#finder.scan(chunk);
    const regions: Buffer[] = [];
    if (last > 0) {
      const isStraddled = this.#carriedBytes > 0;
      if (isStraddled) regions.push(Buffer.concat([...this.#carry, chunk.subarray(0, first)]));
      const from = isStraddled ? first : 0;
      if (from < last) regions.push(asBuffer(chunk.subarray(from, last)));
      this.#carry = [];
      this.#carriedBytes = 0;
    }
    if (last < chunk.length) {
      this.#carry.push(chunk.subarray(last));
      this.#carriedBytes += chunk.length - last;
    }
    return regions;
  }

  /** What follows the last record end, at the end of the file. */
  end(): Buffer | undefined {
    return this.#carriedBytes === 0 ? undefined : Buffer.concat(this.#carry);
  }
}

/** Records end at every newline. */
export function lineFramer(): RecordFramer {
  return new RecordFramer({
    scan: (chunk) => ({ first: chunk.indexOf(10) + 1, last: chunk.lastIndexOf(10) + 1 }),
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
