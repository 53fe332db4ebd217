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
import { takeGrant } from './role-grants.ts';
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
    cluster = await DeployedCluster.deploy({ maxTaskManagers: '4' }, true);
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

  const trigger = (input: object) =>
    runExecution(clients.stepFunctions, outputs.TriggerSavepointArn ?? '', input);
  const readRecords = async (jobId: string) => {
    const { body } = await cluster.call('GET', `/jobs/${jobId}`);
    const vertices = body.vertices as { metrics: { 'read-records': number } }[];
    return vertices.map(({ metrics }) => metrics['read-records']);
  };

  it('is shown by its subtasks, its TaskManagers and what each of them logs', async () => {
    const jobId = await start(2);
    const { body: job } = await cluster.call('GET', `/jobs/${jobId}`);
    const [vertex] = job.vertices as { id: string; tasks: Record<string, number> }[];
    const { body } = await cluster.call('GET', `/jobs/${jobId}/vertices/${vertex?.id}`);
    const subtasks = body.subtasks as Record<string, unknown>[];
    assert.ok(subtasks.length > 0 && subtasks.every(({ status }) => status === 'RUNNING'));
    const { body: listed } = await cluster.call('GET', '/taskmanagers');
    const taskManagers = listed.taskmanagers as { id: string; timeSinceLastHeartbeat: number }[];
    const ids = taskManagers.map(({ id }) => id);
    assert.ok(subtasks.every((one) => ids.includes(String(one['taskmanager-id']))));
    assert.ok(taskManagers.every(({ timeSinceLastHeartbeat: at }) => at > Date.now() - 600_000));
    await cluster.call('PATCH', `/jobs/${jobId}?mode=cancel`);
    const end = await cluster.ended(jobId);
    assert.equal(end.status, 'CANCELED');
    const after = await cluster.call('GET', `/jobs/${jobId}/vertices/${vertex?.id}`);
    assert.equal((after.body.subtasks as unknown[]).length, subtasks.length);
    // Logs come late.
    await waitUntil('the TaskManagers have a log', 90_000, async () => {
      const logs = await Promise.all(ids.map((id) => cluster.text(`/taskmanagers/${id}/log`)));
      const refused = logs.filter(({ status }) => status !== 200);
      assert.deepEqual(refused, []);
      return logs.every(({ body: log }) => log.includes('INFO')) ? true : undefined;
    });
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
    const taken = await trigger({ jobId });
    assert.equal(taken.status, 'SUCCEEDED', taken.cause);
    assert.match(taken.output ?? '', /^"s3:\/\/[^/]+\/savepoints\/savepoint-[^"]+"$/);
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    assert.deepEqual(await printedBy(jobId, expected.length), expected);
    assert.deepEqual(await readRecords(jobId), [EVENTS, EVENTS]);
  });

  it('fails the state machine of a savepoint that fails, and goes on', async () => {
    const jobId = await start(2);
    const refused = await trigger({ jobId, targetDirectory: 's3://a-bucket-of-others/savepoints' });
    assert.equal(refused.status, 'FAILED');
    assert.match(refused.cause ?? '', /NoSuchBucket|AccessDenied/);
    const unknown = await trigger({ jobId: 'd'.repeat(32) });
    assert.deepEqual([unknown.status, unknown.error], ['FAILED', 'JOB_NOT_FOUND']);
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    assert.deepEqual(await printedBy(jobId, expected.length), expected);
  });

  it('goes on without the permission to write savepoints, which fail for it', async () => {
    const jobId = await start(2);
    const giveBack = await takeGrant(
      cluster.app.emulator,
      clients,
      'jobs-coordinator',
      (action, resource) => action === 's3:PutObject' && resource.includes('/savepoints/'),
    );
    const path = `/jobs/${jobId}/savepoints`;
    const failed = await perform(cluster, path, {});
    assert.match(JSON.stringify(failed['failure-cause']), /s3:PutObject.*AccessDenied/);
    await giveBack();
    const { location } = await perform(cluster, path, {});
    assert.match(String(location), /^s3:/);
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    assert.deepEqual(new Set(await printedBy(jobId, expected.length)), new Set(expected));
  });

  it('is rescaled while it runs', async () => {
    const jobId = await start(2);
    const { body } = await cluster.call('GET', `/jobs/${jobId}/resource-requirements`);
    const wanted = Object.keys(body).map((id) => {
      return [id, { parallelism: { lowerBound: 1, upperBound: 3 } }];
    });
    const path = `/jobs/${jobId}/resource-requirements`;
    assert.equal((await cluster.call('PUT', path, Object.fromEntries(wanted))).status, 200);
    await waitUntil(`job ${jobId} runs at 3`, 60_000, async () => {
      const { body: job } = await cluster.call('GET', `/jobs/${jobId}`);
      const vertices = (job.vertices ?? []) as { parallelism: number }[];
      const isDone = vertices.every(({ parallelism }) => parallelism === 3);
      return isDone && job.state === 'RUNNING' ? true : undefined;
    });
    assert.equal((await queuesOf(jobId)).length, 3);
    const { body: after } = await cluster.call('GET', `/jobs/${jobId}/plan`);
    const { nodes } = after.plan as { nodes: { parallelism: number }[] };
    assert.deepEqual(
      nodes.map(({ parallelism }) => parallelism),
      [3, 3],
    );
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    // What was printed since its last checkpoint it prints again, the same.
    const printed = await printedBy(jobId, expected.length);
    assert.deepEqual([...new Set(printed)], expected);
    await nothingIsLeftOf(jobId);
  });

  it('runs beside another, and a third that does not fit is refused with the reason', async () => {
    const [first, second] = await Promise.all([start(2), start(2)]);
    const third = await cluster.submit(JOB, { parallelism: 2, programArgsList: QUICKLY });
    const refused = await cluster.ended(third);
    assert.equal(refused.status, 'FAILED');
    assert.match(refused.rootException, /NO_RESOURCE_AVAILABLE.*required=2 used=4 max=4/);
    const wide = await cluster.submit(JOB, { parallelism: 5, programArgsList: QUICKLY });
    assert.match((await cluster.ended(wide)).rootException, /required=5 used=0 max=4/);
    assert.deepEqual([...(await queuesOf(third)), ...(await queuesOf(wide))], []);
    for (const jobId of [first, second]) {
      assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
      assert.deepEqual(await printedBy(jobId, expected.length), expected);
    }
  });

  it('is the same job when its submission is sent again', async () => {
    const idempotencyKey = 'once';
    const run = { parallelism: 1, programArgsList: QUICKLY, idempotencyKey };
    const jobIds = [await cluster.submit(JOB, run), await cluster.submit(JOB, run)];
    const [jobId = ''] = jobIds;
    assert.deepEqual(jobIds, [jobId, jobId]);
    assert.equal((await cluster.ended(jobId)).status, 'FINISHED');
    assert.deepEqual(await printedBy(jobId, expected.length), expected);
    assert.equal(await cluster.submit(JOB, run), jobId);
    assert.equal((await executionsOf(jobId)).length, 1);
  });
});
