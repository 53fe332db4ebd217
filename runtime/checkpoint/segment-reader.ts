/**
 * Reads segments back. Loading fetches, checks and decompresses the chunks that hold wanted key
 * groups; filling decodes one state's entries straight into its table.
 *
 * I1  Nothing reaches a table before every chunk of its segment was checked.
 * I2  Entries of other key groups are skipped.
 */
import { crc32 } from 'node:zlib';
import { type EncodedKey, hashKey, type KeyGroupRange, keyGroupOf } from '../core/index.ts';
import { byteText, type CodecCache, DecodeCursor, readValue } from '../exchange/index.ts';
import type {
  KeyedSegmentRecord,
  KeyedStateMetaRecord,
  SegmentChunkRecord,
} from '../protocol/index.ts';
import { flattenStrings, type RestoreTarget } from '../state/index.ts';
import type { BlobStore } from './blob-store.ts';
import { bufferOf, checksumText, corruptBytes, placeOfBytes } from './bytes-record.ts';
import { isErrorWithCode } from './errors.ts';
import {
  decodeHeader,
  type PartRecord,
  SEGMENT_HEADER_BYTES,
  type SectionRecord,
} from './segment-format.ts';
import { inParallel } from './segment-store.ts';
import { decompress } from './zstd.ts';

const CONCURRENCY = 4;

interface LoadedSection {
  readonly section: SectionRecord;
  /** Where its bytes begin. */
  readonly start: number;
}

interface LoadedChunk {
  readonly chunk: SegmentChunkRecord;
  readonly bytes: Buffer;
  readonly sections: readonly LoadedSection[];
}

/** A segment in memory, for the key groups it was loaded for. */
export class LoadedSegment {
  readonly #blob: string;
  readonly #maxParallelism: number;
  readonly #keyGroups: KeyGroupRange;
  readonly #chunks: readonly LoadedChunk[];

  constructor(
    blob: string,
    maxParallelism: number,
    keyGroups: KeyGroupRange,
    chunks: readonly LoadedChunk[],
  ) {
    this.#blob = blob;
    this.#maxParallelism = maxParallelism;
    this.#keyGroups = keyGroups;
    this.#chunks = chunks;
  }

  /** The states that have entries in the loaded chunks, each once. */
  states(): readonly KeyedStateMetaRecord[] {
    const sections = this.#chunks.flatMap((chunk) => chunk.sections);
    const states = sections.map(({ section }) => [stateId(section.state), section.state] as const);
    return [...new Map(states).values()];
  }

  /**
   * Puts and removes the entries of one state.
   *
   * @param state one of {@link states}.
   * @param codecs shared by the segments of a restore, so that code is generated once.
   * @returns the number of entries put or removed.
   * @throws {StreamError} kind `data`, code `SEGMENT_CORRUPT`.
   */
  fill(state: KeyedStateMetaRecord, target: RestoreTarget, codecs: CodecCache): number {
    const id = stateId(state);
    let entries = 0;
    for (const { chunk, bytes, sections } of this.#chunks) {
      for (const { section, start } of sections) {
        if (stateId(section.state) !== id) continue;
        const filter = this.#filterOf(chunk);
        try {
          entries += readSection(section, bytes, start, target, codecs, filter);
        } catch (cause) {
          // The job's own migration, and not the bytes.
          if (isErrorWithCode(cause, 'STATE_MIGRATION_FAILED')) throw cause;
          throw corruptBytes(
            'cannot be decoded',
            this.#blob,
            { state: state.name, ...chunkName(chunk) },
            cause,
          );
        }
      }
    }
    return entries;
  }

  /** Undefined when all of the chunk is wanted. */
  #filterOf(chunk: SegmentChunkRecord): ((key: EncodedKey) => boolean) | undefined {
    const { start, end } = this.#keyGroups;
    if (chunk.firstKeyGroup >= start && chunk.lastKeyGroup <= end) return undefined;
    return (key) => {
      const keyGroup = keyGroupOf(hashKey(key), this.#maxParallelism);
      return keyGroup >= start && keyGroup <= end;
    };
  }
}

/**
 * @param record with an absolute location.
 * @throws {StreamError} kind `data`, codes `SEGMENT_CORRUPT`, `SEGMENT_VERSION_NEWER`; as
 * {@link BlobStore.get}.
 */
export async function loadSegment(
  record: KeyedSegmentRecord,
  blobs: BlobStore,
  keyGroups: KeyGroupRange,
): Promise<LoadedSegment> {
  const blob = placeOfBytes(record.bytes);
  const wanted = record.chunks.filter(
    ({ firstKeyGroup, lastKeyGroup }) =>
      firstKeyGroup <= keyGroups.end && lastKeyGroup >= keyGroups.start,
  );
  const [head, bodies] = await readBytes(record, wanted, blobs);
  const { maxParallelism, kind, chunkCount, checkpointId } = decodeHeader(head, blob);
  const here = `${kind} of checkpoint ${checkpointId} with ${chunkCount} chunks`;
  const said = `${record.kind} of checkpoint ${record.checkpointId} with ${record.chunks.length} chunks`;
  if (here !== said) {
    throw corruptBytes('is another segment than the manifest names', blob, {
      expected: said,
      found: here,
    });
  }
  const chunks = await inParallel(wanted, CONCURRENCY, (chunk) => loadChunk(chunk, bodies, blob));
  return new LoadedSegment(blob, maxParallelism, keyGroups, chunks);
}

/** The bytes at an offset of the blob, as far as there are any. */
type ReadAt = (offsetBytes: number, sizeBytes: number) => Buffer;

