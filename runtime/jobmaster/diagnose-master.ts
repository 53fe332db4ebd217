import type { StreamErrorRecord } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import { diagnoseJob } from './diagnose-job.ts';
import { diagnosedGraph } from './diagnosed-job.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { JobMaster } from './job-master.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobSources } from './job-sources.ts';

/** Why nothing comes out of the job of a master, by all that the master knows. */
export function diagnoseMaster(
  master: JobMaster,
  { clock, checkpointing, graph }: JobMasterParts,
  { jobGraph }: ExecutionGraph,
  sources: Pick<JobSources, 'totalProgress'>,
  failure: StreamErrorRecord | undefined,
): Diagnosis {
  const { status, exceptions, checkpointStatistics: checkpoints } = master;
  const hibernation = master.hibernation.view;
  return diagnoseJob({
    ...{ nowEpochMs: clock.nowEpochMs(), status, checkpointing, exceptions },
    graph: diagnosedGraph(jobGraph, graph),
    executions: master.executions(),
    totalProgress: sources.totalProgress(),
    ...(failure === undefined ? {} : { error: failure }),
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...(hibernation === undefined ? {} : { hibernation }),
  });
}
