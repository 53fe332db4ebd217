/**
 * TaskManagers that change their process every few seconds, and some that lose it, on the emulated
 * AWS: the deployed job prints what the local one does, each count once. Beside `lease.itest.ts`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitUntil } from '../wait-until.ts';
import { endedLeases, submitCounted, waitForLeases } from './lease-looks.ts';
import { isRestarted, LeaseSuite, RUN, SHORT } from './lease-suite.ts';

const ZOMBIE_PATIENCE_MS = 60_000;

describe('leases of a few seconds', () => {
  const suite = new LeaseSuite(SHORT);

  it('are handed over again and again at parallelism 1', async () => {
    const jobId = await submitCounted(suite.cluster, RUN);
    await suite.endsAsLocally(jobId, RUN);
    await suite.assertRolledOver(jobId, 1);
    suite.assertNothingLeftBehind();
  });
});

describe('leases of a few seconds, with two slots each', () => {
  const suite = new LeaseSuite({ ...SHORT, taskSlots: '2' });

  it('are handed over again and again at parallelism 3', async () => {
    const run = { ...RUN, parallelism: 3 };
    const jobId = await submitCounted(suite.cluster, run);
    await suite.endsAsLocally(jobId, run);
    await suite.assertRolledOver(jobId, 2);
    suite.assertNothingLeftBehind();
  });
});

describe('a TaskManager that hangs', () => {
  const suite = new LeaseSuite(SHORT, { timedOutInvocationsSurvive: true });

  it('is given up, and can do no harm when it wakes beside its successor', async () => {
    const run = { ...RUN, parallelism: 2 };
    const jobId = await submitCounted(suite.cluster, run);
    const { pid, requestId } = await suite.runningTaskManager(jobId);
    process.kill(pid, 'SIGSTOP');
    await waitForLeases(suite.emulator, jobId, run.parallelism, isRestarted);
    process.kill(pid, 'SIGCONT');
    const zombie = await waitUntil('the zombie has ended', ZOMBIE_PATIENCE_MS, async () =>
      endedLeases(suite.emulator).find((ended) => ended.requestId === requestId),
    );
    assert.match(zombie.errorType ?? '', /^LEASE_(FENCED|OVERDUE)$/);
    assert.deepEqual(zombie.leftovers, []);
    await suite.endsAsLocally(jobId, run);
  });
});
