/** A cluster with metrics of every kind, for tests of what monitoring systems are told. */
import { type MetricSample, metricSamples } from './adapters/index.ts';
import type { DispatchedJob, SubtaskExecution } from './jobmaster/index.ts';

export const JOB_ID = 'a'.repeat(32);
export const NOW_EPOCH_MS = 60_000;

export function sampledSubtask(
  changed: Partial<NonNullable<SubtaskExecution['metrics']>> = {},
): SubtaskExecution {
  return {
    ...{ subtaskIndex: 0, slotIndex: 3, attemptNumber: 2, state: 'RUNNING', prior: [] },
    times: { CREATED: 1000, DEPLOYING: 2000, RUNNING: 3000 },
    metrics: {
      ...{ vertexId: 'v', subtaskIndex: 0, numRecordsIn: 10, numRecordsOut: 20 },
      ...{ numBytesIn: 100, numBytesOut: 200, numRecordsFallback: 0, maxPendingBytes: 0 },
      ...{ currentInputWatermarkMs: 5000, busyTimeMs: 600.4, backPressuredTimeMs: 3 },
      ...{ idleTimeMs: 99, operatorMetrics: {} },
      ...changed,
    },
  };
}

export function sampledJob(...subtasks: readonly SubtaskExecution[]): DispatchedJob {
  return {
    ...{ jobId: JOB_ID, name: 'clicks "x"', status: 'RUNNING', submittedAtEpochMs: 500 },
    vertices: [
      {
        ...{ id: 'v', parallelism: 1, maxParallelism: 128 },
        name: 'Source: in -> parse.v1 -> (Map, Sink: out)',
      },
    ],
    ...{ metrics: [], executions: [{ vertexId: 'v', subtasks }] },
    exceptions: { size: 16, entries: [], truncated: false },
  };
}

export function samplesOf(...jobs: readonly DispatchedJob[]): readonly MetricSample[] {
  return metricSamples({
    ...{ jobs, slots: { total: 4, available: 1 }, host: 'here', nowEpochMs: NOW_EPOCH_MS },
    placeOf: (jobId, slot) => ({ taskManagerId: `${jobId.slice(0, 2)}-${slot}`, endpoint: 'x:1' }),
  });
}

const histogram = { count: 4, min: 1, max: 9, mean: 4, stddev: 1.5, p50: 3, p95: 8, p99: 9 };

/** Of functions and operators. */
export const USER_METRICS: Readonly<Record<string, number | string | boolean>> = {
  'parse.v1.bad lines': 7,
  'parse.v1.is open': true,
  'parse.v1.state': 'no number',
  'Map.rate': 2.5,
  ...Object.fromEntries(Object.entries(histogram).map(([name, at]) => [`Map.took.${name}`, at])),
};
