/**
 * Goal: what a person sees. Method: the command as a process, with real worker threads, on jobs
 * with the mistakes people make; every message is read for what was wrong, where, and what to do.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const HEAD = `import * as s from 'sluice';
export default (env: s.StreamExecutionEnvironment): void => {
`;
const launcher = fileURLToPath(new URL('../sluice.mjs', import.meta.url));
let directory = '';

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-command-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function sluice(args: readonly string[], onOutput?: (kill: () => void) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, SLUICE_LOG_DIR: join(directory, 'logs') };
    const child = spawn(process.execPath, [launcher, ...args], { cwd: directory, env });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      onOutput?.(() => child.kill('SIGINT'));
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Writes a job with this body and runs it. */
async function runJob(name: string, body: string, ...args: readonly string[]): Promise<Ended> {
  writeFileSync(join(directory, `${name}.ts`), `${HEAD}${body}\n};\n`);
  return await sluice(['run', ...args, `${name}.ts`]);
}

function assertFailed(ended: Ended, ...patterns: readonly RegExp[]): void {
  assert.equal(ended.code, 1, ended.err);
  for (const pattern of patterns) assert.match(ended.err, pattern);
}

describe('a run', () => {
  it('tells afterwards what it did, and what it would cost on AWS', async () => {
    const body = `env.enableCheckpointing(200);
      env.fromSource(s.generatorSource({ generate: (n) => ({ k: n % 7, n }), count: 1000,
        ratePerSecond: 500 }), s.WatermarkStrategy.noWatermarks(), 'numbers')
        .keyBy('k').sum('n').print();`;
    const ran = await runJob('counted', body, '--report', 'run.json');
    assert.equal(ran.code, 0, ran.err);
    const { configuration } = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8'));
    assert.equal(configuration['execution.checkpointing.interval'], 200);
    const [, jobId = ''] = /JobID ([0-9a-f]{32})/.exec(ran.out) ?? [];
    const estimated = await sluice(['estimate', 'counted.ts', '--from-run', 'run.json']);
    assert.deepEqual([estimated.code, estimated.err], [0, '']);
    assert.match(estimated.out, /^\d+ records\/s of/m);
    assert.match(
      estimated.out,
      /^that run, on AWS +\$0\.00\d+ {3}\d+(\.\d+)? s, \d+ checkpoints?$/m,
    );
    const told = await sluice(['logs', jobId]);
    assert.deepEqual([told.code, told.err], [0, '']);
    assert.match(told.out, /INFO {2}attempt=0 the job is RUNNING\n/);
    assert.match(told.out, /checkpoint=1 a checkpoint is complete type=CHECKPOINT durationMs=\d+/);
    assert.match(told.out, /the job is FINISHED\n$/);
  });
});

