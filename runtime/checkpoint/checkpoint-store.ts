/**
 * The completed checkpoints of one job.
 *
 * - I1: the manifest is there before the row, and the row goes before the manifest: what the log
 *   lists can be loaded.
 * - I2: a write that failed may have happened; what is stored decides. A completed checkpoint is
 *   never reported as failed, nor the other way round; when storage does not answer, the error is
 *   `CHECKPOINT_OUTCOME_UNKNOWN`, and nothing of the checkpoint is deleted until it is known.
 * - I3: a fenced caller deletes nothing.
 */
import { crc32 } from 'node:zlib';
import type { BlobInfo, BlobStore } from './blob-store.ts';
import { CheckpointLog, type CheckpointRowRecord, idTaken } from './checkpoint-log.ts';
import { isErrorWithCode, storageError } from './errors.ts';
import { decideGarbage, type LiveManifest } from './garbage.ts';
import { decodeManifest, encodeManifest, readManifest } from './manifest-codec.ts';
import { manifestBlobs } from './manifest-locations.ts';
import type { CheckpointManifest } from './manifest-record.ts';
import {
  CLAIM_NAME,
  checkpointDirectory,
  jobRoot,
  manifestLocation,
  nameOf,
  parentOf,
  parseCheckpointDirectory,
  parseSegmentLocation,
  sharedDirectory,
} from './paths.ts';
import type { RowStore, RowWrite } from './row-store.ts';

export interface CheckpointStoreParts {
  readonly blobs: BlobStore;
  readonly rows: RowStore;
  /** Checkpoint directory, of all jobs. */
  readonly directory: string;
  readonly jobId: string;
}

/** A checkpoint of the log. */
export interface CompletedCheckpoint extends CheckpointRowRecord {
  /** Its directory, `…/chk-<n>`. */
  readonly path: string;
}

export type CompleteResult =
  | { readonly type: 'completed'; readonly path: string }
  /** Somebody else is in charge of the job: stop, and write nothing. */
  | { readonly type: 'fenced' };

export interface GarbageOptions {
  /** Attempts of tasks that run or are about to. */
  readonly attemptsInUse: readonly number[];
  /** Checkpoints that may yet complete. */
  readonly pendingIds: readonly number[];
  /** Steps that fail when the caller is no longer in charge of the job. */
  readonly fence: readonly RowWrite[];
}

export type GarbageResult =
  | {
      readonly type: 'collected';
      readonly deleted: readonly string[];
      /** Could not be deleted; the next collection tries again. */
      readonly failed: readonly string[];
    }
  | { readonly type: 'fenced' };

export class CheckpointStore {
  readonly #blobs: BlobStore;
  readonly #directory: string;
  readonly #jobId: string;
  readonly #log: CheckpointLog;
  /** By id; manifests never change. */
  readonly #live = new Map<number, LiveManifest>();
  #tail: Promise<unknown> = Promise.resolve();

  private constructor({ blobs, rows, directory, jobId }: CheckpointStoreParts) {
    this.#blobs = blobs;
    this.#directory = directory;
    this.#jobId = jobId;
    this.#log = new CheckpointLog(rows, jobId);
  }

  /** Call it after a predecessor has been fenced off, so that nothing of it arrives later. */
  static async open(parts: CheckpointStoreParts): Promise<CheckpointStore> {
    const store = new CheckpointStore(parts);
    await store.#log.open();
    return store;
  }

