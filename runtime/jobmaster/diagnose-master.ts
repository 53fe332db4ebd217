import type { StreamErrorRecord } from '../core/index.ts';
import { diagnoseJob } from './diagnose-job.ts';
import { diagnosedGraph } from './diagnosed-job.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { JobDeployment } from './job-deployment.ts';
import type { JobMaster } from './job-master.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobOutput } from './job-output.ts';
import type { JobSources } from './job-sources.ts';

interface KnowingParts {
  readonly deployment: Pick<JobDeployment, 'executionGraph' | 'regions'>;
  readonly sources: Pick<JobSources, 'totalProgress'>;
  readonly output: Pick<JobOutput, 'heardAtEpochMs'>;
}

/** Why nothing comes out of the job of a master, by all that the master knows. */
export function diagnoseMaster(
  master: JobMaster,
  { clock, checkpointing, graph, reportIntervalMs: intervalMs, ...parts }: JobMasterParts,
  { deployment, sources, output }: KnowingParts,
  failure: StreamErrorRecord | undefined,
): Diagnosis {
  const { status, exceptions, checkpointStatistics: checkpoints } = master;
  const { heardAtEpochMs } = output;
  const taskManagers = deployment.regions.taskManagers();
  const hibernation = master.hibernation.view;
  return diagnoseJob({
    ...{ nowEpochMs: clock.nowEpochMs(), status, checkpointing, exceptions },
    cancellationTimeoutMs: parts.cancellationTimeoutMs,
    graph: diagnosedGraph(deployment.executionGraph.jobGraph, graph),
    executions: master.executions(),
    totalProgress: sources.totalProgress(),
    ...(intervalMs === undefined ? {} : { reports: { intervalMs, heardAtEpochMs, taskManagers } }),
    ...(failure === undefined ? {} : { error: failure }),
    ...(checkpoints === undefined ? {} : { checkpoints }),
    ...(hibernation === undefined ? {} : { hibernation }),
  });
}
