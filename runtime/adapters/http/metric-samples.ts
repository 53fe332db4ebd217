/**
 * The metrics of a cluster as series with labels, for monitoring systems. Scopes, names and labels
 * are those of Flink's reporters. Pure.
 *
 * @see org.apache.flink.metrics.prometheus.AbstractPrometheusReporter
 * @see https://nightlies.apache.org/flink/flink-docs-release-2.1/docs/ops/metrics/#scope
 */
import {
  type DispatchedJob,
  isTerminal,
  type SlotOverview,
  type SubtaskExecution,
} from '../../jobmaster/index.ts';
import type { TaskPlace } from './cluster-api.ts';
import { jobMetrics, type MetricValue } from './metrics-json.ts';
import { operatorCounts } from './operator-counts.ts';
import { operatorWatermarks } from './operator-watermarks.ts';
import { type ShownVertex, shownVertices } from './vertices-json.ts';
import { watermarkText } from './watermark-text.ts';

/** One value of a series, or a histogram's statistics. */
export interface MetricSample {
  /** `['taskmanager', 'job', 'task']`. */
  readonly scope: readonly string[];
  readonly name: string;
  /** Sorted by nobody; the same of every sample of a scope. */
  readonly labels: Readonly<Record<string, string>>;
  /** A counter never falls but when it begins anew, at `startEpochMs`. */
  readonly kind: 'counter' | 'gauge' | 'summary';
  /** Of a summary: how many values came. */
  readonly value: number;
  /** Of a summary. By share: `0.5`. */
  readonly quantiles?: Readonly<Record<string, number>>;
  readonly startEpochMs: number;
}

export interface SampledCluster {
  readonly jobs: readonly DispatchedJob[];
  readonly slots: SlotOverview;
  /** Its name in the label `host`. */
  readonly host: string;
  readonly placeOf: (jobId: string, slotIndex: number) => TaskPlace | undefined;
  readonly nowEpochMs: number;
}

/** Of jobs that have not ended; before its first report, a subtask has none. */
export function metricSamples(cluster: SampledCluster): readonly MetricSample[] {
  const running = cluster.jobs.filter(({ status }) => !isTerminal(status));
  return [
    ...clusterSamples(cluster, running.length),
    ...running.flatMap((job) => [
      ...jobSamples(job, cluster),
      ...shownVertices(job).flatMap((vertex) =>
        vertex.subtasks.flatMap((subtask) => subtaskSamples(job, vertex, subtask, cluster)),
      ),
    ]),
  ];
}

function clusterSamples(
  { slots, host, jobs, nowEpochMs }: SampledCluster,
  runningCount: number,
): readonly MetricSample[] {
  const values = {
    numRunningJobs: runningCount,
    numRegisteredTaskManagers: jobs.filter(({ status }) => status === 'RUNNING').length,
    taskSlotsTotal: slots.total,
    taskSlotsAvailable: slots.available,
  };
  const of = { scope: ['jobmanager'], labels: { host }, startEpochMs: nowEpochMs };
  return Object.entries(values).map(([name, value]) => ({ ...of, kind: 'gauge', name, value }));
}

function jobSamples(
  job: DispatchedJob,
  { host, nowEpochMs }: SampledCluster,
): readonly MetricSample[] {
  const labels = { host, job_id: job.jobId, job_name: job.name };
  const of = { scope: ['jobmanager', 'job'], labels, startEpochMs: job.submittedAtEpochMs };
  return [...jobMetrics(job, nowEpochMs)].flatMap(([name, value]): readonly MetricSample[] => {
    return typeof value === 'number' ? [{ ...of, kind: 'gauge', name, value }] : [];
  });
}

const COUNTERS = ['numRecordsIn', 'numRecordsOut', 'numBytesIn', 'numBytesOut'] as const;
const TIMES = [
  ['accumulateBusyTimeMs', 'busyTimeMs'],
  ['accumulateIdleTimeMs', 'idleTimeMs'],
  ['accumulateBackPressuredTimeMs', 'backPressuredTimeMs'],
] as const;

