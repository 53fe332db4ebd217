/**
 * Goal: a state answers what it holds while records flow, from the slot that has the key, and from
 * the last checkpoint while none runs. Method: `sluice cluster` as a process, with a job whose
 * states tell whether they are consistent.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SpawnedCluster } from './spawned-cluster.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const KEY_COUNT = 40;
/** By key: how many records, and the last of them, which says how many there were. */
const JOB = `import { existsSync, writeFileSync } from 'node:fs';
const s = globalThis[Symbol.for('sluice.api')];
const total = new s.ValueStateDescriptor('total', undefined).setQueryable();
const days = new s.MapStateDescriptor('byDay', { queryable: 'days' });
const mean = new s.AggregatingStateDescriptor('mean', {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (value, acc) => ({ n: acc.n + 1, sum: acc.sum + value }),
  getResult: ({ n, sum }) => sum / n,
}, { queryable: true });
class Totals {
  open(ctx) {
    this.total = ctx.getState(total);
    this.days = ctx.getMapState(days);
    this.mean = ctx.getAggregatingState(mean);
    this.secret = ctx.getState(new s.ValueStateDescriptor('secret'));
  }
  processElement({ k, n }) {
    this.total.update({ key: k, count: (this.total.value()?.count ?? 0) + 1, last: n });
    this.days.put('day ' + (n % 3), n);
    this.mean.add(2);
    this.secret.update('hunter2');
  }
}
const keyOf = (n) => (n % 2 === 0 ? n : n % 3 === 0 ? { city: 'Bern/' + n, id: n } : 'k/' + n);
export default (env, [marker, isBounded]) => {
  env.enableCheckpointing(100);
  const count = isBounded === 'bounded' ? 1000 : undefined;
  const numbers = s.generatorSource({ generate: (n) => n, count, ratePerSecond: 4000 });
  env.fromSource(numbers, s.WatermarkStrategy.noWatermarks(), 'numbers').uid('numbers')
    .setParallelism(1)
    .map((n) => {
      if (marker && existsSync(marker)) throw new Error('as the marker says');
      return { k: keyOf(n % ${KEY_COUNT}), n };
    }).setParallelism(1)
    .keyBy('k').process(new Totals()).name('Totals').uid('totals')
    .print().uid('print');
};
`;

interface Total {
  readonly key: unknown;
  readonly count: number;
  readonly last: number;
}

interface Answer {
  readonly status: number;
  readonly errors: string;
  readonly body: {
    readonly value: Total;
    readonly source: 'slot' | 'checkpoint';
    readonly subtask: number;
    readonly ageMs: number;
    readonly asOfEpochMs: number;
    readonly checkpointId?: number;
  };
}

let cluster: SpawnedCluster;
before(async () => {
  const configuration = {
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 100,
    'restart-strategy.fixed-delay.delay': '2 s',
  };
  cluster = await SpawnedCluster.start({ configuration, slots: 8 });
});
after(async () => await cluster.close());

/** As the job's: n is the key's number. */
function pathOf(n: number): string {
  if (n % 2 === 0) return `${n}?keyType=number`;
  if (n % 3 === 0) return `${encodeURIComponent(`{"id":${n},"city":"Bern/${n}"}`)}?keyType=json`;
  return encodeURIComponent(`k/${n}`);
}

async function ask(jobId: string, path: string): Promise<Answer> {
  const { status, text } = await cluster.send({ path: `/jobs/${jobId}/state/${path}` });
  const body = JSON.parse(text) as Answer['body'] & { readonly errors?: readonly string[] };
  return { status, body, errors: (body.errors ?? []).join(' ') };
}

