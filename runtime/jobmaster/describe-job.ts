/** What a cluster tells of one of its jobs, from what it knows of it at the time. Pure. */
import type { JobRecord } from '../checkpoint/index.ts';
import type { StreamErrorRecord } from '../core/index.ts';
import type {
  DispatchedJob,
  EndedJobRecord,
  JobControl,
  PlannedProgram,
  PlannedVertex,
  TaskCounts,
} from './dispatcher-records.ts';
import type { ExecutionState } from './execution-states.ts';
import { type JobTimes, lastChangeEpochMs, type VertexExecutions } from './job-executions.ts';
import type { JobSnapshot } from './job-snapshot.ts';
import type { JobStatus } from './job-state.ts';
import { type ExceptionHistory, emptyExceptionHistory } from './restart-exception-history.ts';

/** What is known of a job. */
export interface KnownJob {
  readonly job: JobRecord;
  readonly status: JobStatus;
  /** Undefined: it could not be planned yet. */
  readonly plan:
    | (Pick<PlannedProgram, 'vertices'> & {
        readonly configuration: PlannedProgram['configuration'] | undefined;
      })
    | undefined;
  /** Before it had a master, in this process. */
  readonly times?: JobTimes;
  /** Undefined: it does not run. */
  readonly control: JobControl | undefined;
  /** Of the end, in this process. */
  readonly metrics: JobSnapshot | undefined;
  /** Undefined: it has not ended. */
  readonly end: EndedJobRecord | undefined;
}

/** What is listed and shown. */
export function describeJob(known: KnownJob): DispatchedJob {
  const { job, status, control, end } = known;
  const { jobId, name, submittedAtEpochMs } = job;
  const snapshot = control === undefined ? known.metrics : control.snapshot();
  const statistics = control?.checkpointStatistics ?? end?.checkpointStatistics;
  const hibernation = control?.hibernation?.view;
  const executions = control?.executions() ?? end?.executions ?? [];
  const times = end?.times ?? timesOf(known);
  const modifiedAtEpochMs = end?.endedAtEpochMs ?? lastChangeEpochMs(times, executions);
  return {
    jobId,
    name,
    status,
    submittedAtEpochMs,
    configuration: end?.configuration ?? known.plan?.configuration ?? job.configuration,
    ...(end === undefined
      ? {}
      : { endedAtEpochMs: end.endedAtEpochMs, netRuntimeMs: end.netRuntimeMs }),
    ...(end?.error === undefined ? {} : { error: end.error }),
    vertices: end?.vertices ?? verticesOf(known, snapshot),
    metrics: snapshot?.vertices ?? end?.metrics ?? [],
    ...(end?.taskCounts === undefined ? {} : { taskCounts: end.taskCounts }),
    times,
    ...(modifiedAtEpochMs === undefined ? {} : { modifiedAtEpochMs }),
    executions,
    exceptions: control?.exceptions ?? end?.exceptions ?? emptyExceptionHistory(0),
    ...(statistics === undefined ? {} : { checkpointStatistics: statistics }),
    ...(hibernation === undefined ? {} : { hibernation }),
    ...(end?.diagnosis === undefined ? {} : { diagnosis: end.diagnosis }),
  };
}

/** How a job ends that ends now. */
export interface JobEnding {
  readonly endedAtEpochMs: number;
  readonly netRuntimeMs: number;
  readonly error?: StreamErrorRecord | undefined;
}

/** What is kept of it. */
export function endRecordOf(
  known: Omit<KnownJob, 'status' | 'end'>,
  { endedAtEpochMs, netRuntimeMs, error }: JobEnding,
): EndedJobRecord {
  const { control, metrics } = known;
  const statistics = control?.checkpointStatistics;
  const executions = control?.executions();
  return {
    endedAtEpochMs,
    netRuntimeMs,
    ...(error === undefined ? {} : { error }),
    vertices: verticesOf(known, metrics),
    times: timesOf(known),
    exceptions: control?.exceptions ?? failureHistory(error, endedAtEpochMs),
    ...(statistics === undefined ? {} : { checkpointStatistics: statistics }),
    ...(executions === undefined ? {} : { executions, taskCounts: countsOf(executions) }),
    ...(metrics === undefined ? {} : { metrics: metrics.vertices }),
    ...(control === undefined ? {} : { diagnosis: control.diagnosis() }),
    ...(known.plan?.configuration === undefined ? {} : { configuration: known.plan.configuration }),
  };
}

function timesOf({ times, control }: Pick<KnownJob, 'times' | 'control'>): JobTimes {
  return { ...times, ...control?.times };
}

/** As planned, at the parallelism they run with. */
function verticesOf(
  { plan, job }: Pick<KnownJob, 'plan' | 'job'>,
  snapshot: JobSnapshot | undefined,
): readonly PlannedVertex[] {
  const running = new Map(snapshot?.vertices.map((v) => [v.id, v.parallelism]));
  return (plan?.vertices ?? []).map((vertex) => ({
    ...vertex,
    parallelism: running.get(vertex.id) ?? job.parallelism[vertex.id] ?? vertex.parallelism,
  }));
}

function failureHistory(
  error: StreamErrorRecord | undefined,
  timestampEpochMs: number,
): ExceptionHistory {
  if (error === undefined) return emptyExceptionHistory(0);
  const entry = { timestampEpochMs, error, concurrentExceptions: [] };
  return { size: 1, entries: [entry], truncated: false };
}

function countsOf(executions: readonly VertexExecutions[]): TaskCounts {
  const counts: Partial<Record<ExecutionState, number>> = {};
  for (const { state } of executions.flatMap(({ subtasks }) => subtasks)) {
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
