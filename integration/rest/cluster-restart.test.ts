/**
 * Goal: what a cluster has said stays true when it dies and another takes its place. Method:
 * `sluice cluster` as a process that is killed, and one after it on the same directory.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SpawnedCluster } from './spawned-cluster.ts';

/** Fails once; a file remembers it. Its print sink takes as long to close as it is told. */
const JOB = `import { existsSync, writeFileSync } from 'node:fs';
const s = globalThis[Symbol.for('sluice.api')];
export default (env, [marker, closeMs]) => {
  env.enableCheckpointing(200);
  const events = s.generatorSource({ generate: (n) => ({ k: n % 5, n }), ratePerSecond: 500 });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').uid('events')
    .keyBy('k').sum('n').name('Sum').uid('sum')
    .filter({
      filter({ n }) {
        if (n > 20000 && !existsSync(marker)) {
          writeFileSync(marker, '');
          throw new Error('this once');
        }
        return false;
      },
      close: () => new Promise((resolve) => setTimeout(resolve, Number(closeMs ?? 0))),
    }).print().uid('print');
  return env.execute('restarted');
};
`;

interface Shown {
  readonly state: string;
  readonly 'start-time': number;
  readonly timestamps: Readonly<Record<string, number>>;
}

interface Checkpoints {
  readonly counts: Readonly<Record<'restored' | 'total' | 'completed' | 'in_progress', number>>;
  readonly history: readonly { readonly id: number; readonly num_subtasks: number }[];
  readonly latest: { readonly savepoint: { readonly external_path: string } | null };
}

interface Polled {
  readonly status?: { readonly id: string };
  readonly operation?: {
    readonly location?: string;
    readonly 'failure-cause'?: { readonly 'stack-trace': string };
  };
}

let cluster: SpawnedCluster;
let runs = 0;
before(async () => {
  const configuration = {
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 100,
    'restart-strategy.fixed-delay.delay': '50 ms',
  };
  cluster = await SpawnedCluster.start({ configuration, slots: 8 });
});
after(async () => await cluster.close());

async function get<T>(path: string): Promise<T> {
  return (await cluster.json('GET', path)) as T;
}

