import { StreamError } from '../core/index.ts';
import type { JobStatus } from './job-state.ts';

/** No job of the cluster has this id. */
export function jobNotFound(jobId: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'JOB_NOT_FOUND',
    message: `the cluster has no such job: list its jobs; job=${jobId}`,
    details: { jobId },
  });
}

/** The id of a submission is in use. */
export function jobAlreadySubmitted(jobId: string): StreamError {
  return new StreamError({
    kind: 'conflict',
    code: 'JOB_ALREADY_SUBMITTED',
    message: `the cluster has a job of this id already: submit it under another; job=${jobId}`,
    details: { jobId },
  });
}

/** The job has ended before. */
export function jobAlreadyEnded(jobId: string, status: JobStatus): StreamError {
  return new StreamError({
    kind: 'conflict',
    code: 'JOB_ALREADY_ENDED',
    message: `the job has ended already; job=${jobId} status=${status}`,
    details: { jobId, status },
  });
}

/** The cluster has too few slots, whatever else runs. */
export function noResourceAvailable(required: number, slots: number): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_RESOURCE_AVAILABLE',
    message:
      'the job needs more slots than there are: lower its parallelism, stop another job, or ' +
      `start the cluster with more --slots; required=${required} slots=${slots}`,
    details: { required, slots },
  });
}

/** Other jobs have the slots that a job would need at another parallelism. */
export function slotsNotFree(required: number, free: number, slots: number): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_RESOURCE_AVAILABLE',
    message:
      'the job would need more slots than it has and are free: take a lower parallelism, or stop ' +
      `another job; required=${required} available=${free} slots=${slots}`,
    details: { required, available: free, slots },
  });
}

/** The cluster is about to end. */
export function clusterStopping(): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'CLUSTER_STOPPING',
    message: 'the cluster stops and takes no more requests: try again when it runs again',
  });
}

/** A stop took its savepoint, but the cluster has ended first, or storage did not take the end. */
export function jobNotStopped(jobId: string, path: string): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'JOB_NOT_STOPPED',
    message:
      'the savepoint is complete, but that the job has ended could not be recorded: the next ' +
      `process of the cluster may go on with it; job=${jobId} savepoint=${path}`,
    details: { jobId, path },
  });
}
