/**
 * What people are shown of a job's checkpoints. Plain JSON; every function answers a new value.
 *
 * S1  `history` is newest first and holds every checkpoint in progress.
 *
 * @see org.apache.flink.runtime.checkpoint.CheckpointStatsTracker, release-1.20
 */
import type { StreamErrorRecord } from '../core/index.ts';
import {
  type CheckpointType,
  isSavepoint,
  type SubtaskCheckpointStats,
  type SubtaskRef,
} from '../protocol/index.ts';
import type { CheckpointFailureReason } from './checkpoint-failures.ts';
import {
  addToSummary,
  type CheckpointSummary,
  EMPTY_SUMMARY,
} from './checkpoint-statistics-summary.ts';

export interface CheckpointStatistics {
  readonly historyCount: number;
  readonly counts: CheckpointCounts;
  readonly history: readonly CheckpointStatsRecord[];
  /** Of completed checkpoints, savepoints too. */
  readonly summary: CheckpointSummary;
  readonly latest: LatestCheckpoints;
  /** See {@link failedInARow}. Absent: none has failed yet, or by a release that did not count. */
  readonly failedSinceCompleted?: number;
}

export interface CheckpointCounts {
  readonly restored: number;
  readonly total: number;
  readonly inProgress: number;
  readonly completed: number;
  readonly failed: number;
}

export interface LatestCheckpoints {
  readonly completed?: CheckpointStatsRecord;
  readonly savepoint?: CheckpointStatsRecord;
  readonly failed?: CheckpointStatsRecord;
  readonly restored?: RestoredCheckpointRecord;
}

export interface RestoredCheckpointRecord {
  readonly checkpointId: number;
  readonly restoredAtEpochMs: number;
  readonly isSavepoint: boolean;
  readonly path: string;
}

export interface CheckpointStatsRecord {
  readonly checkpointId: number;
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  readonly type: CheckpointType;
  readonly full: boolean;
  readonly triggeredAtEpochMs: number;
  readonly tasks: readonly TaskCheckpointStats[];
  /** Of a completed one. */
  readonly path?: string;
  readonly completedAtEpochMs?: number;
  /** Completed, and deleted since. */
  readonly discarded?: boolean;
  /** Of a failed one. */
  readonly failedAtEpochMs?: number;
  readonly error?: StreamErrorRecord;
}

type CompletedStats = Pick<
  CheckpointStatsRecord,
  'checkpointId' | 'full' | 'triggeredAtEpochMs' | 'completedAtEpochMs' | 'path'
>;

/** One vertex. */
export interface TaskCheckpointStats {
  readonly vertexId: string;
  /** By subtask index; null: not acknowledged. */
  readonly subtasks: readonly (AcknowledgedSubtaskStats | null)[];
}

export interface AcknowledgedSubtaskStats extends SubtaskCheckpointStats {
  readonly acknowledgedAtEpochMs: number;
}

/** Sums over subtasks. */
export interface CheckpointTotals {
  readonly subtaskCount: number;
  readonly acknowledgedCount: number;
  /** Absent: nobody has acknowledged yet. */
  readonly latestAckEpochMs?: number;
  readonly checkpointedSizeBytes: number;
  readonly stateSizeBytes: number;
  readonly processedDuringAlignmentBytes: number;
  readonly persistedDuringAlignmentBytes: number;
  /** A barrier overtook records somewhere. */
  readonly unaligned: boolean;
}

/** Of a job that has taken no checkpoint yet. */
export function emptyStatistics(historyCount: number): CheckpointStatistics {
  return {
    historyCount,
    counts: { restored: 0, total: 0, inProgress: 0, completed: 0, failed: 0 },
    history: [],
    summary: EMPTY_SUMMARY,
    latest: {},
  };
}

export interface TriggeredCheckpoint {
  readonly checkpointId: number;
  readonly type: CheckpointType;
  readonly full: boolean;
  readonly triggeredAtEpochMs: number;
  /** All tasks of the job; those that take no part have finished. */
  readonly tasks: readonly (SubtaskRef & { readonly isFinished: boolean })[];
}

/** A checkpoint has begun; finished tasks count as acknowledged. */
export function statsTriggered(
  statistics: CheckpointStatistics,
  triggered: TriggeredCheckpoint,
): CheckpointStatistics {
  const { checkpointId, type, full, triggeredAtEpochMs } = triggered;
  const vertices = new Map<string, (AcknowledgedSubtaskStats | null)[]>();
  for (const { vertexId, subtaskIndex, isFinished } of triggered.tasks) {
    const subtasks = vertices.get(vertexId) ?? [];
    subtasks[subtaskIndex] = isFinished
      ? { ...NO_STATS, acknowledgedAtEpochMs: triggeredAtEpochMs }
      : null;
    vertices.set(vertexId, subtasks);
  }
  const record: CheckpointStatsRecord = {
    checkpointId,
    status: 'IN_PROGRESS',
    type,
    full,
    triggeredAtEpochMs,
    tasks: [...vertices].map(([vertexId, subtasks]) => ({ vertexId, subtasks })),
  };
  return {
    ...statistics,
    counts: counted(statistics.counts, { total: 1, inProgress: 1 }),
    history: trimmed([record, ...statistics.history], statistics.historyCount),
  };
}

