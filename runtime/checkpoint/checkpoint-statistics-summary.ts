/** Minimum, maximum, average and percentiles over completed checkpoints. */

/** The percentiles are of this many values at most, the newest. */
const WINDOW_SIZE = 256;

export type CheckpointMetric =
  | 'checkpointedSizeBytes'
  | 'stateSizeBytes'
  | 'endToEndDurationMs'
  | 'processedDuringAlignmentBytes'
  | 'persistedDuringAlignmentBytes';

export type CheckpointSummary = Readonly<Record<CheckpointMetric, MetricSummary>>;

/** JSON. Of all values, but for `window`. */
export interface MetricSummary {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** The newest values, in order. */
  readonly window: readonly number[];
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
}

const EMPTY: MetricSummary = { count: 0, sum: 0, min: 0, max: 0, window: [] };

export const EMPTY_SUMMARY: CheckpointSummary = byMetric(() => EMPTY);

export function addToSummary(
  summary: CheckpointSummary,
  values: Readonly<Record<CheckpointMetric, number>>,
): CheckpointSummary {
  return byMetric((metric) => {
    const { count, sum, min, max, window } = summary[metric];
    const value = values[metric];
    return {
      count: count + 1,
      sum: sum + value,
      min: count === 0 ? value : Math.min(min, value),
      max: count === 0 ? value : Math.max(max, value),
      window: [...window, value].slice(-WINDOW_SIZE),
    };
  });
}

/** Rounded down; 0 of nothing. */
export function averageOf({ count, sum }: MetricSummary): number {
  return count === 0 ? 0 : Math.floor(sum / count);
}

/** Interpolated between neighbours, as Flink's are; undefined of nothing. */
export function percentilesOf({ window }: MetricSummary): Percentiles | undefined {
  if (window.length === 0) return undefined;
  const sorted = [...window].sort((a, b) => a - b);
  const at = (quantile: number): number => {
    const position = quantile * (sorted.length + 1);
    const below = Math.min(Math.max(Math.floor(position), 1), sorted.length);
    const low = sorted[below - 1] ?? 0;
    const high = sorted[Math.min(below, sorted.length - 1)] ?? low;
    return position < 1 ? low : low + (high - low) * (position - Math.floor(position));
  };
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), p999: at(0.999) };
}

function byMetric(read: (metric: CheckpointMetric) => MetricSummary): CheckpointSummary {
  return {
    checkpointedSizeBytes: read('checkpointedSizeBytes'),
    stateSizeBytes: read('stateSizeBytes'),
    endToEndDurationMs: read('endToEndDurationMs'),
    processedDuringAlignmentBytes: read('processedDuringAlignmentBytes'),
    persistedDuringAlignmentBytes: read('persistedDuringAlignmentBytes'),
  };
}
