/**
 * Turns the tables of an operator into the raw chunks of a segment, in one synchronous go.
 *
 * Owns buffers that it uses again at the next snapshot, but for the chunks, which it gives away.
 *
 * I1  A chunk holds whole key groups; chunks are in the order of key groups and do not overlap.
 * I2  The same entries give the same bytes, once the layouts of their values are known; but for
 *     the room of numbers that are null, which holds anything.
 */
import type { KeyGroupRange } from '../core/index.ts';
import { CodecCache } from '../exchange/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import type { SnapshotTable } from '../state/index.ts';
import { ChunkBuffers } from './segment-buffers.ts';
import { RowCollector, ValueCollector } from './segment-entries.ts';
import type { SectionRecord } from './segment-format.ts';
import { StateWriter } from './segment-rows.ts';
import { KeySorter } from './segment-sort.ts';

/** A chunk ends with the key group that fills it up to this size. */
export const CHUNK_RAW_BYTES = 1024 * 1024;

export interface SerializeOptions {
  /** `BASE`: all entries. `DELTA`: the changes since the last visit. */
  readonly mode: 'BASE' | 'DELTA';
  readonly maxParallelism: number;
  /** Of the subtask. */
  readonly keyGroups: KeyGroupRange;
  /** Lower only in tests. @defaultValue {@link CHUNK_RAW_BYTES} */
  readonly chunkRawBytes?: number;
}

/** What {@link storeSegment} compresses and stores. */
export interface SerializedSegment {
  readonly kind: 'BASE' | 'DELTA';
  readonly maxParallelism: number;
  readonly states: readonly KeyedStateMetaRecord[];
  /** Changed or removed entries, of all states. */
  readonly entryCount: number;
  readonly rawSizeBytes: number;
  /** Empty when there is nothing to store. */
  readonly chunks: readonly RawChunk[];
  /** The memory of a chunk is no longer needed; its bytes must not be read any more. */
  release(chunk: RawChunk): void;
}

/** Uncompressed; both ends inclusive. */
export interface RawChunk {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly entryCount: number;
  readonly bytes: Uint8Array;
}

/** Visiting a table twice is cheaper than finding out beforehand, but not always. */
const MAX_ROW_TRIES = 3;

/** What is kept for a state from one snapshot to the next. */
interface StateSlot {
  readonly meta: KeyedStateMetaRecord;
  readonly writer: StateWriter;
  readonly sorter: KeySorter;
  readonly values: ValueCollector;
  readonly rows: RowCollector;
  /** How often rows of one size may still be hoped for in vain. */
  rowTries: number;
  /** The rows of the values all have one size, in this snapshot. */
  usesRows: boolean;
}

/** Serialises one operator's tables again and again; see the header. */
export class SegmentWriter {
  readonly #codecs: CodecCache;
  readonly #buffers = new ChunkBuffers();
  readonly #slots = new Map<string, StateSlot>();

  constructor(codecs = new CodecCache()) {
    this.#codecs = codecs;
  }

  /**
   * @throws {StreamError} kind `user`, code `STATE_NOT_SERIALIZABLE`; the tables' changes are then
   * lost to deltas, and the next segment must be a base.
   */
  serialize(tables: readonly SnapshotTable[], options: SerializeOptions): SerializedSegment {
    const slots = tables.map((table) => this.#slotOf(table));
    try {
      for (const [i, slot] of slots.entries()) {
        slot.writer.reset();
        visit(tables[i] as SnapshotTable, slot, options.mode);
        slot.sorter.sort(options.maxParallelism, options.keyGroups, slot.meta.name);
        slot.writer.begin(slot.sorter);
      }
      const chunks = writeChunks(slots, options, this.#buffers);
      return {
        kind: options.mode,
        maxParallelism: options.maxParallelism,
        states: tables.map(({ meta }) => meta),
        entryCount: chunks.reduce((sum, { entryCount }) => sum + entryCount, 0),
        rawSizeBytes: chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
        chunks,
        release: ({ bytes }) => this.#buffers.give(bytes),
      };
    } finally {
      for (const { rows, values } of slots) {
        rows.end();
        values.end();
      }
    }
  }

  /** By all of the meta: entries carried along may have the name of a state, and another shape. */
  #slotOf({ meta }: SnapshotTable): StateSlot {
    const id = JSON.stringify(meta);
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const sorter = new KeySorter();
    const slot: StateSlot = {
      meta,
      writer: new StateWriter(meta, this.#codecs),
      sorter,
      values: new ValueCollector(sorter),
      rows: new RowCollector(sorter),
      rowTries: MAX_ROW_TRIES,
      usesRows: false,
    };
    this.#slots.set(id, slot);
    return slot;
  }
}

/** {@link SegmentWriter.serialize} with buffers of its own. */
export function serializeTables(
  tables: readonly SnapshotTable[],
  options: SerializeOptions,
): SerializedSegment {
  return new SegmentWriter().serialize(tables, options);
}

function visit(table: SnapshotTable, slot: StateSlot, mode: 'BASE' | 'DELTA'): void {
  const { rows, values } = slot;
  slot.usesRows = false;
  if (mode === 'DELTA') {
    values.begin(table.changeCount);
    table.visitChanges(values);
    return;
  }
  if (slot.rowTries > 0) {
    rows.begin(table.size, (value) => slot.writer.codecFor(value));
    table.visitAll(rows);
    slot.usesRows = rows.fits;
    if (rows.fits) return;
    slot.rowTries--;
  }
  values.begin(table.size);
  table.visitAll(values);
}
function writeChunks(
  slots: readonly StateSlot[],
  options: SerializeOptions,
  buffers: ChunkBuffers,
): RawChunk[] {
  const { start, end } = options.keyGroups;
  const limitBytes = options.chunkRawBytes ?? CHUNK_RAW_BYTES;
  const filled = slots.filter(({ sorter }) => sorter.count > 0);
  const chunks: RawChunk[] = [];
  let first = -1;
  let last = -1;
  const cut = (): void => {
    if (first >= 0) chunks.push(sealChunk(filled, first, last, buffers));
    first = -1;
  };
  for (let group = start; group <= end; group++) {
    let sizeBytes = 0;
    for (const { sorter, writer, rows, values, usesRows } of filled) {
      const from = sorter.starts[group] ?? 0;
      const to = sorter.starts[group + 1] ?? from;
      if (from < to) {
        if (usesRows) writer.writeRows(rows, from, to);
        else writer.writeValues(values, from, to);
        if (first < 0) first = group;
        last = group;
      }
      sizeBytes += writer.sizeBytes;
    }
    if (sizeBytes >= limitBytes) cut();
  }
  cut();
  return chunks;
}

function sealChunk(
  slots: readonly StateSlot[],
  first: number,
  last: number,
  buffers: ChunkBuffers,
): RawChunk {
  const sections: SectionRecord[] = [];
  const parts: Uint8Array[] = [];
  let entryCount = 0;
  for (const { writer, sorter } of slots) {
    const sealed = writer.seal(sorter);
    const { puts, removes } = sealed.section;
    if (puts + removes > 0) {
      sections.push(sealed.section);
      parts.push(...sealed.parts);
      entryCount += puts + removes;
    }
  }
  const head = Buffer.from(JSON.stringify(sections), 'utf8');
  const bytes = buffers.take(parts.reduce((sum, part) => sum + part.length, 4 + head.length));
  bytes.writeUInt32LE(head.length, 0);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  for (const { writer } of slots) writer.reset();
  return { firstKeyGroup: first, lastKeyGroup: last, entryCount, bytes };
}
