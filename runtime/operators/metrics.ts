/** Metric handles a user function or an operator holds; reading them is the task's business. */
export interface CounterMetric {
  inc(by?: number): void;
  dec(by?: number): void;
  count(): number;
}

export interface GaugeMetric {
  value(): number | string | boolean;
}

export interface MeterMetric {
  markEvent(events?: number): void;
  /** Events a second, of the last minute. */
  rate(): number;
  count(): number;
}

export interface HistogramMetric {
  update(value: number): void;
  /** Over a sliding reservoir of the newest values. */
  statistics(): HistogramStatistics;
}

export interface HistogramStatistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}
