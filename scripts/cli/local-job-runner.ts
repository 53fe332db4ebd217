import { planJob, startJob } from '../../runtime/adapters/index.ts';
import { executionPlanJson } from '../../runtime/graph/index.ts';
import * as sluice from '../../runtime/index.ts';
import type { JobRequest, JobRunner, SubmittableJob } from './job-runner.ts';

/** Runs jobs in worker threads of this process. */
export function localJobRunner(): Promise<JobRunner> {
  // A bundled job imports `sluice` from here, so that it shares the engine's classes.
  Object.assign(globalThis, { [Symbol.for('sluice.api')]: sluice });
  return Promise.resolve({ prepare, apiExports: Object.keys(sluice) });
}

async function prepare(request: JobRequest): Promise<SubmittableJob> {
  const job = await planJob(request);
  return {
    jobName: job.graph.jobName,
    plan: () => executionPlanJson(job.graph),
    start: (hooks) => startJob(job, { ...hooks, slotWorkerUrl: slotWorkerUrl() }),
    summary: async (result) => job.onFinished?.(result),
  };
}

/** Beside this module in dist/, in the runtime when run from source. */
function slotWorkerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../runtime/slot-worker.ts' : './slot-worker.js', import.meta.url);
}
