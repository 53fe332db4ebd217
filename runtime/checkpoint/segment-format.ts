/**
 * The bytes of a segment that are not entries; `docs/formats/segment-1.md` describes them all.
 *
 * I1  The first 32 bytes have the same shape in every version: a reader can always tell a foreign
 *     blob, a damaged one and a newer one apart.
 */
import { crc32 } from 'node:zlib';
import { StreamError } from '../core/index.ts';
import type { Layout } from '../exchange/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import { bufferOf, checksumText, corruptBytes } from './bytes-record.ts';

export const SEGMENT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 32;
const MAGIC = 'SLUICESG';
const CHECKSUM_OFFSET = SEGMENT_HEADER_BYTES - 4;

/** What the blob itself says. */
export interface SegmentHeader {
  readonly kind: 'BASE' | 'DELTA';
  readonly maxParallelism: number;
  readonly chunkCount: number;
  readonly checkpointId: number;
}

/** Rows of one layout inside a section. */
export interface RunRecord extends PartRecord {
  readonly layout: Layout;
  readonly count: number;
}

/** Rows and behind them their text, see the row codecs. */
export interface PartRecord {
  readonly rowBytes: number;
  readonly textBytes: number;
  /** How the text is encoded: 0 ASCII, 1 UTF-8, 2 UTF-16. */
  readonly text: number;
}

/** Entries of one state inside a chunk. */
export interface SectionRecord {
  readonly state: KeyedStateMetaRecord;
  /** The keys are in the rows, as numbers. */
  readonly numberKeys: boolean;
  readonly subKeys: boolean;
  readonly puts: number;
  readonly removes: number;
  readonly runs: readonly RunRecord[];
  /** Keys, unless in the rows, and sub keys of the puts. */
  readonly keys: PartRecord;
  /** Keys and sub keys of removed entries. */
  readonly removed: PartRecord;
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt16LE(SEGMENT_VERSION, 8);
  bytes.writeUInt8(header.kind === 'BASE' ? 1 : 2, 10);
  bytes.writeUInt32LE(header.maxParallelism, 12);
  bytes.writeUInt32LE(header.chunkCount, 16);
  bytes.writeDoubleLE(header.checkpointId, 20);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKSUM_OFFSET)), CHECKSUM_OFFSET);
  return bytes;
}

/**
 * @param blob names the bytes in messages.
 * @throws {StreamError} kind `data`: `SEGMENT_CORRUPT`, `SEGMENT_VERSION_NEWER`.
 */
export function decodeHeader(stored: Uint8Array, blob: string): SegmentHeader {
  const bytes = bufferOf(stored);
  if (bytes.length < SEGMENT_HEADER_BYTES) {
    const expected = `${SEGMENT_HEADER_BYTES} bytes`;
    throw corruptBytes('ends before its header does', blob, {
      expected,
      found: `${bytes.length} bytes`,
    });
  }
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw corruptBytes('is not a segment of keyed state', blob, {
      expected: MAGIC,
      found: `0x${bytes.toString('hex', 0, MAGIC.length)}`,
    });
  }
  const expected = bytes.readUInt32LE(CHECKSUM_OFFSET);
  const found = crc32(bytes.subarray(0, CHECKSUM_OFFSET));
  if (expected !== found) {
    throw corruptBytes('does not match its checksum', blob, {
      part: 'header',
      expected: checksumText(expected),
      found: checksumText(found),
    });
  }
  assertVersion(bytes.readUInt16LE(8), SEGMENT_VERSION, blob);
  return {
    kind: bytes.readUInt8(10) === 1 ? 'BASE' : 'DELTA',
    maxParallelism: bytes.readUInt32LE(12),
    chunkCount: bytes.readUInt32LE(16),
    checkpointId: bytes.readDoubleLE(20),
  };
}

/** @throws {StreamError} kind `data`, code `SEGMENT_VERSION_NEWER`. */
export function assertVersion(version: number, known: number, blob: string): void {
  if (version <= known) return;
  throw new StreamError({
    kind: 'data',
    code: 'SEGMENT_VERSION_NEWER',
    message: `stored state was written by a newer version, restore with that version or a later one: blob=${blob} version=${version} newestKnown=${known}`,
    details: { blob, version, newestKnown: known },
  });
}
