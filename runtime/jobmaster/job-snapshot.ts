import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { JobGraph, JobVertex } from '../graph/index.ts';
import {
  type AccumulatorRecord,
  mergeAccumulators,
  type TaskMetricsRecord,
} from '../protocol/index.ts';
import type { JobStatus } from './job-state.ts';

/** What is known of a running job, summed over subtasks. */
export interface JobSnapshot {
  readonly status: JobStatus;
  readonly elapsedMs: number;
  /** In the JobGraph's order. */
  readonly vertices: readonly VertexSnapshot[];
}

export interface VertexSnapshot {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly isSource: boolean;
  readonly numRecordsIn: number;
  readonly numRecordsOut: number;
  readonly numBytesIn: number;
  readonly numBytesOut: number;
  /** As of `TaskMetricsRecord`, of some subtask. */
  readonly hasLocalInput?: true;
  readonly hasLocalOutput?: true;
  readonly numRecordsFallback: number;
  readonly maxPendingBytes: number;
  /** The lowest of the subtasks; undefined before the first, `MAX_WATERMARK_MS` at the end. */
  readonly watermarkMs: number | undefined;
  /** Sums over subtasks since the start; differences of two snapshots give the present share. */
  readonly busyTimeMs: number;
  readonly backPressuredTimeMs: number;
  readonly idleTimeMs: number;
  /** 0 to 1 for bounded sources whose size is known. */
  readonly progress: number | undefined;
  readonly numLateRecordsDropped: number;
  /** Numeric operator metrics summed over subtasks, by `<operator name>.<metric>`. */
  readonly operatorMetrics: Readonly<Record<string, number>>;
  /** Merged over subtasks. Absent: none has any. */
  readonly accumulators?: readonly AccumulatorRecord[];
}

/** Sums the newest metrics of every subtask. Pure. */
export function snapshotJob(
  status: JobStatus,
  jobGraph: JobGraph,
  metrics: ReadonlyMap<string, TaskMetricsRecord>,
  totalProgress: ReadonlyMap<string, number | undefined>,
  elapsedMs: number,
): JobSnapshot {
  const vertices = jobGraph.vertices.map((vertex) => {
    const tasks = [...metrics.values()].filter((task) => task.vertexId === vertex.id);
    return snapshotVertex(vertex, tasks, totalProgress);
  });
  return { status, elapsedMs, vertices };
}

function snapshotVertex(
  vertex: JobVertex,
  tasks: readonly TaskMetricsRecord[],
  totalProgress: ReadonlyMap<string, number | undefined>,
): VertexSnapshot {
  const sum = (read: (task: TaskMetricsRecord) => number): number =>
    tasks.reduce((total, task) => total + read(task), 0);
  const watermarkMs = lowestWatermark(vertex, tasks);
  const total = totalProgress.get(vertex.id);
  const read = sum((task) => task.progress ?? 0);
  const operatorMetrics = sumMetrics(tasks);
  const accumulators = mergeAccumulators(tasks.map((task) => task.accumulators));
  return {
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    isSource: totalProgress.has(vertex.id),
    numRecordsIn: sum((task) => task.numRecordsIn),
    numRecordsOut: sum((task) => task.numRecordsOut),
    numBytesIn: sum((task) => task.numBytesIn),
    numBytesOut: sum((task) => task.numBytesOut),
    ...(tasks.some((task) => task.hasLocalInput) ? { hasLocalInput: true } : {}),
    ...(tasks.some((task) => task.hasLocalOutput) ? { hasLocalOutput: true } : {}),
    numRecordsFallback: sum((task) => task.numRecordsFallback),
    maxPendingBytes: Math.max(0, ...tasks.map((task) => task.maxPendingBytes)),
    watermarkMs,
    busyTimeMs: sum((task) => task.busyTimeMs),
    backPressuredTimeMs: sum((task) => task.backPressuredTimeMs),
    idleTimeMs: sum((task) => task.idleTimeMs),
    progress: progressOf(total, read, watermarkMs),
    numLateRecordsDropped: Object.entries(operatorMetrics)
      .filter(([name]) => name.endsWith('.numLateRecordsDropped'))
      .reduce((dropped, [, count]) => dropped + count, 0),
    operatorMetrics,
    ...(accumulators.length === 0 ? {} : { accumulators }),
  };
}

function lowestWatermark(
  vertex: JobVertex,
  tasks: readonly TaskMetricsRecord[],
): number | undefined {
  if (tasks.length < vertex.parallelism) return undefined;
  const lowest = Math.min(...tasks.map((task) => task.currentInputWatermarkMs));
  return lowest === MIN_TIMESTAMP_MS ? undefined : lowest;
}

function progressOf(
  total: number | undefined,
  read: number,
  watermarkMs: number | undefined,
): number | undefined {
  if (total === undefined) return undefined;
  if (watermarkMs === MAX_WATERMARK_MS || total === 0) return 1;
  return Math.min(1, read / total);
}

function sumMetrics(tasks: readonly TaskMetricsRecord[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const task of tasks) {
    for (const [name, value] of Object.entries(task.operatorMetrics)) {
      if (typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
    }
  }
  return sums;
}

/** Of the job: merged over its vertices. */
export function jobAccumulators(
  vertices: readonly Pick<VertexSnapshot, 'accumulators'>[],
): readonly AccumulatorRecord[] {
  return mergeAccumulators(vertices.map(({ accumulators }) => accumulators));
}
