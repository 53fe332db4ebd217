import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { InjectingProxy } from './injecting-proxy.ts';
import { FAULTS } from './proxy/index.ts';

/** A service that answers with what it was asked, and a queue whose polls wait for a message. */
class Service {
  readonly seen: { readonly host: string; readonly body: string }[] = [];
  readonly #polls: ((messages: object[]) => void)[] = [];
  readonly #server: Server = createServer((request, response) => {
    void this.#bodyOf(request).then((body) => {
      this.seen.push({ host: request.headers.host ?? '', body });
      const isReceive = String(request.headers['x-amz-target']).endsWith('ReceiveMessage');
      if (!isReceive) return response.end(body);
      return this.#polls.push((Messages) => response.end(JSON.stringify({ Messages })));
    });
  });

  /** Answers the oldest poll, when there is one. */
  async give(...bodies: readonly string[]): Promise<void> {
    while (this.#polls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    this.#polls.shift()?.(bodies.map((Body) => ({ Body })));
  }

  async #bodyOf(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  async listen(): Promise<{ host: string; port: number }> {
    const host = '127.0.0.1';
    await new Promise<void>((resolve) => this.#server.listen(0, host, resolve));
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return { host, port: address.port };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('InjectingProxy', () => {
  const proxy = new InjectingProxy({ seed: 1 });
  const service = new Service();
  let endpoint = '';

  before(async () => {
    const { host, port } = await proxy.open(await service.listen());
    endpoint = `http://${host}:${port}`;
  });
  after(async () => {
    await proxy.close();
    service.close();
  });
  beforeEach(() => {
    proxy.calm();
    proxy.ledger.clear();
    service.seen.length = 0;
  });

  const call = async (target: string, input: object) => {
    const headers = { 'x-amz-target': target };
    const body = JSON.stringify(input);
    const response = await fetch(endpoint, { method: 'POST', headers, body });
    const text = await response.text();
    return { status: response.status, answer: text === '' ? undefined : JSON.parse(text) };
  };
  const putItem = () => call('DynamoDB_20120810.PutItem', { TableName: 't', Item: {} });

  it('forwards a request as it came, with the host that was signed', async () => {
    const { answer } = await putItem();
    assert.deepEqual(answer, { TableName: 't', Item: {} });
    assert.equal(service.seen[0]?.host, new URL(endpoint).host);
    assert.equal(proxy.ledger.count('dynamodb:PutItem').calls, 1);
  });

  it('refuses without asking the service', async () => {
    proxy.inject({ service: 'dynamodb', fault: FAULTS.dynamoThrottled, times: 1 });
    const { status, answer } = await putItem();
    assert.equal(status, 400);
    assert.equal(answer.__type, 'ProvisionedThroughputExceededException');
    assert.equal(service.seen.length, 0);
    assert.equal(proxy.ledger.count('dynamodb:PutItem').failedCalls, 1);
  });

  it('asks the service and loses the answer', async () => {
    proxy.inject({ service: 'dynamodb', fault: FAULTS.dynamoAnswerLost, times: 1 });
    assert.equal((await putItem()).status, 500);
    assert.equal(service.seen.length, 1);
  });

  it('cuts the connection before the service is asked, or after', async () => {
    for (const isCarriedOut of [false, true]) {
      proxy.inject({ service: 'dynamodb', fault: { kind: 'cut', isCarriedOut }, times: 1 });
      await assert.rejects(putItem());
      assert.equal(service.seen.length, isCarriedOut ? 1 : 0);
    }
    assert.equal(proxy.ledger.count('dynamodb:PutItem').failedCalls, 2);
  });

  it('kills the process that calls, before the service is asked, or after', async () => {
    for (const isCarriedOut of [false, true]) {
      service.seen.length = 0;
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      const exited = once(child, 'exit');
      await once(child, 'spawn');
      proxy.inject({ fault: { kind: 'kill-caller', isCarriedOut }, times: 1 });
      const headers = { 'user-agent': `sluice/coordinator app/p${child.pid?.toString(36)}` };
      await assert.rejects(fetch(endpoint, { method: 'POST', headers, body: '{}' }));
      assert.deepEqual(await exited, [null, 'SIGKILL']);
      assert.equal(service.seen.length, isCarriedOut ? 1 : 0);
    }
  });

  it('tells of each call until it is asked not to', async () => {
    const seen: string[] = [];
    const forget = proxy.watch(({ operation }) => seen.push(operation));
    await putItem();
    forget();
    await putItem();
    assert.deepEqual(seen, ['PutItem']);
  });

  it('accepts messages that nobody gets', async () => {
    proxy.inject({ service: 'sqs', fault: FAULTS.sqsSwallowed });
    const Entries = [{ Id: 'x', MessageBody: 'hello' }];
    const { status, answer } = await call('AmazonSQS.SendMessageBatch', { Entries });
    assert.equal(status, 200);
    assert.equal(answer.Successful[0].Id, 'x');
    assert.equal(answer.Successful[0].MD5OfMessageBody, '5d41402abc4b2a76b9719d911017c592');
    assert.equal(service.seen.length, 0);
  });

  it('ends a poll when a held message is due, and keeps what the poll brings later', async () => {
    const fault = { kind: 'hold-message', minMs: 20, maxMs: 20 } as const;
    proxy.inject({ service: 'sqs', fault, times: 1 });
    const receive = async () => {
      const input = { QueueUrl: 'http://x/1/q', MaxNumberOfMessages: 10 };
      const { answer } = await call('AmazonSQS.ReceiveMessage', input);
      return (answer.Messages ?? []).map(({ Body }: { Body: string }) => Body);
    };
    const [first] = await Promise.all([receive(), service.give('held', 'passed')]);
    assert.deepEqual(first, ['passed']);
    // The poll that this one has opened is still waiting when it gets its answer.
    assert.deepEqual(await receive(), ['held']);
    const [third] = await Promise.all([receive(), service.give('late')]);
    assert.deepEqual(third, ['late']);
  });

  it('answers 502 when there is no service', async () => {
    const alone = new InjectingProxy({ seed: 1 });
    const { host, port } = await alone.open({ host: '127.0.0.1', port: 1 });
    assert.equal((await fetch(`http://${host}:${port}/`)).status, 502);
    await alone.close();
  });
});
