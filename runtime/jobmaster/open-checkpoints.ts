/** How the checkpoints of a job reach the rest of it. */
import type { CheckpointAnswer } from '../checkpoint/index.ts';
import type { StreamErrorRecord } from '../core/index.ts';
import { inputsOf, manifestVertices, slotOf } from './deployed-tasks.ts';
import { initialCheckpoints } from './initial-checkpoints.ts';
import { JobCheckpoints } from './job-checkpoints.ts';
import type { JobCheckpointsParts } from './job-checkpoints-parts.ts';
import type { JobDeployment } from './job-deployment.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobSources } from './job-sources.ts';
import type { SleepingCheckpoints } from './sleeping-job.ts';
import { unpackStatistics } from './sleeping-statistics.ts';

/** The job, as its checkpoints see it. */
export interface CheckpointedJob {
  readonly deployment: JobDeployment;
  readonly sources: JobSources;
  /** Of the tasks that run or are about to. */
  attemptsInUse(): readonly number[];
  answered(requestId: string, answer: CheckpointAnswer): void;
  fail(error: StreamErrorRecord): void;
  suspended(): void;
  notSuspended(): void;
}

/**
 * Reads what the job has, or starts from.
 *
 * @throws {StreamError} of the store; what is wrong with what it reads.
 */
export async function openCheckpoints(
  parts: JobMasterParts,
  job: CheckpointedJob,
): Promise<JobCheckpoints> {
  const { restore } = parts;
  const initial = await initialCheckpoints(parts);
  const claimed = restore?.claimMode === 'CLAIM' ? { claimed: restore.path } : {};
  return jobCheckpoints(parts, { initial, ...claimed }, job);
}

/** As an earlier turn has left them. */
export function wakeCheckpoints(
  parts: JobMasterParts,
  { state, statistics, ...known }: SleepingCheckpoints,
  job: CheckpointedJob,
): JobCheckpoints {
  const initial = { ...state, statistics: unpackStatistics(statistics) };
  return jobCheckpoints(parts, { initial, ...known }, job);
}

/** Those of a job, from what is known of them. */
function jobCheckpoints(
  parts: JobMasterParts,
  known: Pick<JobCheckpointsParts, 'initial' | 'claimed' | 'discarded' | 'cleanings'>,
  { deployment, sources, ...job }: CheckpointedJob,
): JobCheckpoints {
  const { jobId, graph, checkpointStore, blobs, journal, clock, timers, logger, turn } = parts;
  const { regions } = deployment;
  return new JobCheckpoints({
    jobId,
    jobName: graph.jobName,
    ...known,
    ...(turn === undefined ? {} : { turn }),
    past: journal.past,
    store: checkpointStore,
    blobs,
    fence: () => journal.fence(),
    clock,
    timers,
    logger,
    host: {
      inputsOf: (task) => inputsOf(deployment.executionGraph, task),
      broadcast: (command) => regions.broadcast(command),
      trigger: (barrier, tasks) => {
        const { executionGraph } = deployment;
        regions.trigger(barrier, tasks, (task) => slotOf(executionGraph, task));
      },
      snapshotSources: (checkpointId) => sources.snapshot(checkpointId),
      checkpointComplete: (checkpointId) => sources.checkpointComplete(checkpointId),
      manifestVertices: (subtasks) => manifestVertices(deployment.executionGraph, subtasks),
      ...job,
    },
  });
}
