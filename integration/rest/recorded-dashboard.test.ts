/**
 * Goal: what Flink's own dashboard asks, on each of its pages, is answered as it was when it was
 * recorded, without browser and Maven. Method: the recorded requests, with the ids of this run,
 * against `sluice cluster` with the same three jobs.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dashboardJar, dashboardWorld } from './dashboard-world.ts';
import {
  type ExchangeShape,
  filled,
  missing,
  readRecordedDashboard,
  shapeOf,
} from './recorded-exchanges.ts';
import { type Answered, SpawnedCluster } from './spawned-cluster.ts';

const recorded = readRecordedDashboard();
const pages = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
let cluster: SpawnedCluster;
let values: Record<string, string>;

before(async () => {
  writeFileSync(join(pages, 'index.html'), 'the dashboard');
  cluster = await SpawnedCluster.start({ configuration: { 'web.ui.dir': pages }, slots: 8 });
  values = { ...(await dashboardWorld(cluster)) };
});
after(async () => {
  await cluster?.close();
  rmSync(pages, { recursive: true, force: true });
});

/** What the page would remember. */
function learn({ path }: ExchangeShape, answer: unknown): void {
  const { filename, jobid } = answer as { filename?: string; jobid?: string };
  if (filename !== undefined) values.jar = filename.split('/').at(-1) ?? '';
  if (path.includes('/run') && jobid !== undefined) values.submitted = jobid;
}

async function replay(exchange: ExchangeShape): Promise<Answered> {
  const { method, body } = exchange;
  const path = filled(exchange.path, values);
  assert.doesNotMatch(path, /[{}]/, 'the test knows all that the page knew');
  if (body !== '{upload}') {
    const sent = body === '' ? {} : { body: filled(body, values) };
    return await cluster.send({ method, path, headers: exchange.headers, ...sent });
  }
  const form = new FormData();
  form.append('jarfile', new Blob([new Uint8Array(dashboardJar())]), 'orders.jar');
  const made = new Request('http://any/', { method: 'POST', body: form });
  const headers = { ...exchange.headers, 'content-type': made.headers.get('content-type') ?? '' };
  return await cluster.send({ method, path, headers, body: await made.bytes() });
}

describe('requests of Flink’s dashboard', () => {
  for (const exchange of recorded) {
    it(`are answered: ${exchange.method} ${exchange.path.slice(0, 120)}`, async () => {
      const { status, text, headers } = await replay(exchange);
      assert.equal(status, exchange.status, text);
      if (exchange.shape === 'text') {
        assert.match(String(headers['content-type']), /^text\/plain/);
        return;
      }
      const answer: unknown = JSON.parse(text);
      learn(exchange, answer);
      assert.deepEqual(missing(exchange.shape, shapeOf(answer)), []);
    });
  }

  it('are of every page', () => {
    const asked = recorded.map(({ path }) => path).join('\n');
    for (const page of [
      ...['overview', 'taskmanagers', 'jars', 'jobmanager/config', 'jobs/{running}'],
      ...['exceptions', 'checkpoints/details', 'backpressure', 'flamegraph', 'accumulators'],
      ...['thread-dump', 'profiler', 'watermarks', 'plan', 'run', 'yarn-cancel'],
    ]) {
      assert.ok(asked.includes(page), page);
    }
  });
});

describe('what a recorded answer has and another lacks', () => {
  it('is a field that is gone, or of another type', () => {
    const shape = { a: 'number', b: [{ c: 'string' }], d: {} };
    assert.deepEqual(missing(shape, { ...shape, e: 'string' }), []);
    assert.deepEqual(missing(shape, { a: 'string', b: [{}], d: {} }), ['$.a: "string"']);
    assert.deepEqual(missing(shape, { b: [{ x: 'string' }] }), ['$.a', '$.b[0].c', '$.d']);
  });

  it('is nothing where there was or is nothing to compare', () => {
    assert.deepEqual(missing({ a: 'null', b: [] }, { a: 'number', b: [{ c: 'string' }] }), []);
    assert.deepEqual(missing({ a: 'number', b: [{}] }, { a: 'null', b: [] }), []);
  });
});
