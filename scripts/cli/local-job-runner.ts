import { planJob, startJob } from '../../runtime/adapters/index.ts';
import { executionPlanJson } from '../../runtime/graph/index.ts';
import { engineExports, engineModuleUrl, shareEngine } from './engine-modules.ts';
import type { JobRequest, JobRunner, SubmittableJob } from './job-runner.ts';

/** Runs jobs in worker threads of this process. */
export function localJobRunner(): Promise<JobRunner> {
  shareEngine();
  return Promise.resolve({ prepare, apiExports: engineExports() });
}

async function prepare(request: JobRequest): Promise<SubmittableJob> {
  const job = await planJob(request);
  return {
    jobName: job.graph.jobName,
    plan: () => executionPlanJson(job.graph),
    start: (hooks) => startJob(job, { ...hooks, slotWorkerUrl: engineModuleUrl('slot-worker') }),
    summary: async (result) => job.onFinished?.(result),
  };
}
