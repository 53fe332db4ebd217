/** Jobs as Flink's REST interface shows them. Pure. */
import type { StreamErrorRecord } from '../../core/index.ts';
import type { JobPlanJson } from '../../graph/index.ts';
import type {
  DispatchedJob,
  ExceptionHistory,
  ExceptionRecord,
  HibernationView,
  JobStatus,
  VertexSnapshot,
} from '../../jobmaster/index.ts';

const TASK_STATES = [
  'CREATED',
  'SCHEDULED',
  'DEPLOYING',
  'RUNNING',
  'FINISHED',
  'CANCELING',
  'CANCELED',
  'FAILED',
  'RECONCILING',
  'INITIALIZING',
] as const;
type TaskState = (typeof TASK_STATES)[number];

const JOB_STATES: readonly JobStatus[] = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
  'RECONCILING',
];

/** An element of `GET /jobs/overview`. */
export function jobOverviewJson(job: DispatchedJob, nowEpochMs: number): object {
  const total = job.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
  const state = taskState(job.status);
  const tasks = Object.fromEntries(
    TASK_STATES.map((name) => [name.toLowerCase(), name === state ? total : 0]),
  );
  return {
    jid: job.jobId,
    name: job.name,
    ...timesOf(job, nowEpochMs),
    state: stateOf(job),
    'last-modification': job.endedAtEpochMs ?? nowEpochMs,
    tasks: { total, ...tasks },
    'pending-operators': 0,
  };
}

/** `GET /jobs/:jobid`. */
export function jobJson(
  job: DispatchedJob,
  plan: JobPlanJson | undefined,
  nowEpochMs: number,
): object {
  const state = taskState(job.status);
  const metrics = new Map(job.metrics.map((vertex) => [vertex.id, vertex]));
  const times = timesOf(job, nowEpochMs);
  const vertices = job.vertices.map(({ id, name, parallelism, maxParallelism }) => ({
    id,
    name,
    maxParallelism,
    parallelism,
    status: state,
    ...times,
    tasks: countsOf(state, parallelism),
    metrics: vertexMetrics(metrics.get(id)),
  }));
  return {
    jid: job.jobId,
    name: job.name,
    isStoppable: false,
    state: stateOf(job),
    'job-type': 'STREAMING',
    ...times,
    ...(job.hibernation === undefined ? {} : { hibernation: hibernationJson(job.hibernation) }),
    maxParallelism: -1,
    now: nowEpochMs,
    timestamps: Object.fromEntries(JOB_STATES.map((name) => [name, timestampOf(job, name)])),
    vertices,
    'status-counts': countsOf(state, vertices.length),
    plan: planJson(job, plan),
    'pending-operators': 0,
  };
}

/** `plan` of `GET /jobs/:jobid/plan`: at the parallelism that the job runs with. */
export function planJson(
  { jobId, name, vertices }: DispatchedJob,
  plan: JobPlanJson | undefined,
): JobPlanJson {
  const running = new Map(vertices.map(({ id, parallelism }) => [id, parallelism]));
  const nodes = (plan?.nodes ?? []).map((node) => {
    return { ...node, parallelism: running.get(node.id) ?? node.parallelism };
  });
  return { jid: jobId, name, type: 'STREAMING', nodes };
}

/** `GET /jobs/:jobid/exceptions`. */
export function exceptionsJson(history: ExceptionHistory, maxCount: number): object {
  const entries = history.entries.slice(0, maxCount).map((entry) => ({
    ...exceptionJson(entry),
    concurrentExceptions: entry.concurrentExceptions.map((one) => ({
      ...exceptionJson(one),
      concurrentExceptions: [],
    })),
  }));
  const truncated = history.truncated || history.entries.length > maxCount;
  return { exceptionHistory: { entries, truncated } };
}

