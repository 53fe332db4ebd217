/** Unsigned numbers in as few bytes as they need: seven bits a byte, low ones first. */

/** Where bytes are read. */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @throws {RangeError} beyond the end, or a number that is none. */
  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError('it ends too early');
    this.#at += 1;
    return byte;
  }

  /** @throws {RangeError} */
  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large');
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  /** A copy. @throws {RangeError} */
  take(sizeBytes: number): Uint8Array {
    if (sizeBytes > this.#bytes.length - this.#at) throw new RangeError('it ends too early');
    const taken = new Uint8Array(sizeBytes);
    taken.set(this.#bytes.subarray(this.#at, this.#at + sizeBytes));
    this.#at += sizeBytes;
    return taken;
  }
}

/** A first byte as it is, then numbers. */
export function packNumbers(first: number, numbers: readonly number[]): Uint8Array {
  const bytes = [first];
  for (const number of numbers) pushNumber(bytes, number);
  return Uint8Array.from(bytes);
}

function pushNumber(bytes: number[], number: number): void {
  let left = number;
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
}
