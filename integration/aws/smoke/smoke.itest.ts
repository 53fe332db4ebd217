/** Proves the environment: everything that the real stack's suites rely on, on a stack of its own. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { type Clients, clientsOf } from '../clients.ts';
import { type DeployedApp, deployApp } from '../deployed-app.ts';
import { runProcess } from '../emulator/index.ts';
import { countTransitions, historyOf, runExecution } from '../executions.ts';
import { callHttpApi } from '../http-api.ts';
import { waitUntil } from '../wait-until.ts';
import type { QueueMessage, SquareEvent } from './function.ts';
import { SMOKE_APP, type SmokeOutputs, smokeOutputs } from './outputs.ts';

const PATIENCE_MS = 30_000;

describe('the smoke stack', () => {
  let app: DeployedApp;
  let clients: Clients;
  let stack: SmokeOutputs;

  before(async () => {
    app = await deployApp(SMOKE_APP);
    clients = clientsOf(app.emulator);
    stack = smokeOutputs(app.outputs);
  });
  after(async () => {
    clients?.destroy();
    await app?.stop();
  });

  const send = (queueUrl: string, messages: readonly QueueMessage[]) =>
    clients.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages.map((message, index) => ({
          ...{ Id: String(index), MessageBody: JSON.stringify(message) },
          ...(queueUrl.endsWith('.fifo') ? { MessageGroupId: message.run } : {}),
        })),
      }),
    );
  const numbersOf = async (run: string): Promise<string[]> => {
    const Key = { pk: { S: run }, sk: { S: 'order' } };
    const { Item } = await clients.dynamo.send(
      new GetItemCommand({ TableName: stack.TableName, Key, ConsistentRead: true }),
    );
    return (Item?.numbers?.L ?? []).map(({ N = '' }) => N);
  };
  const invoke = async (event: object) => {
    const { FunctionError, Payload } = await clients.lambda.send(
      new InvokeCommand({ FunctionName: stack.FunctionName, Payload: JSON.stringify(event) }),
    );
    return { FunctionError, payload: JSON.parse(Payload?.transformToString() ?? 'null') };
  };

  it('runs the state machine through its Map, its Catch and its task token', async () => {
    const input = { run: 'machine', squares: [2, -1, 3] };
    const ended = await runExecution(clients.stepFunctions, stack.MachineArn, input);
    assert.deepEqual(JSON.parse(ended.output ?? `"${ended.status}: ${ended.cause}"`), {
      squared: [4, 'odd', 9],
      resumed: 'machine',
    });
    const object = new GetObjectCommand({ Bucket: stack.BucketName, Key: 'machine/3' });
    const { Body } = await clients.s3.send(object);
    assert.equal(await Body?.transformToString(), '9');
    // Map, three times Square, a retry of one of them, Odd, WaitForToken: 1 + 3 + 1 + 1 + 1.
    const history = await historyOf(clients.stepFunctions, ended.executionArn ?? '');
    assert.equal(countTransitions(history), 7, history.map(({ type }) => type).join(' '));
  });

  it('refuses a second object under the same key', async () => {
    const once = { Bucket: stack.BucketName, Key: 'once', Body: 'x', IfNoneMatch: '*' };
    await clients.s3.send(new PutObjectCommand(once));
    await assert.rejects(clients.s3.send(new PutObjectCommand(once)), {
      name: 'PreconditionFailed',
    });
  });

  it('reports an error of the function under its name', async () => {
    const event: SquareEvent = { run: 'error', square: -4 };
    const { FunctionError, payload } = await invoke(event);
    assert.equal(FunctionError, 'Unhandled');
    assert.equal(payload.errorType, 'OddNumber');
  });

  it('hands a FIFO queue over in order', async () => {
    const numbers = Array.from({ length: 10 }, (_, number) => number);
    await send(
      stack.FifoUrl,
      numbers.map((number) => ({ run: 'fifo', number })),
    );
    const seen = await waitUntil('ten messages were taken', PATIENCE_MS, async () => {
      const order = await numbersOf('fifo');
      return order.length >= numbers.length ? order : undefined;
    });
    assert.deepEqual(seen, numbers.map(String));
  });

  it('sends only the poison message of a batch to the dead-letter queue', async () => {
    const messages = [1, 2, 3].map((number) => ({ run: 'poison', number, isPoison: number === 2 }));
    await send(stack.StandardUrl, messages);
    const dead = await waitUntil('a message is dead', PATIENCE_MS * 2, async () => {
      const { Messages } = await clients.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: stack.DeadLettersUrl }),
      );
      return Messages?.[0];
    });
    assert.equal(JSON.parse(dead.Body ?? '').number, 2);
    assert.deepEqual((await numbersOf('poison')).sort(), ['1', '3']);
  });

  it('answers the HTTP API only when the request is signed', async () => {
    const request = { method: 'POST', path: '/jobs/1?x=y', body: '{}' };
    const unsigned = await callHttpApi(app.emulator, stack.ApiId, request);
    assert.equal(unsigned.status, 403);
    const { credentials } = app.emulator;
    const signed = await callHttpApi(app.emulator, stack.ApiId, { ...request, credentials });
    assert.equal(signed.status, 200);
    assert.equal(JSON.parse(signed.body).path, '/jobs/1');
  });

  it('records invocations, with what a handler leaves behind', async () => {
    await invoke({ run: 'clean', square: 1 });
    const clean = app.emulator.invocations().at(-1);
    assert.deepEqual(clean?.leftovers, []);
    assert.equal(clean?.memoryMb, 256);
    const message: QueueMessage = { run: 'left', number: 1, leaveTimerMs: 60_000 };
    await invoke({ Records: [{ messageId: 'm', body: JSON.stringify(message) }] });
    assert.deepEqual(app.emulator.invocations().at(-1)?.leftovers, ['Timeout']);
  });

  it('freezes a function between invocations', async () => {
    await invoke({ run: 'frozen', square: 1 });
    const { pid } = app.emulator.invocations().at(-1) ?? { pid: 0 };
    await waitUntil('the process is stopped', PATIENCE_MS, async () => {
      const { stdout } = await runProcess('ps', ['-o', 'stat=', '-p', String(pid)], {
        timeoutMs: PATIENCE_MS,
      });
      return stdout.startsWith('T') || undefined;
    });
  });

  it('reports a killed process, and serves the next call in another one', async () => {
    const victim = invoke({ run: 'victim', sleepMs: 2_000 });
    const { pid } = await waitUntil('the victim runs', PATIENCE_MS, async () =>
      app.emulator.invocations().find(({ durationMs }) => durationMs === undefined),
    );
    process.kill(pid, 'SIGKILL');
    assert.equal((await victim).payload.errorType, 'Runtime.ExitError');
    assert.equal((await invoke({ run: 'heir', square: 2 })).payload.squared, 4);
    assert.notEqual(app.emulator.invocations().at(-1)?.pid, pid);
  });

  it('kills a function at its timeout', async () => {
    const { payload } = await invoke({ run: 'late', sleepMs: 4_000 });
    assert.equal(payload.errorType, 'Sandbox.Timedout');
    const { pid, durationMs } = app.emulator.invocations().at(-1) ?? { pid: 0 };
    assert.equal(durationMs, undefined);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    const rows = await clients.dynamo.send(
      new QueryCommand({
        ...{ TableName: stack.TableName, KeyConditionExpression: 'pk = :run' },
        ExpressionAttributeValues: { ':run': { S: 'late' } },
      }),
    );
    assert.equal(rows.Count, 0);
  });
});
