/**
 * A TaskManager that hangs while its job has to restart, on the emulated AWS: its invocation goes
 * on for minutes, the job goes on without it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Emulator } from '../emulator/index.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import {
  type CountedRun,
  deployedLines,
  endedLeases,
  localLines,
  runningLeases,
  submitCounted,
  waitForCheckpoints,
} from './lease-looks.ts';

/** Longer than the whole run, and so is the function's timeout. */
const LEASES = { leaseSeconds: '300', leaseMarginSeconds: '60' };
const RUN: CountedRun = {
  ...{ parallelism: 2, ratePerSecond: 50, records: 500, words: 20, recordBytes: 50 },
  cancelMs: 4_000,
};
const PATIENCE_MS = 60_000;

describe('a TaskManager that hangs while its job restarts', () => {
  let cluster: DeployedCluster;
  let emulator: Emulator;
  before(async () => {
    cluster = await DeployedCluster.deploy(LEASES);
    emulator = cluster.app.emulator;
  });
  after(async () => {
    await cluster?.stop();
  });

  it('is not waited for: the job goes on in another execution, and loses nothing', async () => {
    const jobId = await submitCounted(cluster, RUN);
    await waitForCheckpoints(cluster, jobId, 2);
    const [hanging, killed] = runningLeases(emulator);
    assert.ok(hanging !== undefined && killed !== undefined);
    process.kill(hanging.pid, 'SIGSTOP');
    process.kill(killed.pid, 'SIGKILL');
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    const isHanging = ({ requestId }: { requestId: string }): boolean =>
      requestId === hanging.requestId;
    assert.ok(runningLeases(emulator).some(isHanging), 'it hangs all the while');
    assert.deepEqual(await deployedLines(cluster, jobId, RUN), localLines(RUN));
    process.kill(hanging.pid, 'SIGCONT');
    const zombie = await waitUntil('the zombie has ended', PATIENCE_MS, async () =>
      endedLeases(emulator).find(isHanging),
    );
    assert.ok(zombie.errorType !== undefined);
    assert.deepEqual(zombie.leftovers, []);
  });
});
