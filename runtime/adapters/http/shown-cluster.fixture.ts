/** A cluster of one job, for tests of what is shown: requests in, answers out. */
import { StreamError } from '../../core/index.ts';
import type { DispatchedJob, SubtaskExecution } from '../../jobmaster/index.ts';
import type { TaskMetricsRecord, TaskRates } from '../../protocol/index.ts';
import { answerRequest } from './answer-request.ts';
import type { ClusterApi } from './cluster-api.ts';
import type { HttpAnswer } from './http-records.ts';
import { noProcesses } from './no-processes.ts';

export const JOB_ID = '0123456789abcdef0123456789abcdef';
export const SOURCE_ID = 'a'.repeat(32);
export const SINK_ID = 'b'.repeat(32);
/** When everything is asked. */
export const NOW_EPOCH_MS = 10_000;

export const IDLE_RATES: TaskRates = {
  ...{ numRecordsInPerSecond: 0, numRecordsOutPerSecond: 0 },
  ...{ numBytesInPerSecond: 0, numBytesOutPerSecond: 0 },
  ...{ busyTimeMsPerSecond: 0, backPressuredTimeMsPerSecond: 0, idleTimeMsPerSecond: 1000 },
};

export function taskMetrics(
  vertexId: string,
  subtaskIndex: number,
  changed: Partial<TaskMetricsRecord> = {},
): TaskMetricsRecord {
  return {
    ...{ vertexId, subtaskIndex, numRecordsIn: 10, numRecordsOut: 20 },
    ...{ numBytesIn: 100, numBytesOut: 200, numRecordsFallback: 0, maxPendingBytes: 0 },
    ...{
      currentInputWatermarkMs: 5000,
      busyTimeMs: 600.4,
      backPressuredTimeMs: 300,
      idleTimeMs: 99,
    },
    operatorMetrics: {},
    ...changed,
  };
}

/** RUNNING since second 3. */
export function runningSubtask(
  vertexId: string,
  subtaskIndex: number,
  changed: Partial<SubtaskExecution> = {},
): SubtaskExecution {
  return {
    ...{ subtaskIndex, slotIndex: subtaskIndex, attemptNumber: 0, state: 'RUNNING' },
    times: { CREATED: 500, SCHEDULED: 1000, DEPLOYING: 1000, INITIALIZING: 2000, RUNNING: 3000 },
    metrics: taskMetrics(vertexId, subtaskIndex),
    prior: [],
    ...changed,
  };
}

export const RUNNING_JOB: DispatchedJob = {
  jobId: JOB_ID,
  name: 'job',
  status: 'RUNNING',
  submittedAtEpochMs: 500,
  vertices: [
    { id: SOURCE_ID, name: 'Source', parallelism: 2, maxParallelism: 128 },
    { id: SINK_ID, name: 'Sink', parallelism: 1, maxParallelism: 128 },
  ],
  metrics: [],
  executions: [
    { vertexId: SOURCE_ID, subtasks: [0, 1].map((index) => runningSubtask(SOURCE_ID, index)) },
    { vertexId: SINK_ID, subtasks: [runningSubtask(SINK_ID, 0)] },
  ],
  exceptions: { size: 16, entries: [], truncated: false },
};

/** `RUNNING_JOB` with other subtasks of its source. */
export function jobWithSources(subtasks: readonly SubtaskExecution[]): DispatchedJob {
  const [, sink] = RUNNING_JOB.executions;
  const executions = [{ vertexId: SOURCE_ID, subtasks }, ...(sink === undefined ? [] : [sink])];
  return { ...RUNNING_JOB, executions };
}

/** Asks a cluster that has this job: `GET /jobs`. @param changed what else the cluster has. */
export async function askOf(
  job: DispatchedJob,
  line: string,
  changed: Partial<ClusterApi> = {},
  body?: object,
): Promise<HttpAnswer> {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(target, 'http://localhost');
  return await answerRequest(
    { ...clusterOf(job), ...changed },
    {
      method,
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      contentType: body === undefined ? '' : 'application/json',
      contentTypeHeader: '',
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    },
  );
}

/** A cluster of this job, in which nothing may be changed. */
export function clusterOf(job: DispatchedJob): ClusterApi {
  const refused = (): never => {
    throw new Error('nothing is changed here');
  };
  return {
    jobs: {
      list: async () => [job],
      get: async (jobId) => {
        if (jobId === job.jobId) return job;
        const details = { jobId };
        throw new StreamError({ kind: 'invalid', code: 'JOB_NOT_FOUND', message: 'no', details });
      },
      planOf: async () => undefined,
      diagnosis: async (jobId) => {
        if (jobId === job.jobId && job.diagnosis !== undefined) return job.diagnosis;
        const details = { jobId };
        throw new StreamError({ kind: 'invalid', code: 'JOB_NOT_FOUND', message: 'no', details });
      },
      slots: async () => ({ total: 4, available: 2 }),
      placeOf: (_, slot) => ({ taskManagerId: `tm-${slot}`, endpoint: `host-${slot}:1` }),
      ...{ cancel: refused, wake: refused, rescale: refused, queryState: refused },
    },
    operations: { start: refused, get: refused },
    programs: { list: refused, add: refused, remove: refused, run: refused },
    lifecycle: { shutDown: refused, clientHeartbeat: refused },
    processes: noProcesses('nothing runs here'),
    clock: { nowEpochMs: () => NOW_EPOCH_MS, monotonicMs: () => 0 },
    version: '1.0',
    dataDirectory: '/data',
    newId: () => 'f'.repeat(32),
  };
}
