/**
 * Savepoints, and other checkpoints taken by their path.
 *
 * - I1: a savepoint exists if, and only if, its `_metadata` does; all it refers to lies in its
 *   directory, so that the directory can be moved and copied.
 * - I2: nobody but its owner, by the two functions below, deletes any of it.
 */
import type { BlobStore } from './blob-store.ts';
import { putOnce } from './checkpoint-store.ts';
import { isErrorWithCode, storageError } from './errors.ts';
import { encodeManifest, readManifest } from './manifest-codec.ts';
import type { CheckpointManifest } from './manifest-record.ts';
import { METADATA_NAME, manifestLocation, nameOf, parentOf } from './paths.ts';

/** A savepoint or checkpoint to start from. */
export interface RestorePoint {
  /** Directory of its `_metadata`. */
  readonly path: string;
  readonly manifest: CheckpointManifest;
}

/**
 * Makes a savepoint exist, after its blobs.
 *
 * @param path its directory; `savepointDirectory` gives new ones.
 * @throws {StreamError} `CHECKPOINT_ID_TAKEN` when the directory holds another; of the store.
 */
export async function writeSavepoint(
  blobs: BlobStore,
  path: string,
  manifest: CheckpointManifest,
): Promise<void> {
  const location = manifestLocation(path);
  if (await putOnce(blobs, location, encodeManifest(manifest, location))) return;
  const text = 'a directory holds another savepoint already: take a new one';
  throw storageError('conflict', 'CHECKPOINT_ID_TAKEN', text, { path });
}

/**
 * The directory of the checkpoint a user means.
 *
 * @param path a savepoint's or checkpoint's directory, or its `_metadata`.
 * @throws {StreamError} kind `invalid`: `RESTORE_PATH_NOT_FOUND`; `RESTORE_PATH_AMBIGUOUS` when
 * checkpoints lie below.
 */
export async function resolveRestorePath(blobs: BlobStore, path: string): Promise<string> {
  const trimmed = path.replace(/\/+$/, '');
  const directory = nameOf(trimmed) === METADATA_NAME ? parentOf(trimmed) : trimmed;
  if (await exists(blobs, manifestLocation(directory))) return directory;
  const below = (await blobs.list(directory))
    .filter(({ location }) => nameOf(location) === METADATA_NAME)
    .map(({ location }) => parentOf(location))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  if (below.length === 0) {
    const text = 'there is no savepoint or checkpoint: give a directory that holds a _metadata';
    throw storageError('invalid', 'RESTORE_PATH_NOT_FOUND', text, { path });
  }
  const text = 'a directory is no checkpoint, but holds some: give one of them';
  const checkpoints = below.slice(-10).join(',');
  throw storageError('invalid', 'RESTORE_PATH_AMBIGUOUS', text, { path, checkpoints });
}

/** @throws {StreamError} as {@link resolveRestorePath} and `decodeManifest`. */
export async function openRestorePoint(blobs: BlobStore, path: string): Promise<RestorePoint> {
  const directory = await resolveRestorePath(blobs, path);
  const manifest = await readManifest(blobs, manifestLocation(directory));
  return { path: directory, manifest };
}

async function exists(blobs: BlobStore, location: string): Promise<boolean> {
  try {
    await blobs.get(location, { offsetBytes: 0, sizeBytes: 1 });
    return true;
  } catch (thrown) {
    if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return false;
    throw thrown;
  }
}
