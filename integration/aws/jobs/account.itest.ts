/**
 * An account that lets six invocations run at once: a job for which that is too little is refused
 * before it starts, by the quota that Lambda tells of; one that fits runs.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DeployedCluster } from './deployed-cluster.ts';
import { alertsOf, JOB, runLocally } from './steering.ts';

const EVENTS = ['--events', '2000'];

describe('an account with little concurrency', () => {
  let cluster: DeployedCluster;
  before(async () => {
    cluster = await DeployedCluster.deploy({}, true, { accountConcurrency: 6 });
  });
  after(async () => {
    await cluster?.stop();
  });

  it('refuses a job of three TaskManagers, and runs one of two', async () => {
    const expected = runLocally([], EVENTS);
    const wide = await cluster.submit(JOB, { parallelism: 3, programArgsList: EVENTS });
    const refused = await cluster.ended(wide);
    assert.equal(refused.status, 'FAILED');
    assert.match(refused.rootException, /NO_RESOURCE_AVAILABLE.*required=3 used=0 max=2/);
    const jobId = await cluster.submit(JOB, { parallelism: 2, programArgsList: EVENTS });
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    assert.deepEqual(alertsOf(await cluster.printed(jobId, expected.length)), expected);
  });
});
