/**
 * Goal: what a cluster answers is what Flink's clients read. Method: `sluice cluster` as a process,
 * with a job that takes checkpoints, is asked by every route that Flink 2.1 describes.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import parse from 'parse-prometheus-text-format';
import { FlinkContract } from './flink-contract.ts';

const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));

const JOB = `import * as s from 'sluice';
export default (env) => {
  env.enableCheckpointing('10 min');
  const events = s.generatorSource({ generate: (n) => ({ k: n % 3, n }), ratePerSecond: 500 });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').uid('events')
    .keyBy('k').sum('n').name('Sum').uid('sum')
    .filter({
      open(ctx) { this.seen = ctx.getLongCounter('seen'); },
      filter() { this.seen.add(1); return false; },
    }).print();
};
`;

/** Not served yet: each of them answers 404. */
const MISSING: ReadonlySet<string> = new Set([]);

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const contract = new FlinkContract();
let directory = '';
/** What it was sent last. */
let collected = '';
const collector = createServer(async (message, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  collected = Buffer.concat(chunks).toString();
  response.end('{}');
});
let cluster: ChildProcess | undefined;
let address = '';
/** What stands for the place-holders of paths. */
const names: Record<string, string> = { subtaskindex: '0', attempt: '0' };

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-contract-'));
  writeFileSync(join(directory, 'sum.ts'), JOB);
  const child = sluice(
    ...['cluster', '--port', '0', '--data-dir', 'data', '--slots', '2'],
    ...['-D', `metrics.reporter.otel.exporter.endpoint=${await collect()}`],
    ...['-D', 'metrics.reporter.otel.interval=500 ms'],
  );
  cluster = child;
  address = await said(child, /listening on http:\/\/(\S+:\d+)\n/);
  const run = sluice('run', '-m', address, '-d', 'sum.ts');
  names.jobid = await said(run, /JobID ([0-9a-f]{32})/);
  await until(async () => {
    const { status } = (await ask('GET', `/jobs/${names.jobid}/status`)) as { status: string };
    return status === 'RUNNING';
  });
  await request('POST', `/jobs/${names.jobid}/checkpoints`, {});
  await until(async () => {
    const { counts } = (await ask('GET', `/jobs/${names.jobid}/checkpoints`)) as Counted;
    return (counts?.completed ?? 0) > 0;
  });
  const { vertices } = (await ask('GET', `/jobs/${names.jobid}`)) as { vertices: { id: string }[] };
  names.vertexid = vertices[0]?.id ?? '';
  const { latest } = (await ask('GET', `/jobs/${names.jobid}/checkpoints`)) as Counted;
  names.checkpointid = String(latest?.completed?.id);
  const { taskmanagers } = (await ask('GET', '/taskmanagers')) as TaskManagers;
  names.taskmanagerid = taskmanagers[0]?.id ?? '';
  // Metrics come every half a second.
  await until(async () => {
    const path = `/jobs/${names.jobid}/vertices/${names.vertexid}/backpressure`;
    return ((await ask('GET', path)) as { status: string }).status === 'ok';
  });
});
after(() => {
  cluster?.kill('SIGKILL');
  collector.closeAllConnections();
  collector.close();
  rmSync(directory, { recursive: true, force: true });
});

interface TaskManagers {
  readonly taskmanagers: readonly { readonly id: string; readonly path: string }[];
}

interface Counted {
  readonly counts?: { readonly completed: number };
  readonly latest?: { readonly completed?: { readonly id: number } };
}

/** @returns where a collector of OpenTelemetry listens. */
async function collect(): Promise<string> {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
}

function sluice(...args: string[]): ChildProcess {
  return spawn(process.execPath, [launcher, ...args], { cwd: directory });
}

/** What a command says on its way. */
function said(child: ChildProcess, what: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const listen = (chunk: unknown): void => {
      text += String(chunk);
      const found = what.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.on('close', () => reject(new Error(`it ended: ${text}`)));
  });
}

