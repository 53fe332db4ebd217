/** Vertices and subtasks as Flink's REST interface shows them. Pure. */
import {
  type DispatchedJob,
  type DispatchedVertex,
  EXECUTION_STATES,
  type ExecutionState,
  isEnd,
  type SlotExecution,
  type StateTimes,
  type SubtaskExecution,
} from '../../jobmaster/index.ts';
import type { TaskMetricsRecord } from '../../protocol/index.ts';
import type { TaskPlace } from './cluster-api.ts';

/** A vertex, subtask by subtask. Empty: of the subtasks nothing is known. */
export interface ShownVertex extends DispatchedVertex {
  readonly subtasks: readonly SubtaskExecution[];
}

/** In the JobGraph's order. */
export function shownVertices({ vertices, executions }: DispatchedJob): readonly ShownVertex[] {
  const known = new Map(executions.map(({ vertexId, subtasks }) => [vertexId, subtasks]));
  return vertices.map((vertex) => ({ ...vertex, subtasks: known.get(vertex.id) ?? [] }));
}

/** How many are in each state. */
export function stateCounts(states: readonly ExecutionState[]): Record<ExecutionState, number> {
  const counts = Object.fromEntries(EXECUTION_STATES.map((state) => [state, 0]));
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts as Record<ExecutionState, number>;
}

/** @see org.apache.flink.runtime.executiongraph.ExecutionJobVertex#getAggregateJobVertexState */
export function vertexState(states: readonly ExecutionState[]): ExecutionState {
  const counts = stateCounts(states);
  for (const state of ['FAILED', 'CANCELING', 'CANCELED', 'INITIALIZING', 'RUNNING'] as const) {
    if (counts[state] > 0) return state;
  }
  if (counts.FINISHED > 0) return counts.FINISHED === states.length ? 'FINISHED' : 'RUNNING';
  return 'CREATED';
}

/** A span of time: epoch milliseconds, -1 for what has not been. */
export type ShownTimes = Readonly<Record<'start-time' | 'end-time' | 'duration', number>>;

export function executionTimes({ state, times }: SlotExecution, nowEpochMs: number): ShownTimes {
  const start = times.DEPLOYING ?? -1;
  const end = isEnd(state) ? (times[state] ?? -1) : -1;
  const duration = start < 0 ? -1 : Math.max(0, (end < 0 ? nowEpochMs : end) - start);
  return { 'start-time': start, 'end-time': end, duration };
}

/** From the first that was deployed to the last that ended; -1 of those that nobody knows. */
export function spanOf(subtasks: readonly SubtaskExecution[], nowEpochMs: number): ShownTimes {
  const all = subtasks.map((subtask) => executionTimes({ ...subtask, attempt: 0 }, nowEpochMs));
  const starts = all.map((times) => times['start-time']).filter((at) => at >= 0);
  if (starts.length === 0) return { 'start-time': -1, 'end-time': -1, duration: -1 };
  const start = Math.min(...starts);
  const isOver = all.every((times) => times['end-time'] >= 0);
  const end = isOver ? Math.max(...all.map((times) => times['end-time'])) : -1;
  return {
    'start-time': start,
    'end-time': end,
    duration: Math.max(0, (isOver ? end : nowEpochMs) - start),
  };
}

type IoMetrics = Pick<
  TaskMetricsRecord,
  | 'numRecordsIn'
  | 'numRecordsOut'
  | 'numBytesIn'
  | 'numBytesOut'
  | 'hasLocalInput'
  | 'hasLocalOutput'
  | 'busyTimeMs'
  | 'backPressuredTimeMs'
  | 'idleTimeMs'
>;

type IoCounter = Exclude<keyof IoMetrics, 'hasLocalInput' | 'hasLocalOutput'>;

/** With what says that a counter leaves something out. */
const IO_METRICS: readonly (readonly [string, IoCounter, keyof IoMetrics | undefined])[] = [
  ['read-bytes', 'numBytesIn', 'hasLocalInput'],
  ['write-bytes', 'numBytesOut', 'hasLocalOutput'],
  ['read-records', 'numRecordsIn', undefined],
  ['write-records', 'numRecordsOut', undefined],
];
const TIME_METRICS: readonly (readonly [string, IoCounter])[] = [
  ['accumulated-backpressured-time', 'backPressuredTimeMs'],
  ['accumulated-idle-time', 'idleTimeMs'],
  ['accumulated-busy-time', 'busyTimeMs'],
];

