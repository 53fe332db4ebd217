/**
 * Jobs that hibernate and are woken by times, by the schedules of the emulator's own EventBridge
 * Scheduler: a recurring one that an option names, and a timer of the job's own.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Clients, clientsOf } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import { createBuckets, putText } from './bucket-files.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import { asleep, executionsOf } from './hibernating.ts';
import { BURST_RECORDS, BURSTS } from './programs/bursts.ts';

const BURSTS_JOB = 'integration/aws/jobs/programs/bursts.ts';
const INBOX_JOB = 'integration/aws/jobs/programs/inbox-files.ts';
const BUCKET = 'sluice-test-inbox';
const AFTER = { 'sluice.hibernate-after': '2 s' };
/** What is due sooner than in a minute waits in the queue of ticks, and needs no schedule. */
const DUE_MS = 80_000;
const PATIENCE_MS = 180_000;

describe('a job that hibernates, and what wakes it by times', { concurrency: true }, () => {
  let cluster: DeployedCluster;
  let clients: Clients;

  before(async () => {
    cluster = await DeployedCluster.deploy({ readFrom: `${BUCKET}/in` }, true);
    clients = clientsOf(cluster.app.emulator, cluster.app.emulator.directEndpoint);
    await createBuckets(clients.s3, BUCKET);
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  it('wakes by its schedule as often as it sleeps, and loses nothing', async () => {
    const flinkConfiguration = { ...AFTER, 'sluice.wake-schedule': 'rate(1 minute)' };
    const programArgsList = ['--pause'];
    const jobId = await cluster.submit(BURSTS_JOB, { programArgsList, flinkConfiguration });
    assert.equal((await asleep(cluster, jobId))['wake-schedule'], 'rate(1 minute)');
    await waitUntil('it has been woken for every burst', 2 * PATIENCE_MS, async () => {
      const { body } = await cluster.call('GET', `/jobs/${jobId}`);
      return body.state === 'FINISHED' ? true : undefined;
    });
    const count = BURSTS * BURST_RECORDS;
    const printed = (await cluster.printed(jobId, count)).map(
      (line) => /k\d \d+ \d+$/.exec(line)?.[0],
    );
    assert.equal(new Set(printed).size, count);
    const executions = await executionsOf(cluster, clients);
    assert.equal(executions.filter((name) => name.startsWith(jobId)).length, BURSTS);
  });

  it('wakes by its own timer of processing time', async () => {
    await putText(clients.s3, BUCKET, 'in/a/0.txt', 'x\ny');
    const directory = `s3://${BUCKET}/in/a`;
    const programArgsList = ['--directory', directory, '--files', '2', '--after', String(DUE_MS)];
    const jobId = await cluster.submit(INBOX_JOB, {
      programArgsList,
      flinkConfiguration: AFTER,
    });
    const { 'wakes-at': wakesAt, since } = await asleep(cluster, jobId);
    assert.ok(Number(wakesAt) - Number(since) > 60_000, `${wakesAt} ${since}`);
    const due = await waitUntil('both are due', PATIENCE_MS, async () => {
      const lines = await cluster.printedSoFar(jobId);
      const found = lines.flatMap((line) => /due \S+/.exec(line)?.[0] ?? []);
      return found.length >= 2 ? found.toSorted() : undefined;
    });
    assert.deepEqual(due, ['due x', 'due y']);
    assert.equal((await cluster.call('PATCH', `/jobs/${jobId}?mode=cancel`)).status, 202);
    assert.equal((await cluster.ended(jobId)).status, 'CANCELED');
  });
});
