/**
 * Who may delete a savepoint, or a checkpoint of another job.
 *
 * - I1: at most one job owns it: its claim is a blob beside `_metadata`, and a blob is created
 *   once, whatever cluster the jobs run on.
 * - I2: only blobs below its root go, never one that something else still refers to, and
 *   `_metadata` last: what was begun can be repeated.
 */
import { isStreamError } from '../core/index.ts';
import type { BlobStore } from './blob-store.ts';
import { deleteAll, putOnce } from './checkpoint-store.ts';
import { isErrorWithCode, storageError } from './errors.ts';
import { readManifest } from './manifest-codec.ts';
import { manifestBlobs } from './manifest-locations.ts';
import {
  CLAIM_NAME,
  METADATA_NAME,
  manifestLocation,
  manifestRoot,
  nameOf,
  parentOf,
  parseCheckpointDirectory,
} from './paths.ts';
import { record, text } from './record-shape.ts';
import { openRestorePoint, resolveRestorePath } from './savepoint.ts';

interface ClaimRecord {
  readonly jobId: string;
}

const claimShape = record<ClaimRecord>({ jobId: text }, {});

/**
 * Makes a job the owner. Claim before you verify: an owner that was dropping it may have deleted
 * it meanwhile.
 *
 * @returns its directory.
 * @throws {StreamError} `SAVEPOINT_CLAIMED`, kind `invalid`; as `resolveRestorePath`.
 */
export async function claimSavepoint(
  blobs: BlobStore,
  path: string,
  jobId: string,
): Promise<string> {
  const directory = await resolveRestorePath(blobs, path);
  const claim: ClaimRecord = { jobId };
  const bytes = Buffer.from(JSON.stringify(claim));
  try {
    if (await putOnce(blobs, claimLocation(directory), bytes)) return directory;
  } catch (thrown) {
    // Its owner has just deleted it: `_metadata`, and then the claim.
    if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return await claimSavepoint(blobs, path, jobId);
    throw thrown;
  }
  const owner = (await readClaim(blobs, directory)) ?? 'unknown';
  const advice = 'another job has claimed a savepoint: restore it with claim mode no_claim';
  const details = { path: directory, claimedByJobId: owner };
  throw storageError('invalid', 'SAVEPOINT_CLAIMED', advice, details);
}

/** Gives a claim up, when the job it was made for did not start. */
export async function unclaimSavepoint(
  blobs: BlobStore,
  directory: string,
  jobId: string,
): Promise<void> {
  if ((await readClaim(blobs, directory)) === jobId) await blobs.delete(claimLocation(directory));
}

/** The job that has claimed it. */
export async function readClaim(blobs: BlobStore, directory: string): Promise<string | undefined> {
  try {
    const bytes = await blobs.get(claimLocation(directory));
    return claimShape(JSON.parse(Buffer.from(bytes).toString('utf8')), CLAIM_NAME).jobId;
  } catch (thrown) {
    if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return undefined;
    const isUnreadable = !isStreamError(thrown) || thrown.code === 'RECORD_SHAPE';
    if (isUnreadable) return 'unknown';
    throw thrown;
  }
}

/**
 * Deletes a savepoint: `sluice savepoint -d`.
 *
 * @param isJobAlive whether a job, which has claimed it, may still need it.
 * @throws {StreamError} kind `invalid`: `SAVEPOINT_NOT_DISPOSABLE` when it is a checkpoint,
 * `SAVEPOINT_CLAIMED`; as `openRestorePoint`; of the store when not all could be deleted.
 */
export async function disposeSavepoint(
  blobs: BlobStore,
  path: string,
  isJobAlive: (jobId: string) => boolean | Promise<boolean>,
): Promise<readonly string[]> {
  const { path: directory, manifest } = await openRestorePoint(blobs, path);
  if (manifest.kind !== 'SAVEPOINT') {
    const advice = 'a path holds a checkpoint, no savepoint: its job deletes it';
    const details = { path: directory, jobId: manifest.jobId };
    throw storageError('invalid', 'SAVEPOINT_NOT_DISPOSABLE', advice, details);
  }
  const claimedByJobId = await readClaim(blobs, directory);
  if (claimedByJobId !== undefined && (await isJobAlive(claimedByJobId))) {
    const advice = 'a running job has claimed a savepoint: it deletes it when it needs it no more';
    const details = { path: directory, claimedByJobId };
    throw storageError('invalid', 'SAVEPOINT_CLAIMED', advice, details);
  }
  const owned = [...manifestBlobs(manifest).keys()].filter((location) =>
    location.startsWith(`${directory}/`),
  );
  const { failed } = await deleteAll(blobs, owned.sort());
  // The store says why, or they go now.
  for (const location of failed) await blobs.delete(location);
  const last = [claimLocation(directory), manifestLocation(directory)];
  for (const location of last) await blobs.delete(location);
  return [...owned, ...last];
}

/**
 * Deletes what a claimed savepoint or checkpoint has and its new owner needs no more; to be
 * called after checkpoints of the owner were dropped, until it is done.
 *
 * @param directory what `claimSavepoint` gave.
 * @param needed locations that live checkpoints of the owner refer to.
 */
export async function collectClaimed(
  blobs: BlobStore,
  directory: string,
  jobId: string,
  needed: ReadonlySet<string>,
): Promise<{ readonly done: boolean; readonly deleted: readonly string[] }> {
  const location = manifestLocation(directory);
  const owner = await readClaim(blobs, directory);
  if (owner !== jobId) return { done: true, deleted: [] };
  const manifest = await readManifest(blobs, location).catch((thrown: unknown) => {
    if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return undefined;
    throw thrown;
  });
  if (manifest === undefined) {
    await blobs.delete(claimLocation(directory));
    return { done: true, deleted: [] };
  }
  const root = manifestRoot(location, manifest.kind);
  const shared = manifest.kind === 'CHECKPOINT' ? await siblings(blobs, root, directory) : [];
  const kept = new Set([...needed, ...shared]);
  const owned = [...manifestBlobs(manifest).keys()].filter((blob) => blob.startsWith(`${root}/`));
  const outcome = await deleteAll(
    blobs,
    owned.filter((blob) => !kept.has(blob)),
  );
  const isNeeded = owned.some((blob) => needed.has(blob));
  if (isNeeded || outcome.failed.length > 0) return { done: false, deleted: outcome.deleted };
  await blobs.delete(location);
  await blobs.delete(claimLocation(directory));
  return { done: true, deleted: [...outcome.deleted, location] };
}

/** What the other checkpoints of the same job refer to. */
async function siblings(blobs: BlobStore, root: string, directory: string): Promise<string[]> {
  const manifests = (await blobs.list(root)).filter(
    ({ location }) =>
      nameOf(location) === METADATA_NAME &&
      parentOf(location) !== directory &&
      parentOf(parentOf(location)) === root &&
      parseCheckpointDirectory(parentOf(location)) !== undefined,
  );
  const references = await Promise.all(
    manifests.map(async ({ location }) => [
      ...manifestBlobs(await readManifest(blobs, location)).keys(),
    ]),
  );
  return references.flat();
}

function claimLocation(directory: string): string {
  return `${directory}/${CLAIM_NAME}`;
}
