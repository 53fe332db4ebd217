/** Goal: a collector gets every metric. Method: a receiver of OTLP over HTTP in the test. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { MetricExport, MetricSample } from './adapters/index.ts';
import { exportMetrics } from './open-telemetry.ts';
import {
  NOW_EPOCH_MS,
  sampledJob,
  sampledSubtask,
  samplesOf,
  USER_METRICS,
} from './telemetry.fixture.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface Point {
  readonly attributes: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble: number;
}

interface Body {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: readonly Point[] };
        readonly gauge?: { readonly dataPoints: readonly Point[] };
      }[];
    }[];
  }[];
}

interface Received {
  readonly url: string;
  readonly contentType: string;
  readonly body: Body;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Answers with `statuses` in turn, the last one for ever. */
async function receiver(...statuses: number[]) {
  const received: Received[] = [];
  const arrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
    const { url = '', headers } = request;
    received.push({ url, contentType: headers['content-type'] ?? '', body });
    response.writeHead(statuses.length > 1 ? (statuses.shift() ?? 200) : (statuses[0] ?? 200), {
      'content-type': 'application/json',
    });
    response.end('{}');
    arrived.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { received, arrived: arrived.promise, endpoint: `http://127.0.0.1:${port}` };
}

function exporting(endpoint: string, samples: readonly MetricSample[]) {
  const told: (string | undefined)[] = [];
  const running: MetricExport = exportMetrics({
    ...{ endpoint, timeoutMs: 5000, intervalMs: 20 },
    ...{ serviceName: 'my cluster', serviceVersion: '1.2.3', nowEpochMs: () => NOW_EPOCH_MS },
    collect: async () => samples,
    onExported: (reason) => told.push(reason),
  });
  return { running, told };
}

const textsOf = (attributes: readonly Attribute[]): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

describe('exportMetrics', () => {
  it('sends all metrics, under Flink’s names, with their attributes and times', async () => {
    const { received, arrived, endpoint } = await receiver();
    const job = sampledJob(sampledSubtask({ operatorMetrics: USER_METRICS }));
    const { running, told } = exporting(endpoint, samplesOf(job));
    await arrived;
    await running.close();
    const [first] = received;
    assert.deepEqual([first?.url, first?.contentType], ['/v1/metrics', 'application/json']);
    const [resourceMetrics] = first?.body.resourceMetrics ?? [];
    const resource = textsOf(resourceMetrics?.resource.attributes ?? []);
    assert.equal(resource['service.name'], 'my cluster');
    assert.equal(resource['service.version'], '1.2.3');
    const metrics = resourceMetrics?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    const of = (name: string) => metrics.find((metric) => metric.name === `flink.${name}`);
    const { sum } = of('taskmanager.job.task.numRecordsIn') ?? {};
    const [point] = sum?.dataPoints ?? [];
    assert.equal(sum?.isMonotonic, true);
    assert.equal(point?.asDouble, 10);
    assert.equal(point?.startTimeUnixNano, '2000000000');
    assert.equal(point?.timeUnixNano, '60000000000');
    const { job_name: name, subtask_index: index } = textsOf(point?.attributes ?? []);
    assert.deepEqual([name, index], ['clicks "x"', '0']);
    const bad = of('taskmanager.job.task.operator.bad lines')?.gauge?.dataPoints[0];
    assert.equal(bad?.asDouble, 7);
    assert.equal(textsOf(bad?.attributes ?? []).operator_name, 'parse.v1');
    const took = of('taskmanager.job.task.operator.took')?.gauge?.dataPoints ?? [];
    const quantiles = took.map(({ attributes, asDouble }) => [
      textsOf(attributes).quantile,
      asDouble,
    ]);
    assert.deepEqual(quantiles, [
      ['0.5', 3],
      ['0.95', 8],
      ['0.99', 9],
    ]);
    assert.equal(of('taskmanager.job.task.operator.took.count')?.sum?.dataPoints[0]?.asDouble, 4);
    assert.deepEqual([...new Set(told)], [undefined]);
  });

  it('sends once more when it is closed', async () => {
    const { received, endpoint } = await receiver();
    const { running } = exporting(`${endpoint}/v1/metrics/`, samplesOf());
    await running.close();
    assert.equal(received.at(-1)?.url, '/v1/metrics');
  });

  it('says why a collector does not take it, and goes on', async () => {
    const { endpoint } = await receiver(400, 200);
    const { running, told } = exporting(endpoint, samplesOf());
    while (!told.includes(undefined)) await new Promise((resolve) => setImmediate(resolve));
    await running.close();
    assert.notEqual(told[0], undefined);
    assert.equal(told.at(-1), undefined);
  });

  it('leaves out what is no number', async () => {
    const { received, arrived, endpoint } = await receiver();
    const operatorMetrics = { 'Map.broken': Number.NaN, 'Map.whole': 1 };
    const { running } = exporting(
      endpoint,
      samplesOf(sampledJob(sampledSubtask({ operatorMetrics }))),
    );
    await arrived;
    await running.close();
    const text = JSON.stringify(received[0]?.body);
    assert.match(text, /operator\.whole/);
    assert.doesNotMatch(text, /broken|null/);
  });
});