/** Of a vertex, of the subtasks on a TaskManager: sums. @param known false: some is missing. */
export function ioMetrics(tasks: readonly IoMetrics[], known: boolean): object {
  const sum = (name: IoCounter): number =>
    Math.round(tasks.reduce((total, task) => total + task[name], 0));
  const isPart = (name: keyof IoMetrics | undefined): boolean =>
    name !== undefined && tasks.some((task) => task[name] === true);
  return Object.fromEntries([
    ...IO_METRICS.flatMap(([shown, name, partName]) => [
      [shown, sum(name)],
      [`${shown}-complete`, known && !isPart(partName)],
    ]),
    ...TIME_METRICS.map(([shown, name]) => [shown, sum(name)]),
  ]);
}

function metricsOf(subtasks: readonly Pick<SubtaskExecution, 'metrics'>[]): object {
  const known = subtasks.flatMap(({ metrics }) => (metrics === undefined ? [] : [metrics]));
  return ioMetrics(known, known.length === subtasks.length);
}

const NOWHERE: TaskPlace = { taskManagerId: '(unassigned)', endpoint: '(unassigned)' };

/** Undefined: no place was given yet. */
export type PlaceOf = (slotIndex: number) => TaskPlace | undefined;

/** `GET /jobs/:jobid/vertices/:vertexid`. */
export function vertexJson(vertex: ShownVertex, placeOf: PlaceOf, nowEpochMs: number): object {
  const { id, name, parallelism, maxParallelism, subtasks } = vertex;
  return {
    ...{ id, name, parallelism, maxParallelism, now: nowEpochMs },
    subtasks: subtasks.map((subtask) => subtaskJson(subtask, placeOf, nowEpochMs)),
    aggregated: aggregatedJson(subtasks, nowEpochMs),
  };
}

/** `GET …/subtasks/:subtaskindex`, and an element of `subtasks`. */
export function subtaskJson(
  subtask: SubtaskExecution,
  placeOf: PlaceOf,
  nowEpochMs: number,
): object {
  return attemptJson(subtask, subtask, placeOf, nowEpochMs);
}

/** `GET …/attempts/:attempt`. Of an earlier attempt no metrics are kept, and none are shown. */
export function attemptJson(
  { subtaskIndex, slotIndex }: SubtaskExecution,
  attempt: Omit<SlotExecution, 'attempt'> & Pick<SubtaskExecution, 'metrics'>,
  placeOf: PlaceOf,
  nowEpochMs: number,
): object {
  const { endpoint, taskManagerId } = placeOf(slotIndex) ?? NOWHERE;
  const times = executionTimes({ ...attempt, attempt: 0 }, nowEpochMs);
  return {
    subtask: subtaskIndex,
    status: attempt.state,
    attempt: attempt.attemptNumber,
    endpoint,
    ...times,
    start_time: times['start-time'],
    metrics: metricsOf([attempt]),
    'taskmanager-id': taskManagerId,
    'status-duration': stateDurations(attempt.state, attempt.times, nowEpochMs),
  };
}

const DURATION_STATES = ['CREATED', 'SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING'] as const;

/** How long it was in each state; -1: never. */
function stateDurations(
  state: ExecutionState,
  times: StateTimes,
  nowEpochMs: number,
): Readonly<Record<string, number>> {
  const entered = Object.values(times).toSorted((a, b) => a - b);
  const entries = DURATION_STATES.map((name) => {
    const since = times[name];
    if (since === undefined) return [name, -1];
    const until = name === state ? nowEpochMs : (entered.find((at) => at > since) ?? since);
    return [name, Math.max(0, until - since)];
  });
  return Object.fromEntries(entries) as Readonly<Record<string, number>>;
}

