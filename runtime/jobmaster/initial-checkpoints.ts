import {
  type CheckpointsState,
  createdCheckpoints,
  manifestBlobs,
  manifestLocation,
  parentOf,
  type RetainedCheckpoint,
  readManifest,
  withRestored,
} from '../checkpoint/index.ts';
import type { JobMasterParts, JobRestore } from './job-master-parts.ts';
import { restoredRecord } from './restore-point.ts';

/** The coordinator's state of a job that starts: with what its log holds, and what it restores. */
export async function initialCheckpoints(parts: JobMasterParts): Promise<CheckpointsState> {
  const { checkpointStore, checkpointing, restore } = parts;
  const own = (await checkpointStore.list()).map(
    ({ checkpointId, path, completedAtEpochMs, full }): RetainedCheckpoint => ({
      checkpointId,
      path,
      completedAtEpochMs,
      full,
    }),
  );
  const claimed = restore?.claimMode === 'CLAIM' ? [retainedOf(restore)] : [];
  const retained = own.length > 0 ? own : claimed;
  const restoredId = restore?.manifest.checkpointId ?? 0;
  const nextCheckpointId = Math.max(await checkpointStore.nextCheckpointId(), restoredId + 1);
  const initial = createdCheckpoints({
    settings: checkpointing,
    directory: checkpointStore.sharedDirectory,
    nextCheckpointId,
    retained,
    forceFull: await isForeign(parts, own.at(-1)),
  });
  const from = retained.at(-1) ?? (restore === undefined ? undefined : retainedOf(restore));
  if (from === undefined) return initial;
  return withRestored(initial, restoredRecord(parts, from));
}

/**
 * Whether later checkpoints must not refer to what it starts from: it is not the job's to keep.
 * That is so of a savepoint restored with NO_CLAIM, and of one that a stop had taken when its
 * process died.
 */
async function isForeign(
  { blobs, checkpointStore, restore }: JobMasterParts,
  newest: RetainedCheckpoint | undefined,
): Promise<boolean> {
  if (newest === undefined) return restore?.claimMode === 'NO_CLAIM';
  const own = [parentOf(checkpointStore.sharedDirectory)];
  if (restore?.claimMode === 'CLAIM') own.push(restore.path);
  const manifest = await readManifest(blobs, manifestLocation(newest.path));
  return [...manifestBlobs(manifest).keys()].some(
    (location) => !own.some((directory) => location.startsWith(`${directory}/`)),
  );
}

function retainedOf({ manifest, path }: JobRestore): RetainedCheckpoint {
  const { checkpointId, completedAtEpochMs, full } = manifest;
  return { checkpointId, path, completedAtEpochMs, full, claimed: true };
}
