/**
 * Values of states as JSON, for people: what JSON has no word for becomes a text or a list. A
 * value too large is refused while it is written, not after.
 */
import { StreamError } from '../core/index.ts';

/** Of one answer, in characters of its JSON; below what a function may answer (6 MB). */
export const MAX_STATE_ANSWER_CHARS = 1_000_000;
const MAX_DEPTH = 64;

/** Writes values until there is no room left. */
export class PlainJson {
  #left: number;

  /** @param maxChars of all values written. */
  constructor(maxChars: number = MAX_STATE_ANSWER_CHARS) {
    this.#left = maxChars;
  }

  /**
   * A bigint is its digits, a Date its ISO text, `NaN` and infinities their names, bytes base64, a
   * Set a list, a Map a list of pairs; undefined is null, and absent as a field.
   *
   * @throws {StreamError} kind `invalid`, code `STATE_ANSWER_TOO_LARGE`.
   */
  of(value: unknown, depth = 0): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? this.#word(value) : this.#text(String(value));
      case 'boolean':
        return this.#word(value);
      case 'bigint':
        return this.#text(String(value));
      case 'object':
        return value === null ? this.#word(null) : this.#object(value, depth);
      default:
        // Functions and symbols are in no state that was ever snapshotted.
        return this.#word(null);
    }
  }

  /** A list of what is iterated. */
  list(values: Iterable<unknown>, depth = 0): unknown[] {
    const list: unknown[] = [];
    this.#take(2);
    for (const value of values) {
      list.push(this.of(value, depth + 1));
      this.#take(1);
    }
    return list;
  }

  #object(value: object, depth: number): unknown {
    if (depth >= MAX_DEPTH) throw tooLarge(`is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(value) || value instanceof Set) return this.list(value, depth);
    if (value instanceof Map) return this.list(value, depth);
    if (value instanceof Date) {
      return this.#text(Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString());
    }
    if (value instanceof Uint8Array) {
      this.#take(value.byteLength);
      return this.#text(Buffer.from(value).toString('base64'));
    }
    if (ArrayBuffer.isView(value)) return this.list(value as unknown as Iterable<unknown>, depth);
    const plain: Record<string, unknown> = {};
    this.#take(2);
    for (const [name, field] of Object.entries(value)) {
      if (field === undefined) continue;
      this.#take(name.length + 4);
      // Not an assignment: a field may be called `__proto__`.
      const written = this.of(field, depth + 1);
      Object.defineProperty(plain, name, { value: written, enumerable: true });
    }
    return plain;
  }

  #word<T extends number | boolean | null>(value: T): T {
    this.#take(String(value).length);
    return value;
  }

  #text(text: string): string {
    this.#take(text.length + 2);
    return text;
  }

  #take(chars: number): void {
    this.#left -= chars;
    if (this.#left >= 0) return;
    throw tooLarge(`has more than ${MAX_STATE_ANSWER_CHARS} characters of JSON`);
  }
}

function tooLarge(reason: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_ANSWER_TOO_LARGE',
    message: `what the state holds for the key ${reason}: of a map state ask for one entry with mapKey, or keep a smaller value in a state of its own`,
    details: { maxChars: MAX_STATE_ANSWER_CHARS },
  });
}