/** `GET /jobs/:jobid/execution-result`. */
export function executionResultJson(job: DispatchedJob): object {
  if (job.endedAtEpochMs === undefined) return { status: { id: 'IN_PROGRESS' } };
  const statuses: Partial<Record<JobStatus, string>> = {
    FINISHED: 'SUCCEEDED',
    FAILED: 'FAILED',
    CANCELED: 'CANCELED',
  };
  return {
    status: { id: 'COMPLETED' },
    'job-execution-result': {
      id: job.jobId,
      'application-status': statuses[job.status] ?? 'UNKNOWN',
      'accumulator-results': {},
      'net-runtime': Math.round(job.netRuntimeMs ?? 0),
      ...(job.error === undefined ? {} : { 'failure-cause': failureJson(job.error) }),
    },
  };
}

/** A failure inside an answer. `error` is this project's own: the whole record. */
export function failureJson(error: StreamErrorRecord): object {
  return {
    class: error.code,
    'stack-trace': error.stack ?? `${error.code}: ${error.message}`,
    error,
  };
}

function exceptionJson({ timestampEpochMs, error, taskName, location }: ExceptionRecord): object {
  return {
    exceptionName: error.code,
    stacktrace: error.stack ?? `${error.code}: ${error.message}`,
    timestamp: timestampEpochMs,
    failureLabels: {},
    taskName: taskName ?? null,
    endpoint: location ?? null,
    taskManagerId: null,
  };
}

/** Flink has no word for a job that hibernates but the one for a job that goes on elsewhere. */
function stateOf({ status }: DispatchedJob): JobStatus {
  return status === 'HIBERNATED' ? 'SUSPENDED' : status;
}

/** This project's own. */
function hibernationJson(hibernation: HibernationView): object {
  const { sinceEpochMs, checkpointId, wakesAtEpochMs, wakeSchedule, wakeEvents } = hibernation;
  return {
    since: sinceEpochMs,
    'checkpoint-id': checkpointId,
    'wakes-at': wakesAtEpochMs ?? null,
    'wake-schedule': wakeSchedule ?? null,
    'wake-events': wakeEvents === undefined ? null : JSON.parse(wakeEvents),
  };
}

function timesOf({ submittedAtEpochMs, endedAtEpochMs }: DispatchedJob, nowEpochMs: number) {
  return {
    'start-time': submittedAtEpochMs,
    'end-time': endedAtEpochMs ?? -1,
    duration: Math.max(0, (endedAtEpochMs ?? nowEpochMs) - submittedAtEpochMs),
  };
}

function timestampOf(job: DispatchedJob, status: JobStatus): number {
  if (status === 'INITIALIZING' || status === 'CREATED') return job.submittedAtEpochMs;
  return status === stateOf(job) ? (job.endedAtEpochMs ?? job.submittedAtEpochMs) : 0;
}

function taskState(status: JobStatus): TaskState {
  switch (status) {
    case 'RUNNING':
    case 'FINISHED':
    case 'FAILED':
    case 'CANCELED':
    case 'INITIALIZING':
    case 'RECONCILING':
      return status;
    case 'CANCELLING':
    case 'FAILING':
      return 'CANCELING';
    case 'RESTARTING':
      return 'DEPLOYING';
    case 'CREATED':
    case 'SUSPENDED':
    case 'HIBERNATED':
      return 'CREATED';
  }
}

function countsOf(state: TaskState, count: number): Record<TaskState, number> {
  const counts = TASK_STATES.map((name) => [name, name === state ? count : 0]);
  return Object.fromEntries(counts) as Record<TaskState, number>;
}

function vertexMetrics(vertex: VertexSnapshot | undefined): object {
  return {
    'read-bytes': vertex?.numBytesIn ?? 0,
    'read-bytes-complete': true,
    'write-bytes': vertex?.numBytesOut ?? 0,
    'write-bytes-complete': true,
    'read-records': vertex?.numRecordsIn ?? 0,
    'read-records-complete': true,
    'write-records': vertex?.numRecordsOut ?? 0,
    'write-records-complete': true,
    'accumulated-backpressured-time': Math.round(vertex?.backPressuredTimeMs ?? 0),
    'accumulated-idle-time': Math.round(vertex?.idleTimeMs ?? 0),
    'accumulated-busy-time': Math.round(vertex?.busyTimeMs ?? 0),
  };
}
