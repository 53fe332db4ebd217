import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Configuration, type ConfigValue, isStreamError } from '../../core/index.ts';
import { ClusterTelemetry, type OpenTelemetryOptions } from './cluster-telemetry.ts';

const moduleOf = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

/** Modules that note who loads them, on the object of this name. */
const NOTES = 'sluiceTelemetryTest';
const PROMETHEUS = `export const renderMetrics = async (samples) =>
  ({ contentType: 'text/plain; version=9', text: 'samples ' + samples.length });`;
const OPEN_TELEMETRY = `export const exportMetrics = (options) => {
  globalThis.${NOTES}.push(options);
  return { close: async () => globalThis.${NOTES}.push('closed') };
};`;

function telemetryOf(
  options: Readonly<Record<string, ConfigValue>>,
  environment: Readonly<Record<string, string>> = {},
  urls: { prometheusUrl?: URL; openTelemetryUrl?: URL } = {},
) {
  const notes: (OpenTelemetryOptions | 'closed')[] = [];
  const logged: string[] = [];
  Object.assign(globalThis, { [NOTES]: notes });
  const telemetry = new ClusterTelemetry({
    ...{ prometheusUrl: moduleOf(PROMETHEUS), openTelemetryUrl: moduleOf(OPEN_TELEMETRY), ...urls },
    configuration: Configuration.fromRecord(options),
    ...{ environment, version: '1.0' },
    jobs: {
      list: async () => [],
      slots: async () => ({ total: 4, available: 4 }),
      placeOf: () => undefined,
    },
    clock: { nowEpochMs: () => 5, monotonicMs: () => 5 },
    logger: { log: (_level, message) => void logged.push(message) },
  });
  return { telemetry, notes, logged };
}

const NOWHERE = new URL('file:///nowhere/module.js');

describe('ClusterTelemetry', () => {
  it('loads no library that nobody asks for', async () => {
    const nowhere = { prometheusUrl: NOWHERE, openTelemetryUrl: NOWHERE };
    for (const environment of [
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'TRUE' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x', OTEL_METRICS_EXPORTER: 'none' },
    ]) {
      const { telemetry } = telemetryOf({}, environment, nowhere);
      await telemetry.start();
      await telemetry.stop();
    }
    const { telemetry } = telemetryOf({}, {}, nowhere);
    await assert.rejects(telemetry.text(), { code: 'TELEMETRY_NOT_LOADED' });
  });

  it('renders the metrics of the cluster when it is asked', async () => {
    const { telemetry } = telemetryOf({});
    const { type, content } = await telemetry.text();
    assert.deepEqual([type, content], ['text/plain; version=9', 'samples 4']);
  });

  it('exports where options or the environment ask for it', async () => {
    const endpoint = 'metrics.reporter.otel.exporter.endpoint';
    const interval = { 'metrics.reporter.otel.interval': '2 s' };
    for (const [options, environment, expected] of [
      [{ 'metrics.reporters': 'otel' }, {}, undefined],
      [{ [endpoint]: 'http://c:4318', ...interval }, {}, 'http://c:4318'],
      [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://e:4318' }, undefined],
      [{}, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://e:4318/x' }, undefined],
    ] as const) {
      const { telemetry, notes } = telemetryOf(options, environment);
      await telemetry.start();
      const [given] = notes;
      assert.ok(given !== undefined && given !== 'closed');
      assert.equal(given.endpoint, expected);
      assert.equal(given.intervalMs, endpoint in options ? 2000 : 10_000);
      assert.deepEqual([given.serviceName, given.serviceVersion], ['sluice', '1.0']);
      assert.equal((await given.collect()).length, 4);
      await telemetry.stop();
      assert.equal(notes.at(-1), 'closed');
    }
  });

  it('refuses an endpoint that is no URL, and does not show it', async () => {
    const endpoint = 'ht!tp://user:hunter2@127.0.0.1:4318/';
    for (const [options, environment] of [
      [{ 'metrics.reporter.otel.exporter.endpoint': endpoint }, {}],
      [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }],
      [{}, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'user:hunter2' }],
    ] as const) {
      await assert.rejects(telemetryOf(options, environment).telemetry.start(), (thrown: Error) => {
        assert.equal(isStreamError(thrown) && thrown.code, 'MALFORMED_OPTION');
        assert.doesNotMatch(inspect(thrown), /hunter2/);
        return true;
      });
    }
  });

  it('tells once that a collector is away, and once that it is back', async () => {
    const { telemetry, notes, logged } = telemetryOf({ 'metrics.reporters': 'otel' });
    await telemetry.start();
    const [given] = notes;
    assert.ok(given !== undefined && given !== 'closed');
    for (const reason of [undefined, 'refused', 'refused', undefined, undefined]) {
      given.onExported(reason);
    }
    assert.deepEqual(logged, [
      'metrics do not reach the collector',
      'metrics reach the collector again',
    ]);
  });
});
