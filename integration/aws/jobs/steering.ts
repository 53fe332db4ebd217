/** What a client does to jobs of a deployed cluster, and what a local run makes of the same program. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import type { Clients } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import type { DeployedCluster } from './deployed-cluster.ts';

/** Alerts with the number of their event: each is a fact about state, true once whatever fails. */
export const JOB = 'examples/state-machine/job.ts';

const PATIENCE_MS = 90_000;
const LINE = /^(?:\d+> )?(\{"address".*\})$/;

/** Options of a job that takes checkpoints as fast as a test needs them. */
export const CHECKPOINTED = { 'execution.checkpointing.interval': '1 s' } as const;

/** The alerts in lines that were printed, sorted; who printed them is left out. */
export function alertsOf(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => LINE.exec(line)?.[1] ?? []).toSorted();
}

/** Runs the job on this machine, to its end. @param options of the command line. */
export function runLocally(options: readonly string[], args: readonly string[]): readonly string[] {
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const command = [launcher, 'run', ...options, JOB, ...args];
  const printed = execFileSync(process.execPath, command, {
    cwd: REPOSITORY_ROOT,
    encoding: 'utf8',
  });
  return alertsOf(printed.split('\n'));
}

/** Waits for a status. @throws {Error} also when the job has come to another end. */
export async function reaches(
  cluster: DeployedCluster,
  jobId: string,
  status: string,
): Promise<void> {
  await waitUntil(`job ${jobId} is ${status}`, PATIENCE_MS, async () => {
    const { body } = await cluster.call('GET', `/jobs/${jobId}`);
    if (body.state === status) return true;
    if (['FAILED', 'CANCELED', 'FINISHED'].includes(String(body.state))) {
      const { body: why } = await cluster.call('GET', `/jobs/${jobId}/exceptions`);
      throw new Error(`job ${jobId} is ${String(body.state)}: ${JSON.stringify(why)}`);
    }
    return undefined;
  });
}

/** Waits until so many checkpoints are complete. */
export async function hasCheckpoints(
  cluster: DeployedCluster,
  jobId: string,
  count: number,
): Promise<void> {
  await waitUntil(`job ${jobId} has ${count} checkpoints`, PATIENCE_MS, async () => {
    const { body } = await cluster.call('GET', `/jobs/${jobId}/checkpoints`);
    const { completed = 0 } = (body.counts ?? {}) as { completed?: number };
    return completed >= count ? true : undefined;
  });
}

/** What an operation came to: a `location`, or a `failure-cause`. */
export type OperationResult = Readonly<Record<string, unknown>>;

/** Triggers an operation and waits for it. */
export async function perform(
  cluster: DeployedCluster,
  path: string,
  body: object,
  resultPath = path,
): Promise<OperationResult> {
  const asked = await cluster.call('POST', path, body);
  const trigger = asked.body['request-id'];
  if (typeof trigger !== 'string') throw new Error(JSON.stringify(asked));
  return await settled(cluster, `${resultPath}/${trigger}`);
}

/** Waits for an operation that was triggered. @param path with the trigger's id. */
export async function settled(cluster: DeployedCluster, path: string): Promise<OperationResult> {
  return await waitUntil(`${path} is completed`, PATIENCE_MS, async () => {
    const { body } = await cluster.call('GET', path);
    const { id } = (body.status ?? {}) as { id?: string };
    return id === 'COMPLETED' ? (body.operation as OperationResult) : undefined;
  });
}

/** Where an operation's savepoint is. @throws {Error} its cause, when it has failed. */
export function locationOf(result: OperationResult): string {
  if (typeof result.location === 'string') return result.location;
  throw new Error(`there is no savepoint: ${JSON.stringify(result)}`);
}

/** Copies a savepoint out of S3. @returns the directory it is in, which the caller removes. */
export async function download({ s3 }: Clients, location: string): Promise<string> {
  const [Bucket = '', ...path] = location.replace('s3://', '').split('/');
  const Prefix = `${path.join('/')}/`;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const directory = mkdtempSync(join(tmpdir(), 'sluice-savepoint-'));
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const file = join(directory, Key.slice(Prefix.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, (await Body?.transformToByteArray()) ?? '');
  }
  return directory;
}

/** Copies a savepoint's directory to S3, below `location`. */
export async function upload({ s3 }: Clients, directory: string, location: string): Promise<void> {
  const [Bucket = '', ...path] = location.replace('s3://', '').split('/');
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const Key = [...path, file.slice(directory.length + 1)].join('/');
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: readFileSync(file) }));
  }
}

/** Removes what {@link download} has made. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
