/**
 * Savepoints in a bucket that the settings grant (`-c writeTo=`), beside the cluster's own: written
 * there, started from, claimed. Signatures and policies are enforced.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Clients, clientsOf } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import { createBuckets, keysBelow } from './bucket-files.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import {
  alertsOf,
  CHECKPOINTED,
  hasCheckpoints,
  JOB,
  perform,
  reaches,
  runLocally,
} from './steering.ts';

const BUCKET = 'sluice-test-savepoints';
/** It is there, and nobody has granted it. */
const FOREIGN = 'sluice-test-not-granted';
const QUICKLY = ['--events', '4000'];
/** Twenty seconds of them. */
const SLOWLY = [...QUICKLY, '--rate', '200'];

describe('savepoints in a bucket that is granted', () => {
  let cluster: DeployedCluster;
  let clients: Clients;

  before(async () => {
    cluster = await DeployedCluster.deploy({ writeTo: `${BUCKET}/of-jobs` }, true);
    clients = clientsOf(cluster.app.emulator);
    await createBuckets(clients.s3, BUCKET, FOREIGN);
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  const savepoint = async (jobId: string, target: string) =>
    await perform(cluster, `/jobs/${jobId}/savepoints`, { 'target-directory': target });

  /** Runs the rest of the job from a savepoint, to its end. */
  const runFrom = async (savepointPath: string, claimMode: string) => {
    const options = { parallelism: 3, programArgsList: QUICKLY, savepointPath, claimMode };
    const run = { ...options, flinkConfiguration: CHECKPOINTED };
    const jobId = await cluster.submit(JOB, run);
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    return jobId;
  };

  it('is written by a job, starts two others, and goes with the one that claimed it', async () => {
    const expected = runLocally(['-p', '2'], QUICKLY);
    const run = { parallelism: 2, programArgsList: SLOWLY, flinkConfiguration: CHECKPOINTED };
    const jobId = await cluster.submit(JOB, run);
    await reaches(cluster, jobId, 'RUNNING');
    await hasCheckpoints(cluster, jobId, 1);

    const denied = JSON.stringify(await savepoint(jobId, `s3://${FOREIGN}/savepoints`));
    assert.match(denied, /grant s3:.*AccessDenied/);
    const stopped = await perform(
      cluster,
      `/jobs/${jobId}/stop`,
      { targetDirectory: `s3://${BUCKET}/of-jobs/saved` },
      `/jobs/${jobId}/savepoints`,
    );
    const path = String(stopped.location);
    assert.match(path, new RegExp(`^s3://${BUCKET}/of-jobs/saved/savepoint-`));
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    const written = await keysBelow(clients.s3, BUCKET, '');
    assert.ok(written.some((key) => key.endsWith('/_metadata')));
    assert.ok(written.length > 1, 'state lies beside the manifest');

    const kept = await perform(cluster, '/savepoint-disposal', { 'savepoint-path': path });
    assert.match(JSON.stringify(kept), /AccessDenied/, 'it is no part of the cluster');
    const copied = await runFrom(path, 'NO_CLAIM');
    assert.deepEqual(await keysBelow(clients.s3, BUCKET, ''), written);
    const claimed = await runFrom(path, 'CLAIM');
    assert.deepEqual(await keysBelow(clients.s3, BUCKET, ''), []);

    const [before, rest] = await waitUntil('all has been printed', 90_000, async () => {
      const parts = await Promise.all([jobId, copied].map((id) => cluster.printedSoFar(id)));
      const [first = [], second = []] = parts.map(alertsOf);
      return first.length + second.length >= expected.length ? [first, second] : undefined;
    });
    assert.ok(before.length > 0 && rest.length > 0);
    assert.deepEqual([...before, ...rest].toSorted(), expected);
    assert.deepEqual(alertsOf(await cluster.printed(claimed, rest.length)), rest);
    assert.deepEqual(await keysBelow(clients.s3, FOREIGN, ''), []);
  });
});
