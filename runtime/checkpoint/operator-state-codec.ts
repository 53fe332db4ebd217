/**
 * The bytes of one operator state: a list of values that describe themselves. Few and small, so
 * they are always written whole. `docs/formats/segment-1.md` describes them.
 *
 *     0   8  "SLUICEOL"
 *     8   2  version
 *    10   1  how the text of the items is encoded
 *    12   4  items
 *    16   4  bytes of the items without their text, uncompressed
 *    20   4  bytes of the items with their text, uncompressed
 *    24   4  CRC-32 of the compressed items
 *    28   4  CRC-32 of the 28 bytes before
 *    32      the items: one zstd frame
 */
import { crc32 } from 'node:zlib';
import { StreamError, toStreamError } from '../core/index.ts';
import {
  byteText,
  DecodeCursor,
  EncodeBuffer,
  layoutOfValue,
  readValue,
  writeValue,
} from '../exchange/index.ts';
import type {
  OperatorStateMode,
  OperatorStateRecord,
  RestoredListRecord,
} from '../protocol/index.ts';
import type { OperatorStateSnapshot } from '../state/index.ts';
import type { BlobStore } from './blob-store.ts';
import {
  bufferOf,
  checksumText,
  corruptBytes,
  loadBytes,
  placeOfBytes,
  storeBytes,
} from './bytes-record.ts';
import { assertVersion } from './segment-format.ts';
import { compress, decompress } from './zstd.ts';

const LIST_VERSION = 1;
const MAGIC = 'SLUICEOL';
const HEADER_BYTES = 32;

/** An operator state that no longer changes. */
export interface SerializedList {
  readonly name: string;
  readonly mode: OperatorStateMode;
  readonly itemCount: number;
  readonly items: Uint8Array;
  readonly rowBytes: number;
  readonly textMode: number;
}

/**
 * Synchronous: the items may change afterwards.
 *
 * @throws {StreamError} kind `user`, code `STATE_NOT_SERIALIZABLE`.
 */
export function serializeList({ name, mode, items }: OperatorStateSnapshot): SerializedList {
  const buffer = new EncodeBuffer(0, 1024);
  for (const [index, item] of items.entries()) {
    const end = writeValue(buffer, item, buffer.position, 0);
    if (end < 0) throw notSerializable(name, index, item);
    buffer.position = end;
  }
  const rowBytes = buffer.position;
  const textMode = buffer.text === '' ? 0 : buffer.sealText();
  const bytes = buffer.bytes.subarray(0, buffer.position);
  return { name, mode, itemCount: items.length, items: bytes, rowBytes, textMode };
}

/** @throws {StreamError} as {@link BlobStore.put}. */
export async function storeList(
  list: SerializedList,
  blobs: BlobStore,
  location: string,
): Promise<OperatorStateRecord> {
  const { name, mode, itemCount, items, rowBytes, textMode } = list;
  const body = await compress(items);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt16LE(LIST_VERSION, 8);
  header.writeUInt8(textMode, 10);
  header.writeUInt32LE(itemCount, 12);
  header.writeUInt32LE(rowBytes, 16);
  header.writeUInt32LE(items.length, 20);
  header.writeUInt32LE(crc32(body), 24);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  const bytes = await storeBytes(Buffer.concat([header, body]), blobs, location);
  return { name, mode, itemCount, bytes };
}

/**
 * Items `[from, to)`.
 *
 * @param record with an absolute location.
 * @throws {StreamError} kind `data`, codes `SEGMENT_CORRUPT`, `SEGMENT_VERSION_NEWER`; as
 * {@link BlobStore.get}.
 */
export async function loadList(record: RestoredListRecord, blobs: BlobStore): Promise<unknown[]> {
  if (record.from >= record.to) return [];
  const blob = placeOfBytes(record.bytes);
  const stored = bufferOf(await loadBytes(record.bytes, blobs));
  checkHeader(stored, record, blob);
  const body = stored.subarray(HEADER_BYTES);
  const expected = stored.readUInt32LE(24);
  checkChecksum('items', expected, crc32(body), blob);
  try {
    const sizeBytes = stored.readUInt32LE(20);
    const items = await decompress(body, sizeBytes);
    return readItems(items, stored.readUInt32LE(16), stored.readUInt8(10), record);
  } catch (cause) {
    throw corruptBytes('cannot be decoded', blob, { state: record.name }, cause);
  }
}

function readItems(
  bytes: Buffer,
  rowBytes: number,
  textMode: number,
  { from, to }: RestoredListRecord,
): unknown[] {
  const window = byteText(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(window.buffer, window.byteOffset, window.length);
  const cursor = new DecodeCursor(window, view);
  cursor.openText(textMode, rowBytes, bytes.length);
  const items: unknown[] = [];
  for (let i = 0; i < to; i++) {
    const item = readValue(cursor);
    if (i >= from) items.push(item);
  }
  return items;
}

function checkHeader(stored: Buffer, record: RestoredListRecord, blob: string): void {
  const state = record.name;
  if (stored.length < HEADER_BYTES) {
    const found = `${stored.length} bytes`;
    throw corruptBytes('ends before its header does', blob, { state, found });
  }
  if (stored.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    const found = `0x${stored.toString('hex', 0, MAGIC.length)}`;
    throw corruptBytes('is not an operator state', blob, { state, expected: MAGIC, found });
  }
  checkChecksum('header', stored.readUInt32LE(28), crc32(stored.subarray(0, 28)), blob);
  assertVersion(stored.readUInt16LE(8), LIST_VERSION, blob);
  const found = stored.readUInt32LE(12);
  if (found === record.itemCount && record.to <= found) return;
  const expected = `${record.itemCount} items`;
  throw corruptBytes('is another list than the manifest names', blob, {
    state,
    expected,
    found: `${found} items`,
  });
}

function checkChecksum(part: string, expected: number, found: number, blob: string): void {
  if (expected === found) return;
  throw corruptBytes('does not match its checksum', blob, {
    part,
    expected: checksumText(expected),
    found: checksumText(found),
  });
}

function notSerializable(state: string, index: number, item: unknown): StreamError {
  let reason = 'it cannot be encoded';
  try {
    layoutOfValue(item);
  } catch (thrown) {
    reason = toStreamError(thrown).message;
  }
  return new StreamError({
    kind: 'user',
    code: 'STATE_NOT_SERIALIZABLE',
    message: `an item in operator state cannot be written to a checkpoint, keep plain objects, arrays, Date, Map, Set, typed arrays or primitives in state and rebuild other things from them: ${reason}: state=${state} item=${index}`,
    details: { state, item: index },
  });
}
