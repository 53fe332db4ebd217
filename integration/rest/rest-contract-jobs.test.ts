/**
 * Goal: what a cluster answers of a job is what Flink's clients read, whatever has become of the
 * job. Method: jobs that ended in each way, that failed and went on, and one without checkpoints,
 * are asked by every GET of Flink; then once more in the next process of the cluster.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FlinkContract } from './flink-contract.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

/** Runs on, ends, or fails always or once, as it is told. */
const JOB = `import { existsSync, writeFileSync } from 'node:fs';
const s = globalThis[Symbol.for('sluice.api')];
export default (env, [what, marker]) => {
  if (what !== 'plain') env.enableCheckpointing(50);
  const ends = what === 'ends' ? { count: 200 } : {};
  const generate = (n) => ({ k: n % 5, n });
  const events = s.generatorSource({ generate, ratePerSecond: 500, ...ends });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').uid('events')
    .keyBy('k').sum('n').name('Sum').uid('sum')
    .filter(({ n }) => {
      if (what === 'fails' && n > 5000) throw new Error('always');
      if (what === 'fails once' && n > 5000 && !existsSync(marker)) {
        writeFileSync(marker, '');
        throw new Error('this once');
      }
      return false;
    }).print().uid('print');
  return env.execute(what);
};
`;

const JOBS = {
  ends: 'FINISHED',
  fails: 'FAILED',
  'is canceled': 'CANCELED',
  'fails once': 'RUNNING',
  plain: 'RUNNING',
} as const;
type What = keyof typeof JOBS;

const contract = new FlinkContract();
const ids = new Map<What, string>();
let cluster: SpawnedCluster;

before(async () => {
  const configuration = {
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 1,
    'restart-strategy.fixed-delay.delay': '10 ms',
  };
  cluster = await SpawnedCluster.start({ configuration, slots: 8 });
  for (const what of Object.keys(JOBS) as What[]) {
    const programArgsList = [what, join(cluster.directory, 'failed')];
    ids.set(what, await cluster.run(JOB, { programArgsList }));
  }
  await until(what('is canceled'), '/checkpoints', ({ counts }) => (counts?.completed ?? 0) > 0);
  await until(what('fails once'), '/checkpoints', ({ counts }) => (counts?.restored ?? 0) > 0);
  await cluster.send({ method: 'PATCH', path: `/jobs/${what('is canceled')}?mode=cancel` });
  for (const [name, status] of Object.entries(JOBS)) {
    await until(what(name as What), '', ({ state }) => state === status);
  }
});
after(async () => await cluster.close());

interface Shown {
  readonly state?: string;
  readonly vertices?: readonly { readonly id: string }[];
  readonly counts?: { readonly completed: number; readonly restored: number };
  readonly history?: readonly { readonly id: number }[];
}

function what(name: What): string {
  return ids.get(name) ?? '';
}

async function until(jobId: string, path: string, isIt: (shown: Shown) => boolean): Promise<void> {
  while (!isIt(await cluster.json('GET', `/jobs/${jobId}${path}`))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const ROUTES = contract.routes.filter(
  (route) => /^GET \/jobs\/\{jobid\}/.test(route) && !/\{(triggerid|taskmanagerid)\}/.test(route),
);

/** What is wrong with the answers of a job, by route; `absent`: routes that have nothing to show. */
async function problemsOf(jobId: string, absent: RegExp): Promise<readonly unknown[]> {
  const { vertices = [] } = (await cluster.json('GET', `/jobs/${jobId}`)) as Shown;
  const { history = [] } = (await cluster.json('GET', `/jobs/${jobId}/checkpoints`)) as Shown;
  const names: Readonly<Record<string, unknown>> = {
    ...{ jobid: jobId, vertexid: vertices[0]?.id, checkpointid: history[0]?.id ?? 1 },
    ...{ subtaskindex: 0, attempt: 0 },
  };
  const found: unknown[] = [];
  for (const route of ROUTES) {
    const path = route.slice('GET '.length).replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      return String(names[name]);
    });
    const { status, text } = await cluster.send({ path });
    const body = JSON.parse(text) as unknown;
    if (absent.test(route)) {
      assert.equal(status, 404, `${route}: ${text}`);
      assert.ok(Array.isArray((body as { errors?: unknown }).errors), text);
      continue;
    }
    const problems = contract.problems(route, { status, body });
    if (problems.length > 0) found.push([route, problems, text.slice(0, 300)]);
  }
  return found;
}

/** Of a job without checkpoints nothing is made up. */
function absentOf(name: What): RegExp {
  return name === 'plain' ? /\/checkpoints\/details\// : /^$/;
}

describe('the REST interface, of jobs', () => {
  for (const name of Object.keys(JOBS) as What[]) {
    it(`has Flink's shapes for one that ${name}: ${JOBS[name]}`, async () => {
      assert.deepEqual(await problemsOf(what(name), absentOf(name)), []);
    });
  }

  it('has them in the next process, from the archive and from the rows', async () => {
    await cluster.kill();
    await cluster.restart();
    for (const [name, status] of Object.entries(JOBS)) {
      await until(what(name as What), '', ({ state }) => state === status);
      assert.deepEqual(await problemsOf(what(name as What), absentOf(name as What)), [], name);
    }
  });
});
