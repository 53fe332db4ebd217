/**
 * TaskManagers that change their process every few seconds, and some that lose it, on the emulated
 * AWS: the deployed job prints what the local one does, each count once.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Emulator, EmulatorOptions, Invocation } from '../emulator/index.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import {
  type CountedRun,
  deployedLines,
  endedLeases,
  type LeaseHolder,
  leaseHolders,
  localLines,
  runningLeases,
  submitCounted,
  waitForCheckpoints,
  waitForLeases,
} from './lease-looks.ts';

/** Of seconds; the function may work three more. */
const SHORT = { leaseSeconds: '8', leaseMarginSeconds: '5.5', leaseGraceSeconds: '3' };
/** Nobody hands over in these runs. */
const LONG = { leaseSeconds: '120', leaseMarginSeconds: '60' };
const RUN: CountedRun = {
  ...{ parallelism: 1, ratePerSecond: 50, records: 800, words: 20, recordBytes: 50 },
};
const FIRST_ATTEMPT = 0;
const ZOMBIE_PATIENCE_MS = 60_000;

let cluster: DeployedCluster;
let emulator: Emulator;

function clusterOf(
  context: Readonly<Record<string, string>>,
  options: Omit<EmulatorOptions, 'workDirectory' | 'auth'> = {},
): void {
  before(async () => {
    cluster = await DeployedCluster.deploy(context, false, options);
    emulator = cluster.app.emulator;
  });
  after(async () => {
    await cluster?.stop();
  });
}

/** The job ends, with what the local run prints. */
async function endsAsLocally(jobId: string, run: CountedRun): Promise<void> {
  const end = await cluster.ended(jobId);
  assert.equal(end.status, 'FINISHED', end.rootException);
  assert.deepEqual(await deployedLines(cluster, jobId, run), localLines(run));
}

/** Every TaskManager has had three leases or more, and the job never restarted. */
async function assertRolledOver(jobId: string, taskManagers: number): Promise<void> {
  const holders = await leaseHolders(emulator, jobId, taskManagers);
  for (const holder of holders) {
    assert.equal(holder?.attempt, FIRST_ATTEMPT);
    assert.ok(holder.lease >= 2, JSON.stringify(holders));
  }
}

function assertNothingLeftBehind(): void {
  const ended = endedLeases(emulator);
  assert.ok(ended.length > 0);
  assert.deepEqual(
    ended.flatMap(({ leftovers = [] }) => leftovers),
    [],
  );
}

/** A TaskManager's process, once the job has state that a checkpoint holds. */
async function runningTaskManager(jobId: string): Promise<Invocation> {
  await waitForCheckpoints(cluster, jobId, 2);
  const [first] = runningLeases(emulator);
  assert.ok(first !== undefined);
  return first;
}

function isRestarted({ attempt }: LeaseHolder): boolean {
  return attempt > FIRST_ATTEMPT;
}

describe('leases of a few seconds', () => {
  clusterOf(SHORT);

  for (const parallelism of [1, 3]) {
    it(`are handed over again and again at parallelism ${parallelism}`, async () => {
      const run = { ...RUN, parallelism };
      const jobId = await submitCounted(cluster, run);
      await endsAsLocally(jobId, run);
      await assertRolledOver(jobId, parallelism);
      assertNothingLeftBehind();
    });
  }
});

describe('leases of a few seconds, with two slots each', () => {
  clusterOf({ ...SHORT, taskSlots: '2' });

  it('are handed over again and again at parallelism 3', async () => {
    const run = { ...RUN, parallelism: 3 };
    const jobId = await submitCounted(cluster, run);
    await endsAsLocally(jobId, run);
    await assertRolledOver(jobId, 2);
    assertNothingLeftBehind();
  });
});

describe('a TaskManager that is killed', () => {
  clusterOf(LONG);

  it('costs a restart, and no record', async () => {
    const run = { ...RUN, parallelism: 2, records: 500 };
    const jobId = await submitCounted(cluster, run);
    const { pid } = await runningTaskManager(jobId);
    process.kill(pid, 'SIGKILL');
    await endsAsLocally(jobId, run);
    const holders = await leaseHolders(emulator, jobId, run.parallelism);
    assert.ok(holders.every((holder) => holder !== undefined && isRestarted(holder)));
  });
});

describe('a TaskManager that hangs', () => {
  clusterOf(SHORT, { timedOutInvocationsSurvive: true });

  it('is given up, and can do no harm when it wakes beside its successor', async () => {
    const run = { ...RUN, parallelism: 2 };
    const jobId = await submitCounted(cluster, run);
    const { pid, requestId } = await runningTaskManager(jobId);
    process.kill(pid, 'SIGSTOP');
    await waitForLeases(emulator, jobId, run.parallelism, isRestarted);
    process.kill(pid, 'SIGCONT');
    const zombie = await waitUntil('the zombie has ended', ZOMBIE_PATIENCE_MS, async () =>
      endedLeases(emulator).find((ended) => ended.requestId === requestId),
    );
    assert.match(zombie.errorType ?? '', /^LEASE_(FENCED|OVERDUE)$/);
    assert.deepEqual(zombie.leftovers, []);
    await endsAsLocally(jobId, run);
  });
});