function subtaskSamples(
  job: DispatchedJob,
  vertex: ShownVertex,
  subtask: SubtaskExecution,
  { placeOf, host }: SampledCluster,
): readonly MetricSample[] {
  const { metrics, subtaskIndex, slotIndex, attemptNumber, times } = subtask;
  if (metrics === undefined) return [];
  const labels = {
    ...{ host, tm_id: placeOf(job.jobId, slotIndex)?.taskManagerId ?? 'none' },
    ...{ job_id: job.jobId, job_name: job.name, task_id: vertex.id, task_name: vertex.name },
    ...{ task_attempt_num: String(attemptNumber), subtask_index: String(subtaskIndex) },
  };
  const startEpochMs = times.DEPLOYING ?? times.CREATED ?? job.submittedAtEpochMs;
  const of = { scope: ['taskmanager', 'job', 'task'], labels, startEpochMs };
  const gauge = (name: string, value: number): MetricSample => ({
    ...{ ...of, kind: 'gauge', name, value },
  });
  const counter = (name: string, value: number): MetricSample => ({
    ...{ ...of, kind: 'counter', name, value },
  });
  const watermark = Number(watermarkText(metrics.currentInputWatermarkMs));
  return [
    ...COUNTERS.map((name) => counter(name, metrics[name])),
    ...TIMES.map(([shown, name]) => counter(shown, Math.round(metrics[name]))),
    ...Object.entries(metrics.rates ?? {}).map(([name, value]) => gauge(name, value)),
    gauge('currentInputWatermark', watermark),
    ...operatorSamples(vertex, metrics, of),
  ];
}

type Whose = Pick<MetricSample, 'labels' | 'startEpochMs'>;

/** What operators and functions register, and what is an operator's because of its place. */
function operatorSamples(
  vertex: ShownVertex,
  metrics: NonNullable<SubtaskExecution['metrics']>,
  { labels, startEpochMs }: Whose,
): readonly MetricSample[] {
  const { operatorMetrics, numRecordsIn } = metrics;
  const told = (metrics.operators ?? []).flatMap(({ name }) => name ?? []);
  const names = told.length > 0 ? told : operatorNames(vertex);
  const values = new Map(Object.entries(operatorMetrics));
  const sample = (operator_name: string, name: string, own: Partial<MetricSample>) => ({
    ...{ scope: ['taskmanager', 'job', 'task', 'operator'], startEpochMs },
    ...{ labels: { ...labels, operator_name }, name, kind: 'gauge' as const, value: 0, ...own },
  });
  const samples: MetricSample[] = [];
  for (const { operatorName, name, value } of operatorCounts(metrics)) {
    const kind = name.endsWith('PerSecond') ? 'gauge' : 'counter';
    samples.push(sample(operatorName, name, { kind, value }));
  }
  for (const { operatorName, name, watermarkMs } of operatorWatermarks(metrics)) {
    samples.push(sample(operatorName, name, { value: Number(watermarkText(watermarkMs)) }));
  }
  const [head] = names;
  // By a release that does not tell of operators: what comes into the first comes into its task.
  if (head !== undefined && samples.length === 0) {
    samples.push(sample(head, 'numRecordsIn', { kind: 'counter', value: numRecordsIn }));
  }
  for (const [key, value] of values) {
    const [operator, name] = splitKey(key, names);
    const summary = summaryAt(key, values);
    if (summary === 'part') continue;
    if (summary !== undefined) samples.push(sample(operator, name.slice(0, -6), summary));
    else if (typeof value === 'number') samples.push(sample(operator, name, { value }));
    else if (typeof value === 'boolean') samples.push(sample(operator, name, { value: +value }));
  }
  return samples;
}

/** Of the chain, in its order, as far as its name tells; forks are in brackets. */
function operatorNames({ name }: ShownVertex): readonly string[] {
  return name.split(/ -> |, /).map((part) => part.replaceAll(/^\(|\)+$/g, ''));
}

/** `<operator>.<metric>`. Both may have dots: the operator is one of the chain, if any fits. */
function splitKey(key: string, operators: readonly string[]): readonly [string, string] {
  const known = operators
    .filter((name) => key.startsWith(`${name}.`))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '');
  const end = known === '' ? key.indexOf('.') : known.length;
  return [key.slice(0, Math.max(0, end)), key.slice(end + 1)];
}

const STATISTICS = ['count', 'min', 'max', 'mean', 'stddev', 'p50', 'p95', 'p99'];
const QUANTILES = [
  ['0.5', 'p50'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
] as const;

/** A histogram's, at its `count`; its other values are parts. Undefined: it is of none. */
function summaryAt(
  key: string,
  values: ReadonlyMap<string, MetricValue>,
): Pick<MetricSample, 'kind' | 'value' | 'quantiles'> | 'part' | undefined {
  const end = key.lastIndexOf('.');
  const [base, statistic] = [key.slice(0, end), key.slice(end + 1)];
  if (!STATISTICS.includes(statistic)) return undefined;
  const of = (name: string): number => Number(values.get(`${base}.${name}`) ?? Number.NaN);
  if (STATISTICS.some((name) => Number.isNaN(of(name)))) return undefined;
  if (statistic !== 'count') return 'part';
  const quantiles = Object.fromEntries(QUANTILES.map(([share, name]) => [share, of(name)]));
  return { kind: 'summary', value: of('count'), quantiles };
}
