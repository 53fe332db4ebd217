/**
 * Memory for the chunks of segments, used again: memory outside of V8's heap that comes and goes
 * with each snapshot makes V8 collect garbage at each one, which costs more than the snapshot.
 *
 * I1  Who took a buffer gives it back at most once, and does not look at it afterwards. One that
 *     is never given back is garbage like any other.
 */

const UNIT_BYTES = 256 * 1024;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** A buffer this many times too large is left for a larger chunk. */
const MAX_WASTE = 4;

/** See the header. */
export class ChunkBuffers {
  readonly #free: Buffer[] = [];
  #keptBytes = 0;

  /** A window of that size; its memory may be larger, and holds anything. */
  take(sizeBytes: number): Buffer {
    const fits = ({ length }: Buffer): boolean =>
      length >= sizeBytes && length <= MAX_WASTE * Math.max(sizeBytes, UNIT_BYTES);
    const found = this.#free.findIndex(fits);
    if (found < 0) {
      const memory = Buffer.allocUnsafeSlow(Math.ceil(sizeBytes / UNIT_BYTES) * UNIT_BYTES);
      return memory.subarray(0, sizeBytes);
    }
    const [memory] = this.#free.splice(found, 1) as [Buffer];
    this.#keptBytes -= memory.length;
    return memory.subarray(0, sizeBytes);
  }

  give(buffer: Uint8Array): void {
    const sizeBytes = buffer.buffer.byteLength;
    if (this.#keptBytes + sizeBytes > MAX_KEPT_BYTES) return;
    this.#keptBytes += sizeBytes;
    this.#free.push(Buffer.from(buffer.buffer, 0, sizeBytes));
  }
}
