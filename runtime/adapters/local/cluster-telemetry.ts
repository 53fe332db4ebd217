/**
 * What a cluster tells monitoring systems: its metrics to who asks for them in Prometheus' format,
 * and to a collector of OpenTelemetry.
 *
 * I1  The libraries for each are loaded when it is first asked for, and not before.
 */
import {
  type Clock,
  ConfigOptions,
  type Configuration,
  type Logger,
  StreamError,
} from '../../core/index.ts';
import { type ClusterJobs, HttpContent, type MetricSample, metricSamples } from '../http/index.ts';
import { reasonOf } from '../store-errors.ts';

/** Where the modules are that load the libraries; files beside the engine's own. */
export interface TelemetryModules {
  /** Exports `renderMetrics`. */
  readonly prometheusUrl: URL;
  /** Exports `exportMetrics`. */
  readonly openTelemetryUrl: URL;
}

export interface RenderedMetrics {
  readonly contentType: string;
  readonly text: string;
}

export interface OpenTelemetryOptions {
  /** Undefined: what the environment says, or the collector of this machine. */
  readonly endpoint: string | undefined;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly collect: () => Promise<readonly MetricSample[]>;
  readonly nowEpochMs: () => number;
  /** Of each export. Undefined: it has arrived. */
  readonly onExported: (reason: string | undefined) => void;
}

/** Under way. */
export interface MetricExport {
  /** Exports once more, and stops. */
  close(): Promise<void>;
}

export interface ClusterTelemetryParts extends TelemetryModules {
  readonly jobs: Pick<ClusterJobs, 'list' | 'slots' | 'placeOf'>;
  readonly configuration: Configuration;
  /** Of the process: `OTEL_…`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const HOST = 'localhost';
const ENDPOINT_VARIABLES: readonly string[] = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
];

export class ClusterTelemetry {
  readonly #parts: ClusterTelemetryParts;
  #export: MetricExport | undefined;
  #isFailing = false;

  constructor(parts: ClusterTelemetryParts) {
    this.#parts = parts;
  }

  /** `GET /metrics`. */
  async text(): Promise<HttpContent> {
    type Module = {
      readonly renderMetrics: (samples: readonly MetricSample[]) => Promise<RenderedMetrics>;
    };
    const { renderMetrics } = await loaded<Module>(this.#parts.prometheusUrl);
    const { contentType, text } = await renderMetrics(await this.#samples());
    return new HttpContent(contentType, text);
  }

  /**
   * Begins to export, where it is asked for.
   *
   * @throws {StreamError} `MALFORMED_OPTION`, `TELEMETRY_NOT_LOADED`.
   */
  async start(): Promise<void> {
    const { configuration, clock, version, openTelemetryUrl } = this.#parts;
    if (!this.#isWanted()) return;
    this.#checkEndpoints();
    type Module = { readonly exportMetrics: (options: OpenTelemetryOptions) => MetricExport };
    const { exportMetrics } = await loaded<Module>(openTelemetryUrl);
    this.#export = exportMetrics({
      endpoint: configuration.get(ConfigOptions.OTEL_ENDPOINT),
      timeoutMs: configuration.get(ConfigOptions.OTEL_TIMEOUT_MS),
      intervalMs: configuration.get(ConfigOptions.OTEL_INTERVAL_MS),
      serviceName: configuration.get(ConfigOptions.OTEL_SERVICE_NAME),
      serviceVersion: version,
      collect: () => this.#samples(),
      nowEpochMs: () => clock.nowEpochMs(),
      onExported: (reason) => this.#exported(reason),
    });
  }

  async stop(): Promise<void> {
    await this.#export?.close().catch(() => {});
  }

  /** Before the libraries do, which print what may be a password. */
  #checkEndpoints(): void {
    const { configuration, environment } = this.#parts;
    const option = ConfigOptions.OTEL_ENDPOINT;
    const endpoints = ENDPOINT_VARIABLES.map((name) => [name, environment[name] ?? ''] as const);
    for (const [key, url] of [
      [option.key, configuration.get(option) ?? ''] as const,
      ...endpoints,
    ]) {
      if (url === '' || /^https?:$/.test(URL.parse(url)?.protocol ?? '')) continue;
      throw new StreamError({
        kind: 'invalid',
        code: 'MALFORMED_OPTION',
        message: `option '${key}' expects a URL, as http://host:4318; its value is not shown`,
        details: { key },
      });
    }
  }

  /** @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
  #isWanted(): boolean {
    const { configuration, environment } = this.#parts;
    if (configuration.get(ConfigOptions.METRICS_REPORTERS) === 'OTEL') return true;
    if (configuration.get(ConfigOptions.OTEL_ENDPOINT) !== undefined) return true;
    if (environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
    if (environment.OTEL_METRICS_EXPORTER === 'none') return false;
    return ENDPOINT_VARIABLES.some((name) => (environment[name] ?? '') !== '');
  }

  /** Tells of a collector that is away once, and once when it is back. */
  #exported(reason: string | undefined): void {
    const { logger } = this.#parts;
    const isFailing = reason !== undefined;
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    if (isFailing) logger.log('warn', 'metrics do not reach the collector', { reason });
    else logger.log('info', 'metrics reach the collector again');
  }

  async #samples(): Promise<readonly MetricSample[]> {
    const { jobs, clock } = this.#parts;
    return metricSamples({
      ...{ jobs: await jobs.list(), slots: await jobs.slots(), host: HOST },
      placeOf: (jobId, slotIndex) => jobs.placeOf(jobId, slotIndex),
      nowEpochMs: clock.nowEpochMs(),
    });
  }
}

/** I1. */
async function loaded<T>(url: URL): Promise<T> {
  try {
    return (await import(url.href)) as T;
  } catch (thrown) {
    throw new StreamError({
      kind: 'internal',
      code: 'TELEMETRY_NOT_LOADED',
      message: `the library for metrics cannot be loaded: install the package anew; module=${url.href} reason=${reasonOf(thrown)}`,
      details: { module: url.href },
      cause: thrown,
    });
  }
}