/** The header, and the wanted chunks with one request: they follow each other. */
async function readBytes(
  record: KeyedSegmentRecord,
  wanted: readonly SegmentChunkRecord[],
  blobs: BlobStore,
): Promise<readonly [Uint8Array, ReadAt]> {
  const { bytes } = record;
  if ('inlineBase64' in bytes) {
    const all = Buffer.from(bytes.inlineBase64, 'base64');
    return [all, (offset, size) => all.subarray(offset, offset + size)];
  }
  const { location, sizeBytes } = bytes;
  if (wanted.length === record.chunks.length) {
    const all = bufferOf(await blobs.get(location));
    if (all.length !== sizeBytes) throw wrongSize(location, sizeBytes, all.length);
    return [all, (offset, size) => all.subarray(offset, offset + size)];
  }
  const head = await blobs.get(location, { offsetBytes: 0, sizeBytes: SEGMENT_HEADER_BYTES });
  const from = Math.min(...wanted.map(({ offsetBytes }) => offsetBytes));
  const to = Math.max(...wanted.map((chunk) => chunk.offsetBytes + chunk.sizeBytes));
  if (wanted.length === 0) return [head, () => Buffer.alloc(0)];
  const body = bufferOf(await blobs.get(location, { offsetBytes: from, sizeBytes: to - from }));
  return [head, (offset, size) => body.subarray(offset - from, offset - from + size)];
}

async function loadChunk(
  chunk: SegmentChunkRecord,
  readAt: ReadAt,
  blob: string,
): Promise<LoadedChunk> {
  const stored = readAt(chunk.offsetBytes, chunk.sizeBytes);
  if (stored.length !== chunk.sizeBytes) {
    throw corruptBytes('ends before its last chunk does', blob, {
      ...chunkName(chunk),
      expected: `${chunk.sizeBytes} bytes`,
      found: `${stored.length} bytes`,
    });
  }
  const found = crc32(stored);
  if (found !== chunk.crc32) {
    throw corruptBytes('does not match its checksum', blob, {
      ...chunkName(chunk),
      expected: checksumText(chunk.crc32),
      found: checksumText(found),
    });
  }
  try {
    const bytes = await decompress(stored, chunk.rawSizeBytes);
    return { chunk, bytes, sections: sectionsOf(bytes) };
  } catch (cause) {
    throw corruptBytes('cannot be decompressed', blob, chunkName(chunk), cause);
  }
}

function sectionsOf(bytes: Buffer): LoadedSection[] {
  const headBytes = bytes.readUInt32LE(0);
  const sections = JSON.parse(bytes.toString('utf8', 4, 4 + headBytes)) as SectionRecord[];
  let start = 4 + headBytes;
  const loaded = sections.map((section) => {
    const at = start;
    for (const part of [...section.runs, section.keys, section.removed]) start = endOf(part, start);
    return { section, start: at };
  });
  if (start === bytes.length) return loaded;
  throw new RangeError(`sections end at ${start}, the chunk at ${bytes.length}`);
}

/** Subtasks may have held a name in different shapes. */
function stateId(state: KeyedStateMetaRecord): string {
  return JSON.stringify(state);
}

function endOf(part: PartRecord, start: number): number {
  return start + part.rowBytes + part.textBytes;
}

function readSection(
  section: SectionRecord,
  bytes: Buffer,
  start: number,
  target: RestoreTarget,
  codecs: CodecCache,
  wanted: ((key: EncodedKey) => boolean) | undefined,
): number {
  const { numberKeys, subKeys, runs } = section;
  const keysStart = runs.reduce((at, run) => endOf(run, at), start);
  const keys = cursorOf(section.keys, bytes, keysStart);
  const removed = cursorOf(section.removed, bytes, endOf(section.keys, keysStart));
  let entries = 0;
  let hasText = false;
  const takePlain = (value: unknown, rowKey: number): void => {
    target.restorePut(rowKey, undefined, value);
    entries++;
  };
  const take = (value: unknown, rowKey: number): void => {
    const key = numberKeys ? rowKey : (readValue(keys) as EncodedKey);
    const subKey = subKeys ? (readValue(keys) as EncodedKey | undefined) : undefined;
    if (wanted !== undefined && !wanted(key)) return;
    target.restorePut(key, subKey, hasText ? flattenStrings(value) : value);
    entries++;
  };
  let at = start;
  for (const run of runs) {
    hasText = run.textBytes > 0;
    const isPlain = numberKeys && !subKeys && wanted === undefined && !hasText;
    const record = isPlain ? takePlain : take;
    codecs.codecOf(run.layout, false).read(cursorOf(run, bytes, at), run.count, { record });
    at = endOf(run, at);
  }
  for (let i = 0; i < section.removes; i++) {
    const key = readValue(removed) as EncodedKey;
    const subKey = subKeys ? (readValue(removed) as EncodedKey | undefined) : undefined;
    if (wanted !== undefined && !wanted(key)) continue;
    target.restoreRemove(key, subKey);
    entries++;
  }
  return entries;
}

function cursorOf(part: PartRecord, bytes: Buffer, start: number): DecodeCursor {
  const window = byteText(bytes.buffer, bytes.byteOffset + start, part.rowBytes + part.textBytes);
  const view = new DataView(window.buffer, window.byteOffset, window.length);
  const cursor = new DecodeCursor(window, view);
  cursor.openText(part.text, part.rowBytes, part.rowBytes + part.textBytes);
  return cursor;
}

function chunkName({ firstKeyGroup, lastKeyGroup, offsetBytes }: SegmentChunkRecord): {
  readonly chunk: string;
  readonly offsetBytes: number;
} {
  return { chunk: `key groups ${firstKeyGroup}-${lastKeyGroup}`, offsetBytes };
}

function wrongSize(location: string, expected: number, found: number): Error {
  return corruptBytes('has another size than when it was written', location, {
    expected: `${expected} bytes`,
    found: `${found} bytes`,
  });
}