/** A subtask has acknowledged a checkpoint in progress. */
export function statsAcknowledged(
  statistics: CheckpointStatistics,
  checkpointId: number,
  ack: { readonly task: SubtaskRef; readonly stats: SubtaskCheckpointStats },
  nowEpochMs: number,
): CheckpointStatistics {
  const { vertexId, subtaskIndex } = ack.task;
  const stats = { ...ack.stats, acknowledgedAtEpochMs: nowEpochMs };
  return changed(statistics, checkpointId, (record) => ({
    ...record,
    tasks: record.tasks.map((task) =>
      task.vertexId === vertexId
        ? { vertexId, subtasks: task.subtasks.with(subtaskIndex, stats) }
        : task,
    ),
  }));
}

export function statsCompleted(
  statistics: CheckpointStatistics,
  checkpointId: number,
  path: string,
  nowEpochMs: number,
): CheckpointStatistics {
  const next = changed(statistics, checkpointId, (record) => ({
    ...record,
    status: 'COMPLETED',
    path,
    completedAtEpochMs: nowEpochMs,
  }));
  const record = next.history.find((other) => other.checkpointId === checkpointId);
  if (record === undefined) return statistics;
  const totals = checkpointTotals(record);
  return {
    ...next,
    counts: counted(next.counts, { inProgress: -1, completed: 1 }),
    history: trimmed(next.history, next.historyCount),
    ...(next.failedSinceCompleted === undefined ? {} : { failedSinceCompleted: 0 }),
    summary: addToSummary(next.summary, {
      checkpointedSizeBytes: totals.checkpointedSizeBytes,
      stateSizeBytes: totals.stateSizeBytes,
      endToEndDurationMs: endToEndDurationMs(record, nowEpochMs),
      processedDuringAlignmentBytes: totals.processedDuringAlignmentBytes,
      persistedDuringAlignmentBytes: totals.persistedDuringAlignmentBytes,
    }),
    latest: {
      ...next.latest,
      [isSavepoint(record.type) ? 'savepoint' : 'completed']: record,
    },
  };
}

/** A checkpoint in progress has failed. */
export function statsFailed(
  statistics: CheckpointStatistics,
  checkpointId: number,
  error: StreamErrorRecord,
  nowEpochMs: number,
): CheckpointStatistics {
  const next = changed(statistics, checkpointId, (record) => ({
    ...record,
    status: 'FAILED',
    failedAtEpochMs: nowEpochMs,
    error,
  }));
  const failed = next.history.find((other) => other.checkpointId === checkpointId);
  if (failed === undefined) return statistics;
  return {
    ...next,
    counts: counted(next.counts, { inProgress: -1, failed: 1 }),
    history: trimmed(next.history, next.historyCount),
    latest: { ...next.latest, failed },
    failedSinceCompleted: failedInARow(statistics) + Number(isFailure(failed)),
  };
}

/**
 * How many have failed since one has completed, savepoints too, however few the history has. Those
 * of {@link NO_FAILURE} neither count nor end the row.
 */
export function failedInARow({ failedSinceCompleted, history }: CheckpointStatistics): number {
  if (failedSinceCompleted !== undefined) return failedSinceCompleted;
  const completed = history.findIndex(({ status }) => status === 'COMPLETED');
  return (completed === -1 ? history : history.slice(0, completed)).filter(isFailure).length;
}

/** Ends of checkpoints that are part of a restart, or of the end of their job. */
const NO_FAILURE: readonly string[] = [
  'CHECKPOINT_COORDINATOR_SUSPEND',
  'CHECKPOINT_COORDINATOR_SHUTDOWN',
  'CHECKPOINT_SUBSUMED',
  'PERIODIC_SCHEDULER_SHUTDOWN',
] satisfies CheckpointFailureReason[];

/** It has failed by itself. */
export function isFailure({ status, error }: CheckpointStatsRecord): boolean {
  return status === 'FAILED' && !NO_FAILURE.includes(error?.code ?? '');
}

/** A checkpoint failed before it got an id. */
export function statsFailedBeforeTrigger(statistics: CheckpointStatistics): CheckpointStatistics {
  return { ...statistics, counts: counted(statistics.counts, { total: 1, failed: 1 }) };
}