/** Asks again and again, until it is so. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function request(method: string, path: string, body?: object): Promise<Answer> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`http://${address}/v1${path}`, {
    method,
    ...(body === undefined ? {} : json),
  });
  return { status: answer.status, body: await answer.json() };
}

async function ask(method: string, path: string): Promise<unknown> {
  return (await request(method, path)).body;
}

function pathOf(route: string): string {
  const [, path = ''] = route.split(' ');
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 'f'.repeat(32));
}

async function problemsOf(route: string, body?: object, path = pathOf(route)): Promise<string[]> {
  const [method = ''] = route.split(' ');
  return contract.problems(route, await request(method, path, body));
}

describe('the REST interface', () => {
  it('answers every GET of Flink in its shape', async () => {
    const triggered = /\{triggerid\}/;
    const asked = contract.routes.filter((route) => {
      return route.startsWith('GET ') && !MISSING.has(route) && !triggered.test(route);
    });
    const found = await Promise.all(
      asked.map(async (route) => [route, await problemsOf(route)] as const),
    );
    assert.deepEqual(
      found.filter(([, problems]) => problems.length > 0),
      [],
    );
    assert.ok(asked.length > 25, String(asked.length));
  });

  it('shows metrics with their values, and aggregates, as bare lists', async () => {
    const vertex = '/jobs/{jobid}/vertices/{vertexid}';
    for (const [route, query] of [
      [`GET ${vertex}/metrics`, '?get=0.numRecordsOut,0.busyTimeMsPerSecond'],
      [`GET ${vertex}/subtasks/metrics`, '?get=numRecordsOut'],
      [`GET ${vertex}/subtasks/{subtaskindex}/metrics`, '?get=numRecordsOut'],
      ['GET /jobs/{jobid}/metrics', '?get=uptime,numberOfCompletedCheckpoints'],
      ['GET /jobs/metrics', '?get=uptime&agg=min,max'],
    ] as const) {
      const answer = await request('GET', `${pathOf(route)}${query}`);
      assert.deepEqual(contract.problems(route, answer), [], route);
      assert.notDeepEqual(answer.body, [], route);
    }
  });

  it('takes a program, shows its jobs and their plan, and runs one of them', async () => {
    const form = new FormData();
    const code = "export function orders(env) { env.fromData(1, 2).name('two').print(); }";
    form.append('jarfile', new File([code], 'orders.mjs', { type: 'application/x-java-archive' }));
    const sent = await fetch(`http://${address}/jars/upload`, { method: 'POST', body: form });
    const uploaded = { status: sent.status, body: await sent.json() };
    assert.deepEqual(contract.problems('POST /jars/upload', uploaded), []);
    const jar = `/jars/${(uploaded.body as { filename: string }).filename}`;
    const listed = await request('GET', '/jars');
    assert.deepEqual(contract.problems('GET /jars', listed), []);
    for (const [method, query, body] of [
      ['GET', '?entry-class=orders&parallelism=2', undefined],
      ['POST', '', { entryClass: 'orders' }],
    ] as const) {
      const planned = await request(method, `${jar}/plan${query}`, body);
      // By GET it is not described.
      assert.deepEqual(contract.problems('POST /jars/{jarid}/plan', planned), []);
      const { plan } = planned.body as { plan: { nodes: { description: string }[] } };
      assert.match(plan.nodes[0]?.description ?? '', /two/);
    }
    const refused = await request('POST', `${jar}/run`, { entryClass: 'refunds' });
    assert.match(JSON.stringify(refused), /400.*'refunds' was not found.*exported=orders/);
    const run = await request('POST', `${jar}/run?entry-class=orders`);
    assert.deepEqual(contract.problems('POST /jars/{jarid}/run', run), []);
    await until(async () => {
      const { jobid } = run.body as { jobid: string };
      const { status } = (await ask('GET', `/jobs/${jobid}/status`)) as { status: string };
      assert.notEqual(status, 'FAILED');
      return status === 'FINISHED';
    });
    assert.equal((await request('DELETE', jar)).status, 200);
  });

  it('shows the settings that the program has made, too', async () => {
    const config = await ask('GET', `/jobs/${names.jobid}/checkpoints/config`);
    assert.equal((config as Record<string, unknown>).interval, 600_000);
  });

  it('shows what functions count, of the job, of vertices and of subtasks', async () => {
    const job = (await ask('GET', `/jobs/${names.jobid}`)) as { vertices: { id: string }[] };
    const vertex = `/jobs/${names.jobid}/vertices/${job.vertices.at(-1)?.id}`;
    const { 'user-task-accumulators': ofJob } = (await ask(
      ...(['GET', `/jobs/${names.jobid}/accumulators`] as const),
    )) as { 'user-task-accumulators': Accumulated[] };
    const { 'user-accumulators': ofVertex } = (await ask('GET', `${vertex}/accumulators`)) as Own;
    const { subtasks } = (await ask('GET', `${vertex}/subtasks/accumulators`)) as {
      subtasks: Own[];
    };
    for (const shown of [ofJob, ofVertex, subtasks[0]?.['user-accumulators'] ?? []]) {
      assert.deepEqual(
        shown.map(({ name, type }) => ({ name, type })),
        [{ name: 'seen', type: 'LongCounter' }],
      );
      assert.ok(Number(shown[0]?.value) > 0, shown[0]?.value);
    }
  });

  it('tells Prometheus and a collector of OpenTelemetry the metrics of its jobs', async () => {
    const answer = await fetch(`http://${address}/metrics`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const name = 'flink_taskmanager_job_task_numRecordsOut';
    const out = parse(await answer.text()).find((family) => family.name === name);
    const labels = { job_id: names.jobid, task_id: names.vertexid, subtask_index: '0' };
    const found = out?.metrics.find(({ labels: of }) => {
      return Object.entries(labels).every(([label, value]) => of?.[label] === value);
    });
    assert.ok(Number(found?.value) > 0, JSON.stringify(out));
    await until(async () => collected.includes(names.jobid ?? '?'));
    assert.match(collected, /"flink\.taskmanager\.job\.task\.numRecordsOut"/);
  });

  it('deletes data sets, of which there are none, in Flink’s way', async () => {
    const deletion = await request('DELETE', `/datasets/${'a'.repeat(32)}`);
    assert.deepEqual(contract.problems('DELETE /datasets/{datasetid}', deletion), []);
    const id = (deletion.body as { 'request-id': string })['request-id'];
    const route = 'GET /datasets/delete/{triggerid}';
    assert.deepEqual(await problemsOf(route, undefined, `/datasets/delete/${id}`), []);
  });

  it('takes it that a client lives', async () => {
    const route = 'PATCH /jobs/{jobid}/clientHeartbeat';
    const expiredTimestamp = Date.now() + 600_000;
    assert.deepEqual(await problemsOf(route, { expiredTimestamp }), []);
  });

  it('triggers in Flink’s way, and answers who comes back', async () => {
    const target = join(directory, 'savepoints');
    for (const [start, poll, body] of [
      ['POST /jobs/{jobid}/checkpoints', 'checkpoints', { checkpointType: 'FULL' }],
      ['POST /jobs/{jobid}/savepoints', 'savepoints', { 'target-directory': target }],
      ['POST /jobs/{jobid}/stop', 'savepoints', { targetDirectory: target, drain: false }],
    ] as const) {
      const accepted = await request('POST', pathOf(start), body);
      assert.deepEqual(contract.problems(start, accepted), [], start);
      const id = (accepted.body as { 'request-id': string })['request-id'];
      const path = `/jobs/${names.jobid}/${poll}/${id}`;
      await until(async () => {
        const { status, operation } = (await ask('GET', path)) as Polled;
        assert.equal(operation?.['failure-cause'] ?? operation?.failureCause, undefined);
        return status.id === 'COMPLETED';
      });
    }
  });

  it('does not know what it does not serve yet, and says so', async () => {
    for (const route of MISSING) {
      const [method = ''] = route.split(' ');
      const { status, body } = await request(method, pathOf(route));
      assert.ok(status === 404 || status === 405, `${route} answers ${status}: no more missing`);
      assert.deepEqual(Object.keys(body as object), ['errors'], route);
    }
  });
});

interface Accumulated {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

interface Own {
  readonly 'user-accumulators': readonly Accumulated[];
}

interface Polled {
  readonly status: { readonly id: string };
  readonly operation?: { readonly 'failure-cause'?: unknown; readonly failureCause?: unknown };
}
