/** Metrics under Flink's names, and their aggregates. Pure. */
import { checkpointTotals, endToEndDurationMs } from '../../checkpoint/index.ts';
import type { DispatchedJob, SubtaskExecution } from '../../jobmaster/index.ts';
import type { InputFactsRecord } from '../../protocol/index.ts';
import { badRequest } from './http-records.ts';
import { operatorCounts } from './operator-counts.ts';
import { operatorWatermarks } from './operator-watermarks.ts';
import { watermarkText } from './watermark-text.ts';

export type MetricValue = number | string | boolean;

/** Values by name. */
export type Metrics = ReadonlyMap<string, MetricValue>;

/** Of a subtask; empty before its first report. Operators' own are `<operator name>.<metric>`. */
export function subtaskMetrics({ metrics }: SubtaskExecution): Metrics {
  if (metrics === undefined) return new Map();
  const { numRecordsIn, numRecordsOut, numBytesIn, numBytesOut } = metrics;
  return new Map<string, number | string | boolean>([
    ...Object.entries({ numRecordsIn, numRecordsOut, numBytesIn, numBytesOut }),
    ...Object.entries(metrics.rates ?? {}),
    ['accumulateBusyTimeMs', Math.round(metrics.busyTimeMs)],
    ['accumulateIdleTimeMs', Math.round(metrics.idleTimeMs)],
    ['accumulateBackPressuredTimeMs', Math.round(metrics.backPressuredTimeMs)],
    ['currentInputWatermark', watermarkText(metrics.currentInputWatermarkMs)],
    ...inputWatermarks(metrics.inputs),
    ...Object.entries(metrics.operatorMetrics).map(([name, value]) => {
      return [metricId(name), value] as const;
    }),
    ...operatorCounts(metrics).map(({ operatorName, name, value }) => {
      return [metricId(`${operatorName}.${name}`), value] as const;
    }),
    ...operatorWatermarks(metrics).map(({ operatorName, name, watermarkMs }) => {
      return [metricId(`${operatorName}.${name}`), watermarkText(watermarkMs)] as const;
    }),
  ]);
}

/**
 * Of each of several inputs, as Flink's: `currentInput1Watermark`. An input all of whose channels
 * are idle has none.
 */
function inputWatermarks(
  inputs: readonly InputFactsRecord[] = [],
): readonly (readonly [string, string])[] {
  if (inputs.length < 2) return [];
  return inputs.flatMap(({ lowest, idleCount }, index) => {
    if (lowest === undefined && idleCount > 0) return [];
    const none = lowest === undefined ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
    return [[`currentInput${index + 1}Watermark`, watermarkText(lowest?.watermarkMs ?? none)]];
  });
}

/** As Flink's: what separates names in a query is none of a name. */
function metricId(name: string): string {
  return name.replaceAll(/[,\s]+/g, '_');
}

/** Of a job. */
export function jobMetrics(job: DispatchedJob, nowEpochMs: number): Metrics {
  const { checkpointStatistics: statistics } = job;
  const values: [string, number | string][] = lifeOf(job, nowEpochMs);
  if (statistics !== undefined) {
    const { counts, latest } = statistics;
    values.push(
      ['totalNumberOfCheckpoints', counts.total],
      ['numberOfCompletedCheckpoints', counts.completed],
      ['numberOfFailedCheckpoints', counts.failed],
      ['numberOfInProgressCheckpoints', counts.inProgress],
    );
    const newest = latest.completed;
    if (newest !== undefined) {
      const totals = checkpointTotals(newest);
      values.push(
        ['lastCheckpointDuration', endToEndDurationMs(newest, nowEpochMs)],
        ['lastCheckpointSize', totals.checkpointedSizeBytes],
        ['lastCheckpointFullSize', totals.stateSizeBytes],
        ['lastCheckpointProcessedData', totals.processedDuringAlignmentBytes],
        ['lastCheckpointPersistedData', totals.persistedDuringAlignmentBytes],
        ['lastCheckpointExternalPath', newest.path ?? 'n/a'],
      );
    }
    if (latest.restored !== undefined) {
      values.push(['lastCheckpointRestoreTimestamp', latest.restored.restoredAtEpochMs]);
    }
  }
  return new Map(values);
}

/** Nothing where subtasks are not known. */
function lifeOf({ executions, status }: DispatchedJob, nowEpochMs: number): [string, number][] {
  const subtasks = executions.flatMap((vertex) => vertex.subtasks);
  if (subtasks.length === 0) return [];
  const sinceEpochMs = Math.max(...subtasks.map(({ times }) => times.RUNNING ?? nowEpochMs));
  // Of the one that was deployed most often; the first time is none.
  const restarts = Math.max(...subtasks.map(({ attemptNumber }) => attemptNumber));
  return [
    // As Flink's: since all run, -1 while not all do.
    ['uptime', status === 'RUNNING' ? Math.max(0, nowEpochMs - sinceEpochMs) : -1],
    ['numRestarts', restarts],
    ['fullRestarts', restarts],
  ];
}

/** `[{id}]`, or with values those that are there of the ones asked for. */
export function metricsJson(metrics: Metrics, asked: readonly string[] | undefined): object[] {
  if (asked === undefined) return [...metrics.keys()].map((id) => ({ id }));
  return asked.flatMap((id) => {
    const value = metrics.get(id);
    return value === undefined ? [] : [{ id, value: String(value) }];
  });
}

const AGGREGATES: Readonly<Record<string, (values: readonly number[]) => number>> = {
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  sum: sumOf,
  avg: averageOf,
  skew: skewOf,
};

/** Of several, what is a number in at least one. @param modes undefined: all. */
export function aggregatesJson(
  all: readonly Metrics[],
  asked: readonly string[] | undefined,
  modes: readonly string[] = Object.keys(AGGREGATES),
): object[] {
  if (asked === undefined) {
    const names = new Set(all.flatMap((metrics) => [...metrics.keys()]));
    return [...names].map((id) => ({ id }));
  }
  return asked.flatMap((id) => {
    const values = all.flatMap((metrics) => {
      const value = Number(metrics.get(id) ?? Number.NaN);
      return Number.isFinite(value) ? [value] : [];
    });
    if (values.length === 0) return [];
    return [{ id, ...Object.fromEntries(modes.map((mode) => [mode, aggregate(mode, values)])) }];
  });
}

function aggregate(mode: string, values: readonly number[]): number {
  const of = AGGREGATES[mode];
  if (of === undefined)
    throw badRequest(`Aggregation "${mode}" is not known: min, max, sum, avg, skew.`);
  return of(values);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function averageOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

/**
 * The average distance from the average, as a percentage of it; at most 100.
 *
 * @see org.apache.flink.runtime.rest.handler.job.metrics.DoubleAccumulator.DoubleDataSkew
 */
function skewOf(values: readonly number[]): number {
  const average = averageOf(values);
  if (average === 0) return 0;
  const distance = averageOf(values.map((value) => Math.abs(average - value)));
  return Math.min(100, (100 * distance) / average);
}
