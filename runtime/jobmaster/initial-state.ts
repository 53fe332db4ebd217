import type { ExecutionGraph } from '../graph/index.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import { createdJob, type JobState } from './job-state.ts';
import { createdRestart } from './restart-strategy.ts';

/** A job laid out, before its first deployment by this master. */
export function initialState(
  { isRecovered, journal, restart }: Pick<JobMasterParts, 'isRecovered' | 'journal' | 'restart'>,
  graph: ExecutionGraph,
): JobState {
  const { regions, jobGraph } = graph;
  const slots = regions.map((region) => region.slots);
  const inputs = regions.map((region) => region.inputs);
  return createdJob(slots, createdRestart(restart), {
    status: isRecovered ? 'RECONCILING' : 'INITIALIZING',
    lastAttempt: journal.lastAttempt,
    ...(jobGraph.jobType === 'BATCH' ? { inputs, open: openRegionsOf(graph) } : {}),
  });
}

/** Regions of vertices whose parallelism is decided later. */
function openRegionsOf({ regions, slots, jobGraph }: ExecutionGraph): ReadonlySet<number> {
  const adaptive = new Set(jobGraph.vertices.filter((v) => v.adaptive === true).map((v) => v.id));
  const isOpen = (slotIndex: number): boolean =>
    slots[slotIndex]?.subtasks.some(({ vertexId }) => adaptive.has(vertexId)) === true;
  return new Set(regions.filter((r) => r.slots.some(isOpen)).map((r) => r.regionIndex));
}
