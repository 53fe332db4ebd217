import {
  assignState,
  type CheckpointManifest,
  manifestLocation,
  type RestoredCheckpointRecord,
  type RetainedCheckpoint,
  readManifest,
} from '../checkpoint/index.ts';
import type { Clock } from '../core/index.ts';
import type { JobGraph } from '../graph/index.ts';
import type { RestoredSubtaskState } from '../protocol/index.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { RestoredFrom } from './turn-messages.ts';

/** The newest checkpoint of the job, else what it was started from; undefined: from nothing. */
export async function readRestorePoint(
  { blobs, restore }: Pick<JobMasterParts, 'blobs' | 'restore'>,
  newest: RetainedCheckpoint | undefined,
): Promise<CheckpointManifest | undefined> {
  if (newest === undefined || newest.path === restore?.path) return restore?.manifest;
  return await readManifest(blobs, manifestLocation(newest.path));
}

/** Where {@link readRestorePoint} reads. */
export function restorePath(
  { restore }: Pick<JobMasterParts, 'restore'>,
  newest: RetainedCheckpoint | undefined,
): RestoredFrom | undefined {
  const path = newest?.path ?? restore?.path;
  if (path === undefined) return undefined;
  const allowNonRestoredState = path === restore?.path && restore.allowNonRestoredState;
  return { path, allowNonRestoredState };
}

/** What people are told of a restore from it, now. */
export function restoredRecord(
  {
    restore,
    clock,
  }: Pick<JobMasterParts, 'restore'> & { readonly clock: Pick<Clock, 'nowEpochMs'> },
  { checkpointId, path }: Pick<RetainedCheckpoint, 'checkpointId' | 'path'>,
): RestoredCheckpointRecord {
  const isSavepoint = restore?.path === path && restore.manifest.kind === 'SAVEPOINT';
  return { checkpointId, restoredAtEpochMs: clock.nowEpochMs(), isSavepoint, path };
}

/**
 * Each subtask's share.
 *
 * @throws {StreamError} as `assignState`.
 */
export function restoredSubtasks(
  { restore }: Pick<JobMasterParts, 'restore'>,
  manifest: CheckpointManifest | undefined,
  jobGraph: JobGraph,
): readonly RestoredSubtaskState[] {
  if (manifest === undefined) return [];
  const isInitial = manifest === restore?.manifest;
  const allowNonRestoredState = isInitial && restore.allowNonRestoredState;
  return assignState(manifest, jobGraph, { allowNonRestoredState }).subtasks;
}
