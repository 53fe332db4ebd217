/**
 * TaskManagers that change their process every few seconds, and some that lose it, on the emulated
 * AWS: the deployed job prints what the local one does, each count once.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseHolders, submitCounted } from './lease-looks.ts';
import { isRestarted, LeaseSuite, LONG, RUN, SHORT } from './lease-suite.ts';

describe('leases of a few seconds', () => {
  const suite = new LeaseSuite(SHORT);

  it('are handed over again and again at parallelism 3', async () => {
    const run = { ...RUN, parallelism: 3 };
    const jobId = await submitCounted(suite.cluster, run);
    await suite.endsAsLocally(jobId, run);
    await suite.assertRolledOver(jobId, run.parallelism);
    suite.assertNothingLeftBehind();
  });
});

describe('a TaskManager that is killed', () => {
  const suite = new LeaseSuite(LONG);

  it('costs a restart, and no record', async () => {
    const run = { ...RUN, parallelism: 2, records: 500 };
    const jobId = await submitCounted(suite.cluster, run);
    const { pid } = await suite.runningTaskManager(jobId);
    process.kill(pid, 'SIGKILL');
    await suite.endsAsLocally(jobId, run);
    const holders = await leaseHolders(suite.emulator, jobId, run.parallelism);
    assert.ok(holders.every((holder) => holder !== undefined && isRestarted(holder)));
  });
});
