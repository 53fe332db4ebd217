/**
 * Bytes of a `_metadata` file: one header line, then JSON. See `docs/formats/manifest-1.md`.
 *
 *     SLUICE-MANIFEST <formatVersion> <sizeBytes of the JSON> <crc32, 8 hex digits>\n
 *
 * - I1: the header line has this form in every version, and its checksum covers the line up to
 *   the checksum, and the JSON: no single changed byte goes unnoticed.
 * - I2: in bytes, locations below the root are relative to it; in memory all are absolute.
 * - I3: the same manifest gives the same bytes.
 */
import { crc32 } from 'node:zlib';
import { isStreamError, type StreamError } from '../core/index.ts';
import type { BlobStore } from './blob-store.ts';
import { type StorageErrorCode, storageError } from './errors.ts';
import { isAbsolute, mapLocations, relativeTo, resolveLocation } from './manifest-locations.ts';
import { type CheckpointManifest, MANIFEST_FORMAT_VERSION } from './manifest-record.ts';
import { manifestShape } from './manifest-shape.ts';
import { manifestRoot } from './paths.ts';

const MAGIC = 'SLUICE-MANIFEST';
const HEADER = /^SLUICE-MANIFEST (\d{1,9}) (\d{1,15}) ([0-9a-f]{8})$/;
const MAX_HEADER_BYTES = 64;
const CORRUPT_ADVICE =
  'the file is damaged: copy it again from where it came, or restore from another checkpoint';

/** @param location where the bytes will lie; locations of blobs become relative to its root. */
export function encodeManifest(manifest: CheckpointManifest, location: string): Uint8Array {
  const root = manifestRoot(location, manifest.kind);
  const relative = mapLocations(manifest, (blob) => relativeTo(root, blob));
  const body = Buffer.from(JSON.stringify({ ...relative, formatVersion: MANIFEST_FORMAT_VERSION }));
  const start = `${MAGIC} ${MANIFEST_FORMAT_VERSION} ${body.length} `;
  return Buffer.concat([Buffer.from(`${start}${checksum(start, body)}\n`), body]);
}

/**
 * @param location where the bytes lay.
 * @throws {StreamError} kind `data`: `NOT_A_MANIFEST`, `MANIFEST_TRUNCATED`, `MANIFEST_CORRUPT`,
 * `MANIFEST_VERSION_NEWER`.
 */
export function decodeManifest(bytes: Uint8Array, location: string): CheckpointManifest {
  const { version, body } = openEnvelope(Buffer.from(bytes), location);
  if (version > MANIFEST_FORMAT_VERSION) {
    const advice = 'a checkpoint was written by a newer release: restore it with that release';
    throw manifestError('MANIFEST_VERSION_NEWER', advice, location, {
      formatVersion: version,
      newestKnownVersion: MANIFEST_FORMAT_VERSION,
    });
  }
  try {
    const manifest = manifestShape(JSON.parse(body.toString('utf8')), 'manifest');
    const root = manifestRoot(location, manifest.kind);
    return mapLocations(manifest, (blob) => resolveLocation(root, checkedLocation(blob)));
  } catch (thrown) {
    const reason = isStreamError(thrown) ? thrown.message : String(thrown);
    const text = "a checkpoint's _metadata has a good checksum but does not read as a manifest";
    throw manifestError('MANIFEST_CORRUPT', `${text}: report it`, location, { reason }, thrown);
  }
}

/** @throws {StreamError} as {@link decodeManifest} and `BlobStore.get`. */
export async function readManifest(
  blobs: BlobStore,
  location: string,
): Promise<CheckpointManifest> {
  return decodeManifest(await blobs.get(location), location);
}

interface Envelope {
  readonly version: number;
  readonly body: Buffer;
}

function openEnvelope(bytes: Buffer, location: string): Envelope {
  const start = bytes.subarray(0, MAX_HEADER_BYTES).toString('latin1');
  const headerEnd = start.indexOf('\n');
  if (!start.startsWith(MAGIC)) {
    if (MAGIC.startsWith(start)) throw truncated(location, bytes.length);
    const advice = 'a _metadata file was not written by Sluice: check the path';
    throw manifestError('NOT_A_MANIFEST', advice, location, { startsWith: printable(start) });
  }
  if (headerEnd < 0 && bytes.length < MAX_HEADER_BYTES) throw truncated(location, bytes.length);
  const match = HEADER.exec(start.slice(0, Math.max(0, headerEnd)));
  if (match === null) {
    const header = printable(start);
    throw manifestError('MANIFEST_CORRUPT', CORRUPT_ADVICE, location, { header });
  }
  const [line, version, sizeBytes, expectedCrc32 = ''] = match;
  const body = bytes.subarray(headerEnd + 1);
  if (body.length < Number(sizeBytes)) {
    throw truncated(location, bytes.length, headerEnd + 1 + Number(sizeBytes));
  }
  const actualCrc32 = checksum(line.slice(0, -expectedCrc32.length), body);
  if (actualCrc32 !== expectedCrc32) {
    const details = { expectedCrc32, actualCrc32 };
    throw manifestError('MANIFEST_CORRUPT', CORRUPT_ADVICE, location, details);
  }
  return { version: Number(version), body };
}

/** Of the header up to the checksum, and the body. */
function checksum(start: string, body: Uint8Array): string {
  return crc32(body, crc32(start)).toString(16).padStart(8, '0');
}

function checkedLocation(location: string): string {
  const escapes = !isAbsolute(location) && location.split('/').includes('..');
  if (location !== '' && !escapes) return location;
  throw new RangeError(`a location leaves the root location=${location}`);
}

function truncated(location: string, sizeBytes: number, expectedSizeBytes?: number): StreamError {
  const advice = 'a _metadata file ends too early: copy it again from where it came';
  return manifestError('MANIFEST_TRUNCATED', advice, location, {
    sizeBytes,
    ...(expectedSizeBytes === undefined ? {} : { expectedSizeBytes }),
  });
}

function printable(start: string): string {
  return start.slice(0, 24).replace(/[^\x20-\x7e]/g, '.');
}

function manifestError(
  code: StorageErrorCode,
  text: string,
  path: string,
  details: Readonly<Record<string, string | number>>,
  cause?: unknown,
): StreamError {
  return storageError('data', code, text, { path, ...details }, cause);
}
