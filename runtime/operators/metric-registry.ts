/**
 * The metrics of one operator. Owns the handles; a name gives the same counter and histogram each
 * time, a gauge registered again replaces the one before.
 */
import { type Clock, StreamError } from '../core/index.ts';
import type {
  CounterMetric,
  GaugeMetric,
  HistogramMetric,
  HistogramStatistics,
  MeterMetric,
} from './metrics.ts';
import type { OperatorMetrics } from './operator.ts';

export type MetricValue = number | string | boolean;

/** Values a histogram keeps: the newest ones. */
const RESERVOIR_SIZE = 1024;

type Metric =
  | { readonly kind: 'counter'; readonly metric: Counter }
  | { readonly kind: 'gauge'; readonly metric: GaugeMetric }
  | { readonly kind: 'meter'; readonly metric: WindowMeter }
  | { readonly kind: 'histogram'; readonly metric: ReservoirHistogram };

export class MetricRegistry implements OperatorMetrics {
  readonly #metrics = new Map<string, Metric>();
  readonly #clock: Pick<Clock, 'monotonicMs'>;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  counter(name: string): CounterMetric {
    const known = this.#known(name, 'counter');
    if (known !== undefined) return known.metric;
    const metric = new Counter();
    this.#metrics.set(name, { kind: 'counter', metric });
    return metric;
  }

  gauge(name: string, read: () => MetricValue): GaugeMetric {
    this.#known(name, 'gauge');
    const metric = { value: read };
    this.#metrics.set(name, { kind: 'gauge', metric });
    return metric;
  }

  histogram(name: string): HistogramMetric {
    const known = this.#known(name, 'histogram');
    if (known !== undefined) return known.metric;
    const metric = new ReservoirHistogram(RESERVOIR_SIZE);
    this.#metrics.set(name, { kind: 'histogram', metric });
    return metric;
  }

  meter(name: string): MeterMetric {
    const known = this.#known(name, 'meter');
    if (known !== undefined) return known.metric;
    const metric = new WindowMeter(this.#clock);
    this.#metrics.set(name, { kind: 'meter', metric });
    return metric;
  }

  /** All values by name; a meter gives its rate, a histogram gives `<name>.count`, `.min`, `.max`, `.mean`, `.p50`, … */
  read(): Record<string, MetricValue> {
    const values: Record<string, MetricValue> = {};
    for (const [name, metric] of this.#metrics) {
      if (metric.kind === 'counter') values[name] = metric.metric.count();
      else if (metric.kind === 'meter') values[name] = metric.metric.rate();
      else if (metric.kind === 'gauge') values[name] = readGauge(metric.metric);
      else {
        const statistics = Object.entries(metric.metric.statistics());
        for (const [key, value] of statistics) values[`${name}.${key}`] = value;
      }
    }
    return values;
  }

  #known<K extends Metric['kind']>(
    name: string,
    kind: K,
  ): Extract<Metric, { kind: K }> | undefined {
    const known = this.#metrics.get(name);
    if (known === undefined) return undefined;
    if (isKind(known, kind)) return known;
    throw new StreamError({
      kind: 'invalid',
      code: 'METRIC_NAME_CLASH',
      message: `metric "${name}" is registered as ${known.kind} and as ${kind}, give each metric its own name`,
      details: { metric: name },
    });
  }
}

function isKind<K extends Metric['kind']>(
  metric: Metric,
  kind: K,
): metric is Extract<Metric, { kind: K }> {
  return metric.kind === kind;
}

/** A gauge is user code that runs outside of the record path: it must not fail the task. */
function readGauge(gauge: GaugeMetric): MetricValue {
  try {
    return gauge.value();
  } catch (thrown) {
    return `failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

class Counter implements CounterMetric {
  #count = 0;

  inc(by = 1): void {
    this.#count += by;
  }

  dec(by = 1): void {
    this.#count -= by;
  }

  count(): number {
    return this.#count;
  }
}

const METER_WINDOW_S = 60;

/**
 * Counts by second, of the last minute; the second that is under way does not count.
 *
 * @see org.apache.flink.metrics.MeterView
 */
class WindowMeter implements MeterMetric {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #startS: number;
  /** By second, in a ring. */
  readonly #counts = new Float64Array(METER_WINDOW_S + 1);
  #second: number;
  #count = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#startS = Math.floor(clock.monotonicMs() / 1000);
    this.#second = this.#startS;
  }

  markEvent(events = 1): void {
    this.#advance();
    this.#counts[this.#second % this.#counts.length] =
      (this.#counts[this.#second % this.#counts.length] ?? 0) + events;
    this.#count += events;
  }

  rate(): number {
    this.#advance();
    const elapsedS = Math.min(METER_WINDOW_S, this.#second - this.#startS);
    if (elapsedS === 0) return 0;
    const present = this.#counts[this.#second % this.#counts.length] ?? 0;
    return (this.#counts.reduce((sum, count) => sum + count, 0) - present) / elapsedS;
  }

  count(): number {
    return this.#count;
  }

  #advance(): void {
    const now = Math.floor(this.#clock.monotonicMs() / 1000);
    const from = Math.max(this.#second + 1, now - METER_WINDOW_S);
    for (let second = from; second <= now; second += 1) {
      this.#counts[second % this.#counts.length] = 0;
    }
    this.#second = Math.max(this.#second, now);
  }
}

class ReservoirHistogram implements HistogramMetric {
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#values = new Float64Array(size);
  }

  update(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count += 1;
  }

  statistics(): HistogramStatistics {
    const sorted = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    const size = sorted.length;
    let sum = 0;
    for (const value of sorted) sum += value;
    const mean = size === 0 ? 0 : sum / size;
    let squares = 0;
    for (const value of sorted) squares += (value - mean) ** 2;
    const quantile = (q: number): number => sorted[Math.max(0, Math.ceil(q * size) - 1)] ?? 0;
    return {
      count: this.#count,
      min: sorted[0] ?? 0,
      max: sorted[size - 1] ?? 0,
      mean,
      stddev: size < 2 ? 0 : Math.sqrt(squares / (size - 1)),
      p50: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
    };
  }
}
