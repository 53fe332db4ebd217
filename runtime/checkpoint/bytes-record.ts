/**
 * Bytes of a checkpoint, inside a record or as a blob. What is read is what was written, or an
 * error: a blob has its size and checksum in the record; who puts bytes inside a record checks
 * them by a checksum of its own or by the manifest's.
 */
import { crc32 } from 'node:zlib';
import { StreamError } from '../core/index.ts';
import type { BytesRecord } from '../protocol/index.ts';
import type { BlobStore } from './blob-store.ts';

/** Bytes below this size lie inside the record: a blob costs a request and a row. */
const INLINE_LIMIT_BYTES = 20 * 1024;

/**
 * Writes a blob, or nothing when the bytes are few.
 *
 * @param location of the blob, or beside which the store places it.
 * @throws {StreamError} as {@link BlobStore.put}.
 */
export async function storeBytes(
  bytes: Uint8Array,
  blobs: BlobStore,
  location: string,
): Promise<BytesRecord> {
  const limitBytes = blobs.inlineLimitBytes ?? INLINE_LIMIT_BYTES;
  if (bytes.length < limitBytes) return { inlineBase64: bufferOf(bytes).toString('base64') };
  const placed = blobs.place?.(location, bytes.length) ?? location;
  await blobs.put(placed, bytes);
  return { location: placed, sizeBytes: bytes.length, crc32: crc32(bytes) };
}

/**
 * All the bytes, checked. Locations must be absolute.
 *
 * @throws {StreamError} kind `data`, code `SEGMENT_CORRUPT`; as {@link BlobStore.get}.
 */
export async function loadBytes(record: BytesRecord, blobs: BlobStore): Promise<Uint8Array> {
  if ('inlineBase64' in record) return Buffer.from(record.inlineBase64, 'base64');
  const { location, sizeBytes } = record;
  const bytes = await blobs.get(location);
  if (bytes.length !== sizeBytes) {
    throw corruptBytes('has another size than when it was written', location, {
      expected: `${sizeBytes} bytes`,
      found: `${bytes.length} bytes`,
    });
  }
  const found = crc32(bytes);
  if (found === record.crc32) return bytes;
  throw corruptBytes('does not match its checksum', location, {
    expected: checksumText(record.crc32),
    found: checksumText(found),
  });
}

/** Bytes that are stored for a record: of the blob, or of the bytes inside the record. */
export function storedSizeBytes(record: BytesRecord): number {
  if ('location' in record) return record.sizeBytes;
  return Buffer.byteLength(record.inlineBase64, 'base64');
}

/** What messages call the place of the bytes. */
export function placeOfBytes(record: BytesRecord): string {
  return 'location' in record ? record.location : 'inside the manifest';
}

/** As messages show it: eight hexadecimal digits. */
export function checksumText(checksum: number): string {
  return (checksum >>> 0).toString(16).padStart(8, '0');
}

/** What is said of persisted bytes that cannot be trusted. */
export function corruptBytes(
  what: string,
  blob: string,
  values: Readonly<Record<string, string | number>>,
  cause?: unknown,
): StreamError {
  const shown = Object.entries(values).map(([name, value]) => ` ${name}=${value}`);
  return new StreamError({
    kind: 'data',
    code: 'SEGMENT_CORRUPT',
    message: `stored state ${what}, restore from another checkpoint or savepoint or bring back the blob from a copy: blob=${blob}${shown.join('')}`,
    details: { blob, ...values },
    cause,
  });
}

/** The same memory as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
