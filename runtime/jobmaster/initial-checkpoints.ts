import {
  type CheckpointStatistics,
  type CheckpointsState,
  type CompletedCheckpoint,
  createdCheckpoints,
  manifestBlobs,
  manifestLocation,
  parentOf,
  type RetainedCheckpoint,
  readManifest,
  statsContinued,
  withRestored,
} from '../checkpoint/index.ts';
import type { JobMasterParts, JobRestore } from './job-master-parts.ts';
import { restoredRecord } from './restore-point.ts';

/** The coordinator's state of a job that starts: with what its log holds, and what it restores. */
export async function initialCheckpoints(parts: JobMasterParts): Promise<CheckpointsState> {
  const { checkpointStore, checkpointing, restore } = parts;
  const { past } = parts.journal;
  const logged = await checkpointStore.list();
  const own = logged.map(
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
  const before = past?.record.checkpointStatistics;
  const nextCheckpointId = Math.max(
    ...[await checkpointStore.nextCheckpointId(), restoredId + 1],
    // Of one that has failed, too: people tell them apart by it.
    newestId(before) + 1,
  );
  const created = createdCheckpoints({
    settings: checkpointing,
    directory: checkpointStore.sharedDirectory,
    nextCheckpointId,
    retained,
    forceFull: await isForeign(parts, own.at(-1)),
  });
  const statistics = past === undefined ? {} : { statistics: continued(before, logged, created) };
  const initial = { ...created, ...statistics };
  const from = retained.at(-1) ?? (restore === undefined ? undefined : retainedOf(restore));
  if (from === undefined) return initial;
  return withRestored(initial, restoredRecord(parts, from));
}

/**
 * What people were shown before, with what the log has and they have not: a process may die between
 * the two.
 */
function continued(
  before: CheckpointStatistics | undefined,
  logged: readonly CompletedCheckpoint[],
  { settings, statistics }: CheckpointsState,
): CheckpointStatistics {
  const newest = newestId(before);
  const missed = logged.filter(({ checkpointId }) => checkpointId > newest);
  return statsContinued(before ?? statistics, settings.historyCount, missed);
}

/** 0: of none. */
function newestId(statistics: CheckpointStatistics | undefined): number {
  const history = statistics?.history ?? [];
  return history.reduce((newest, { checkpointId }) => Math.max(newest, checkpointId), 0);
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
