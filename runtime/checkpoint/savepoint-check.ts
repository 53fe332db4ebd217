import { crc32 } from 'node:zlib';
import type { StreamError } from '../core/index.ts';
import type { BlobStore } from './blob-store.ts';
import { isErrorWithCode, storageError } from './errors.ts';
import { manifestBlobs } from './manifest-locations.ts';
import type { CheckpointManifest } from './manifest-record.ts';
import type { BlobBytes } from './manifest-shape.ts';
import { openRestorePoint, type RestorePoint } from './savepoint.ts';

const READS_AT_ONCE = 8;

/**
 * Reads a checkpoint and everything it refers to.
 *
 * @throws {StreamError} the first thing that is wrong: as `openRestorePoint` and
 * {@link checkBlobs}.
 */
export async function verifySavepoint(blobs: BlobStore, path: string): Promise<RestorePoint> {
  const point = await openRestorePoint(blobs, path);
  const [problem] = await checkBlobs(blobs, point.manifest);
  if (problem !== undefined) throw problem;
  return point;
}

/**
 * Reads every blob of a manifest.
 *
 * @returns what is wrong, kind `data`, by location: `STATE_BLOB_MISSING`, `STATE_BLOB_TRUNCATED`,
 * `STATE_BLOB_CORRUPT`.
 * @throws {StreamError} of the store, other than for a missing blob.
 */
export async function checkBlobs(
  blobs: BlobStore,
  manifest: CheckpointManifest,
): Promise<readonly StreamError[]> {
  const problems: StreamError[] = [];
  const waiting = [...manifestBlobs(manifest).values()];
  const work = async (): Promise<void> => {
    for (let blob = waiting.pop(); blob !== undefined; blob = waiting.pop()) {
      const problem = await checkBlob(blobs, blob);
      if (problem !== undefined) problems.push(problem);
    }
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, work));
  return problems.sort((a, b) => (a.message < b.message ? -1 : 1));
}

async function checkBlob(blobs: BlobStore, expected: BlobBytes): Promise<StreamError | undefined> {
  const { location, sizeBytes } = expected;
  let bytes: Uint8Array;
  try {
    bytes = await blobs.get(location);
  } catch (thrown) {
    if (!isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) throw thrown;
    const text = 'a file of a checkpoint is missing: copy the whole directory, or use another one';
    return storageError('data', 'STATE_BLOB_MISSING', text, { path: location, sizeBytes }, thrown);
  }
  if (bytes.length !== sizeBytes) {
    const text = 'a file of a checkpoint has a wrong size: copy it again, or use another one';
    const details = { path: location, sizeBytes: bytes.length, expectedSizeBytes: sizeBytes };
    return storageError('data', 'STATE_BLOB_TRUNCATED', text, details);
  }
  const actual = crc32(bytes);
  if (actual === expected.crc32) return undefined;
  const text = 'a file of a checkpoint is damaged: copy it again, or use another one';
  const details = { path: location, expectedCrc32: hex(expected.crc32), actualCrc32: hex(actual) };
  return storageError('data', 'STATE_BLOB_CORRUPT', text, details);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
