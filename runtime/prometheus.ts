/** Metrics in Prometheus' text format, by its client library. A module of its own: loaded late. */
import { type Metric, Registry } from 'prom-client';
import type { MetricSample, RenderedMetrics } from './adapters/index.ts';

/** A family as the library writes it: all series of a name. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly aggregator: 'sum';
  readonly values: {
    readonly metricName?: string;
    readonly value: number;
    readonly labels: Readonly<Record<string, string>>;
  }[];
}

/** Samples of one name are together, each series once; of two kinds under one name, the first. */
export async function renderMetrics(samples: readonly MetricSample[]): Promise<RenderedMetrics> {
  const families = new Map<string, Family>();
  const series = new Set<string>();
  for (const { scope, name, kind: type, labels, value, quantiles } of samples) {
    const full = metricName(['flink', ...scope, name]);
    const known = families.get(full);
    const family = known ?? { ...{ name: full, type, help: name, aggregator: 'sum', values: [] } };
    const key = `${full} ${JSON.stringify(labels)}`;
    // Names that differ in what Prometheus does not allow would be the same series twice.
    if (family.type !== type || series.has(key)) continue;
    series.add(key);
    families.set(full, family);
    for (const [quantile, at] of Object.entries(quantiles ?? {})) {
      family.values.push({ labels: { ...labels, quantile }, value: at });
    }
    const metric = type === 'summary' ? { metricName: `${full}_count` } : {};
    family.values.push({ ...metric, labels, value });
  }
  const registry = new Registry();
  for (const family of families.values()) {
    // Its own metrics count by themselves; these are counted already.
    const metric = { ...family, get: async () => family };
    registry.registerMetric(metric as unknown as Metric);
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** As Flink's reporter: what is not allowed becomes `_`. */
function metricName(parts: readonly string[]): string {
  return parts.join('_').replaceAll(/[^a-zA-Z0-9:_]/g, '_');
}
