import { checkpointsJson, planJob, startJob } from '../../runtime/adapters/index.ts';
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
    configuration: job.configuration,
    plan: () => executionPlanJson(job.graph),
    start: async (hooks) => {
      const slotWorkerUrl = engineModuleUrl('slot-worker');
      const running = await startJob(job, { ...hooks, slotWorkerUrl });
      return {
        ...running,
        checkpoints: () => {
          const statistics = running.checkpointStatistics();
          return statistics === undefined ? undefined : checkpointsJson(statistics, Date.now());
        },
      };
    },
    summary: async (result) => job.onFinished?.(result),
  };
}
