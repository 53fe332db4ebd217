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
import type { PastRecord } from './job-past.ts';
import type { JobSnapshot } from './job-snapshot.ts';
import type { JobStatus } from './job-state.ts';
import {
  type ExceptionHistory,
  emptyExceptionHistory,
  withException,
} from './restart-exception-history.ts';

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
  /** Of the job so far, in whichever process. Undefined: nothing is kept. */
  readonly past?: PastRecord | undefined;
  /** Undefined: it does not run. */
  readonly control: JobControl | undefined;
  /** Of the end, in this process. */
  readonly metrics: JobSnapshot | undefined;
  /** Undefined: it has not ended. */
  readonly end: EndedJobRecord | undefined;
}

/** What is listed and shown. */
export function describeJob(known: KnownJob): DispatchedJob {
  const { job, status, control, end, past } = known;
  const { jobId, name, submittedAtEpochMs } = job;
  const snapshot = control === undefined ? known.metrics : control.snapshot();
  const statistics =
    control?.checkpointStatistics ?? end?.checkpointStatistics ?? past?.checkpointStatistics;
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
    exceptions:
      control?.exceptions ?? end?.exceptions ?? past?.exceptions ?? emptyExceptionHistory(0),
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
  const { control, metrics, past } = known;
  const statistics = control?.checkpointStatistics ?? past?.checkpointStatistics;
  const executions = control?.executions();
  return {
    endedAtEpochMs,
    netRuntimeMs,
    ...(error === undefined ? {} : { error }),
    vertices: verticesOf(known, metrics),
    times: timesOf(known),
    exceptions: control?.exceptions ?? failureHistory(error, endedAtEpochMs, past?.exceptions),
    ...(statistics === undefined ? {} : { checkpointStatistics: statistics }),
    ...(executions === undefined ? {} : { executions, taskCounts: countsOf(executions) }),
    ...(metrics === undefined ? {} : { metrics: metrics.vertices }),
    ...(control === undefined ? {} : { diagnosis: control.diagnosis() }),
    ...(known.plan?.configuration === undefined ? {} : { configuration: known.plan.configuration }),
  };
}

/**
 * What is left of a job that has ended, where its process died before it had put it down.
 *
 * @param status its row's.
 */
export function endOfPast(past: PastRecord, { status, submittedAtEpochMs }: JobRecord) {
  const { times, startedAtEpochMs, exceptions, checkpointStatistics } = past;
  const endedAtEpochMs = times[status as JobStatus] ?? submittedAtEpochMs;
  const error = status === 'FAILED' ? exceptions?.entries[0]?.error : undefined;
  const end: EndedJobRecord = {
    endedAtEpochMs,
    netRuntimeMs: Math.max(0, endedAtEpochMs - (startedAtEpochMs ?? endedAtEpochMs)),
    ...(error === undefined ? {} : { error }),
    vertices: [],
    times,
    ...(exceptions === undefined ? {} : { exceptions }),
    ...(checkpointStatistics === undefined ? {} : { checkpointStatistics }),
  };
  return end;
}

function timesOf({ times, control, past }: Pick<KnownJob, 'times' | 'control' | 'past'>): JobTimes {
  return { ...past?.times, ...times, ...control?.times };
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
  before: ExceptionHistory | undefined,
): ExceptionHistory {
  if (error === undefined) return before ?? emptyExceptionHistory(0);
  return withException(before ?? emptyExceptionHistory(1), { timestampEpochMs, error }, true);
}

function countsOf(executions: readonly VertexExecutions[]): TaskCounts {
  const counts: Partial<Record<ExecutionState, number>> = {};
  for (const { state } of executions.flatMap(({ subtasks }) => subtasks)) {
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
