/**
 * Writes the entries of one state into the sections of a segment's chunks. The layout of the
 * values is inferred, widens as they vary and is kept from one snapshot to the next.
 *
 * I1  What was written comes back exactly; a value that cannot be is an error that names it.
 * I2  A run's rows have one layout; a section has as many runs as it needs.
 */
import {
  decodeKey,
  type EncodedKey,
  type FieldType,
  StreamError,
  toStreamError,
} from '../core/index.ts';
import {
  ANY,
  type CodecCache,
  EncodeBuffer,
  type Layout,
  layoutOfType,
  layoutOfValue,
  mergeLayouts,
  type RecordCodec,
} from '../exchange/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import {
  BATCH,
  copyRows,
  REMOVED,
  type RowCollector,
  type ValueCollector,
} from './segment-entries.ts';
import type { PartRecord, RunRecord, SectionRecord } from './segment-format.ts';
import { type EncodedSubKeys, encodedSubKeys, KeyColumn } from './segment-keys.ts';
import type { KeySorter } from './segment-sort.ts';

const BUFFER_BYTES = 64 * 1024;
/** A run's text is one string; it must stay far below V8's longest. */
const MAX_RUN_TEXT_CHARS = 4 * 1024 * 1024;
/** After this many layouts a state's values describe themselves. */
const MAX_LAYOUTS = 8;

/** See the header. */
export class StateWriter {
  readonly #meta: KeyedStateMetaRecord;
  readonly #codecs: CodecCache;
  readonly #rows = new EncodeBuffer(0, BUFFER_BYTES);
  readonly #keys = new KeyColumn();
  readonly #removed = new KeyColumn();
  /** By id, while sub keys can be copied. */
  #subKeys: EncodedSubKeys | undefined;
  #runs: RunRecord[] = [];
  #codec: RecordCodec | undefined;
  #layouts = 0;
  #runStart = 0;
  #runCount = 0;
  #puts = 0;
  #removes = 0;
  /** What was read ahead; only there so that reading is not optimised away. */
  touched = 0;

  constructor(meta: KeyedStateMetaRecord, codecs: CodecCache) {
    this.#meta = meta;
    this.#codecs = codecs;
  }

  /** Of the section so far. */
  get sizeBytes(): number {
    const rowBytes = this.#rows.position + this.#rows.text.length;
    return rowBytes + this.#keys.sizeBytes + this.#removed.sizeBytes;
  }

  get entryCount(): number {
    return this.#puts + this.#removes;
  }

  /** The codec of the values seen so far, or of this one; undefined when it cannot be encoded. */
  codecFor(value: unknown): RecordCodec | undefined {
    if (this.#codec !== undefined) return this.#codec;
    try {
      this.#useLayout(this.#firstLayout(layoutOfValue(value)));
    } catch {
      // Whoever writes the value says what is wrong with it.
    }
    return this.#codec;
  }

  /**
   * Writes entries `[from, to)` of the sorter's order.
   *
   * @throws {StreamError} kind `user`, code `STATE_NOT_SERIALIZABLE`.
   */
  writeValues(entries: ValueCollector, from: number, to: number): void {
    for (let at = from; at < to; at += BATCH) {
      const end = Math.min(to, at + BATCH);
      this.touched ^= touch(entries, at, end);
      this.#writeBatch(entries, at, end);
    }
  }

  /** As {@link writeValues}, of values that were encoded when they came. */
  writeRows(entries: RowCollector, from: number, to: number): void {
    const { sorter, rowBytes } = entries;
    const rows = this.#rows;
    const count = to - from;
    rows.grow(rows.position + count * rowBytes);
    this.touched ^= copyRows(entries, from, to, rows.bytes, rows.position);
    rows.position += count * rowBytes;
    this.#runCount += count;
    if (sorter.numberKeys && !sorter.hasSubKeys) return;
    for (let i = from; i < to; i++) this.#writeKeys(sorter, sorter.order[i] as number);
  }

  #writeBatch({ sorter, values }: ValueCollector, from: number, to: number): void {
    const { order } = sorter;
    const rows = this.#rows;
    const plainKeys = sorter.numberKeys && !sorter.hasSubKeys;
    for (let i = from; i < to; i++) {
      const entry = order[i] as number;
      const value = values[entry];
      if (value === REMOVED) {
        this.#writeRemoved(sorter, entry);
        continue;
      }
      const key = sorter.key(entry);
      const rowKey = typeof key === 'number' ? key : 0;
      if (this.#codec === undefined || !this.#codec.write(rows, value, rowKey, -1)) {
        this.#writeMisfit(value, rowKey, key);
      }
      this.#runCount++;
      if (!plainKeys) this.#writeKeys(sorter, entry);
      if (rows.text.length >= MAX_RUN_TEXT_CHARS) this.#endRun();
    }
  }

  /** Entries are visited and sorted; to be written are those of this sorter. */
  begin(sorter: KeySorter): void {
    this.#subKeys = encodedSubKeys(sorter);
  }

