/**
 * Metrics to a collector by OTLP over HTTP, by OpenTelemetry's own libraries. A module of its own:
 * loaded only where it is asked for. What is exported is collected here, not measured: names and
 * attributes are those of Flink's reporter.
 *
 * @see org.apache.flink.metrics.otel.OpenTelemetryMetricReporter
 */
import { type HrTime, ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import type { MetricExport, MetricSample, OpenTelemetryOptions } from './adapters/index.ts';

/** Begins to export; what the environment says (`OTEL_EXPORTER_OTLP_…`) the libraries read. */
export function exportMetrics(options: OpenTelemetryOptions): MetricExport {
  const { endpoint, timeoutMs, intervalMs, serviceName, serviceVersion } = options;
  const own = { 'service.name': serviceName, 'service.version': serviceVersion };
  // `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are stronger.
  const resource = resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
  const exporter = telling(
    new OTLPMetricExporter({
      ...(endpoint === undefined ? {} : { url: metricsUrl(endpoint) }),
      timeoutMillis: timeoutMs,
    }),
    options.onExported,
  );
  const collect = async () => {
    const metrics = metricDataOf(await options.collect(), options.nowEpochMs());
    const scopeMetrics = [{ scope: { name: 'sluice', version: serviceVersion }, metrics }];
    return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
  };
  const reader = new PeriodicExportingMetricReader({
    ...{ exporter, metricProducers: [{ collect }] },
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(timeoutMs, intervalMs),
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  return { close: () => provider.shutdown() };
}

/** The libraries keep failures to themselves. */
function telling(
  exporter: PushMetricExporter,
  onExported: OpenTelemetryOptions['onExported'],
): PushMetricExporter {
  return {
    export: (metrics, done) =>
      exporter.export(metrics, (result) => {
        const { error } = result;
        const reason = error === undefined ? 'it was not taken' : error.message || error.name;
        onExported(result.code === SUCCESS ? undefined : reason);
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

/** A collector's base, or the whole path, as for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
function metricsUrl(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, '');
  return base.endsWith('/v1/metrics') ? base : `${base}/v1/metrics`;
}

/** `ExportResultCode`, which no package here exports. */
const SUCCESS = 0;

type Point = DataPoint<number>;

/** What is no finite number is left out: JSON does not have it. */
function metricDataOf(samples: readonly MetricSample[], nowEpochMs: number): MetricData[] {
  const families = new Map<string, { isCounter: boolean; points: Point[] }>();
  const add = (name: string, isCounter: boolean, point: Point): void => {
    if (!Number.isFinite(point.value)) return;
    const known = families.get(name);
    // One of a name and another kind would be refused with all the others.
    if (known !== undefined && known.isCounter !== isCounter) return;
    if (known === undefined) families.set(name, { isCounter, points: [point] });
    else known.points.push(point);
  };
  for (const { scope, name, kind, labels, value, quantiles, startEpochMs } of samples) {
    const full = ['flink', ...scope, name].join('.');
    const times = { startTime: hrTime(startEpochMs), endTime: hrTime(nowEpochMs) };
    for (const [quantile, at] of Object.entries(quantiles ?? {})) {
      add(full, false, { ...times, attributes: { ...labels, quantile }, value: at });
    }
    const own = kind === 'summary' ? `${full}.count` : full;
    add(own, kind !== 'gauge', { ...times, attributes: labels, value });
  }
  return [...families].map(([name, { isCounter, points }]) => {
    const descriptor = { name, description: '', unit: '', valueType: ValueType.DOUBLE };
    const of = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
    return isCounter
      ? { ...of, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points }
      : { ...of, dataPointType: DataPointType.GAUGE, dataPoints: points };
  });
}

function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