function aggregatedJson(subtasks: readonly SubtaskExecution[], nowEpochMs: number): object {
  const metrics = [...IO_METRICS, ...TIME_METRICS].map(([shown, name]) => {
    return [shown, statisticsJson(subtasks.map((one) => Math.round(one.metrics?.[name] ?? 0)))];
  });
  const durations = subtasks.map(({ state, times }) => stateDurations(state, times, nowEpochMs));
  const states = DURATION_STATES.map((name) => {
    const known = durations.map((of) => of[name] ?? -1).filter((of) => of >= 0);
    return [name, statisticsJson(known)];
  });
  return {
    metrics: Object.fromEntries(metrics),
    'status-duration': Object.fromEntries(states),
  };
}

/** Integers, as Flink's. */
function statisticsJson(values: readonly number[]): object {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const avg = sorted.length === 0 ? 0 : Math.round(sum / sorted.length);
  return {
    ...{ min: at(0), max: at(1), avg, sum },
    ...{ median: at(0.5), p25: at(0.25), p75: at(0.75), p95: at(0.95) },
  };
}

/** `GET …/subtasktimes`. */
export function subtaskTimesJson(
  { id, name, subtasks }: ShownVertex,
  placeOf: PlaceOf,
  now: number,
) {
  return {
    ...{ id, name, now },
    subtasks: subtasks.map((subtask) => ({
      subtask: subtask.subtaskIndex,
      endpoint: (placeOf(subtask.slotIndex) ?? NOWHERE).endpoint,
      duration: executionTimes({ ...subtask, attempt: 0 }, now).duration,
      timestamps: Object.fromEntries(
        EXECUTION_STATES.map((state) => [state, subtask.times[state] ?? 0]),
      ),
    })),
  };
}

/** `GET …/taskmanagers`. */
export function vertexTaskManagersJson(
  { id, name, subtasks }: ShownVertex,
  placeOf: PlaceOf,
  now: number,
): object {
  const groups = Map.groupBy(subtasks, ({ slotIndex }) => {
    return (placeOf(slotIndex) ?? NOWHERE).taskManagerId;
  });
  const taskmanagers = [...groups].map(([taskManagerId, of]) => {
    const states = of.map(({ state }) => state);
    return {
      endpoint: (placeOf(of[0]?.slotIndex ?? -1) ?? NOWHERE).endpoint,
      status: vertexState(states),
      ...spanOf(of, now),
      metrics: metricsOf(of),
      'status-counts': stateCounts(states),
      'taskmanager-id': taskManagerId,
      aggregated: aggregatedJson(of, now),
    };
  });
  return { ...{ id, name, now }, taskmanagers };
}

type BackPressureLevel = 'ok' | 'low' | 'high';

/**
 * `GET …/backpressure`. Shares of the last seconds, of the subtasks of which they are known;
 * `deprecated` is Flink's word for that nothing is.
 */
export function backPressureJson({ subtasks }: ShownVertex, nowEpochMs: number): object {
  const known = subtasks.flatMap(({ subtaskIndex, attemptNumber, metrics }) => {
    const rates = metrics?.rates;
    if (rates === undefined) return [];
    const share = (perSecondMs: number): number => Math.min(1, perSecondMs / 1000);
    const ratio = share(rates.backPressuredTimeMsPerSecond);
    const level = backPressureLevel(ratio);
    return [
      {
        ...{ subtask: subtaskIndex, 'attempt-number': attemptNumber },
        ...{ 'backpressure-level': level, backpressureLevel: level, ratio },
        idleRatio: share(rates.idleTimeMsPerSecond),
        busyRatio: share(rates.busyTimeMsPerSecond),
      },
    ];
  });
  if (known.length === 0) {
    const unknown = { 'backpressure-level': null, backpressureLevel: null, 'end-timestamp': null };
    return { status: 'deprecated', ...unknown, subtasks: [] };
  }
  const level = backPressureLevel(Math.max(0, ...known.map(({ ratio }) => ratio)));
  return {
    status: 'ok',
    ...{ 'backpressure-level': level, backpressureLevel: level },
    'end-timestamp': nowEpochMs,
    subtasks: known,
  };
}

/** @see org.apache.flink.runtime.rest.handler.job.JobVertexBackPressureHandler */
function backPressureLevel(ratio: number): BackPressureLevel {
  if (ratio <= 0.1) return 'ok';
  return ratio <= 0.5 ? 'low' : 'high';
}
