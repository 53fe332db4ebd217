/** Jobs as Flink's REST interface shows them. Pure. */
import { failureTrace, type StreamErrorRecord } from '../../core/index.ts';
import type { JobPlanJson } from '../../graph/index.ts';
import {
  type DispatchedJob,
  type ExceptionHistory,
  type ExceptionRecord,
  type ExecutionState,
  type HibernationView,
  isTerminal,
  type JobStatus,
} from '../../jobmaster/index.ts';
import { accumulatorResultsJson } from './accumulators-json.ts';
import { serializedThrowable } from './serialized-throwable.ts';
import {
  ioMetrics,
  type PlaceOf,
  type ShownVertex,
  shownVertices,
  spanOf,
  stateCounts,
  vertexState,
} from './vertices-json.ts';

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

/** Of jobs that have ended, which are shown the same each time. */
const endedOverviews = new WeakMap<DispatchedJob, object>();

/** An element of `GET /jobs/overview`. */
export function jobOverviewJson(job: DispatchedJob, nowEpochMs: number): object {
  if (job.endedAtEpochMs === undefined) return overviewJson(job, nowEpochMs);
  const shown = endedOverviews.get(job) ?? overviewJson(job, nowEpochMs);
  endedOverviews.set(job, shown);
  return shown;
}

function overviewJson(job: DispatchedJob, nowEpochMs: number): object {
  const counts = Object.entries({
    ...stateCounts(job.taskCounts === undefined ? allStates(job) : []),
    ...job.taskCounts,
  });
  const tasks = Object.fromEntries(counts.map(([name, count]) => [name.toLowerCase(), count]));
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  return {
    jid: job.jobId,
    name: job.name,
    ...timesOf(job, nowEpochMs),
    state: stateOf(job),
    'last-modification': modifiedAt(job),
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
  const times = timesOf(job, nowEpochMs);
  const sums = new Map(job.metrics.map((vertex) => [vertex.id, vertex]));
  const vertices = shownVertices(job).map((vertex) => {
    const { id, name, parallelism, maxParallelism, subtasks } = vertex;
    const states = statesOf(vertex, job.status);
    const known = sums.get(id);
    return {
      ...{ id, name, maxParallelism, parallelism, status: vertexState(states) },
      ...spanOf(subtasks, nowEpochMs),
      tasks: stateCounts(states),
      metrics: ioMetrics(known === undefined ? [] : [known], known !== undefined),
    };
  });
  return {
    jid: job.jobId,
    name: job.name,
    isStoppable: false,
    state: stateOf(job),
    'job-type': typeOf(plan),
    ...times,
    ...(job.hibernation === undefined ? {} : { hibernation: hibernationJson(job.hibernation) }),
    maxParallelism: -1,
    now: nowEpochMs,
    timestamps: Object.fromEntries(JOB_STATES.map((name) => [name, timestampOf(job, name)])),
    vertices,
    'status-counts': stateCounts(vertices.map(({ status }) => status)),
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
  return { jid: jobId, name, type: typeOf(plan), nodes };
}

/** A job without a plan has not been planned yet, or never: of a streaming engine. */
function typeOf(plan: JobPlanJson | undefined): JobPlanJson['type'] {
  return plan?.type ?? 'STREAMING';
}

/**
 * `GET /jobs/:jobid/exceptions`.
 *
 * @param fixedPlaceOf where a slot runs in every attempt; undefined: that is not so.
 */
export function exceptionsJson(
  history: ExceptionHistory,
  maxCount: number,
  fixedPlaceOf: PlaceOf = () => undefined,
): object {
  const entries = history.entries.slice(0, maxCount).map((entry) => ({
    ...exceptionJson(entry, fixedPlaceOf),
    concurrentExceptions: entry.concurrentExceptions.map((one) => ({
      ...exceptionJson(one, fixedPlaceOf),
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
      // Java's own serialization in Flink; what is here is for everybody.
      'accumulator-results': {},
      accumulators: accumulatorResultsJson(job),
      'net-runtime': Math.round(job.netRuntimeMs ?? 0),
      ...(job.error === undefined ? {} : { 'failure-cause': failureJson(job.error) }),
    },
  };
}

/** A failure inside an answer. `error` is this project's own: the whole record. */
export function failureJson(error: StreamErrorRecord): object {
  const { code, message } = error;
  const stackTrace = failureTrace(error);
  return {
    class: code,
    'stack-trace': stackTrace,
    // Flink's client waits for ever on a failure without it.
    'serialized-throwable': serializedThrowable({ className: code, message, stackTrace }),
    error,
  };
}

function exceptionJson(exception: ExceptionRecord, fixedPlaceOf: PlaceOf): object {
  const { timestampEpochMs, error, taskName, slotIndex } = exception;
  const fixed = slotIndex === undefined ? undefined : fixedPlaceOf(slotIndex);
  const { endpoint, taskManagerId } = exception.place ?? fixed ?? {};
  return {
    exceptionName: error.code,
    stacktrace: failureTrace(error),
    timestamp: timestampEpochMs,
    failureLabels: {},
    taskName: taskName ?? null,
    endpoint: endpoint ?? null,
    taskManagerId: taskManagerId ?? null,
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

/** Of all its subtasks. */
function allStates(job: DispatchedJob): readonly ExecutionState[] {
  return shownVertices(job).flatMap((vertex) => statesOf(vertex, job.status));
}

/** One for each subtask. */
function statesOf({ subtasks, parallelism }: ShownVertex, status: JobStatus) {
  if (subtasks.length > 0) return subtasks.map(({ state }) => state);
  return Array.from({ length: parallelism }, () => taskState(status));
}

function timesOf({ submittedAtEpochMs, endedAtEpochMs }: DispatchedJob, nowEpochMs: number) {
  return {
    'start-time': submittedAtEpochMs,
    'end-time': endedAtEpochMs ?? -1,
    duration: Math.max(0, (endedAtEpochMs ?? nowEpochMs) - submittedAtEpochMs),
  };
}

/** When it entered the state, last; 0: never, as far as is known. */
function timestampOf(job: DispatchedJob, status: JobStatus): number {
  const { times = {}, submittedAtEpochMs, endedAtEpochMs } = job;
  if (status === 'INITIALIZING') return submittedAtEpochMs;
  if (isTerminal(status) && status !== 'SUSPENDED') {
    // Its master may have ended while its row does not say so yet.
    return status === job.status ? (endedAtEpochMs ?? 0) : 0;
  }
  const asleep = status === 'SUSPENDED' ? (times.HIBERNATED ?? 0) : 0;
  return Math.max(times[status] ?? 0, asleep);
}

/** When it or a task of it changed its state last. */
function modifiedAt({ endedAtEpochMs, modifiedAtEpochMs, ...job }: DispatchedJob): number {
  const times = Object.values(job.times ?? {});
  return endedAtEpochMs ?? modifiedAtEpochMs ?? Math.max(job.submittedAtEpochMs, ...times);
}

/** Of tasks of which nothing is known but their job's. */
function taskState(status: JobStatus): ExecutionState {
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
