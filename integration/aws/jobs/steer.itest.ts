/**
 * A deployed job is steered: canceled, saved, stopped, taken home and brought back, rescaled. What
 * it prints altogether is what one local run prints. Signatures and policies are enforced.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { type Clients, clientsOf } from '../clients.ts';
import { runExecution } from '../executions.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import {
  alertsOf,
  CHECKPOINTED,
  download,
  hasCheckpoints,
  JOB,
  perform,
  reaches,
  removeDirectory,
  runLocally,
} from './steering.ts';

const EVENTS = 4_000;
/** Slow enough to be caught in the middle, at 20 s for all. */
const SLOWLY = ['--events', `${EVENTS}`, '--rate', '200'];
const QUICKLY = ['--events', `${EVENTS}`];

describe('a job on a deployed cluster, steered', () => {
  let cluster: DeployedCluster;
  let clients: Clients;
  let outputs: Readonly<Record<string, string>>;
  let expected: readonly string[];

  before(async () => {
    expected = runLocally(['-p', '2'], QUICKLY);
    assert.ok(expected.length > 100);
    cluster = await DeployedCluster.deploy({}, true);
    clients = clientsOf(cluster.app.emulator);
    outputs = Object.values(cluster.app.outputs)[0] ?? {};
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  const start = async (parallelism: number, options: object = {}, args = SLOWLY) => {
    const run = {
      ...{ parallelism, programArgsList: args, flinkConfiguration: CHECKPOINTED },
      ...options,
    };
    const jobId = await cluster.submit(JOB, run);
    await reaches(cluster, jobId, 'RUNNING');
    await hasCheckpoints(cluster, jobId, 1);
    return jobId;
  };
  const printedBy = async (jobId: string, count: number) =>
    alertsOf(await cluster.printed(jobId, count));
  const queuesOf = async (jobId: string) =>
    (await clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: `jobs-i-${jobId}` })))
      .QueueUrls ?? [];
  const executionsOf = async (jobId: string) => {
    const list = new ListExecutionsCommand({ stateMachineArn: outputs.StateMachineArn });
    const { executions = [] } = await clients.stepFunctions.send(list);
    return executions.filter(({ name }) => name?.startsWith(jobId));
  };
  const nothingIsLeftOf = (jobId: string) =>
    waitUntil(`nothing is left of ${jobId}`, 30_000, async () => {
      const running = (await executionsOf(jobId)).filter(({ status }) => status === 'RUNNING');
      return running.length + (await queuesOf(jobId)).length === 0 ? true : undefined;
    });

  it('is canceled: its executions have ended, its inboxes are gone', async () => {
    const jobId = await start(2);
    assert.equal((await queuesOf(jobId)).length, 2);
    assert.equal((await cluster.call('PATCH', `/jobs/${jobId}?mode=cancel`)).status, 202);
    assert.equal((await cluster.ended(jobId)).status, 'CANCELED');
    await nothingIsLeftOf(jobId);
    const again = await cluster.call('PATCH', `/jobs/${jobId}?mode=cancel`);
    assert.deepEqual(again, {
      status: 409,
      body: {
        errors: [
          'Job cancellation failed because the job has already reached another terminal state (CANCELED).',
        ],
      },
    });
  });

  it('stops with a savepoint, from which it goes on here', async () => {
    const jobId = await start(2);
    const stopped = await perform(
      cluster,
      `/jobs/${jobId}/stop`,
      { drain: false },
      `/jobs/${jobId}/savepoints`,
    );
    assert.match(String(stopped.location), /^s3:\/\/[^/]+\/savepoints\/savepoint-/);
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    await nothingIsLeftOf(jobId);
    const directory = await download(clients, String(stopped.location));
    try {
      const rest = runLocally(['-p', '3', '-s', directory], QUICKLY);
      assert.ok(rest.length > 0 && rest.length < expected.length);
      const before = await printedBy(jobId, expected.length - rest.length);
      assert.deepEqual([...before, ...rest].toSorted(), expected);
    } finally {
      removeDirectory(directory);
    }
  });

  it('is saved from a state machine, and goes on', async () => {
    const jobId = await start(2);
    const taken = await runExecution(clients.stepFunctions, outputs.TriggerSavepointArn ?? '', {
      jobId,
    });
    assert.equal(taken.status, 'SUCCEEDED', taken.cause);
    assert.match(taken.output ?? '', /^"s3:\/\/[^/]+\/savepoints\/savepoint-[^"]+"$/);
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    assert.deepEqual(await printedBy(jobId, expected.length), expected);
  });
});
