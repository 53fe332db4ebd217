/**
 * Goal: a secret that a job was given is in no output, whatever its form. Method: `sluice cluster`
 * as a process; jobs that have secrets in their names, settings, arguments, counters, logs and
 * errors: one that runs, one that has failed, one that has ended. All places are asked, by REST and
 * by the CLI, and every answer is searched for what all secrets here have in them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { REST_ROUTES } from '../../runtime/adapters/index.ts';
import { isHarmless } from './attack-checks.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

/** In every secret, and in nothing else. */
const CORE = 'QZXJ';
/** Each a way to give a program a secret; what is seen of it. */
const SECRETS: readonly (readonly [given: string, shown: string])[] = [
  [`postgres://u:${CORE}@db/a`, 'postgres://******@db/a'],
  [`http://u:80/${CORE}@db/b`, 'http://******@db/b'],
  [`http://u:p%40%2F${CORE}@db/c`, 'http://******@db/c'],
  [`https://${CORE}@db/d`, 'https://******@db/d'],
  [`smtp://a@b.de:${CORE}@db/e`, 'smtp://******@db/e'],
  [`x?to=http%3A%2F%2Fu%3A${CORE}%40db%2Ff`, 'x?to=http%3A%2F%2F******%40db%2Ff'],
  [`s3://h/g?X-Amz-Signature=${CORE}`, 's3://h/g?X-Amz-Signature=******'],
  [`password=${CORE}`, 'password=******'],
  [`auth.token=${CORE}`, 'auth.token=******'],
  [`--api-key ${CORE}`, '--api-key ******'],
  [`{"secret":"${CORE}"}`, '{"secret":"******"}'],
];
const ALL = SECRETS.map(([given]) => given).join(' ');
const PLAIN = ['tokenize=true', 'key.field=auction', 'http://h:80/x'];
const NAME = `${ALL} ${PLAIN.join(' ')}`;
const PROGRAM = `import * as s from 'sluice';
export default (env, args) => {
  const [how, ...secrets] = args;
  const name = secrets.join(' ');
  const generate = (n) => ({ k: n % 3, n });
  const options = how === 'runs' ? { ratePerSecond: 100 } : { count: 10, ratePerSecond: 100 };
  const events = s.generatorSource({ generate, ...options });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), name).uid('uid ' + name)
    .map((one) => {
      if (one.n === 0) console.log('says ' + name);
      if (one.n === 0) console.error('errs ' + name);
      if (how === 'fails') throw new Error('cannot: ' + name, { cause: new Error('as ' + name) });
      return one;
    }).name('map ' + name)
    .keyBy('k').sum('n').filter(() => false).name('filter ' + name).print('print');
  if (how === 'breaks') throw new Error('no plan: ' + name);
  return env.execute('job ' + name);
};
`;
const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));

let cluster: SpawnedCluster;
const jobIds: Record<string, string> = {};

interface Said {
  readonly code: number | null;
  readonly text: string;
}

function sluice(...args: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], {
    cwd: cluster.directory,
    env: { ...process.env, SLUICE_LOG_DIR: cluster.directory, NO_COLOR: '1' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, text: `${stdout}${stderr}` };
}

function assertHidden(text: string, what: string): void {
  const at = text.indexOf(CORE);
  assert.equal(at, -1, `${what}: …${text.slice(Math.max(0, at - 200), at + 50)}`);
}

/** But what a job prints itself, which its own terminal shows as it is. */
function withoutPrinted(text: string): string {
  return text.replaceAll(/^(says|errs) .*$/gm, '');
}

/** The program and its arguments, as on every command line here. */
function program(how: string): readonly string[] {
  return ['job.ts', how, ...NAME.split(' ')];
}

function submitted(how: string): string {
  const defined = ['-D', `state.checkpoints.dir=checkpoints?password=${CORE}`];
  const { text } = sluice('run', '-m', cluster.address, '-d', ...defined, ...program(how));
  assertHidden(text, how);
  const [, jobId] = /JobID ([0-9a-f]{32})/.exec(text) ?? [];
  assert.ok(jobId !== undefined, text);
  return jobId;
}

before(async () => {
  cluster = await SpawnedCluster.start({
    configuration: {
      'rest.flamegraph.num-samples': 2,
      'execution.checkpointing.savepoint-dir': `savepoints?password=${CORE}`,
    },
  });
  writeFileSync(join(cluster.directory, 'job.ts'), PROGRAM);
  for (const how of ['runs', 'fails', 'ends']) jobIds[how] = submitted(how);
  await cluster.untilStatus(jobIds.runs ?? '', 'RUNNING');
  for (const how of ['fails', 'ends']) await cluster.untilEnded(jobIds[how] ?? '');
});
after(() => cluster.close());

async function idsOf(path: string, list: string, id = 'id'): Promise<readonly string[]> {
  const answer = (await cluster.json('GET', path))[list] as readonly Record<string, string>[];
  return answer.map((one) => one[id] ?? '');
}

