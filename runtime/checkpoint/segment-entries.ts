/**
 * Takes a table's entries for one segment: their keys into a {@link KeySorter}, and their values
 * either encoded at once or as references.
 *
 * Values are spread over the heap. Reading them again in the order of keys misses the caches at
 * each one, which costs several times what encoding does. So values whose rows all have one size
 * are encoded while the table is visited, and the rows are brought into order afterwards; other
 * values are touched a batch ahead of being encoded (see `segment-rows`).
 *
 * I1  With `rows`, row i, of `rowBytes` bytes, is that of entry i.
 */
import type { EncodedKey } from '../core/index.ts';
import { EncodeBuffer, type RecordCodec } from '../exchange/index.ts';
import type { EntryVisitor } from '../state/index.ts';
import type { KeySorter } from './segment-sort.ts';

/** Stands for the value of an entry that is gone. */
export const REMOVED: unique symbol = Symbol('removed');

/** Entries read ahead of being worked on. They should fit the second cache. */
export const BATCH = 256;

/** A buffer that has grown beyond this is not kept for the next snapshot. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Keeps references to the values. */
export class ValueCollector implements EntryVisitor {
  readonly sorter: KeySorter;
  values: unknown[] = [];

  constructor(sorter: KeySorter) {
    this.sorter = sorter;
  }

  begin(expected: number): void {
    this.sorter.begin(expected);
    this.values = new Array(expected);
  }

  put(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    this.values[this.sorter.add(key, subKey)] = value;
  }

  remove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    this.values[this.sorter.add(key, subKey)] = REMOVED;
  }

  end(): void {
    this.sorter.end();
    this.values = [];
  }
}

/** Encodes the values as they come, while they fit one layout and need no text. */
export class RowCollector implements EntryVisitor {
  readonly sorter: KeySorter;
  #rows = new EncodeBuffer(0, 0);
  #codec: RecordCodec | undefined;
  #codecFor: (value: unknown) => RecordCodec | undefined = () => undefined;
  /** 0 before the first row. */
  rowBytes = 0;
  /** False once a value did not fit: its rows are useless. */
  fits = true;

  constructor(sorter: KeySorter) {
    this.sorter = sorter;
  }

  get rows(): Uint8Array {
    return this.#rows.bytes;
  }

  /** @param codecFor the codec to begin with; undefined for values that cannot be encoded. */
  begin(expected: number, codecFor: (value: unknown) => RecordCodec | undefined): void {
    this.sorter.begin(expected);
    this.#codecFor = codecFor;
    this.#codec = undefined;
    this.#rows.reset();
    this.rowBytes = 0;
    this.fits = true;
  }

  put(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    if (!this.fits) return;
    this.#codec ??= this.#codecFor(value);
    const rows = this.#rows;
    const start = rows.position;
    const rowKey = typeof key === 'number' ? key : 0;
    if (this.#codec?.write(rows, value, rowKey, -1) !== true) this.fits = false;
    else if (rows.position - start !== this.rowBytes) this.#otherSize(rows.position - start);
    if (rows.text !== '') this.fits = false;
    this.sorter.add(key, subKey);
  }

  remove(): void {
    this.fits = false;
  }

  end(): void {
    this.sorter.end();
    if (this.#rows.capacity > MAX_KEPT_BYTES) this.#rows = new EncodeBuffer(0, 0);
  }

  #otherSize(sizeBytes: number): void {
    if (this.rowBytes === 0) this.rowBytes = sizeBytes;
    else this.fits = false;
  }
}

/** Copies rows `order[from .. to)` behind each other to `target`; the answer means nothing. */
export function copyRows(
  { rows, rowBytes, sorter }: RowCollector,
  from: number,
  to: number,
  target: Uint8Array,
  targetOffset: number,
): number {
  const { order } = sorter;
  // Not eight bytes at a time: a float register may change the bits of what is no number.
  if (rowBytes % 4 === 0 && targetOffset % 4 === 0) {
    const offset = targetOffset / 4;
    return copyWords(words(rows), rowBytes / 4, order, from, to, words(target), offset);
  }
  copyBytes(rows, rowBytes, order, from, to, target, targetOffset);
  return 0;
}

/**
 * Apart from the same of bytes, so that each is compiled for one kind of array. The loop ahead
 * makes the misses overlap, as in `segment-rows`: three times as fast.
 */
function copyWords(
  source: Int32Array,
  rowWords: number,
  order: Uint32Array,
  from: number,
  to: number,
  target: Int32Array,
  targetOffset: number,
): number {
  let at = targetOffset;
  let touched = 0;
  for (let batch = from; batch < to; batch += BATCH) {
    const end = Math.min(to, batch + BATCH);
    for (let i = batch; i < end; i++) touched ^= source[(order[i] as number) * rowWords] as number;
    for (let i = batch; i < end; i++) {
      const start = (order[i] as number) * rowWords;
      for (let k = 0; k < rowWords; k++) target[at + k] = source[start + k] as number;
      at += rowWords;
    }
  }
  return touched;
}

function copyBytes(
  source: Uint8Array,
  rowBytes: number,
  order: Uint32Array,
  from: number,
  to: number,
  target: Uint8Array,
  targetOffset: number,
): void {
  let at = targetOffset;
  for (let i = from; i < to; i++) {
    const start = (order[i] as number) * rowBytes;
    for (let k = 0; k < rowBytes; k++) target[at + k] = source[start + k] as number;
    at += rowBytes;
  }
}

function words(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}
