/**
 * The keys and sub keys of a section that are not in its rows.
 *
 * A sub key that many entries share, such as a window, is encoded once and copied. Its text then
 * lies in bytes of its own, in front of which there is no other text.
 */
import type { EncodedKey } from '../core/index.ts';
import { EncodeBuffer, TEXT_ASCII, writeValue } from '../exchange/index.ts';
import type { PartRecord } from './segment-format.ts';
import type { KeySorter } from './segment-sort.ts';

const INITIAL_BYTES = 1024;
/** Tag and length of a string. */
const STRING_ROW_BYTES = 5;
/** A sub key must be shared by so many entries to be worth encoding ahead. */
const MIN_SHARING = 8;

/** What is copied for a string of ASCII. */
export interface EncodedString {
  readonly tag: number;
  readonly length: number;
  /** The text in words, the last filled up with zeros, which the next text overwrites. */
  readonly words: readonly number[];
}

/** By id of a sorter's sub keys. Undefined, and without text, is only the first: no sub key. */
export type EncodedSubKeys = readonly (EncodedString | undefined)[];

/** By id, sub keys that can be copied; undefined when not all of them can, or few are shared. */
export function encodedSubKeys(sorter: KeySorter): EncodedSubKeys | undefined {
  const { numberKeys, hasSubKeys, subKeys, count } = sorter;
  if (!numberKeys || !hasSubKeys || subKeys.length * MIN_SHARING > count) return undefined;
  const scratch = new EncodeBuffer(0, INITIAL_BYTES);
  const encoded: (EncodedString | undefined)[] = [undefined];
  for (let id = 1; id < subKeys.length; id++) {
    const subKey = subKeys[id];
    if (typeof subKey !== 'string') return undefined;
    scratch.reset();
    scratch.position = writeValue(scratch, subKey, 0, 0);
    const tag = scratch.view.getUint8(0);
    if (scratch.sealText() !== TEXT_ASCII) return undefined;
    const length = scratch.position - STRING_ROW_BYTES;
    encoded.push({ tag, length, words: wordsAt(scratch, STRING_ROW_BYTES, length) });
  }
  return encoded;
}

/** The last word is filled up with zeros. */
function wordsAt(buffer: EncodeBuffer, start: number, sizeBytes: number): readonly number[] {
  const end = start + sizeBytes;
  const view = buffer.grow(end + 3);
  buffer.bytes.fill(0, end, end + 3);
  const words: number[] = [];
  for (let at = start; at < end; at += 4) words.push(view.getInt32(at, true));
  return words;
}

/** Writes one part of a section; see the header. */
export class KeyColumn {
  readonly #rows = new EncodeBuffer(0, INITIAL_BYTES);
  #text = new DataView(new ArrayBuffer(INITIAL_BYTES));
  #textBytes = 0;

  /** So far. */
  get sizeBytes(): number {
    return this.#rows.position + this.#rows.text.length + this.#textBytes;
  }

  add(key: EncodedKey | undefined): void {
    const rows = this.#rows;
    rows.position = writeValue(rows, key, rows.position, 0);
  }

  /** As {@link add}; not in one part with `add` of text. */
  addEncoded({ tag, length, words }: EncodedString): void {
    const rows = this.#rows;
    const at = rows.position;
    const view =
      at + STRING_ROW_BYTES > rows.capacity ? rows.grow(at + STRING_ROW_BYTES) : rows.view;
    view.setUint8(at, tag);
    view.setUint32(at + 1, length, true);
    rows.position = at + STRING_ROW_BYTES;
    const start = this.#textBytes;
    const end = start + 4 * words.length;
    const text = end > this.#text.byteLength ? this.#growText(end) : this.#text;
    for (let k = 0; k < words.length; k++) text.setInt32(start + 4 * k, words[k] as number, true);
    this.#textBytes = start + length;
  }

  /** Its bytes are valid until the next {@link reset}. */
  seal(): { readonly part: PartRecord; readonly bytes: Uint8Array } {
    const rows = this.#rows;
    const rowBytes = rows.position;
    const text = rows.text === '' ? TEXT_ASCII : rows.sealText();
    if (this.#textBytes > 0) {
      rows.grow(rows.position + this.#textBytes);
      rows.bytes.set(new Uint8Array(this.#text.buffer, 0, this.#textBytes), rows.position);
      rows.position += this.#textBytes;
    }
    const part = { rowBytes, textBytes: rows.position - rowBytes, text };
    return { part, bytes: rows.bytes.subarray(0, rows.position) };
  }

  reset(): void {
    this.#rows.reset();
    this.#textBytes = 0;
  }

  #growText(sizeBytes: number): DataView {
    const text = new Uint8Array(Math.max(sizeBytes, 2 * this.#text.byteLength));
    text.set(new Uint8Array(this.#text.buffer));
    this.#text = new DataView(text.buffer);
    return this.#text;
  }
}