describe('a secret', () => {
  it('is in no answer, of a job that runs, has failed or has ended', async () => {
    const taskManagers = await idsOf('/taskmanagers', 'taskmanagers');
    const answers = new Set<string>();
    for (const jobid of Object.values(jobIds)) {
      const vertices = await idsOf(`/jobs/${jobid}`, 'vertices');
      for (const vertexid of vertices) {
        for (const route of REST_ROUTES.filter(isHarmless)) {
          const values: Readonly<Record<string, string>> = {
            ...{ jobid, vertexid, subtaskindex: '0', attempt: '0', checkpointid: '1' },
            ...{ taskmanagerid: taskManagers[0] ?? '' },
          };
          const path = route
            .slice('GET '.length)
            .replaceAll(/:(\w+)/g, (_, name: string) => values[name] ?? 'f'.repeat(32));
          if (!answers.has(path)) assertHidden((await cluster.send({ path })).text, path);
          answers.add(path);
        }
        // Its names, and then their values.
        const metrics = `/jobs/${jobid}/vertices/${vertexid}/metrics`;
        const { text } = await cluster.send({ path: metrics });
        const names = (JSON.parse(text) as readonly { id: string }[]).map(({ id }) => id);
        const query = new URLSearchParams({ get: names.join(',').slice(0, 3000) });
        assertHidden((await cluster.send({ path: `${metrics}?${query}` })).text, metrics);
      }
    }
    assert.ok(answers.size > 100, `${answers.size}`);
  });

  it('is in no log, and in nothing that a job has printed', async () => {
    const all: string[] = [];
    for (const process of [
      '/jobmanager',
      ...(await idsOf('/taskmanagers', 'taskmanagers')).map((id) => `/taskmanagers/${id}`),
    ]) {
      for (const name of await idsOf(`${process}/logs`, 'logs', 'name')) {
        const { text } = await cluster.send({ path: `${process}/logs/${name}` });
        assertHidden(text, `${process} ${name}`);
        all.push(text);
      }
      for (const what of ['log', 'stdout', 'thread-dump']) {
        const { text } = await cluster.send({ path: `${process}/${what}` });
        assertHidden(text, `${process}/${what}`);
        all.push(text);
      }
    }
    assert.match(all.join(''), /says postgres:\/\/\*{6}@db\/a/);
    assertHidden(withoutPrinted(cluster.output), 'the terminal');
  });

  it('is known by each of its forms, and nothing else is hidden', async () => {
    const failed = (await cluster.send({ path: `/jobs/${jobIds.fails}/exceptions` })).text;
    const plan = (await cluster.send({ path: `/jobs/${jobIds.runs}/plan` })).text;
    const listed = sluice('list', '-a', '--json', '-m', cluster.address).text;
    const names = (JSON.parse(listed) as { jobs: readonly { name: string }[] }).jobs;
    for (const shown of [...SECRETS.map(([, one]) => one), ...PLAIN]) {
      assert.ok(names[0]?.name.includes(shown), `${shown}: ${listed}`);
      const escaped = JSON.stringify(shown).slice(1, -1);
      assert.ok(failed.includes(escaped), `${escaped}: ${failed}`);
    }
    for (const shown of PLAIN) assert.ok(plan.includes(shown), plan);
  });

  it('is in no error of a submission', async () => {
    const { text } = sluice('bundle', 'job.ts', '-o', 'job.mjs');
    assert.match(text, /written/);
    for (const args of [
      ['run', '-m', cluster.address, ...program('breaks')],
      ['run', '-m', cluster.address, ...program('fails')],
      ['run', '-m', cluster.address, '--json', ...program('fails')],
      ['run', '-m', cluster.address, '-s', `no/such?password=${CORE}`, ...program('ends')],
      ['run', '-D', `parallelism.default=password=${CORE}`, ...program('ends')],
      ['run', '-D', `db.password=${CORE}`, ...program('ends')],
      ['run', '-D', `http://u:${CORE}@h=1`, ...program('ends')],
      ['run', `http://u:80/${CORE}@h/job.ts`],
      ['run', '--json', `--password=${CORE}`, 'job.ts'],
      ['run', ...program('fails')],
      ['run', '--verbose', ...program('breaks')],
      ['cancel', `http://u:${CORE}@h`, '-m', cluster.address],
      ['list', '-m', `http://u:80/${CORE}@127.0.0.1:1`],
      ['savepoint', 'check', `no/such?password=${CORE}`, ...program('ends')],
    ]) {
      const said = sluice(...args);
      assert.equal(said.code, 1, `${args.join(' ')}: ${said.text}`);
      assertHidden(withoutPrinted(said.text), args.join(' '));
    }
  });

  it('is in nothing that the CLI says of a job', async () => {
    const at = ['-m', cluster.address];
    const { runs = '', fails = '' } = jobIds;
    for (const args of [
      ['info', ...program('ends')],
      ['info', '--json', ...program('ends')],
      ['list', '-a', ...at],
      ...[runs, fails].flatMap((id) => [
        ['status', id, ...at],
        ['status', '--json', id, ...at],
        ['why', id, ...at],
        ['why', '--json', id, ...at],
        ['logs', '--stdout', id, ...at],
      ]),
      ['savepoint', runs, `target?password=${CORE}`, ...at],
      ['savepoint', '--json', runs, `target?password=${CORE}`, ...at],
      ...[[], ['--json']].map((flags) => {
        // It takes options behind the program, too.
        const rest = program('ends').filter((one) => one !== CORE && !one.startsWith('--'));
        return ['estimate', ...flags, '--rate', '1/s', ...rest];
      }),
    ]) {
      const said = sluice(...args);
      assert.equal(said.code, 0, `${args.join(' ')}: ${said.text}`);
      assertHidden(said.text, args.join(' '));
    }
  });

  it('is on the terminal only by what the job prints itself', () => {
    for (const flags of [[], ['--json'], ['--verbose']]) {
      const { code, text } = sluice('run', ...flags, '--report', 'report', ...program('ends'));
      assert.equal(code, 0, text);
      assertHidden(withoutPrinted(text), flags.join(' '));
    }
  });
});
