/**
 * Goal: Flink's own command line works against a cluster as it is, and ours says the same. Method:
 * both run every verb against `sluice cluster`, each with jobs of its own; their texts are compared
 * with what differs each time left out. With SLUICE_RECORD=1 what Flink's has asked is written to
 * `integration/rest/recorded`, where a test without Java asks it again.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { named, type RecordedCommand, shapeOf, writeRecorded } from '../rest/recorded-exchanges.ts';
import { type EndedCommand, ended, FlinkCommandLine } from './flink-command-line.ts';
import { type RecordedExchange, RecordingProxy } from './recording-proxy.ts';

const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));
const UNKNOWN = 'f'.repeat(32);

const JOB = `import * as s from 'sluice';
export default (env) => {
  const events = s.generatorSource({ generate: (n) => ({ k: n % 3, n }), ratePerSecond: 500 });
  env.fromSource(events, s.WatermarkStrategy.noWatermarks(), 'events').uid('events')
    .keyBy('k').sum('n').name('Sum').uid('sum')
    .filter(() => false).print();
};
`;

/** A command, with {jobid}, {directory} and {savepoint} for what is there when it is run. */
interface Case {
  readonly args: readonly string[];
  /** Of the command. */
  readonly code: 0 | 1;
  /** It ends the job. */
  readonly isLast?: true;
  /** The texts are ours: why, and what of stdout and stderr is not compared. */
  readonly differs?: string;
}

const CASES: readonly Case[] = [
  { args: ['list'], code: 0 },
  { args: ['list', '-r'], code: 0 },
  { args: ['list', '--scheduled'], code: 0 },
  { args: ['list', '-rs'], code: 0 },
  { args: ['list', '--run'], code: 0 },
  { args: ['savepoint', '{jobid}', '{directory}'], code: 0 },
  { args: ['savepoint', '{jobid}'], code: 0 },
  { args: ['savepoint', '{jobid}', '{directory}', 'more'], code: 0 },
  { args: ['savepoint', '-type', 'native', '{jobid}', '{directory}'], code: 0 },
  { args: ['savepoint', '-detached', '{jobid}', '{directory}'], code: 0 },
  { args: ['savepoint', '--dispose', '{savepoint}'], code: 0 },
  { args: ['savepoint', '-d', '{directory}/none'], code: 1 },
  { args: ['savepoint', '{jobid}', '/proc/none'], code: 1 },
  { args: ['savepoint', UNKNOWN], code: 1 },
  { args: ['savepoint', '-detached', UNKNOWN], code: 1 },
  { args: ['savepoint'], code: 1 },
  { args: ['checkpoint', '{jobid}'], code: 0 },
  { args: ['checkpoint', '-full', '{jobid}'], code: 0 },
  { args: ['checkpoint', UNKNOWN], code: 1 },
  { args: ['checkpoint'], code: 1 },
  { args: ['stop', '{jobid}', '-p', '/proc/none'], code: 1 },
  { args: ['cancel', '-s', '/proc/none', '{jobid}'], code: 1 },
  { args: ['cancel', '{jobid}'], code: 0, isLast: true },
  { args: ['cancel', '-s', '{jobid}'], code: 0, isLast: true },
  { args: ['cancel', '-s', '{directory}', '{jobid}'], code: 0, isLast: true },
  { args: ['cancel', UNKNOWN], code: 1 },
  { args: ['cancel', '-s', UNKNOWN], code: 1 },
  { args: ['cancel', 'abc'], code: 1 },
  { args: ['cancel'], code: 1 },
  { args: ['stop', '{jobid}'], code: 0, isLast: true },
  { args: ['stop', '-p', '-d', '{jobid}'], code: 0, isLast: true },
  { args: ['stop', '-d', '-p', '{directory}', '{jobid}'], code: 0, isLast: true },
  { args: ['stop', '-savepointPath={directory}', '{jobid}'], code: 0, isLast: true },
  { args: ['stop', '-detached', '{jobid}'], code: 0, isLast: true },
  { args: ['stop', UNKNOWN], code: 1 },
  { args: ['stop', '-detached', UNKNOWN], code: 1 },
  { args: ['stop'], code: 1 },
  { args: ['list', '-a'], code: 0, differs: 'each has ended other jobs before' },
  { args: ['list', '--nope'], code: 1 },
  { args: ['stop', '-p', '{directory}', '--d', '{jobid}'], code: 0, isLast: true },
  { args: ['frobnicate'], code: 1, differs: 'our list of actions is longer' },
  { args: ['savepoint', '-type', 'x', '{jobid}'], code: 1, differs: 'ours says what is wrong' },
];

