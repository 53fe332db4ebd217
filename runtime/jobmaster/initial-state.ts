import type { ExecutionGraph } from '../graph/index.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import { createdJob, type JobState } from './job-state.ts';
import { createdRestart } from './restart-strategy.ts';

/** A job laid out, before its first deployment by this master. */
export function initialState(
  { isRecovered, journal, restart }: Pick<JobMasterParts, 'isRecovered' | 'journal' | 'restart'>,
  { regions, jobGraph }: ExecutionGraph,
): JobState {
  const slots = regions.map((region) => region.slots);
  const inputs = regions.map((region) => region.inputs);
  return createdJob(slots, createdRestart(restart), {
    status: isRecovered ? 'RECONCILING' : 'INITIALIZING',
    lastAttempt: journal.lastAttempt,
    ...(jobGraph.jobType === 'BATCH' ? { inputs } : {}),
  });
}
