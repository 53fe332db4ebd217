/**
 * A job that hibernates: idle, it runs nothing and calls nobody; it wakes by HTTP, and its output
 * is that of the local run.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { type Clients, clientsOf } from '../clients.ts';
import { InjectingProxy } from '../injecting-proxy.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import { asleep, executionsOf, fastAsleep } from './hibernating.ts';
import { BURST_RECORDS, BURSTS } from './programs/bursts.ts';

const JOB = 'integration/aws/jobs/programs/bursts.ts';
const LINE = /(k\d \d+ \d+)$/;
const IDLE_MS = 35_000;
/** Longer than the last tick, of a checkpoint a second, is on its way. */
const SETTLED_MS = 6_000;
const HIBERNATION = {
  'sluice.hibernate-after': '2 s',
  'sluice.wake-schedule': 'cron(0 0 1 1 ? 2099)',
};

function printed(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => LINE.exec(line)?.[1] ?? []).toSorted();
}

function localOutput(): readonly string[] {
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const args = [launcher, 'run', JOB];
  const options = { cwd: REPOSITORY_ROOT, encoding: 'utf8' } as const;
  return printed(execFileSync(process.execPath, args, options).split('\n'));
}

describe('a job that hibernates on a deployed cluster', () => {
  const proxy = new InjectingProxy({ seed: 13 });
  let cluster: DeployedCluster;
  let clients: Clients;

  before(async () => {
    cluster = await DeployedCluster.deploy({}, true, { frontDoor: proxy });
    clients = clientsOf(cluster.app.emulator, cluster.app.emulator.directEndpoint);
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  const runningExecutions = () => executionsOf(cluster, clients, 'RUNNING');
  const taskManagersRunning = (): number =>
    cluster.app.emulator
      .invocations()
      .filter((i) => i.functionName.endsWith('-taskmanager') && i.durationMs === undefined).length;

  it('calls nobody in its sleep, wakes by HTTP, and prints what the local run prints', async () => {
    const expected = localOutput();
    assert.equal(expected.length, BURSTS * BURST_RECORDS);
    const programArgsList = ['--pause'];
    const jobId = await cluster.submit(JOB, { programArgsList, flinkConfiguration: HIBERNATION });
    for (let burst = 1; burst < BURSTS; burst += 1) {
      const hibernation = await fastAsleep(cluster, clients, jobId);
      assert.match(String(hibernation['wake-schedule']), /^cron/);
      assert.equal(taskManagersRunning(), 0);
      if (burst === 1) await idle();
      const { status } = await cluster.call('POST', `/jobs/${jobId}/wake`);
      assert.equal(status, 202);
      await waitUntil('it is awake', 30_000, async () => {
        const { body } = await cluster.call('GET', `/jobs/${jobId}`);
        return body.state === 'SUSPENDED' ? undefined : true;
      });
    }
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    assert.deepEqual(printed(await cluster.printed(jobId, expected.length)), expected);
    await waitUntil('its last execution has ended', 30_000, async () =>
      (await runningExecutions()).length === 0 ? true : undefined,
    );
  });

  /** Once the tick has come that was on its way. */
  async function idle(): Promise<void> {
    await sleep(SETTLED_MS);
    const before = cluster.app.emulator.invocations().length;
    proxy.ledger.clear();
    await sleep(IDLE_MS);
    assert.deepEqual(Object.keys(proxy.ledger.counts()), []);
    assert.equal(cluster.app.emulator.invocations().length, before);
  }

  it('is canceled in its sleep, without waking', async () => {
    const programArgsList = ['--pause'];
    const jobId = await cluster.submit(JOB, { programArgsList, flinkConfiguration: HIBERNATION });
    await asleep(cluster, jobId);
    const before = cluster.app.emulator
      .invocations()
      .filter(({ functionName }) => functionName.endsWith('-taskmanager')).length;
    assert.equal((await cluster.call('PATCH', `/jobs/${jobId}?mode=cancel`)).status, 202);
    assert.equal((await cluster.ended(jobId)).status, 'CANCELED');
    const after = cluster.app.emulator
      .invocations()
      .filter(({ functionName }) => functionName.endsWith('-taskmanager')).length;
    assert.equal(after, before);
    assert.equal((await cluster.call('POST', `/jobs/${jobId}/wake`)).status, 409);
  });
});
