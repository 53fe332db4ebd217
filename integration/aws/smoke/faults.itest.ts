/** The proxy's faults and counts, seen by the real SDK and by functions of the smoke stack. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { type Clients, clientsOf } from '../clients.ts';
import { type DeployedApp, deployApp } from '../deployed-app.ts';
import { InjectingProxy } from '../injecting-proxy.ts';
import { FAULTS } from '../proxy/index.ts';
import { waitUntil } from '../wait-until.ts';
import { SMOKE_APP, type SmokeOutputs, smokeOutputs } from './outputs.ts';

const PATIENCE_MS = 30_000;
const SOON = { minMs: 50, maxMs: 300 } as const;

describe('the injecting proxy before the smoke stack', () => {
  const proxy = new InjectingProxy({ seed: 7 });
  let app: DeployedApp;
  let clients: Clients;
  let stack: SmokeOutputs;

  before(async () => {
    app = await deployApp(SMOKE_APP, { frontDoor: proxy, timedOutInvocationsSurvive: true });
    clients = clientsOf(app.emulator);
    stack = smokeOutputs(app.outputs);
  });
  after(async () => {
    clients?.destroy();
    await app?.stop();
  });
  beforeEach(() => {
    proxy.calm();
    proxy.ledger.clear();
  });

  const queue = async (name: string): Promise<string> => {
    const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName: name }));
    return QueueUrl;
  };
  const send = (QueueUrl: string, bodies: readonly string[]) => {
    const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    return clients.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  };
  /** Receives and deletes until `count` deliveries were seen. */
  const receive = async (QueueUrl: string, count: number): Promise<Message[]> => {
    const seen: Message[] = [];
    return waitUntil(`${count} deliveries`, PATIENCE_MS, async () => {
      const { Messages = [] } = await clients.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      seen.push(...Messages);
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({
        ...{ Id: String(index), ReceiptHandle },
      }));
      if (Entries.length > 0) {
        await clients.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
      return seen.length >= count ? seen : undefined;
    });
  };
  const put = (sk: string, sizeBytes = 1) =>
    clients.dynamo.send(
      new PutItemCommand({
        TableName: stack.TableName,
        Item: { pk: { S: 'faults' }, sk: { S: sk }, text: { S: 'x'.repeat(sizeBytes) } },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );

  it('delivers a message twice and deletes it twice', async () => {
    const url = await queue('twice');
    const fault = { kind: 'duplicate-message', ...SOON } as const;
    const rule = proxy.inject({ service: 'sqs', resource: /^twice$/, fault });
    await send(url, ['a', 'b']);
    const bodies = (await receive(url, 4)).map(({ Body }) => Body).sort();
    assert.deepEqual(bodies, ['a', 'a', 'b', 'b']);
    assert.equal(rule.hits, 2);
  });

  it('holds a message back, so that a later one overtakes it', async () => {
    const url = await queue('overtaken');
    const fault = { kind: 'hold-message', minMs: 400, maxMs: 400 } as const;
    proxy.inject({ service: 'sqs', resource: /^overtaken$/, fault, times: 1 });
    await send(url, ['early']);
    const first = receive(url, 2);
    await waitUntil('the first message was taken', PATIENCE_MS, async () =>
      proxy.ledger.count('sqs:ReceiveMessage').calls > 0 ? true : undefined,
    );
    await send(url, ['late']);
    assert.deepEqual(
      (await first).map(({ Body }) => Body),
      ['late', 'early'],
    );
  });

  it('loses a message that was accepted', async () => {
    const url = await queue('lossy');
    proxy.inject({ service: 'sqs', resource: /^lossy$/, fault: FAULTS.sqsSwallowed, times: 1 });
    const lost = await clients.sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: 'lost' }),
    );
    assert.ok(lost.MessageId);
    await send(url, ['kept']);
    assert.deepEqual(
      (await receive(url, 1)).map(({ Body }) => Body),
      ['kept'],
    );
  });

  it('throttles a table until the SDK gives up, and lets a retry through', async () => {
    const fault = FAULTS.dynamoThrottled;
    const rule = proxy.inject({ service: 'dynamodb', operation: 'PutItem', fault });
    await assert.rejects(put('throttled'), { name: 'ProvisionedThroughputExceededException' });
    assert.ok(rule.hits > 1, 'the SDK has tried again');
    rule.remove();
    proxy.inject({ service: 'dynamodb', operation: 'PutItem', fault, times: 1 });
    await put('throttled');
  });

  it('carries a conditional write out and says that it failed', async () => {
    proxy.inject({ service: 'dynamodb', fault: FAULTS.dynamoAnswerLost, times: 1 });
    // The SDK tries again, and meets its own write.
    await assert.rejects(put('answer-lost'), { name: 'ConditionalCheckFailedException' });
  });

  it('fails a PUT before it is written, and after', async () => {
    const object = (Key: string) => ({ Bucket: stack.BucketName, Key, IfNoneMatch: '*' });
    const write = (Key: string) =>
      clients.s3.send(new PutObjectCommand({ ...object(Key), Body: Key }));
    proxy.inject({ service: 's3', resource: /slow/, fault: FAULTS.s3SlowDown, times: 1 });
    await write('slow');
    proxy.inject({ service: 's3', resource: /written/, fault: FAULTS.s3AnswerLost, times: 1 });
    await assert.rejects(write('written'), { name: 'PreconditionFailed' });
    const refused = { kind: 'cut', isCarriedOut: false } as const;
    const rule = proxy.inject({ service: 's3', resource: /cut/, fault: refused, times: 1 });
    await write('cut');
    assert.equal(rule.hits, 1);
  });

  it('counts calls and billed units', async () => {
    const url = await queue('counted');
    await send(url, ['x'.repeat(65_536), 'y'.repeat(65_537)]);
    await receive(url, 2);
    await put('counted', 2_000);
    await clients.dynamo.send(
      new UpdateItemCommand({
        ...{ TableName: stack.TableName, Key: { pk: { S: 'faults' }, sk: { S: 'counted' } } },
        ...{ UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': { N: '1' } } },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    await clients.dynamo.send(
      new GetItemCommand({
        ...{ TableName: stack.TableName, Key: { pk: { S: 'faults' }, sk: { S: 'counted' } } },
        ConsistentRead: true,
      }),
    );
    const object = { Bucket: stack.BucketName, Key: 'counted' };
    await clients.s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
    await clients.s3.send(new GetObjectCommand(object));
    const Payload = JSON.stringify({ run: 'counted', square: 3 });
    await clients.lambda.send(new InvokeCommand({ FunctionName: stack.FunctionName, Payload }));
    const { ledger } = proxy;
    assert.deepEqual(ledger.count('sqs:SendMessageBatch').units, { sqsStandardRequests: 3 });
    assert.deepEqual(ledger.count('dynamodb:PutItem').units, { dynamoWriteUnits: 2 });
    assert.deepEqual(ledger.count('dynamodb:UpdateItem').units, { dynamoWriteUnits: 2 });
    assert.deepEqual(ledger.count('dynamodb:GetItem').units, { dynamoReadUnits: 1 });
    // The test's own PUT, and the function's.
    assert.deepEqual(ledger.count('s3:PutObject').units, { s3WriteRequests: 2 });
    assert.deepEqual(ledger.count('s3:GetObject').units, { s3ReadRequests: 1 });
    assert.deepEqual(ledger.count('lambda:Invoke').units, { lambdaInvocations: 1 });
  });

  it('lets an invocation that has timed out wake as a zombie', async () => {
    const Payload = JSON.stringify({ run: 'zombie', sleepMs: 4_000 });
    const { FunctionName, TableName } = stack;
    const { FunctionError } = await clients.lambda.send(
      new InvokeCommand({ FunctionName, Payload }),
    );
    assert.equal(FunctionError, 'Unhandled');
    const Key = { pk: { S: 'zombie' }, sk: { S: 'woke' } };
    await waitUntil('the zombie has written', PATIENCE_MS, async () => {
      const { Item } = await clients.dynamo.send(new GetItemCommand({ TableName, Key }));
      return Item;
    });
  });
});
