/** How the checkpoints of a job reach the rest of it. */
import type { StreamErrorRecord } from '../core/index.ts';
import { manifestVertices, slotOf } from './deployed-tasks.ts';
import { initialCheckpoints } from './initial-checkpoints.ts';
import { JobCheckpoints } from './job-checkpoints.ts';
import type { JobDeployment } from './job-deployment.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobSources } from './job-sources.ts';

/** The job, as its checkpoints see it. */
export interface CheckpointedJob {
  readonly deployment: JobDeployment;
  readonly sources: JobSources;
  /** Of the tasks that run or are about to. */
  attemptsInUse(): readonly number[];
  fail(error: StreamErrorRecord): void;
}

/**
 * Reads what the job has, or starts from.
 *
 * @throws {StreamError} of the store; what is wrong with what it reads.
 */
export async function openCheckpoints(
  parts: JobMasterParts,
  { deployment, sources, attemptsInUse, fail }: CheckpointedJob,
): Promise<JobCheckpoints> {
  const { jobId, graph, checkpointStore, blobs, journal, restore, clock, timers, logger } = parts;
  const { regions } = deployment;
  return new JobCheckpoints({
    jobId,
    jobName: graph.jobName,
    initial: await initialCheckpoints(parts),
    store: checkpointStore,
    blobs,
    fence: () => journal.fence(),
    ...(restore?.claimMode === 'CLAIM' ? { claimed: restore.path } : {}),
    clock,
    timers,
    logger,
    host: {
      broadcast: (command) => regions.broadcast(command),
      trigger: (barrier, tasks) => {
        const { executionGraph } = deployment;
        regions.trigger(barrier, tasks, (task) => slotOf(executionGraph, task));
      },
      snapshotSources: (checkpointId) => sources.snapshot(checkpointId),
      checkpointComplete: (checkpointId) => sources.checkpointComplete(checkpointId),
      manifestVertices: (subtasks) => manifestVertices(deployment.executionGraph, subtasks),
      attemptsInUse,
      fail,
    },
  });
}
