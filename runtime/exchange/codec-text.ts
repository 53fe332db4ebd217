/**
 * What the generators of codecs share. A record is, in order:
 * timestamp (f64), key group (u16, keyed edges only), then its fields with rows flattened:
 *
 *     int i32 · long, double, date f64 · boolean u8 · string u32 length (characters in the text)
 *     bigint u8 form, 8 bytes (i64, or u32 length in the text) · bytes u32 length, bytes
 *     nullable u8 presence, then the field · array u32 length, elements · any: see value-codec
 *
 * An int gives -0 back as 0. The reader of `nothing` reads nothing: no value has that layout.
 *
 * I1  A writer answers false, with the buffer as it was, for a value that its layout cannot give
 *     back exactly: other type, other prototype, unknown field, fields in another order.
 * I2  Offsets are constants until something of variable size; `settle` then moves `p`.
 * I3  Behind `p` there are always `tail` bytes of room, enough for what is of fixed size.
 */
import type { Layout } from './layout.ts';

/** Presence byte of a nullable; 0 when there is a value. */
export const NULL = 1;
/** Presence byte: undefined. */
export const UNDEFINED = 2;
/** Presence byte: a missing field, a hole of an array. */
export const ABSENT = 3;

/** In front of every record. */
export const TIMESTAMP_BYTES = 8;
/** Behind the timestamp, on keyed edges. */
export const KEY_GROUP_BYTES = 2;

/** Bytes of the fixed-size parts, each array counted as one element. */
export function fixedBytes(layout: Layout): number {
  switch (layout.kind) {
    case 'nothing':
      return 0;
    case 'boolean':
      return 1;
    case 'int':
    case 'string':
    case 'bytes':
      return 4;
    case 'bigint':
    case 'any':
      return 9;
    case 'nullable':
      return 1 + fixedBytes(layout.inner);
    case 'array':
      return 4 + fixedBytes(layout.element);
    case 'tuple':
      return layout.elements.reduce((sum, element) => sum + fixedBytes(element), 0);
    case 'row':
      return layout.fields.reduce((sum, { type }) => sum + fixedBytes(type), 0);
    default:
      return 8;
  }
}

/** False when the parts after it have no constant offset (I2). */
export function isFixed(layout: Layout): boolean {
  switch (layout.kind) {
    case 'any':
    case 'array':
    case 'bytes':
      return false;
    case 'nullable':
      return isFixed(layout.inner);
    case 'tuple':
      return layout.elements.every(isFixed);
    case 'row':
      return layout.fields.every(({ type }) => isFixed(type));
    default:
      return true;
  }
}

/** Lines of code, fresh names and the constant offset from `p` (I2). */
export class CodeText {
  readonly lines: string[] = [];
  readonly constants: string[] = [];
  offset = 0;
  #names = 0;

  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  add(...lines: string[]): void {
    this.lines.push(...lines);
  }

  /** The position of the next `sizeBytes` bytes, as an expression. */
  take(sizeBytes: number): string {
    const at = this.offset === 0 ? 'p' : `p + ${this.offset}`;
    this.offset += sizeBytes;
    return at;
  }

  settle(): void {
    if (this.offset > 0) this.add(`p += ${this.offset};`);
    this.offset = 0;
  }
}
