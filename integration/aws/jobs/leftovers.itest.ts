/**
 * What jobs leave behind, and what the API makes of requests that are none. Signatures and policies
 * are enforced: the sweeper's grants suffice.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ListQueuesCommand } from '@aws-sdk/client-sqs';
import { type Clients, clientsOf } from '../clients.ts';
import { waitUntil } from '../wait-until.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import { CHECKPOINTED, hasCheckpoints, JOB, locationOf, perform, reaches } from './steering.ts';

const EXPIRATION_S = 15;
const PREFIX = 'jobs';

describe('what a deployed job leaves behind', () => {
  let cluster: DeployedCluster;
  let clients: Clients;
  let outputs: Readonly<Record<string, string>>;
  let ended: string;
  let savepoint: string;
  let running: string;

  before(async () => {
    cluster = await DeployedCluster.deploy({ jobExpirationSeconds: `${EXPIRATION_S}` }, true);
    clients = clientsOf(cluster.app.emulator);
    outputs = Object.values(cluster.app.outputs)[0] ?? {};
    running = await submitted();
    ended = await submitted();
    const path = `/jobs/${ended}/savepoints`;
    // Before all of its tasks run, it is refused.
    await hasCheckpoints(cluster, ended, 1);
    savepoint = locationOf(await perform(cluster, path, { 'cancel-job': true }));
    assert.equal((await cluster.ended(ended)).status, 'CANCELED');
  });
  after(async () => {
    clients?.destroy();
    await cluster?.stop();
  });

  const submitted = async (): Promise<string> => {
    const run = { programArgsList: ['--rate', '50'], flinkConfiguration: CHECKPOINTED };
    const jobId = await cluster.submit(JOB, run);
    await reaches(cluster, jobId, 'RUNNING');
    return jobId;
  };
  const swept = async (event: object): Promise<unknown> => {
    const Payload = JSON.stringify(event);
    const invoke = new InvokeCommand({ FunctionName: `${PREFIX}-sweeper`, Payload });
    const answer = await clients.lambda.send(invoke);
    return JSON.parse(answer.Payload?.transformToString() ?? '');
  };
  const inboxesOf = async (jobId: string): Promise<readonly string[]> => {
    const list = new ListQueuesCommand({ QueueNamePrefix: `${PREFIX}-i-${jobId}` });
    return ((await clients.sqs.send(list)).QueueUrls ?? []).map((url) => url.slice(-34));
  };
  const rowsOf = async (partition: string): Promise<readonly string[]> => {
    const query = new QueryCommand({
      TableName: `${PREFIX}-jobs`,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: partition } },
    });
    return ((await clients.dynamo.send(query)).Items ?? []).map(({ sk }) => sk?.S ?? '');
  };
  const objectsBelow = async (Prefix: string): Promise<number> => {
    const Bucket = outputs.BucketName;
    return (await clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).KeyCount ?? 0;
  };

  it('goes with the sweeper, if it is an inbox of a job that has ended', async () => {
    const left = `${ended}-7`;
    await waitUntil('settle has deleted its own', 30_000, async () =>
      (await inboxesOf(ended)).length === 0 ? true : undefined,
    );
    await clients.sqs.send(new CreateQueueCommand({ QueueName: `${PREFIX}-i-${left}` }));
    const noRules = { rules: 0, deletedRules: 0, failedRules: 0 };
    const nothing = {
      ...{ deleted: 0, failed: 0, unseen: 0, forgotten: 0, failedToForget: 0 },
      ...noRules,
    };
    // It may be that of a job which is being planned again.
    assert.deepEqual(await swept({}), { ...nothing, inboxes: 2 });
    assert.deepEqual(await inboxesOf(ended), [left]);
    assert.deepEqual(await swept({ olderThanSeconds: 0 }), { ...nothing, inboxes: 2, deleted: 1 });
    assert.deepEqual(await inboxesOf(ended), []);
    assert.deepEqual(await inboxesOf(running), [`${running}-0`]);
  });

  it('is forgotten in time, but for its savepoint', async () => {
    await waitUntil(`job ${ended} is not known any more`, 2_000 * EXPIRATION_S, async () => {
      const { status } = await cluster.call('GET', `/jobs/${ended}`);
      return status === 404 ? true : undefined;
    });
    const { body } = await cluster.call('GET', '/jobs');
    assert.deepEqual(body, { jobs: [{ id: running, status: 'RUNNING' }] });
    assert.ok((await rowsOf(`job#${ended}`)).length > 0);
    const { forgotten, failedToForget } = (await swept({})) as Record<string, number>;
    assert.deepEqual({ forgotten, failedToForget }, { forgotten: 1, failedToForget: 0 });
    assert.deepEqual(await rowsOf(`job#${ended}`), []);
    assert.deepEqual(await rowsOf('job-summaries'), [running]);
    assert.equal(await objectsBelow(`jobs/${ended}/`), 0);
    const directory = savepoint.replace(`s3://${outputs.BucketName}/`, '');
    assert.ok((await objectsBelow(`${directory}/`)) > 0);
    assert.ok((await objectsBelow(`jobs/${running}/`)) > 0);
    const { body: alive } = await cluster.call('GET', `/jobs/${running}/status`);
    assert.deepEqual(alive, { status: 'RUNNING' });
  });

  it('is answered in Flink’s shape when it is asked for', async () => {
    const [unknown, trigger] = ['d'.repeat(32), 'e'.repeat(32)];
    const refusals: readonly (readonly [string, string, object | string, number, RegExp])[] = [
      ['GET', `/jobs/${unknown}`, '', 404, /Job d+ not found/],
      ['GET', `/v1/jobs/${unknown}/plan`, '', 404, /Job d+ not found/],
      ['POST', `/jobs/${unknown}/savepoints`, {}, 404, /Job d+ not found/],
      ['GET', '/jobs/12', '', 400, /Cannot resolve path parameter \(jobid\) from value \\"12\\"/],
      ['GET', `/jobs/${running}/savepoints/${trigger}`, '', 404, /There is no savepoint operation/],
      ['GET', '/nothing', '', 404, /Not found: \/nothing/],
      ['DELETE', `/jobs/${running}`, '', 405, /Method DELETE is not allowed/],
      [
        'POST',
        `/jobs/${running}/stop`,
        { drain: 'yes' },
        400,
        /Field 'drain' must be true or false/,
      ],
      ['POST', `/jobs/${running}/stop`, '{', 415, /content type must be application\/json/],
      ['POST', '/jobs', {}, 400, /Field 'program' must be the id of an upload/],
      ['POST', '/jars/nothing/run', {}, 404, /Jar file nothing does not exist/],
      ['POST', '/savepoint-disposal', {}, 400, /Field 'savepoint-path' must be given/],
    ];
    for (const [method, path, body, status, pattern] of refusals) {
      const answer = await cluster.call(method, path, body);
      assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(answer.body)}`);
      assert.deepEqual(Object.keys(answer.body), ['errors']);
      assert.match(JSON.stringify(answer.body), pattern);
    }
  });
});
