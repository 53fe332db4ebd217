/** A checkpoint's subtasks of one vertex as Flink's REST interface shows them. Pure. */
import type {
  AcknowledgedSubtaskStats,
  CheckpointStatsRecord,
  MetricSummary,
  TaskCheckpointStats,
} from '../../checkpoint/index.ts';
import { summaryJson, taskJson } from './checkpoints-json.ts';

/** `GET …/checkpoints/details/:checkpointid/subtasks/:vertexid`. */
export function subtaskCheckpointsJson(
  record: CheckpointStatsRecord,
  task: TaskCheckpointStats,
  nowEpochMs: number,
): object {
  const { triggeredAtEpochMs } = record;
  const known = task.subtasks.flatMap((one) => (one === null ? [] : [one]));
  return {
    ...taskJson(record, task, nowEpochMs),
    summary: summaryOf(known, triggeredAtEpochMs),
    subtasks: task.subtasks.map((one, index) => {
      return one === null
        ? { className: 'pending', index, status: 'pending_or_failed' }
        : { ...subtaskJson(one, triggeredAtEpochMs), index };
    }),
  };
}

function subtaskJson(stats: AcknowledgedSubtaskStats, triggeredAtEpochMs: number): object {
  return {
    className: 'completed',
    status: 'completed',
    ack_timestamp: stats.acknowledgedAtEpochMs,
    end_to_end_duration: Math.max(0, stats.acknowledgedAtEpochMs - triggeredAtEpochMs),
    checkpointed_size: stats.checkpointedSizeBytes,
    state_size: stats.stateSizeBytes,
    checkpoint: { sync: Math.round(stats.syncMs), async: Math.round(stats.asyncMs) },
    alignment: {
      buffered: 0,
      processed: stats.processedDuringAlignmentBytes,
      persisted: stats.persistedDuringAlignmentBytes,
      duration: Math.round(stats.alignmentMs),
    },
    start_delay: Math.round(stats.startDelayMs),
    unaligned_checkpoint: stats.unaligned,
    aborted: false,
  };
}

function summaryOf(known: readonly AcknowledgedSubtaskStats[], triggeredAtEpochMs: number): object {
  const of = (read: (stats: AcknowledgedSubtaskStats) => number): object =>
    summaryJson(summaryOfValues(known.map((stats) => Math.round(read(stats)))));
  return {
    checkpointed_size: of((stats) => stats.checkpointedSizeBytes),
    state_size: of((stats) => stats.stateSizeBytes),
    end_to_end_duration: of((stats) =>
      Math.max(0, stats.acknowledgedAtEpochMs - triggeredAtEpochMs),
    ),
    checkpoint_duration: { sync: of((stats) => stats.syncMs), async: of((stats) => stats.asyncMs) },
    alignment: {
      buffered: of(() => 0),
      processed: of((stats) => stats.processedDuringAlignmentBytes),
      persisted: of((stats) => stats.persistedDuringAlignmentBytes),
      duration: of((stats) => stats.alignmentMs),
    },
    start_delay: of((stats) => stats.startDelayMs),
  };
}

function summaryOfValues(window: readonly number[]): MetricSummary {
  const sum = window.reduce((total, value) => total + value, 0);
  const none = window.length === 0;
  return {
    ...{ count: window.length, sum, window },
    min: none ? 0 : Math.min(...window),
    max: none ? 0 : Math.max(...window),
  };
}
