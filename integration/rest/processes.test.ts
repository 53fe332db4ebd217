/**
 * Goal: TaskManagers, logs, thread dumps, flame graphs and profiles are those of the processes that
 * run. Method: `sluice cluster` as a process, with a job that works; then it is attacked.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));

const JOB = `import * as s from 'sluice';
function weigh(n) {
  let x = n;
  for (let i = 0; i < 3000; i += 1) x = (x * 31 + i) % 1000003;
  return x;
}
export default (env) => {
  const events = s.generatorSource({ generate: (n) => ({ k: n % 3, n }), ratePerSecond: 20000 });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').uid('events')
    .map((e) => { if (e.n === 0) console.log('the user speaks'); return weigh(e.n); })
    .filter((n) => n % 1000 === 0).map((n) => 'printed ' + n).print();
};
`;

const CONFIG = `rest.flamegraph.num-samples: 40
rest.flamegraph.delay-between-samples: 10 ms
heartbeat.interval: 100 ms
pipeline.name: https://somebody:hush-hush@example.com/job
`;

type Json = Record<string, unknown>;

let directory = '';
let cluster: ChildProcess | undefined;
let address = '';
let jobId = '';
let vertexId = '';
let taskManager = '';

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-processes-'));
  writeFileSync(join(directory, 'job.ts'), JOB);
  writeFileSync(join(directory, 'sluice.config.yaml'), CONFIG);
  cluster = sluice('cluster', '--port', '0', '--data-dir', 'data', '--slots', '4');
  address = await said(cluster, /listening on http:\/\/(\S+:\d+)\n/);
  jobId = await said(
    sluice('run', '-m', address, '-d', '-p', '2', 'job.ts'),
    /JobID ([0-9a-f]{32})/,
  );
  await until(async () => (await json(`/jobs/${jobId}/status`)).status === 'RUNNING');
  const { vertices } = (await json(`/jobs/${jobId}`)) as { vertices: { id: string }[] };
  vertexId = vertices[0]?.id ?? '';
  const { taskmanagers } = (await json('/taskmanagers')) as { taskmanagers: { id: string }[] };
  taskManager = taskmanagers[0]?.id ?? '';
});
after(() => {
  cluster?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function sluice(...args: string[]): ChildProcess {
  return spawn(process.execPath, [launcher, ...args], { cwd: directory });
}

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

async function json(path: string): Promise<Json> {
  return (await (await fetch(`http://${address}${path}`)).json()) as Json;
}

async function text(path: string): Promise<string> {
  return await (await fetch(`http://${address}${path}`)).text();
}

/** As it is, without a client that tidies paths. */
function raw(path: string): Promise<{ status: number; body: string }> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host, port, path }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a TaskManager of a local cluster', () => {
  it('is the process that runs the job, and the one that its vertices name', async () => {
    const { taskmanagers } = (await json('/taskmanagers')) as { taskmanagers: Json[] };
    const [one] = taskmanagers;
    assert.deepEqual([taskmanagers.length, one?.slotsNumber, one?.freeSlots], [1, 2, 0]);
    const pid = Number(String(one?.path).split(':')[1]);
    assert.doesNotThrow(() => process.kill(pid, 0));
    const vertex = (await json(`/jobs/${jobId}/vertices/${vertexId}`)) as { subtasks: Json[] };
    for (const subtask of vertex.subtasks) {
      assert.deepEqual([subtask['taskmanager-id'], subtask.endpoint], [one?.id, one?.path]);
    }
    const { allocatedSlots } = await json(`/taskmanagers/${taskManager}`);
    const jobs = (allocatedSlots as Json[]).map((slot) => slot.jobId);
    assert.deepEqual(jobs, [jobId, jobId]);
  });

  it('tells that it lives', async () => {
    const beat = async () => {
      const { taskmanagers } = (await json('/taskmanagers')) as { taskmanagers: Json[] };
      return Number(taskmanagers[0]?.timeSinceLastHeartbeat);
    };
    const first = await beat();
    await until(async () => (await beat()) > first);
  });

  it('measures its memory', async () => {
    const names = 'Status.JVM.Memory.Heap.Used,Status.JVM.Memory.Heap.Max,Status.JVM.Threads.Count';
    const answer = await fetch(
      `http://${address}/taskmanagers/${taskManager}/metrics?get=${names}`,
    );
    const [used, max, threads] = ((await answer.json()) as { value: string }[]).map(({ value }) => {
      return Number(value);
    });
    assert.ok((used ?? 0) > 1_000_000 && (used ?? 0) < (max ?? 0));
    assert.equal(threads, 3);
  });

  it('has its own log, with what its tasks print and what user code writes', async () => {
    const root = `/taskmanagers/${taskManager}`;
    assert.match(await text(`${root}/log`), /slots deployed slots=0/);
    await until(async () => {
      const printed = await text(`${root}/stdout`);
      return /the user speaks/.test(printed) && /printed \d+/.test(printed);
    });
    const manager = await text('/jobmanager/log');
    assert.match(manager, /the job is RUNNING/);
    assert.doesNotMatch(manager, /slots deployed|printed/);
  });

  it('says what its slots do', async () => {
    const { threadInfos } = (await json(`/taskmanagers/${taskManager}/thread-dump`)) as {
      threadInfos: { threadName: string; stringifiedThreadInfo: string }[];
    };
    const slot = threadInfos.find(({ threadName }) => threadName === 'slot-0');
    assert.match(slot?.stringifiedThreadInfo ?? '', /task Source: events.* \(1\/2\) RUNNING/);
    assert.match(slot?.stringifiedThreadInfo ?? '', /\tat /);
  });

  it('has a flame graph with the names of the user’s functions', async () => {
    const path = `/jobs/${jobId}/vertices/${vertexId}/flamegraph?type=on_cpu`;
    await until(async () => Number((await json(path)).endTimestamp) > 0);
    const graph = await text(path);
    assert.match(graph, /"weigh \(job\.ts:\d+\)"/);
  });

  it('takes a profile that can be fetched', async () => {
    const path = `/taskmanagers/${taskManager}/profiler`;
    const body = JSON.stringify({ mode: 'ITIMER', duration: 1 });
    const headers = { 'content-type': 'application/json' };
    await fetch(`http://${address}${path}`, { method: 'POST', headers, body });
    let file = '';
    await until(async () => {
      const { profilingList } = (await json(path)) as { profilingList: Json[] };
      const [one] = profilingList;
      file = String(one?.outputFile);
      return one?.status === 'FINISHED';
    });
    const profile = (await json(`${path}/${file}`)) as { nodes: unknown[] };
    assert.ok(profile.nodes.length > 3);
  });
});

