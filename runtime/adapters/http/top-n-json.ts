/**
 * The hottest spots of a job, in the shape of Flink's master. Pure.
 *
 * @see https://issues.apache.org/jira/browse/FLINK-39489
 */
import type { CheckpointStatsRecord } from '../../checkpoint/index.ts';
import type { DispatchedJob } from '../../jobmaster/index.ts';
import { type ShownVertex, shownVertices } from './vertices-json.ts';

/**
 * `GET /jobs/:jobid/metrics/top-n`. What is of TaskManagers stays empty: they measure the processor
 * time of their process, of no thread, and nothing of garbage. `slowestCheckpointAcks` is our own.
 *
 * @param count of each kind at most.
 */
export function topNJson(job: DispatchedJob, count: number, nowEpochMs: number): object {
  const vertices = shownVertices(job);
  return {
    topCpuConsumers: [],
    topBackpressureOperators: topSubtasks(vertices, count, 'backPressuredTimeMsPerSecond').map(
      ({ ratio, ...subtask }) => ({ ...subtask, backpressureRatio: ratio }),
    ),
    topGcIntensiveTasks: [],
    topBusyOperators: topSubtasks(vertices, count, 'busyTimeMsPerSecond').map(
      ({ ratio, ...subtask }) => ({ ...subtask, busyRatio: ratio }),
    ),
    topLaggingSources: laggingSources(vertices).slice(0, count),
    slowestCheckpointAcks: slowestAcks(job, vertices, nowEpochMs).slice(0, count),
  };
}

interface RankedSubtask {
  readonly operatorId: string;
  readonly operatorName: string;
  readonly subtaskId: number;
  /** 0 to 1. */
  readonly ratio: number;
}

/** Without those that have told no rates yet. */
function topSubtasks(
  vertices: readonly ShownVertex[],
  count: number,
  name: 'backPressuredTimeMsPerSecond' | 'busyTimeMsPerSecond',
): readonly RankedSubtask[] {
  const all = vertices.flatMap(({ id, name: operatorName, subtasks }) =>
    subtasks.flatMap(({ subtaskIndex, metrics }) => {
      const perSecondMs = metrics?.rates?.[name];
      if (perSecondMs === undefined) return [];
      const ratio = Math.max(0, Math.min(1, perSecondMs / 1000));
      return [{ operatorId: id, operatorName, subtaskId: subtaskIndex, ratio }];
    }),
  );
  return all.toSorted((a, b) => b.ratio - a.ratio).slice(0, count);
}

interface LaggingSource {
  readonly vertexId: string;
  readonly vertexName: string;
  /** Null: no source of it tells. Of all subtasks. */
  readonly pendingRecords: number | null;
  /** Null: as above. Of the worst subtask. */
  readonly maxFetchEventTimeLagMs: number | null;
  readonly maxEmitEventTimeLagMs: number | null;
}

/** Vertices that tell how far behind they are, the worst first. */
function laggingSources(vertices: readonly ShownVertex[]): readonly LaggingSource[] {
  const all = vertices.flatMap((vertex): readonly LaggingSource[] => {
    const pending = operatorMetrics(vertex, 'pendingRecords');
    const fetch = operatorMetrics(vertex, 'currentFetchEventTimeLag');
    const emit = operatorMetrics(vertex, 'currentEmitEventTimeLag');
    if (pending.length + fetch.length + emit.length === 0) return [];
    const pendingRecords = pending.length === 0 ? null : pending.reduce((a, b) => a + b, 0);
    return [
      {
        ...{ vertexId: vertex.id, vertexName: vertex.name, pendingRecords },
        maxFetchEventTimeLagMs: fetch.length === 0 ? null : Math.max(...fetch),
        maxEmitEventTimeLagMs: emit.length === 0 ? null : Math.max(...emit),
      },
    ];
  });
  const rank = (source: LaggingSource): readonly number[] =>
    [source.pendingRecords, source.maxFetchEventTimeLagMs, source.maxEmitEventTimeLagMs].map(
      (value) => value ?? Number.NEGATIVE_INFINITY,
    );
  return all.toSorted((a, b) => compared(rank(b), rank(a)));
}

function compared(left: readonly number[], right: readonly number[]): number {
  for (const [index, one] of left.entries()) {
    const other = right[index] ?? 0;
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** Those of this name, of whichever operator of the chain; one for each that tells it. */
function operatorMetrics({ subtasks }: ShownVertex, name: string): readonly number[] {
  return subtasks.flatMap(({ metrics }) =>
    Object.entries(metrics?.operatorMetrics ?? {}).flatMap(([key, value]) => {
      return key.endsWith(`.${name}`) && Number.isFinite(value) ? [Number(value)] : [];
    }),
  );
}

/** Of the newest checkpoint that began: who took longest, those first that have not yet. */
function slowestAcks(
  { checkpointStatistics }: DispatchedJob,
  vertices: readonly ShownVertex[],
  nowEpochMs: number,
): readonly object[] {
  const newest = checkpointStatistics?.history[0];
  if (newest === undefined) return [];
  const names = new Map(vertices.map(({ id, name }) => [id, name]));
  const all = newest.tasks.flatMap(({ vertexId, subtasks }) =>
    subtasks.map((ack, subtaskId) => {
      const untilEpochMs = ack?.acknowledgedAtEpochMs ?? endOf(newest) ?? nowEpochMs;
      return {
        checkpointId: newest.checkpointId,
        operatorId: vertexId,
        operatorName: names.get(vertexId) ?? vertexId,
        subtaskId,
        acknowledged: ack !== null,
        endToEndDurationMs: Math.max(0, untilEpochMs - newest.triggeredAtEpochMs),
        alignmentDurationMs: ack === null ? null : Math.round(ack.alignmentMs),
        startDelayMs: ack === null ? null : Math.round(ack.startDelayMs),
      };
    }),
  );
  return all.toSorted(
    (a, b) =>
      Number(a.acknowledged) - Number(b.acknowledged) ||
      b.endToEndDurationMs - a.endToEndDurationMs,
  );
}

function endOf({ completedAtEpochMs, failedAtEpochMs }: CheckpointStatsRecord): number | undefined {
  return completedAtEpochMs ?? failedAtEpochMs;
}
