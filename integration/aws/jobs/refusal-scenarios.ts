/** What a TaskManager is not to run: leases of no job, and another graph than was planned. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { FaultyCluster } from './faulty-cluster.ts';

const MOODY = 'integration/aws/jobs/programs/moody.ts';

/** To be called in a `describe`. @param cluster is there when the tests run. */
export function refusalScenarios(cluster: () => FaultyCluster): void {
  it('refuses leases of what is no job of the cluster', () => foreignLeases(cluster()));
  it('fails a job that builds another graph in its slots', () => otherGraph(cluster()));
}

async function otherGraph(faulty: FaultyCluster): Promise<void> {
  const jobId = await faulty.cluster.submit(MOODY, { parallelism: 1 });
  const { status, rootException } = await faulty.ended(jobId);
  assert.equal(status, 'FAILED');
  assert.match(rootException, /GRAPH_NOT_DETERMINISTIC.*expected=[0-9a-f]+ found=[0-9a-f]+/);
}

async function foreignLeases(faulty: FaultyCluster): Promise<void> {
  const place = { attempt: 0, taskManager: 0, lease: 0 };
  const requests = [
    [{}, 'NOT_A_LEASE_REQUEST'],
    [{ ...place, jobId: '../other' }, 'NOT_A_LEASE_REQUEST'],
    [{ ...place, jobId: 'd'.repeat(32), attempt: -1 }, 'NOT_A_LEASE_REQUEST'],
    [{ ...place, jobId: 'd'.repeat(32) }, 'ATTEMPT_NOT_FOUND'],
  ] as const;
  for (const [request, code] of requests) {
    const { Payload = new Uint8Array() } = await faulty.clients.lambda.send(
      new InvokeCommand({ FunctionName: 'jobs-taskmanager', Payload: JSON.stringify(request) }),
    );
    const { errorType } = JSON.parse(Buffer.from(Payload).toString()) as {
      readonly errorType?: string;
    };
    assert.equal(errorType, code, JSON.stringify(request));
  }
}