/** Asks for a key until it has a value that is as wanted. */
async function untilTotal(
  jobId: string,
  n: number,
  isIt: (answer: Answer) => boolean = () => true,
): Promise<Answer> {
  for (;;) {
    const answer = await ask(jobId, `totals/total/${pathOf(n)}`);
    if (answer.status === 200 && isIt(answer)) {
      assertConsistent(answer, n);
      return answer;
    }
    assert.ok([200, 404, 409].includes(answer.status), answer.errors);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** It is the key's, and as it was behind some record, all of it. */
function assertConsistent({ body: { value } }: Answer, n: number): void {
  const { count, last } = value;
  assert.deepEqual([last % KEY_COUNT, count], [n, (last - n) / KEY_COUNT + 1]);
}

async function started(parallelism: number, ...args: string[]): Promise<string> {
  const jobId = await cluster.run(JOB, { parallelism, programArgsList: args });
  await cluster.untilStatus(jobId, 'RUNNING');
  return jobId;
}

async function cancel(jobId: string): Promise<void> {
  await cluster.send({
    ...{ method: 'PATCH', path: `/jobs/${jobId}?mode=cancel` },
    headers: { 'content-type': 'application/json' },
  });
  await cluster.untilEnded(jobId);
}

const numbers = Array.from({ length: KEY_COUNT }, (_, n) => n);

describe('queryable state of a cluster', { timeout: 120_000 }, () => {
  for (const parallelism of [1, 2, 5]) {
    it(`answers each key from its slot while records flow, p=${parallelism}`, async () => {
      const jobId = await started(parallelism);
      const subtasks = new Set<number>();
      for (const n of numbers) {
        const { body } = await untilTotal(jobId, n, ({ body: { source } }) => source === 'slot');
        subtasks.add(body.subtask);
        assert.equal(body.checkpointId, undefined);
        // What it counts goes on: it is not what some snapshot had.
        await untilTotal(jobId, n, (later) => later.body.value.count > body.value.count);
      }
      assert.equal(subtasks.size, parallelism);
      await cancel(jobId);
    });
  }

  it('answers a thousand who ask at once, and the job goes on', async () => {
    const jobId = await started(2);
    const before = await untilTotal(jobId, 0, ({ body: { source } }) => source === 'slot');
    const sources: string[] = [];
    // More connections than these one client is not given.
    const client = async (_: unknown, first: number): Promise<void> => {
      for (let i = first; i < 1000; i += 100) {
        sources.push((await untilTotal(jobId, i % KEY_COUNT)).body.source);
      }
    };
    await Promise.all(Array.from({ length: 100 }, client));
    assert.equal(sources.filter((source) => source === 'slot').length, 1000);
    await untilTotal(jobId, 0, ({ body }) => body.value.count > before.body.value.count);
    const { 'all-exceptions': exceptions = [] } = await cluster.json(
      'GET',
      `/jobs/${jobId}/exceptions`,
    );
    assert.deepEqual(exceptions, []);
    await cancel(jobId);
  });

  it('answers from the last checkpoint while the job restarts, and how old it is', async () => {
    const marker = join(cluster.directory, 'fails');
    const jobId = await started(2, marker);
    await untilTotal(jobId, 0, ({ body }) => body.source === 'slot' && body.value.count > 200);
    writeFileSync(marker, '');
    for (const n of numbers) {
      const { body } = await untilTotal(jobId, n, (one) => one.body.source === 'checkpoint');
      assert.ok(body.checkpointId !== undefined && body.checkpointId > 0);
      assert.ok(body.ageMs > 0 && body.asOfEpochMs > 0, JSON.stringify(body));
    }
    rmSync(marker);
    const restarted = await untilTotal(jobId, 0, ({ body: { source } }) => source === 'slot');
    assert.ok(restarted.body.value.count > 0);
    await cancel(jobId);
  });

  it('answers from the slots that have the keys after a change of parallelism', async () => {
    const jobId = await started(1);
    const before = await untilTotal(jobId, 0, ({ body }) => body.source === 'slot');
    assert.equal(before.body.subtask, 0);
    const answer = await cluster.json('PATCH', `/jobs/${jobId}/rescaling?parallelism=3`, {});
    assert.equal(typeof answer['request-id'], 'string');
    const subtasks = new Set<number>();
    await untilTotal(jobId, 0, ({ body }) => body.value.count > before.body.value.count);
    for (;;) {
      for (const n of numbers) subtasks.add((await untilTotal(jobId, n)).body.subtask);
      if (subtasks.size === 3) break;
    }
    await cancel(jobId);
  });

  it('answers all kinds of state, and what is wrong with a question', async () => {
    const jobId = await started(1);
    await untilTotal(jobId, 39, ({ body: { source } }) => source === 'slot');
    const answerOf = async (path: string) => {
      const { status, body, errors } = await ask(jobId, path);
      assert.equal(status, 200, errors);
      return body as Record<string, unknown>;
    };
    const days = await answerOf('totals/days/0?keyType=number');
    assert.deepEqual([days.kind, days.name, days.uid], ['map', 'days', 'totals']);
    const day = await answerOf('totals/days/0?keyType=number&mapKey=day%200');
    assert.equal(typeof day.value, 'number');
    const mean = await answerOf('totals/mean/0?keyType=number&accumulator=true');
    assert.equal(mean.value, 2);
    assert.equal(typeof (mean.accumulator as { n: number }).n, 'number');
    const byId = await answerOf(`${String(mean.operatorId)}/mean/0?keyType=number`);
    assert.deepEqual([byId.uid, byId.accumulator], ['totals', undefined]);
    for (const [path, status, message] of [
      ['total/total/0?keyType=number', 404, /did you mean totals\?.*OPERATOR_NOT_FOUND/],
      ['totals/totl/0?keyType=number', 404, /did you mean total\?.*queryable=total, days, mean/],
      ['totals/secret/0?keyType=number', 403, /setQueryable\(\).*STATE_NOT_QUERYABLE/],
      ['totals/total/0', 404, /did you mean keyType=number\?.*STATE_KEY_NOT_FOUND/],
      ['totals/total/x?keyType=number', 400, /expected a finite number.*STATE_KEY_INVALID/],
      ['totals/total/0?keyType=number&window=0,1', 400, /leave out window/],
      ['numbers/total/0', 400, /behind a keyBy.*STATE_NOT_KEYED/],
    ] as const) {
      const answer = await ask(jobId, path);
      assert.equal(answer.status, status, answer.errors);
      assert.match(answer.errors, message);
      assert.doesNotMatch(answer.errors, /hunter2/);
    }
    assert.equal((await ask('a'.repeat(32), 'totals/total/0')).status, 404);
    await cancel(jobId);
  });

  it('says of a job that has ended that its state is gone', async () => {
    const jobId = await cluster.run(JOB, { programArgsList: ['', 'bounded'] });
    await cluster.untilEnded(jobId);
    const { status, errors } = await ask(jobId, 'totals/total/0?keyType=number');
    assert.equal(status, 404);
    assert.match(errors, /the job has ended.*status=FINISHED.*STATE_JOB_ENDED/);
  });

  it('answers as its guide says, with the guide’s job', async () => {
    const guide = readFileSync(join(REPOSITORY, 'docs', 'guide', 'queryable-state.md'), 'utf8');
    const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(guide) ?? [];
    const [, shown = ''] = /^```json\n(.*?)^```$/ms.exec(guide) ?? [];
    const [, path = ''] = /^curl \S+<job id>\/state\/(\S+)$/m.exec(guide) ?? [];
    writeFileSync(join(cluster.directory, 'orders.ts'), code);
    const launcher = join(REPOSITORY, 'scripts', 'sluice.mjs');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [launcher, 'run', '-m', cluster.address, '-d', 'orders.ts'],
      { cwd: cluster.directory },
    );
    const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1] ?? stdout;
    await cluster.untilStatus(jobId, 'RUNNING');
    let answer = await ask(jobId, path);
    while (answer.status !== 200) answer = await ask(jobId, path);
    const changing = { jobId: '', operatorId: '', value: 0, asOfEpochMs: 0, ageMs: 0 };
    assert.deepEqual(
      { ...answer.body, ...changing },
      { ...(JSON.parse(shown) as object), ...changing },
    );
    assert.equal(Number(answer.body.value) % 100, 0);
    const asked = [
      'state',
      '-m',
      cluster.address,
      jobId,
      ...path.split('/').map(decodeURIComponent),
    ];
    const printed = await promisify(execFile)(process.execPath, [launcher, ...asked]);
    assert.match(printed.stdout, /^value: \d+00\nfrom the slot, \d+ ms ago\n$/);
    await cancel(jobId);
  });
});