describe('sluice run', () => {
  it('prints the same lines at any parallelism and answers 0', async () => {
    const body = `env.fromSequence(1, 1000).map((n) => ({ k: n % 7, n })).keyBy('k').sum('n')
      .filter((v) => v.n > 70000).map((v) => v.k + ':' + v.n).setParallelism(1)
      .print().setParallelism(1);`;
    const runs = await Promise.all(
      ['1', '2', '3'].map((p) => runJob(`sums${p}`, body, '--quiet', '-p', p)),
    );
    const lines = runs.map(({ out }) => out.split('\n').filter(Boolean).length);
    for (const { code, err } of runs) assert.deepEqual([code, err], [0, '']);
    assert.ok((lines[0] ?? 0) > 5);
    const last = runs.map(({ out }) =>
      [...new Map(out.split('\n').map((line) => line.split(':') as [string, string]))].toSorted(),
    );
    assert.deepEqual(last[1], last[0]);
    assert.deepEqual(last[2], last[0]);
  });

  it('names operator, subtask, record and the line of a function that throws', async () => {
    const ended = await runJob(
      'throws',
      `env.fromData<{ user?: string }>({ user: 'a' }, {}).map((v) => (v.user as string).length)
  .name('Length').print();`,
    );
    assertFailed(ended, /map function failed in operator "Length" \(subtask 1\/1\)/);
    assertFailed(ended, /record=\{\}/, /at: \S*throws\.ts:3:\d+/, /code: USER_FUNCTION_FAILED/);
  });

  it('names the operator and record of a key that is undefined', async () => {
    const ended = await runJob(
      'nokey',
      `env.fromData<{ a: number; b?: string }>({ a: 1 }).keyBy((v) => v.b as string)
  .reduce((x) => x).name('Newest').print();`,
    );
    assertFailed(ended, /key selector returned undefined/, /Newest/, /\{"a":1\}/, /KEY_UNDEFINED/);
  });

  it('names the key field, the operator and the line of keyBy when a record lacks it', async () => {
    const ended = await runJob(
      'nofield',
      `env.fromData<Record<string, number>>({ a: 1 })
  .keyBy('user').sum('a').name('Sums').print();`,
    );
    assertFailed(ended, /the key field "user" of keyBy is undefined.*operator="Sums"/);
    assertFailed(ended, /code: KEY_UNDEFINED\n {2}at: \S*nofield\.ts:4:\d+\n?$/m);
  });

  it('says which key has no stable encoding', async () => {
    const ended = await runJob(
      'mapkey',
      'env.fromData(1).keyBy(() => new Map() as never).reduce((x) => x).print();',
    );
    assertFailed(ended, /KEY_NOT_STABLE/, /Map/);
  });

  it('names the field of a value that cannot cross to another subtask', async () => {
    const ended = await runJob(
      'instance',
      `class Point { x = 1; }
  env.fromSequence(1, 9).map((n) => ({ n, at: new Point() })).keyBy('n').reduce((x) => x).print();`,
      '-p',
      '2',
    );
    assertFailed(
      ended,
      /field at is an instance of Point/,
      /operator="Map"/,
      /VALUE_NOT_ENCODABLE/,
    );
  });

  it('names the field of a value that is not of the declared type', async () => {
    const ended = await runJob(
      'declared',
      `env.fromSequence(1, 9).map((n) => ({ n, s: n as unknown as string }))
  .returns(s.Types.row({ n: s.Types.long, s: s.Types.string })).rebalance()
  .map((v) => v).setParallelism(1).print();`,
      '-p',
      '2',
    );
    assertFailed(ended, /VALUE_NOT_OF_TYPE/, /field s/, /string/);
  });

  it('refuses a declared long past 2^53', async () => {
    const ended = await runJob(
      'precision',
      `env.fromData({ n: 1 }).map(() => ({ n: 2 ** 53 })).returns(s.Types.row({ n: s.Types.long }))
  .keyBy('n').reduce((v) => v).print();`,
    );
    assertFailed(ended, /PRECISION_LOST/, /operator="Map"/, /field n/);
  });

  it('says that operators are synchronous when a function returns a promise', async () => {
    const ended = await runJob('promise', 'env.fromData(1).map(async (n) => n).print();');
    assertFailed(ended, /returned a promise, but operators are synchronous/, /ASYNC_FUNCTION/);
  });

  it('fails when user code ends the process of a slot', async () => {
    const body =
      'env.fromSequence(1, 9).map((n) => { if (n > 4) process.exit(0); return n; }).print();';
    assertFailed(await runJob('exits', body), /SLOT_LOST/, /process\.exit/);
  });

  it('fails when user code throws outside of any call of the engine', async () => {
    const ended = await runJob(
      'outside',
      `const source = s.generatorSource({ generate: (i) => i, ratePerSecond: 1000 });
  env.fromSource(source, s.WatermarkStrategy.noWatermarks(), 'g')
  .map((n) => { if (n === 0) setTimeout(() => { throw new Error('from a timer'); }, 1); return n; })
  .print();`,
      '--quiet',
    );
    assertFailed(ended, /SLOT_LOST/, /from a timer/);
  });

  it('fails a graph that is not the same in the slot', async () => {
    const body = 'env.fromData(1).map((n) => n).name("map " + Math.random()).print();';
    assertFailed(await runJob('random', body), /GRAPH_NOT_DETERMINISTIC/, /same graph each time/);
  });

  it('says what is wrong before anything starts', async () => {
    const cases: readonly (readonly [name: string, body: string, expected: RegExp])[] = [
      ['nosink', 'env.fromData(1).map((n) => n);', /NO_SINK/],
      ['empty', '', /NO_OPERATORS/],
      [
        'building',
        "throw new Error('no table');",
        /no table[\s\S]*JOB_FUNCTION_FAILED[\s\S]*building\.ts:3/,
      ],
      [
        'missing',
        "env.fromData({ a: 1 }).keyBy('a').sum('b' as never).print();",
        /AGGREGATION_FIELD_INVALID/,
      ],
      [
        'slots',
        'env.fromSequence(1, 9).map((n) => n).setParallelism(500).print();',
        /slots=500 max=128[\s\S]*TOO_MANY_SLOTS/,
      ],
      ['uids', "env.fromData(1).uid('a').map((n) => n).uid('a').print();", /DUPLICATE_UID/],
    ];
    for (const [name, body, expected] of cases) assertFailed(await runJob(name, body), expected);
    assertFailed(await sluice(['run', 'absent.ts']), /absent\.ts/, /JOB_FILE_NOT_FOUND/);
    writeFileSync(join(directory, 'broken.ts'), 'export default (env) => {\n  env.\n};\n');
    assertFailed(await sluice(['run', 'broken.ts']), /broken\.ts:3:\d/, /JOB_NOT_COMPILED/);
    writeFileSync(join(directory, 'nothing.ts'), 'export const job = 1;\n');
    assertFailed(await sluice(['run', 'nothing.ts']), /export default/, /NO_JOB_EXPORTED/);
  });

  it('names file and line of input that cannot be read', async () => {
    writeFileSync(join(directory, 'bad.jsonl'), '{"a":1}\n{"a":\n');
    writeFileSync(join(directory, 'big.jsonl'), '{"a":9007199254740993}\n');
    writeFileSync(join(directory, 'bad.csv'), 'a,b\n1,2\n"3,4\n');
    const job = (paths: string, format: string): string =>
      `const source = s.fileSource({ paths: '${paths}', format: s.${format} });
  env.fromSource(source, s.WatermarkStrategy.noWatermarks(), 'in').print();`;
    assertFailed(
      await runJob('absent', job('gone.jsonl', 'jsonLines()')),
      /FILE_NOT_FOUND/,
      /gone\.jsonl/,
    );
    assertFailed(
      await runJob('json', job('bad.jsonl', 'jsonLines()')),
      /MALFORMED_JSON/,
      /bad\.jsonl/,
      /line=2/,
    );
    assertFailed(
      await runJob('big', job('big.jsonl', 'jsonLines()')),
      /PRECISION_LOST/,
      /big\.jsonl/,
      /line=1/,
    );
    assertFailed(
      await runJob('csv', job('bad.csv', 'csv()')),
      /MALFORMED_CSV/,
      /bad\.csv/,
      /line=3/,
    );
  });

  it('does not overwrite output, and leaves nothing visible of a failed job', async () => {
    const job = (more: string, map = 'n'): string =>
      `env.fromSequence(1, 9).map((n) => { if (n === ${map}) throw new Error('nine');
  return { n }; })
  .sinkTo(s.fileSink({ directory: 'out', format: s.jsonLines()${more} }));`;
    const failed = await runJob('failing', job('', '9'));
    assertFailed(failed, /nine/);
    const visible = (): string[] =>
      existsSync(join(directory, 'out'))
        ? readdirSync(join(directory, 'out')).filter((name) => !name.startsWith('.'))
        : [];
    assert.deepEqual(visible(), []);
    assert.equal((await runJob('writing', job('', '0'))).code, 0);
    assert.equal(visible().length, 1);
    assertFailed(await runJob('again', job('', '0')), /OUTPUT_EXISTS/, /overwrite/);
    assert.equal((await runJob('over', job(', overwrite: true', '0'))).code, 0);
    mkdirSync(join(directory, 'folder'));
    writeFileSync(join(directory, 'folder', 'file'), '');
    const blocked = job('', '0').replace("'out'", "'folder/file/out'");
    assertFailed(await runJob('blocked', blocked), /OUTPUT_NOT_WRITABLE/, /folder\/file/);
  });

  it('cancels at Ctrl-C and answers 130', async () => {
    writeFileSync(
      join(directory, 'endless.ts'),
      `${HEAD}
  const source = s.generatorSource({ generate: (i) => i, ratePerSecond: 1000 });
  env.fromSource(source, s.WatermarkStrategy.noWatermarks(), 'g').print();
};
`,
    );
    let asked = false;
    const ended = await sluice(['run', 'endless.ts'], (kill) => {
      if (asked) return;
      asked = true;
      kill();
    });
    assert.equal(ended.code, 130, ended.err);
    assert.match(ended.out, /Cancelled job [0-9a-f]{32}/);
  });
});