async function until<T>(ask: () => Promise<T>, isIt: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await ask();
    if (isIt(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** @returns the id of a job that runs, and has failed once. */
async function ran(closeMs = 0): Promise<string> {
  runs += 1;
  const marker = join(cluster.directory, `failed-${runs}`);
  const jobId = await cluster.run(JOB, { programArgsList: [marker, String(closeMs)] });
  await until(
    () => get<Checkpoints>(`/jobs/${jobId}/checkpoints`),
    ({ counts }) => counts !== undefined && counts.restored > 0,
  );
  await cluster.untilStatus(jobId, 'RUNNING');
  return jobId;
}

function targetDirectory(): string {
  return join(cluster.directory, 'savepoints');
}

function trigger(jobId: string, what: 'stop' | 'savepoints', triggerId: string): Promise<unknown> {
  const name = what === 'stop' ? 'targetDirectory' : 'target-directory';
  return cluster.json('POST', `/jobs/${jobId}/${what}`, { triggerId, [name]: targetDirectory() });
}

async function outcomeOf(jobId: string, triggerId: string): Promise<Polled['operation']> {
  const { operation } = await until(
    () => get<Polled>(`/jobs/${jobId}/savepoints/${triggerId}`),
    (polled) => {
      assert.ok(polled.status, JSON.stringify(polled));
      return polled.status.id === 'COMPLETED';
    },
  );
  return operation;
}

describe('a cluster that dies and is started again', () => {
  it('shows failures, checkpoints and times of a job that goes on', async () => {
    const jobId = await ran();
    const exceptions = await get(`/jobs/${jobId}/exceptions?maxExceptions=5`);
    const shown = await get<Shown>(`/jobs/${jobId}`);
    const checkpoints = await until(
      () => get<Checkpoints>(`/jobs/${jobId}/checkpoints`),
      ({ counts }) => counts.completed > 3,
    );
    await cluster.kill();
    await cluster.restart();
    await cluster.untilStatus(jobId, 'RUNNING');
    assert.match(JSON.stringify(exceptions), /this once/);
    assert.deepEqual(await get(`/jobs/${jobId}/exceptions?maxExceptions=5`), exceptions);
    const again = await get<Shown>(`/jobs/${jobId}`);
    assert.equal(again['start-time'], shown['start-time']);
    for (const state of ['INITIALIZING', 'RESTARTING'] as const) {
      assert.equal(again.timestamps[state], shown.timestamps[state], state);
    }
    const { RECONCILING = 0, RESTARTING = 0, RUNNING = 0 } = again.timestamps;
    assert.ok(RESTARTING > 0 && RESTARTING < RECONCILING && RECONCILING <= RUNNING);
    const { counts, history } = await until(
      () => get<Checkpoints>(`/jobs/${jobId}/checkpoints`),
      (found) => found.counts.completed > checkpoints.counts.completed,
    );
    assert.ok(counts.restored > checkpoints.counts.restored);
    const ids = history.map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...new Set(ids)].toSorted((a, b) => b - a),
    );
    assert.ok(
      checkpoints.history.some(({ id }) => ids.includes(id)),
      'the history goes on',
    );
    await cluster.json('PATCH', `/jobs/${jobId}`);
  });

  it('shows where the tasks of a job ran that has ended', async () => {
    const jobId = await ran();
    await cluster.json('PATCH', `/jobs/${jobId}`);
    await cluster.untilStatus(jobId, 'CANCELED');
    const { vertices } = await get<{ vertices: readonly { id: string }[] }>(`/jobs/${jobId}`);
    const paths = ['', '/subtasktimes', '/taskmanagers'].map((path) => {
      return `/jobs/${jobId}/vertices/${vertices[0]?.id}${path}`;
    });
    const shown = async (): Promise<readonly object[]> => {
      const pages = await Promise.all(paths.map((path) => get<object>(path)));
      return pages.map((page) => ({ ...page, now: 0 }));
    };
    const before = await shown();
    await cluster.kill();
    await cluster.restart();
    assert.deepEqual(await shown(), before);
    assert.match(JSON.stringify(before), /"endpoint":"localhost:\d+"/);
    assert.doesNotMatch(JSON.stringify(before), /unassigned/);
  });

  it('answers who comes back for a savepoint, and takes no other for the same id', async () => {
    const jobId = await ran();
    const [done, open] = ['a'.repeat(32), 'b'.repeat(32)];
    await trigger(jobId, 'savepoints', done);
    const before = await outcomeOf(jobId, done);
    assert.match(before?.location ?? '', /savepoint-/);
    await trigger(jobId, 'savepoints', open);
    await cluster.kill();
    await cluster.restart();
    assert.deepEqual(await outcomeOf(jobId, done), before);
    const { location, 'failure-cause': cause } = (await outcomeOf(jobId, open)) ?? {};
    const isTold = /the JobManager was restarted while the savepoint was being taken/;
    if (location === undefined) assert.match(cause?.['stack-trace'] ?? '', isTold);
    await cluster.untilStatus(jobId, 'RUNNING');
    const { counts } = await get<Checkpoints>(`/jobs/${jobId}/checkpoints`);
    assert.deepEqual(await trigger(jobId, 'savepoints', done), { 'request-id': done });
    assert.deepEqual(await outcomeOf(jobId, done), before);
    const { latest } = await get<Checkpoints>(`/jobs/${jobId}/checkpoints`);
    assert.equal(latest.savepoint?.external_path, location ?? before?.location);
    assert.ok(counts.total > 0);
    await cluster.json('PATCH', `/jobs/${jobId}`);
  });

  it('goes on with a job that died between the savepoint of its stop and its end', async () => {
    const jobId = await ran(3000);
    const triggerId = 'c'.repeat(32);
    await trigger(jobId, 'stop', triggerId);
    const { latest } = await until(
      () => get<Checkpoints>(`/jobs/${jobId}/checkpoints`),
      (found) => found.latest.savepoint !== null,
    );
    const polled = await get<Polled>(`/jobs/${jobId}/savepoints/${triggerId}`);
    assert.equal(polled.status?.id, 'IN_PROGRESS');
    await cluster.kill();
    await cluster.restart();
    const cause = (await outcomeOf(jobId, triggerId))?.['failure-cause']?.['stack-trace'] ?? '';
    assert.match(cause, /restarted while the job was being stopped/);
    assert.ok(cause.includes(`savepoint=${latest.savepoint?.external_path}`), cause);
    await cluster.untilStatus(jobId, 'RUNNING');
    await cluster.json('PATCH', `/jobs/${jobId}`);
  });

  it('says of a stop that it is completed only if the job has ended by it', async () => {
    const seen = new Set<string>();
    for (const [at, afterMs] of [0, 30, 80, 160, 320].entries()) {
      const jobId = await ran(100);
      const triggerId = String(at).repeat(32);
      const answered = trigger(jobId, 'stop', triggerId).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      const isKnown = afterMs > 0 && (await answered) !== undefined;
      await cluster.kill();
      await cluster.restart();
      const path = `/jobs/${jobId}/savepoints/${triggerId}`;
      const { status } = await cluster.send({ path });
      // Who was told of it finds it.
      assert.ok(status === 200 || !isKnown, String(status));
      const operation = status === 200 ? await outcomeOf(jobId, triggerId) : undefined;
      const isStopped = operation?.location !== undefined;
      seen.add(isStopped ? 'stopped' : 'goes on');
      if (!isStopped) await cluster.untilStatus(jobId, 'RUNNING');
      else assert.equal((await get<Shown>(`/jobs/${jobId}`)).state, 'FINISHED');
      if (!isStopped) await cluster.json('PATCH', `/jobs/${jobId}`);
    }
    assert.ok(seen.has('goes on'), [...seen].join());
  });
});
