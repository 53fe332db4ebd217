import {
  type AccumulatorRecord,
  mergeAccumulators,
  type TaskMetricsRecord,
} from '../protocol/index.ts';
import type { Task } from './task.ts';
import { inputFacts, operatorFacts, withEarlierFacts } from './task-facts.ts';

export interface TaskMetricsSource {
  readonly task: Task;
  /** The values of the operators' own metrics now, by `<operator name>.<metric>`. */
  readonly operatorMetrics: () => Readonly<Record<string, number | string | boolean>>;
  readonly accumulators: () => readonly AccumulatorRecord[];
}

/** Reads the counters of a task. */
export function taskMetrics({
  task,
  operatorMetrics,
  accumulators,
}: TaskMetricsSource): TaskMetricsRecord {
  const { ref, writers, remoteInputs, chain, gates, origins } = task.parts;
  let numRecordsOut = 0;
  let numBytesOut = 0;
  let numRecordsFallback = 0;
  let maxPendingBytes = 0;
  for (const writer of writers) {
    const statistics = writer.statistics();
    numRecordsOut += writer.numRecords;
    numBytesOut += statistics.bytes;
    numRecordsFallback += statistics.fallbackRecords;
    maxPendingBytes = Math.max(maxPendingBytes, statistics.maxPendingBytes);
  }
  const progress = chain.source?.progress?.();
  return {
    ...ref,
    numRecordsIn: task.numRecordsIn(),
    numRecordsOut,
    numBytesIn: remoteInputs.reduce((sum, { source }) => sum + source.bytesRead, 0),
    numBytesOut,
    ...localEdges(task),
    numRecordsFallback,
    maxPendingBytes,
    currentInputWatermarkMs: task.inputWatermarkMs(),
    ...timesOf(task),
    ...(progress === undefined ? {} : { progress }),
    operatorMetrics: operatorMetrics(),
    ...withAccumulators(accumulators()),
    ...(gates.length === 0 ? {} : { inputs: inputFacts(gates, origins) }),
    operators: operatorFacts(chain, task.numRecordsIn()),
  };
}

/** What is called has no bytes, so that those counted are not of all records. */
function localEdges({ parts: { gates, remoteInputs, writers } }: Task) {
  const channelCount = gates.reduce((sum, { channels }) => sum + channels.length, 0);
  return {
    ...(remoteInputs.length < channelCount ? { hasLocalInput: true as const } : {}),
    ...(writers.some(({ isLocal }) => isLocal) ? { hasLocalOutput: true as const } : {}),
  };
}

/** A task waits while it calls another of its slot, and that one works. */
function timesOf({ times, parts }: Task) {
  const calling = parts.writers.reduce((sum, { calledMs }) => sum + calledMs, 0);
  const called = parts.gates.reduce((sum, { calledMs }) => sum + calledMs, 0);
  return {
    busyTimeMs: Math.max(0, times.busy + called - calling),
    backPressuredTimeMs: times.blocked + calling,
    idleTimeMs: Math.max(0, times.idle - called),
  };
}

/** Adds what earlier leases of the task have counted. */
export function withEarlier(
  now: TaskMetricsRecord,
  earlier: readonly TaskMetricsRecord[],
): TaskMetricsRecord {
  const before = earlier.find(
    ({ vertexId, subtaskIndex }) => vertexId === now.vertexId && subtaskIndex === now.subtaskIndex,
  );
  if (before === undefined) return now;
  return {
    ...now,
    numRecordsIn: before.numRecordsIn + now.numRecordsIn,
    numRecordsOut: before.numRecordsOut + now.numRecordsOut,
    numBytesIn: before.numBytesIn + now.numBytesIn,
    numBytesOut: before.numBytesOut + now.numBytesOut,
    numRecordsFallback: before.numRecordsFallback + now.numRecordsFallback,
    maxPendingBytes: Math.max(before.maxPendingBytes, now.maxPendingBytes),
    currentInputWatermarkMs: Math.max(before.currentInputWatermarkMs, now.currentInputWatermarkMs),
    busyTimeMs: before.busyTimeMs + now.busyTimeMs,
    backPressuredTimeMs: before.backPressuredTimeMs + now.backPressuredTimeMs,
    idleTimeMs: before.idleTimeMs + now.idleTimeMs,
    ...withAccumulators(mergeAccumulators([before.accumulators, now.accumulators])),
    ...withEarlierFacts(now, before),
  };
}

function withAccumulators(
  accumulators: readonly AccumulatorRecord[],
): Pick<TaskMetricsRecord, 'accumulators'> {
  return accumulators.length === 0 ? {} : { accumulators };
}
