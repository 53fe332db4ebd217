/** Checkpoint statistics as Flink's REST interface shows them. Pure. */
import {
  averageOf,
  type CheckpointStatistics,
  type CheckpointStatsRecord,
  checkpointTotals,
  endToEndDurationMs,
  type MetricSummary,
  percentilesOf,
  type RestoredCheckpointRecord,
  type TaskCheckpointStats,
  taskTotals,
} from '../../checkpoint/index.ts';
import { isSavepoint } from '../../protocol/index.ts';

/** `GET /jobs/:jobid/checkpoints`. */
export function checkpointsJson(statistics: CheckpointStatistics, nowEpochMs: number): object {
  const { counts, summary, latest, history } = statistics;
  const entry = (record: CheckpointStatsRecord | undefined): object | null =>
    record === undefined ? null : checkpointJson(record, nowEpochMs);
  return {
    counts: {
      restored: counts.restored,
      total: counts.total,
      in_progress: counts.inProgress,
      completed: counts.completed,
      failed: counts.failed,
    },
    summary: {
      checkpointed_size: summaryJson(summary.checkpointedSizeBytes),
      state_size: summaryJson(summary.stateSizeBytes),
      end_to_end_duration: summaryJson(summary.endToEndDurationMs),
      alignment_buffered: summaryJson({ count: 0, sum: 0, min: 0, max: 0, window: [] }),
      processed_data: summaryJson(summary.processedDuringAlignmentBytes),
      persisted_data: summaryJson(summary.persistedDuringAlignmentBytes),
    },
    latest: {
      completed: entry(latest.completed),
      savepoint: entry(latest.savepoint),
      failed: entry(latest.failed),
      restored: latest.restored === undefined ? null : restoredJson(latest.restored),
    },
    history: history.map((record) => checkpointJson(record, nowEpochMs)),
  };
}

/** `GET /jobs/:jobid/checkpoints/details/:checkpointid`, and an element of the history. */
export function checkpointJson(record: CheckpointStatsRecord, nowEpochMs: number): object {
  const { checkpointId, status, type, triggeredAtEpochMs, tasks } = record;
  const totals = checkpointTotals(record);
  const isOfUser = isSavepoint(type);
  const common = { id: checkpointId, status };
  return {
    className: status.toLowerCase(),
    ...common,
    is_savepoint: isOfUser,
    savepointFormat: isOfUser ? 'CANONICAL' : null,
    trigger_timestamp: triggeredAtEpochMs,
    ...totalsJson(totals),
    end_to_end_duration: endToEndDurationMs(record, nowEpochMs),
    checkpoint_type: typeText(record),
    tasks: Object.fromEntries(
      tasks.map((task) => [task.vertexId, taskJson(record, task, nowEpochMs)]),
    ),
    ...subtypeJson(record),
  };
}

/** Of one vertex. */
export function taskJson(
  { checkpointId, status, triggeredAtEpochMs }: CheckpointStatsRecord,
  task: TaskCheckpointStats,
  nowEpochMs: number,
): object {
  const of = taskTotals(task);
  const durationMs = (of.latestAckEpochMs ?? nowEpochMs) - triggeredAtEpochMs;
  const times = { end_to_end_duration: Math.max(0, durationMs) };
  return { id: checkpointId, status, ...totalsJson(of), ...times };
}

function subtypeJson({ status, path, discarded, failedAtEpochMs, error }: CheckpointStatsRecord) {
  if (status === 'COMPLETED') return { external_path: path ?? '', discarded: discarded ?? false };
  if (status === 'IN_PROGRESS') return {};
  return { failure_timestamp: failedAtEpochMs ?? 0, failure_message: error?.message ?? '' };
}

function totalsJson(totals: ReturnType<typeof checkpointTotals>): object {
  return {
    latest_ack_timestamp: totals.latestAckEpochMs ?? -1,
    checkpointed_size: totals.checkpointedSizeBytes,
    state_size: totals.stateSizeBytes,
    alignment_buffered: 0,
    processed_data: totals.processedDuringAlignmentBytes,
    persisted_data: totals.persistedDuringAlignmentBytes,
    num_subtasks: totals.subtaskCount,
    num_acknowledged_subtasks: totals.acknowledgedCount,
  };
}

function typeText(record: CheckpointStatsRecord): string {
  if (record.type === 'SAVEPOINT') return 'SAVEPOINT';
  if (isSavepoint(record.type)) return 'SYNC_SAVEPOINT';
  return checkpointTotals(record).unaligned ? 'UNALIGNED_CHECKPOINT' : 'CHECKPOINT';
}

function restoredJson(restored: RestoredCheckpointRecord): object {
  return {
    id: restored.checkpointId,
    restore_timestamp: restored.restoredAtEpochMs,
    is_savepoint: restored.isSavepoint,
    external_path: restored.path,
  };
}

export function summaryJson(summary: MetricSummary): object {
  const none = { p50: 'NaN', p90: 'NaN', p95: 'NaN', p99: 'NaN', p999: 'NaN' };
  const { min, max } = summary;
  return { min, max, avg: averageOf(summary), ...(percentilesOf(summary) ?? none) };
}