let directory = '';
let cluster: ChildProcess;
let address = '';
let proxy: RecordingProxy;
let flink: FlinkCommandLine;
const recorded: RecordedCommand[] = [];
/** Of Flink's command line, and of ours. */
const jobs = new Map<'flink' | 'sluice', string>();
const savepoints = new Map<'flink' | 'sluice', string>();

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-flink-'));
  writeFileSync(join(directory, 'sum.ts'), JOB);
  const args = ['cluster', '--port', '0', '--data-dir', 'data', '--slots', '4'];
  cluster = spawn(process.execPath, [launcher, ...args], { cwd: directory });
  address = await new Promise((resolve, reject) => {
    let text = '';
    cluster.stdout?.on('data', (chunk) => {
      text += chunk;
      const [, found] = /listening on http:\/\/(\S+:\d+)\n/.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
    cluster.on('close', () => reject(new Error(`the cluster ended: ${text}`)));
  });
  proxy = new RecordingProxy(address);
  flink = new FlinkCommandLine(join(directory, 'conf'), await proxy.listen());
});
after(() => {
  if (process.env.SLUICE_RECORD === '1') writeRecorded(recorded);
  proxy.close();
  cluster.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function sluice(args: readonly string[]): Promise<EndedCommand> {
  const env = { ...process.env, SLUICE_LOG_DIR: join(directory, 'logs') };
  return await ended(spawn(process.execPath, [launcher, ...args], { cwd: directory, env }));
}

/** Starts a job, and waits until it runs. */
async function runningJob(): Promise<string> {
  const { out, err } = await sluice(['run', '-d', '-m', address, 'sum.ts']);
  const [, jobId = ''] = /JobID ([0-9a-f]{32})/.exec(out) ?? [];
  assert.notEqual(jobId, '', err);
  for (;;) {
    const answer = await fetch(`http://${address}/jobs/${jobId}/status`);
    const { status } = (await answer.json()) as { status: string };
    if (status === 'RUNNING') return jobId;
    assert.match(status, /CREATED|INITIALIZING|RESTARTING/);
  }
}

async function perform(by: 'flink' | 'sluice', { args, isLast }: Case): Promise<EndedCommand> {
  const needsJob = args.some((arg) => arg.includes('{jobid}')) || args[0] === 'list';
  if (needsJob && !jobs.has(by)) jobs.set(by, await runningJob());
  const values = valuesOf(by);
  const filledArgs = args.map((arg) =>
    arg.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''),
  );
  const [verb = '', ...rest] = filledArgs;
  const result =
    by === 'flink'
      ? await flink.run(filledArgs, directory)
      : await sluice([verb, ...(verb === 'frobnicate' ? [] : ['-m', address]), ...rest]);
  const [, path] = /Savepoint completed\. Path: (\S+)/.exec(result.out) ?? [];
  if (path !== undefined) savepoints.set(by, path);
  if (by === 'flink') record(args, result, proxy.take());
  if (isLast === true) jobs.delete(by);
  return result;
}

function valuesOf(by: 'flink' | 'sluice'): Record<string, string> {
  const own = join(directory, 'savepoints');
  return { jobid: jobs.get(by) ?? '', savepoint: savepoints.get(by) ?? '', directory: own };
}

/** Of requests that were sent again and again the last. */
function record(
  command: readonly string[],
  { code }: EndedCommand,
  exchanges: readonly RecordedExchange[],
): void {
  const triggers = exchanges.map(({ answer }) => (answer as Record<string, unknown>)['request-id']);
  const triggerid = String(triggers.find((id) => id !== undefined) ?? '');
  const values = { ...valuesOf('flink'), triggerid };
  const last = exchanges.filter((one, at) => one.path !== exchanges[at + 1]?.path);
  recorded.push({
    command,
    exitCode: code ?? -1,
    exchanges: last.map(({ method, path, headers, body, status, answer }) => ({
      ...{ method, path: named(path, values), headers, body: named(body, values), status },
      shape: shapeOf(answer),
    })),
  });
}

/** Without what is another each time. */
function plain(text: string): string {
  return text
    .replaceAll(/savepoint-[0-9a-f]{6}-[0-9a-f]{12}/g, '<savepoint>')
    .replaceAll(/[0-9a-f]{32}/g, (id) => (id === UNKNOWN ? id : '<id>'))
    .replaceAll(/\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d/g, '<time>')
    .replaceAll(/^(Checkpoint(?:\(FULL\))?) \d+/gm, '$1 <n>')
    .replaceAll(/; did you mean --\w+\?/g, '');
}

/** What a failure's text begins with: the header, and the sentence. */
function failureHead(text: string): readonly string[] {
  return plain(text)
    .split('\n')
    .slice(0, 5)
    .map((line) => line.replace(/^(?:[\w.]+Exception|error): /, ''));
}

/** Jobs of the other are listed, too. */
function withoutJobs(text: string): string {
  return text.replaceAll(/^<time> : <id> .*\n/gm, '');
}

describe('Flink’s command line against a cluster, and ours', () => {
  for (const one of CASES) {
    it(`say the same: ${one.args.join(' ')}`, async () => {
      const theirs = await perform('flink', one);
      const ours = await perform('sluice', one);
      assert.deepEqual([theirs.code, ours.code], [one.code, one.code], theirs.err + ours.err);
      if (one.differs !== undefined) return;
      assert.equal(withoutJobs(plain(ours.out)), withoutJobs(plain(theirs.out)));
      assert.deepEqual(failureHead(ours.err), failureHead(theirs.err));
    });
  }
});