/** The job, or a part of it, was set back to a checkpoint. */
export function statsRestored(
  statistics: CheckpointStatistics,
  restored: RestoredCheckpointRecord,
): CheckpointStatistics {
  return {
    ...statistics,
    counts: counted(statistics.counts, { restored: 1 }),
    latest: { ...statistics.latest, restored },
  };
}

/**
 * What was shown before, in a process that goes on with the job.
 *
 * @param completed that it has not: all that is known of them. Oldest first.
 */
export function statsContinued(
  before: CheckpointStatistics,
  historyCount: number,
  completed: readonly Required<CompletedStats>[],
): CheckpointStatistics {
  const records = completed.map((one): CheckpointStatsRecord => {
    const { checkpointId, full, triggeredAtEpochMs, completedAtEpochMs, path } = one;
    const known = { checkpointId, full, triggeredAtEpochMs, completedAtEpochMs, path };
    return { ...known, status: 'COMPLETED', type: 'CHECKPOINT', tasks: [] };
  });
  const newest = records.at(-1);
  const count = records.length;
  return {
    ...before,
    historyCount,
    counts: counted(before.counts, { total: count, completed: count }),
    history: trimmed([...records.toReversed(), ...before.history], historyCount),
    latest: { ...before.latest, ...(newest === undefined ? {} : { completed: newest }) },
  };
}

/** Completed checkpoints were deleted. */
export function statsDiscarded(
  statistics: CheckpointStatistics,
  checkpointIds: readonly number[],
): CheckpointStatistics {
  return checkpointIds.reduce(
    (next, id) =>
      changed(next, id, (r) => (r.status === 'COMPLETED' ? { ...r, discarded: true } : r)),
    statistics,
  );
}

/** Sums over some subtasks: of one vertex, or of the checkpoint. */
export function taskTotals(task: TaskCheckpointStats): CheckpointTotals {
  return totalsOf(task.subtasks);
}

export function checkpointTotals(record: CheckpointStatsRecord): CheckpointTotals {
  return totalsOf(record.tasks.flatMap(({ subtasks }) => subtasks));
}

/** To the last ack of a completed one, to the failure of a failed one, until now otherwise. */
export function endToEndDurationMs(record: CheckpointStatsRecord, nowEpochMs: number): number {
  const endEpochMs =
    record.status === 'COMPLETED'
      ? (checkpointTotals(record).latestAckEpochMs ?? record.completedAtEpochMs)
      : record.failedAtEpochMs;
  return Math.max(0, (endEpochMs ?? nowEpochMs) - record.triggeredAtEpochMs);
}

const NO_STATS: SubtaskCheckpointStats = {
  startDelayMs: 0,
  alignmentMs: 0,
  syncMs: 0,
  asyncMs: 0,
  checkpointedSizeBytes: 0,
  stateSizeBytes: 0,
  processedDuringAlignmentBytes: 0,
  persistedDuringAlignmentBytes: 0,
  unaligned: false,
};

function totalsOf(subtasks: TaskCheckpointStats['subtasks']): CheckpointTotals {
  const acks = subtasks.filter((stats) => stats !== null);
  const sum = (read: (stats: AcknowledgedSubtaskStats) => number): number =>
    acks.reduce((total, stats) => total + read(stats), 0);
  return {
    subtaskCount: subtasks.length,
    acknowledgedCount: acks.length,
    ...(acks.length === 0
      ? {}
      : { latestAckEpochMs: Math.max(...acks.map((stats) => stats.acknowledgedAtEpochMs)) }),
    checkpointedSizeBytes: sum((stats) => stats.checkpointedSizeBytes),
    stateSizeBytes: sum((stats) => stats.stateSizeBytes),
    processedDuringAlignmentBytes: sum((stats) => stats.processedDuringAlignmentBytes),
    persistedDuringAlignmentBytes: sum((stats) => stats.persistedDuringAlignmentBytes),
    unaligned: acks.some(({ unaligned }) => unaligned),
  };
}

function changed(
  statistics: CheckpointStatistics,
  checkpointId: number,
  change: (record: CheckpointStatsRecord) => CheckpointStatsRecord,
): CheckpointStatistics {
  const history = statistics.history.map((record) =>
    record.checkpointId === checkpointId ? change(record) : record,
  );
  return { ...statistics, history };
}

/** S1. */
function trimmed(
  history: readonly CheckpointStatsRecord[],
  size: number,
): readonly CheckpointStatsRecord[] {
  return history.filter((record, index) => index < size || record.status === 'IN_PROGRESS');
}

function counted(counts: CheckpointCounts, by: Partial<CheckpointCounts>): CheckpointCounts {
  return {
    restored: counts.restored + (by.restored ?? 0),
    total: counts.total + (by.total ?? 0),
    inProgress: counts.inProgress + (by.inProgress ?? 0),
    completed: counts.completed + (by.completed ?? 0),
    failed: counts.failed + (by.failed ?? 0),
  };
}
