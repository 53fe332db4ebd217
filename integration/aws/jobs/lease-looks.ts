/** What a suite sees of the leases of a job, and what it does to the processes that hold them. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { AwsCalls, createAwsClients, DynamoRowStore } from '../../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../../runtime/adapters/index.ts';
import { leaseKey } from '../../../runtime/checkpoint/index.ts';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import type { Emulator, Invocation } from '../emulator/index.ts';
import { waitUntil } from '../wait-until.ts';
import { type DeployedCluster, PREFIX } from './deployed-cluster.ts';

const PROGRAM = 'integration/aws/jobs/programs/final-counts.ts';
/** A print sink names the subtask that has printed. */
const PRINTED = /^(?:\d+> )?(\{.*\})$/;
const PATIENCE_MS = 60_000;
/** Nobody waits for the local run. */
const LOCAL_RATE = '1000000';

/** A run of `programs/final-counts.ts`. */
export interface CountedRun {
  readonly parallelism: number;
  readonly ratePerSecond: number;
  readonly records: number;
  readonly words: number;
  readonly recordBytes: number;
  /** How long slots have to end when they are told to. @defaultValue 3 minutes */
  readonly cancelMs?: number;
}

/** Who has a TaskManager's lease, or had it last. */
export interface LeaseHolder {
  readonly attempt: number;
  readonly lease: number;
}

/** What the laptop prints, sorted. */
export function localLines(run: CountedRun): readonly string[] {
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const [, ...rest] = argsOf(run);
  const options = ['-q', '-p', `${run.parallelism}`];
  const args = [launcher, 'run', ...options, PROGRAM, LOCAL_RATE, ...rest];
  const output = execFileSync(process.execPath, args, {
    ...{ cwd: REPOSITORY_ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  });
  return withoutSubtask(output.split('\n'));
}

/** @returns the job's id. */
export async function submitCounted(cluster: DeployedCluster, run: CountedRun): Promise<string> {
  const { parallelism } = run;
  return await cluster.submit(PROGRAM, { parallelism, programArgsList: argsOf(run) });
}

/** What the TaskManagers have printed, sorted. */
export async function deployedLines(
  cluster: DeployedCluster,
  jobId: string,
  run: CountedRun,
): Promise<readonly string[]> {
  return withoutSubtask(await cluster.printed(jobId, run.words));
}

/** By TaskManager; one without a row has had no lease yet. */
export async function leaseHolders(
  { region, credentials, directEndpoint: endpoint }: Emulator,
  jobId: string,
  taskManagers: number,
): Promise<readonly (LeaseHolder | undefined)[]> {
  const world = { clock: new SystemClock(), timers: new SystemTimers(), rng: new SystemRng() };
  const clients = createAwsClients({ program: 'test', region, endpoint, credentials });
  const { dynamoDb } = clients;
  const calls = new AwsCalls(world);
  const rows = new DynamoRowStore({ dynamoDb, calls, table: `${PREFIX}-jobs` });
  try {
    const keys = Array.from({ length: taskManagers }, (_, i) => leaseKey(jobId, i));
    const found = await Promise.all(
      keys.map(({ partitionKey, sortKey }) => rows.get(partitionKey, sortKey)),
    );
    return found.map((row) => row?.value as LeaseHolder | undefined);
  } finally {
    clients.close();
  }
}

/** Until every TaskManager has such a lease. */
export async function waitForLeases(
  emulator: Emulator,
  jobId: string,
  taskManagers: number,
  isSuch: (holder: LeaseHolder) => boolean,
): Promise<void> {
  await waitUntil(`job ${jobId} has such leases`, PATIENCE_MS, async () => {
    const holders = await leaseHolders(emulator, jobId, taskManagers);
    return holders.every((holder) => holder !== undefined && isSuch(holder)) ? true : undefined;
  });
}

/** Until so many more checkpoints of the job are complete than now. */
export async function waitForCheckpoints(
  cluster: DeployedCluster,
  jobId: string,
  more: number,
): Promise<void> {
  const completed = async (): Promise<number> => {
    const { body } = await cluster.call('GET', `/jobs/${jobId}/checkpoints`);
    return Number((body.counts as { readonly completed?: number } | undefined)?.completed ?? 0);
  };
  const first = await completed();
  await waitUntil(`${more} checkpoints of job ${jobId}`, PATIENCE_MS, async () =>
    (await completed()) >= first + more ? true : undefined,
  );
}

/** Invocations of TaskManagers that have begun and not ended, in their order. */
export function runningLeases(emulator: Emulator): readonly Invocation[] {
  return emulator
    .invocations()
    .filter(
      ({ functionName, durationMs }) =>
        functionName === `${PREFIX}-taskmanager` && durationMs === undefined,
    );
}

/** All invocations of TaskManagers that have ended. */
export function endedLeases(emulator: Emulator): readonly Invocation[] {
  return emulator
    .invocations()
    .filter(
      ({ functionName, durationMs }) =>
        functionName === `${PREFIX}-taskmanager` && durationMs !== undefined,
    );
}

function argsOf(run: CountedRun): readonly string[] {
  const { ratePerSecond, records, words, recordBytes, cancelMs = 180_000 } = run;
  return [ratePerSecond, records, words, recordBytes, cancelMs].map(String);
}

function withoutSubtask(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => PRINTED.exec(line)?.[1] ?? []).toSorted();
}
