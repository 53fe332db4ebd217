/**
 * The command line drives a deployed cluster, with signatures: submits, lists, saves, stops,
 * restores, cancels. A savepoint that was taken on this machine goes on there.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { type Clients, clientsOf } from '../clients.ts';
import { httpApiHost } from '../http-api.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import {
  alertsOf,
  hasCheckpoints,
  JOB,
  reaches,
  removeDirectory,
  runLocally,
  upload,
} from './steering.ts';

const EVENTS = ['--events', '4000'];
const SLOWLY = [...EVENTS, '--rate', '200'];
const CHECKPOINTS = ['-D', 'execution.checkpointing.interval=1s'];
const LAUNCHER = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
/** So that a process finds the API of the emulator by its name. */
const LOOPBACK = join(REPOSITORY_ROOT, 'integration', 'aws', 'localhost-names.ts');

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('the command line and a deployed cluster', () => {
  let cluster: DeployedCluster;
  let clients: Clients;
  let address: string;
  let bucket: string;
  let expected: readonly string[];

  before(async () => {
    expected = runLocally(['-p', '2'], EVENTS);
    cluster = await DeployedCluster.deploy({}, true);
    const { emulator, outputs } = cluster.app;
    clients = clientsOf(emulator);
    const { ApiUrl = '', BucketName = '' } = Object.values(outputs)[0] ?? {};
    address = `http://${httpApiHost(emulator, /\/\/([^.]+)\./.exec(ApiUrl)?.[1] ?? '')}`;
    bucket = BucketName;
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  const environmentOf = (own: object) => ({
    ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_OPTIONS: `--import=${LOOPBACK}` },
    ...cluster.app.emulator.environment,
    ...own,
  });
  const sluice = (args: readonly string[], own: object = {}): Promise<Printed> =>
    new Promise((resolve) => {
      const options = { cwd: REPOSITORY_ROOT, env: environmentOf(own) };
      execFile(process.execPath, [LAUNCHER, ...args], options, (error, out, err) => {
        resolve({ code: Number(error?.code ?? 0), out, err });
      });
    });
  const found = ({ out, err }: Printed, pattern: RegExp): string => {
    assert.match(out, pattern, err);
    return pattern.exec(out)?.[1] ?? '';
  };
  const submit = async (to: string, ...args: readonly string[]): Promise<string> => {
    const submitted = await sluice(['run', '-d', '-m', to, '-p', '2', ...CHECKPOINTS, ...args]);
    return found(submitted, /^Job has been submitted with JobID ([0-9a-f]{32})\n$/);
  };

  it('submit, list, save, dispose, stop and restore a job', async () => {
    const jobId = await submit(address, JOB, ...SLOWLY);
    await reaches(cluster, jobId, 'RUNNING');
    const listed = await sluice(['list', '-m', address]);
    found(listed, new RegExp(` : ${jobId} : State machine \\(RUNNING\\)\n`));
    const checkpoint = await sluice(['checkpoint', '-m', address, jobId]);
    found(checkpoint, new RegExp(`\nCheckpoint \\d+ for job ${jobId} completed.\n`));
    const saved = await sluice(['savepoint', '-m', address, jobId]);
    const savepoint = found(saved, /\nSavepoint completed. Path: (s3:\/\/\S+)\n/);
    const disposed = await sluice(['savepoint', '-d', savepoint, '-m', address]);
    found(
      disposed,
      /^(Disposing savepoint '.*'.\nWaiting for response...\nSavepoint .* disposed.)/,
    );
    const gone = await sluice(['savepoint', '-d', savepoint, '-m', address]);
    assert.match(gone.err, /RESTORE_PATH_NOT_FOUND/);
    const stopped = await sluice(['stop', '-m', address, jobId]);
    const path = found(stopped, /\nSavepoint completed. Path: (s3:\/\/\S+)\n$/);
    const restored = await sluice(['run', '-m', address, '-s', path, '-p', '3', JOB, ...EVENTS]);
    const restId = found(restored, /^Job has been submitted with JobID ([0-9a-f]{32})\n/);
    found(restored, /\n(Program execution finished)\nJob with JobID .* has finished.\nJob Runtime/);
    const rest = await printedBy(restId);
    const before = alertsOf(await cluster.printed(jobId, expected.length - rest.length));
    assert.ok(rest.length > 0 && before.length > 0);
    assert.deepEqual([...before, ...rest].toSorted(), expected);
  });
  /** Once nothing more comes. */
  const printedBy = async (jobId: string): Promise<readonly string[]> => {
    let last = -1;
    return await waitUntil(`job ${jobId} has printed`, 60_000, async () => {
      const lines = alertsOf(await cluster.printed(jobId, 1));
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      if (lines.length === last) return lines;
      last = lines.length;
      return undefined;
    });
  };

  it('bring a savepoint of this machine there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
    const here = spawn(
      process.execPath,
      [LAUNCHER, 'cluster', '--port', '0', '--data-dir', join(directory, 'data')],
      { cwd: REPOSITORY_ROOT, env: environmentOf({}), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const printed = outputOf(here);
      const local = await waitUntil(
        'the local cluster listens',
        30_000,
        async () => /listening on (http:\S+)/.exec(printed())?.[1],
      );
      const jobId = await submit(local, JOB, ...SLOWLY);
      await waitUntil('alerts are printed', 30_000, async () =>
        alertsOf(printed().split('\n')).length > 20 ? true : undefined,
      );
      const target = join(directory, 'savepoints');
      const stopped = await sluice(['stop', '-m', local, '-p', target, jobId]);
      const path = found(stopped, /\nSavepoint completed. Path: (\S+)\n$/);
      const before = alertsOf(printed().split('\n'));
      const location = `s3://${bucket}/savepoints/from-home`;
      await upload(clients, path, location);
      const there = await submit(address, '-s', location, JOB, ...EVENTS);
      assert.equal((await cluster.ended(there)).status, 'FINISHED');
      const rest = alertsOf(await cluster.printed(there, expected.length - before.length));
      assert.ok(rest.length > 0 && before.length > 20);
      assert.deepEqual([...before, ...rest].toSorted(), expected);
    } finally {
      here.kill('SIGTERM');
      await new Promise((resolve) => here.once('exit', resolve));
      removeDirectory(directory);
    }
  });

  it('cancel a job, and are told why they are refused', async () => {
    const jobId = await submit(address, JOB, ...SLOWLY);
    await hasCheckpoints(cluster, jobId, 1);
    const canceled = await sluice(['cancel', '-m', address, jobId]);
    assert.ok(canceled.out.startsWith(`Cancelling job ${jobId}.\nCancelled job ${jobId}.\n`));
    assert.equal((await cluster.ended(jobId)).status, 'CANCELED');
    const wrong = await sluice(['list', '-m', address], { AWS_SECRET_ACCESS_KEY: 'wrong' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /NOT_AUTHORIZED/);
    const relative = await sluice(['run', '-m', address, '-s', 'savepoints/1', JOB]);
    assert.match(relative.out, /^A deployed cluster does not see the files of this machine/);
  });
});

function outputOf({ stdout }: ChildProcess): () => string {
  let text = '';
  stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
