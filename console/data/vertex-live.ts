/** What a job's vertices do right now. Pure. */
import type { AggregateJson, IoMetricsJson, JobJson } from './rest-json.ts';

/** Shares are of 1; undefined: not known (yet). */
export interface VertexLive {
  readonly inPerSecond?: number;
  readonly outPerSecond?: number;
  /** Of the subtask that has most of it; of the vertex as a whole where subtasks are not known. */
  readonly busyShare?: number;
  readonly pressuredShare?: number;
  readonly idleShare?: number;
  /** The lowest of all subtasks. */
  readonly watermarkMs?: number;
  /** By input, in their order; undefined: it is idle. Empty: the cluster does not tell. */
  readonly inputWatermarksMs: readonly (number | undefined)[];
}

/** What is asked of each vertex, of all its subtasks. */
const LIVE_METRICS = [
  'numRecordsInPerSecond',
  'numRecordsOutPerSecond',
  'busyTimeMsPerSecond',
  'backPressuredTimeMsPerSecond',
  'idleTimeMsPerSecond',
  'currentInputWatermark',
] as const;

/** @param inputCount of the vertex: with several, each has a watermark. */
export function liveMetricsPath(jobId: string, vertexId: string, inputCount: number): string {
  const inputs = Array.from({ length: inputCount }, (_, index) => inputMetric(index));
  const names = inputCount > 1 ? [...LIVE_METRICS, ...inputs] : LIVE_METRICS;
  return `/jobs/${jobId}/vertices/${vertexId}/subtasks/metrics?get=${names.join(',')}&agg=min,max,sum`;
}

function inputMetric(index: number): string {
  return `currentInput${index + 1}Watermark`;
}

/** By vertex; those of the plan that read something. */
export function inputCounts({ plan }: JobJson): ReadonlyMap<string, number> {
  return new Map(plan.nodes.map(({ id, inputs = [] }) => [id, inputs.length]));
}

/** Of the subtasks' own rates; what they do not tell is left out. */
export function liveOfSubtasks(metrics: readonly AggregateJson[]): VertexLive {
  const of = (id: string): AggregateJson | undefined => metrics.find((one) => one.id === id);
  const share = (id: string): number | undefined => {
    const max = of(id)?.max;
    return max === undefined ? undefined : Math.min(1, max / 1000);
  };
  return known({
    inPerSecond: of('numRecordsInPerSecond')?.sum,
    outPerSecond: of('numRecordsOutPerSecond')?.sum,
    busyShare: share('busyTimeMsPerSecond'),
    pressuredShare: share('backPressuredTimeMsPerSecond'),
    idleShare: share('idleTimeMsPerSecond'),
    watermarkMs: of('currentInputWatermark')?.min,
    inputWatermarksMs: inputWatermarks(metrics),
  });
}

function inputWatermarks(metrics: readonly AggregateJson[]): readonly (number | undefined)[] {
  const watermarks: (number | undefined)[] = [];
  for (const { id, min } of metrics) {
    const [, input] = /^currentInput(\d+)Watermark$/.exec(id) ?? [];
    if (input !== undefined) watermarks[Number(input) - 1] = min;
  }
  return Array.from(watermarks);
}

type CountName = 'read-bytes' | 'write-bytes' | 'read-records' | 'write-records';

/** Undefined: no subtask has reported yet. Of some of them it is what they have done. */
export function knownCount(metrics: IoMetricsJson, name: CountName): number | undefined {
  const isUnknown = metrics[`${name}-complete`] === false && metrics[name] === 0;
  return isUnknown ? undefined : metrics[name];
}

/**
 * Of what a vertex has done between two answers; nothing of a vertex that began anew, nor of one
 * that runs and has not reported meanwhile: a task is always busy, pressured or idle.
 */
export function liveOfDifference(
  earlier: JobJson,
  later: JobJson,
): ReadonlyMap<string, VertexLive> {
  const elapsedMs = later.now - earlier.now;
  if (elapsedMs <= 0) return new Map();
  const before = new Map(earlier.vertices.map(({ id, metrics }) => [id, metrics]));
  return new Map(
    later.vertices.flatMap(({ id, parallelism, status, metrics }) => {
      const first = before.get(id);
      if (first === undefined) return [];
      const grown = (name: keyof IoMetricsJson): number =>
        Number(metrics[name]) - Number(first[name]);
      const share = (name: keyof IoMetricsJson): number =>
        Math.min(1, grown(name) / (elapsedMs * Math.max(1, parallelism)));
      if (first['read-records-complete'] === false) return [];
      if (metrics['read-records-complete'] === false) return [];
      const isOver = status === 'FINISHED' || status === 'CANCELED';
      const hasReported = TIMES.some((name) => grown(name) > 0);
      if (!hasReported && !isOver) return [];
      const read = grown('read-records');
      if (read < 0 || grown('write-records') < 0) return [];
      const live: VertexLive = {
        inPerSecond: (read * 1000) / elapsedMs,
        outPerSecond: (grown('write-records') * 1000) / elapsedMs,
        busyShare: share('accumulated-busy-time'),
        pressuredShare: share('accumulated-backpressured-time'),
        idleShare: share('accumulated-idle-time'),
        inputWatermarksMs: [],
      };
      return [[id, live] as const];
    }),
  );
}

/** `over` where it is known, else `under`. */
export function mergedLive(under: VertexLive | undefined, over: VertexLive): VertexLive {
  return { ...under, ...over };
}

const TIMES = [
  'accumulated-busy-time',
  'accumulated-backpressured-time',
  'accumulated-idle-time',
] as const satisfies readonly (keyof IoMetricsJson)[];

type Optional<T> = { readonly [K in keyof T]: T[K] | undefined };

function known(live: Optional<Required<VertexLive>>): VertexLive {
  const entries = Object.entries(live).filter(([, value]) => value !== undefined);
  return { inputWatermarksMs: [], ...Object.fromEntries(entries) };
}

/** How a vertex is doing, in a word: what it spends most of its time on, if it is worth one. */
export type Load = 'unknown' | 'idle' | 'working' | 'busy' | 'pressured';

const HIGH_SHARE = 0.5;
const BUSY_SHARE = 0.8;
const IDLE_SHARE = 0.95;

/** Back pressure goes before busyness: it is not this vertex that is slow. */
export function loadOf({ busyShare, pressuredShare, idleShare }: VertexLive): Load {
  // All of a task's time is one of the three: of one with none of them nothing was reported.
  const known = (busyShare ?? 0) + (pressuredShare ?? 0) + (idleShare ?? 0);
  if (known === 0) return 'unknown';
  if ((pressuredShare ?? 0) > HIGH_SHARE) return 'pressured';
  if ((busyShare ?? 0) >= BUSY_SHARE) return 'busy';
  return (idleShare ?? 0) >= IDLE_SHARE && (busyShare ?? 0) < 0.05 ? 'idle' : 'working';
}
