/** Errors that both the Dispatcher and the JobMaster of a job answer with. */
import { StreamError } from '../core/index.ts';
import type { JobStatus } from './job-state.ts';

/** What was asked for needs a job that runs. */
export function jobNotRunning(jobId: string, status: JobStatus): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'JOB_NOT_RUNNING',
    message: `the job does not run: wait until it does; job=${jobId} status=${status}`,
    details: { jobId, status },
  });
}

/** Nothing of this process counts for the job any more. */
export function jobFenced(jobId: string): StreamError {
  return new StreamError({
    kind: 'fenced',
    code: 'JOB_FENCED',
    message: `another process has taken the job over: this one stops; job=${jobId}`,
    details: { jobId },
  });
}

/** The job has ended, and whoever goes on with it would not know. */
export function endNotRecorded(jobId: string, status: string): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'JOB_END_NOT_RECORDED',
    message: `the end of the job could not be recorded; job=${jobId} status=${status}`,
    details: { jobId, status },
  });
}

/** What was asked for came after the end. */
export function jobEnded(status: string): StreamError {
  return new StreamError({
    kind: 'conflict',
    code: 'JOB_NOT_RUNNING',
    message: `the job has ended: status=${status}`,
    details: { status },
  });
}

/** What was asked for is of jobs in STREAMING. */
export function notInBatch(jobId: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NOT_IN_BATCH',
    message:
      'a job in BATCH takes no checkpoints or savepoints and is not rescaled while it runs: run ' +
      `it with 'execution.runtime-mode: STREAMING' for that; job=${jobId}`,
    details: { jobId },
  });
}