  /** What is left of an earlier, failed snapshot. */
  reset(): void {
    for (const buffer of [this.#rows, this.#keys, this.#removed]) buffer.reset();
    this.#runs = [];
    this.#runStart = 0;
    this.#runCount = 0;
    this.#puts = 0;
    this.#removes = 0;
  }

  /** Closes the section; its bytes are valid until the next {@link reset}. */
  seal(sorter: KeySorter): { readonly section: SectionRecord; readonly parts: Uint8Array[] } {
    this.#endRun();
    const rows = this.#rows;
    const [keys, removed] = [this.#keys.seal(), this.#removed.seal()];
    const section: SectionRecord = {
      state: this.#meta,
      numberKeys: sorter.numberKeys,
      subKeys: sorter.hasSubKeys,
      puts: this.#puts,
      removes: this.#removes,
      runs: this.#runs,
      keys: keys.part,
      removed: removed.part,
    };
    return { section, parts: [rows.bytes.subarray(0, rows.position), keys.bytes, removed.bytes] };
  }

  /** The slow path, as a channel's: finds a layout for the value, or says what is wrong with it. */
  #writeMisfit(value: unknown, rowKey: number, key: EncodedKey): void {
    const rows = this.#rows;
    let seen: Layout;
    try {
      seen = layoutOfValue(value);
    } catch (cause) {
      throw notSerializable(this.#meta.name, key, cause);
    }
    const known = this.#codec?.layout;
    const wider = known === undefined ? this.#firstLayout(seen) : mergeLayouts(known, seen);
    for (const layout of [wider, ANY]) {
      this.#endRun();
      if (this.#useLayout(layout).write(rows, value, rowKey, -1)) return;
    }
    throw notSerializable(this.#meta.name, key, undefined);
  }

  #firstLayout(seen: Layout): Layout {
    const type = this.#meta.type as FieldType | undefined;
    return type === undefined ? seen : mergeLayouts(layoutOfType(type), seen);
  }

  #useLayout(layout: Layout): RecordCodec {
    this.#layouts++;
    const plain = !this.#codecs.generating || this.#layouts > MAX_LAYOUTS;
    this.#codec = this.#codecs.codecOf(plain ? ANY : layout, false);
    return this.#codec;
  }

  #endRun(): void {
    const count = this.#runCount;
    if (count === 0) return;
    const layout = this.#codec?.layout ?? ANY;
    this.#runs.push({ layout, count, ...sealPart(this.#rows, this.#runStart) });
    this.#runStart = this.#rows.position;
    this.#runCount = 0;
    this.#puts += count;
  }

  #writeKeys(sorter: KeySorter, entry: number): void {
    if (!sorter.numberKeys) this.#keys.add(sorter.key(entry));
    if (sorter.hasSubKeys) this.#writeSubKey(this.#keys, sorter, entry);
  }

  #writeRemoved(sorter: KeySorter, entry: number): void {
    this.#removed.add(sorter.key(entry));
    if (sorter.hasSubKeys) this.#writeSubKey(this.#removed, sorter, entry);
    this.#removes++;
  }

  #writeSubKey(column: KeyColumn, sorter: KeySorter, entry: number): void {
    const encoded = this.#subKeys?.[sorter.subKeyId(entry)];
    if (encoded === undefined) column.add(sorter.subKey(entry));
    else column.addEncoded(encoded);
  }
}

/** Brings the values into the caches: in a loop this short, the misses overlap. */
function touch({ sorter, values }: ValueCollector, from: number, to: number): number {
  const { order } = sorter;
  let objects = 0;
  for (let i = from; i < to; i++) {
    if (typeof values[order[i] as number] === 'object') objects++;
  }
  return objects;
}

/** Writes the text behind the rows that began at `start`. */
function sealPart(buffer: EncodeBuffer, start: number): PartRecord {
  const rowsEnd = buffer.position;
  const text = buffer.text === '' ? 0 : buffer.sealText();
  buffer.text = '';
  return { rowBytes: rowsEnd - start, textBytes: buffer.position - rowsEnd, text };
}

const MAX_SHOWN_CHARS = 80;

function notSerializable(state: string, encoded: EncodedKey, cause: unknown): StreamError {
  const key = shownKey(encoded);
  const reason = cause === undefined ? 'it cannot be encoded' : toStreamError(cause).message;
  return new StreamError({
    kind: 'user',
    code: 'STATE_NOT_SERIALIZABLE',
    message: `a value in keyed state cannot be written to a checkpoint, keep plain objects, arrays, Date, Map, Set, typed arrays or primitives in state and rebuild other things from them: ${reason}: state=${state} key=${key}`,
    details: { state, key },
    cause,
  });
}

function shownKey(encoded: EncodedKey): string {
  const key = decodeKey(encoded);
  const text = typeof key === 'bigint' ? `${key}n` : (JSON.stringify(key) ?? String(key));
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
