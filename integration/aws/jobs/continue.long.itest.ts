/**
 * A job outlives the history of its executions: with room for a few leases in each, it goes on as
 * one execution after the other, and nothing is lost or counted twice. No restart strategy allows a
 * failure: that an execution is full is none.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { type Clients, clientsOf } from '../clients.ts';
import { historyOf } from '../executions.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import { alertsOf, CHECKPOINTED, JOB, runLocally } from './steering.ts';

const EVENTS = ['--events', '6000'];
const MOST_EVENTS = 60;

describe('a job that is longer than an execution', () => {
  let cluster: DeployedCluster;
  let clients: Clients;

  before(async () => {
    const context = { leaseSeconds: '3', continueAfterEvents: `${MOST_EVENTS}` };
    cluster = await DeployedCluster.deploy(context, true);
    clients = clientsOf(cluster.app.emulator);
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  it('goes on in the next, exactly once', async () => {
    const expected = runLocally([], EVENTS);
    const jobId = await cluster.submit(JOB, {
      parallelism: 1,
      programArgsList: [...EVENTS, '--rate', '150'],
      flinkConfiguration: { ...CHECKPOINTED, 'restart-strategy.type': 'none' },
    });
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'FINISHED', end.rootException);
    assert.deepEqual(
      [...new Set(alertsOf(await cluster.printed(jobId, expected.length)))],
      expected,
    );
    const { StateMachineArn = '' } = Object.values(cluster.app.outputs)[0] ?? {};
    const machine = StateMachineArn.replace(':stateMachine:', ':execution:');
    const last = await waitUntil('the last execution has ended', 30_000, async () => {
      for (let n = 0; ; n++) {
        const executionArn = `${machine}:${jobId}-${n}`;
        const seen = await clients.stepFunctions.send(
          new DescribeExecutionCommand({ executionArn }),
        );
        if (seen.status === 'RUNNING') return undefined;
        assert.equal(seen.status, 'SUCCEEDED');
        const history = await historyOf(clients.stepFunctions, executionArn);
        assert.ok(history.length < 2 * MOST_EVENTS, `${history.length} events`);
        const { continuedAs } = JSON.parse(seen.output ?? '{}') as { continuedAs?: string };
        if (continuedAs === undefined) return n;
        assert.equal(continuedAs, `${jobId}-${n + 1}`);
      }
    });
    assert.ok(last >= 1, 'it has continued');
  });
});
