/** What becomes of the jobs of a cluster that is started again: all go on, not all with their state. */
import { CheckpointStore } from '../../checkpoint/index.ts';
import { ConfigOptions } from '../../core/index.ts';
import type { DispatchedJob } from '../../jobmaster/index.ts';
import type { DataDirectory } from './data-directory.ts';

/** How many jobs that have not ended, and are not being cancelled, begin where. */
export interface JobsToResume {
  /** At their newest checkpoint, or at what they were submitted with: a savepoint. */
  readonly fromCheckpointCount: number;
  /** With nothing: they take no checkpoints, or have none yet. */
  readonly anewCount: number;
}

type CheckpointPlace = Pick<DataDirectory, 'blobs' | 'rows' | 'checkpointsDirectory'>;

/** @throws {StreamError} of the row store. */
export async function jobsToResume(
  jobs: readonly DispatchedJob[],
  place: CheckpointPlace,
): Promise<JobsToResume> {
  const living = jobs.filter(({ endedAtEpochMs, status }) => {
    return endedAtEpochMs === undefined && status !== 'CANCELLING';
  });
  const have = await Promise.all(living.map((job) => hasState(job, place)));
  const fromCheckpointCount = have.filter(Boolean).length;
  return { fromCheckpointCount, anewCount: living.length - fromCheckpointCount };
}

async function hasState(
  { jobId, configuration }: DispatchedJob,
  { blobs, rows, checkpointsDirectory: directory }: CheckpointPlace,
): Promise<boolean> {
  const path = configuration?.[ConfigOptions.STATE_RECOVERY_PATH.key];
  if (path !== undefined) return true;
  const store = await CheckpointStore.open({ blobs, rows, directory, jobId });
  return (await store.latest()) !== undefined;
}