describe('who attacks', () => {
  it('reads no file but the known ones', async () => {
    const names = [
      ...['..%2f..%2f..%2f..%2fetc%2fpasswd', '%2e%2e%2fjobmanager%2fjobmanager.log'],
      ...['..', '%2e%2e', '/etc/passwd', '..%5c..%5csecret', 'taskmanager.log%00.txt'],
      ...['....//....//etc/passwd', 'profiler', '%2fetc%2fpasswd', 'taskmanager.log/'],
    ];
    const roots = [
      ...[`/taskmanagers/${taskManager}/logs`, `/taskmanagers/${taskManager}/profiler`],
      ...['/jobmanager/logs', '/jobmanager/profiler', '/taskmanagers/..%2f..%2f/logs'],
      '/v1/taskmanagers/%2e%2e/logs',
    ];
    for (const root of roots) {
      for (const name of names) {
        const { status, body } = await raw(`${root}/${name}`);
        assert.ok(status === 404 || status === 400, `${root}/${name} answers ${status}`);
        assert.deepEqual(Object.keys(JSON.parse(body) as object), ['errors'], `${root}/${name}`);
      }
    }
  });

  it('finds no secret of the configuration', async () => {
    for (const path of ['/jobmanager/config', `/jobs/${jobId}/jobmanager/config`]) {
      const config = await text(path);
      assert.match(config, /https:\/\/\*{6}@example\.com/);
      assert.doesNotMatch(config, /hush-hush/);
    }
  });
});