  /** What the barriers of this job's checkpoints carry. */
  get sharedDirectory(): string {
    return sharedDirectory(this.#directory, this.#jobId);
  }

  /** Directories of checkpoints of which it is not known whether they were completed. */
  get undecidedPaths(): readonly string[] {
    return this.#log.undecidedIds.map((id) => this.pathOf(id));
  }

  /** The directory of a checkpoint, completed or not. */
  pathOf(checkpointId: number): string {
    return checkpointDirectory(this.#directory, this.#jobId, checkpointId);
  }

  /**
   * Makes a checkpoint exist. Calls take effect one after the other; repeating one is fine.
   *
   * @param fence steps of the same write: checks that fail when the caller is no longer in
   * charge, and other rows to change with it.
   * @throws {StreamError} `CHECKPOINT_ID_TAKEN`: the id was used by somebody before;
   * `CHECKPOINT_OUTCOME_UNKNOWN`: see I2, count it as failed; of the blob store: it has failed.
   */
  complete(manifest: CheckpointManifest, fence: readonly RowWrite[]): Promise<CompleteResult> {
    const completed = this.#tail.then(() => this.#complete(manifest, fence));
    this.#tail = completed.catch(() => {});
    return completed;
  }

  /** Oldest first. */
  async list(): Promise<readonly CompletedCheckpoint[]> {
    const rows = await this.#log.list();
    return rows.map((row) => ({ ...row, path: this.pathOf(row.checkpointId) }));
  }

  /** The newest, from which a job restarts. */
  async latest(): Promise<CompletedCheckpoint | undefined> {
    return (await this.list()).at(-1);
  }

  /** @throws {StreamError} `CHECKPOINT_NOT_FOUND`, kind `invalid`; as `decodeManifest`. */
  async load(checkpointId: number): Promise<CheckpointManifest> {
    if ((await this.#log.get(checkpointId)) === undefined) {
      const text = 'a job has no such checkpoint: list its checkpoints';
      const details = { jobId: this.#jobId, checkpointId };
      throw storageError('invalid', 'CHECKPOINT_NOT_FOUND', text, details);
    }
    return await readManifest(this.#blobs, manifestLocation(this.pathOf(checkpointId)));
  }

  /** An id that no checkpoint of this job has, nor any blob. */
  async nextCheckpointId(): Promise<number> {
    const blobs = await this.#blobs.list(this.#root);
    const used = blobs.map(
      ({ location }) =>
        parseCheckpointDirectory(parentOf(location)) ??
        parseSegmentLocation(location)?.checkpointId ??
        0,
    );
    return used.reduce((a, b) => Math.max(a, b), await this.#log.newestId()) + 1;
  }

  /**
   * Ends a checkpoint's existence: row first, then `_metadata`, which stays if another job has
   * claimed it. Its segments are left to {@link collectGarbage}.
   */
  async drop(checkpointId: number, fence: readonly RowWrite[]): Promise<'dropped' | 'fenced'> {
    const removed = await this.#log.remove([checkpointId], fence);
    if (removed === 'fenced') return 'fenced';
    this.#live.delete(checkpointId);
    const path = this.pathOf(checkpointId);
    const claims = await this.#blobs.list(path);
    if (!claims.some(({ location }) => nameOf(location) === CLAIM_NAME)) {
      await this.#blobs.delete(manifestLocation(path));
    }
    return 'dropped';
  }

  /** Whether somebody else is in charge of the job by now. */
  isFencedOff(fence: readonly RowWrite[]): Promise<boolean> {
    return this.#log.isFencedOff(fence);
  }

  /** Deletes what no checkpoint refers to and none will; see `garbage.ts`. */
  async collectGarbage(options: GarbageOptions): Promise<GarbageResult> {
    if (await this.#log.isFencedOff(options.fence)) return { type: 'fenced' };
    // Listed first: what is written from now on is not looked at.
    const blobs = await this.#blobs.list(this.#root);
    const ids = (await this.#log.list()).map(({ checkpointId }) => checkpointId);
    const liveManifests = [...(await this.#loadLive(ids)), ...(await this.#claimed(blobs, ids))];
    const newestCompletedId = ids.at(-1) ?? 0;
    const facts = { root: this.#root, blobs, liveManifests, newestCompletedId, ...options };
    const outcomes = await deleteAll(this.#blobs, decideGarbage(facts));
    return { type: 'collected', ...outcomes };
  }

  /**
   * After the job has ended for good.
   *
   * @param retain keep the completed checkpoints; without, everything of the job goes, but for
   * checkpoints another job has claimed.
   */
  async dispose(retain: boolean, fence: readonly RowWrite[]): Promise<GarbageResult> {
    const ids = retain ? [] : (await this.#log.list()).map(({ checkpointId }) => checkpointId);
    for (let from = 0; from < ids.length; from += 50) {
      const removed = await this.#log.remove(ids.slice(from, from + 50), fence);
      if (removed === 'fenced') return { type: 'fenced' };
    }
    for (const id of ids) this.#live.delete(id);
    return await this.collectGarbage({ attemptsInUse: [], pendingIds: [], fence });
  }

  get #root(): string {
    return jobRoot(this.#directory, this.#jobId);
  }

  async #complete(
    manifest: CheckpointManifest,
    fence: readonly RowWrite[],
  ): Promise<CompleteResult> {
    const { checkpointId, triggeredAtEpochMs, completedAtEpochMs, full } = manifest;
    const path = this.pathOf(checkpointId);
    const location = manifestLocation(path);
    const bytes = encodeManifest(manifest, location);
    if (!(await putOnce(this.#blobs, location, bytes))) throw idTaken({ checkpointId });
    // The locations a reader will see.
    this.#live.set(checkpointId, liveManifest(decodeManifest(bytes, location), location));
    const row: CheckpointRowRecord = {
      checkpointId,
      triggeredAtEpochMs,
      completedAtEpochMs,
      full,
      manifestSizeBytes: bytes.length,
      manifestCrc32: crc32(bytes),
    };
    const outcome = await this.#log.append(row, fence);
    return outcome === 'completed' ? { type: 'completed', path } : { type: 'fenced' };
  }

  async #loadLive(ids: readonly number[]): Promise<readonly LiveManifest[]> {
    const live: LiveManifest[] = [];
    for (const id of new Set([...ids, ...this.#log.undecidedIds])) {
      const location = manifestLocation(this.pathOf(id));
      const known = this.#live.get(id);
      const manifest = known ?? liveManifest(await readManifest(this.#blobs, location), location);
      this.#live.set(id, manifest);
      live.push(manifest);
    }
    return live;
  }

  /** Checkpoints that are no longer this job's, but another's. */
  async #claimed(
    blobs: readonly BlobInfo[],
    ids: readonly number[],
  ): Promise<readonly LiveManifest[]> {
    const locations = new Set(blobs.map(({ location }) => location));
    const claims = blobs
      .filter(({ location }) => nameOf(location) === CLAIM_NAME)
      .map(({ location }) => parentOf(location))
      .filter((path) => !ids.some((id) => this.pathOf(id) === path))
      .map(manifestLocation)
      .filter((location) => locations.has(location));
    return await Promise.all(
      claims.map(async (location) =>
        liveManifest(await readManifest(this.#blobs, location), location),
      ),
    );
  }
}

/**
 * Creates a blob, or finds it there with these bytes.
 *
 * @returns false when other bytes are there.
 * @throws {StreamError} of the store, when it is not there.
 */
export async function putOnce(
  blobs: BlobStore,
  location: string,
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    await blobs.put(location, bytes);
    return true;
  } catch (thrown) {
    // A put that failed may have happened.
    const exists = isErrorWithCode(thrown, 'BLOB_EXISTS');
    const stored = await blobs.get(location).catch((unread: unknown) => {
      throw exists ? unread : thrown;
    });
    return Buffer.compare(stored, bytes) === 0;
  }
}

/** Deletes each; a failure does not stop the others. */
export async function deleteAll(
  blobs: BlobStore,
  locations: readonly string[],
): Promise<{ readonly deleted: readonly string[]; readonly failed: readonly string[] }> {
  const failed = new Set(await (blobs.deleteMany?.(locations) ?? deleteEach(blobs, locations)));
  return { deleted: locations.filter((location) => !failed.has(location)), failed: [...failed] };
}

async function deleteEach(blobs: BlobStore, locations: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  for (const location of locations) {
    await blobs.delete(location).catch(() => failed.push(location));
  }
  return failed;
}

function liveManifest(manifest: CheckpointManifest, location: string): LiveManifest {
  const references = new Set(manifestBlobs(manifest).keys());
  return { location, checkpointId: manifest.checkpointId, references };
}
