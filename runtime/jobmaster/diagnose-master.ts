import type { StreamErrorRecord } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import { diagnoseJob } from './diagnose-job.ts';
import { type DiagnosedJob, diagnosedGraph } from './diagnosed-job.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { JobMaster } from './job-master.ts';
import type { JobMasterParts } from './job-master-parts.ts';

/** What only the master knows of its job. */
export interface MasterFacts extends Pick<DiagnosedJob, 'totalProgress'> {
  readonly executionGraph: ExecutionGraph;
  readonly failure?: StreamErrorRecord | undefined;
}

/** Why nothing comes out of the job of a master, by all that the master knows. */
export function diagnoseMaster(
  master: JobMaster,
  { clock, checkpointing, graph }: JobMasterParts,
  { executionGraph, totalProgress, failure }: MasterFacts,
): Diagnosis {
  const { status, exceptions, checkpointStatistics: checkpoints } = master;
  const hibernation = master.hibernation.view;
  return diagnoseJob({
    ...{ nowEpochMs: clock.nowEpochMs(), status, checkpointing, exceptions },
    graph: diagnosedGraph(executionGraph.jobGraph, graph),
    executions: master.executions(),
    ...(totalProgress === undefined ? {} : { totalProgress }),
    ...(failure === undefined ? {} : { error: failure }),
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...(hibernation === undefined ? {} : { hibernation }),
  });
}
