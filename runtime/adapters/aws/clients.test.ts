import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { awsCodeOf } from './aws-failure.ts';
import { awsClientConfig, createAwsClients } from './clients.ts';

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** A server of this process; `answer` has the request's number. */
async function withServer(
  answer: (number: number) => { readonly status: number; readonly body: string } | undefined,
  use: (endpoint: string, seen: { connections: number; requests: number }) => Promise<void>,
): Promise<void> {
  const seen = { connections: 0, requests: 0 };
  const server = createServer((request, response) => {
    seen.requests += 1;
    const { status, body } = answer(seen.requests) ?? {};
    request.resume();
    if (status !== undefined) request.on('end', () => response.writeHead(status).end(body));
  });
  server.on('connection', () => {
    seen.connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await use(`http://127.0.0.1:${port}`, seen);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const GET = new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' }, sk: { S: 'b' } } });

describe('AWS clients', () => {
  it('leave retries to the adapters', async () => {
    const answer = () => ({ status: 500, body: '{"__type":"InternalServerError"}' });
    await withServer(answer, async (endpoint, seen) => {
      const { dynamoDb, close } = createAwsClients({
        region: 'us-east-1',
        endpoint,
        credentials: CREDENTIALS,
      });
      await assert.rejects(dynamoDb.send(GET), { name: 'InternalServerError' });
      assert.equal(seen.requests, 1);
      close();
    });
  });

  it('keep their connections, and no more than they may', async () => {
    await withServer(
      () => ({ status: 200, body: '{}' }),
      async (endpoint, seen) => {
        const settings = { region: 'us-east-1', endpoint, credentials: CREDENTIALS, maxSockets: 2 };
        const { dynamoDb, s3, close } = createAwsClients(settings);
        for (let round = 0; round < 3; round++) await dynamoDb.send(GET);
        assert.equal(seen.connections, 1);
        await Promise.all(Array.from({ length: 20 }, () => dynamoDb.send(GET)));
        assert.equal(seen.connections, 2);
        // Uploads above 2 MB too, for which the SDK would open one each.
        const Body = Buffer.alloc(3_000_000);
        for (let round = 0; round < 3; round++) {
          await s3.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body }));
        }
        assert.equal(seen.connections, 3);
        close();
      },
    );
  });

  it('give up a request that is not answered in time', async () => {
    await withServer(
      () => undefined,
      async (endpoint) => {
        const { s3, close } = createAwsClients({
          region: 'us-east-1',
          endpoint,
          credentials: CREDENTIALS,
          requestTimeoutMs: 50,
        });
        const sent = s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }));
        await assert.rejects(sent, (thrown) => awsCodeOf(thrown) === 'TimeoutError');
        close();
      },
    );
  });

  it('are made of settings that serve any service', () => {
    const config = awsClientConfig({ region: 'eu-central-1', program: 'coordinator' });
    assert.equal(config.maxAttempts, 1);
    assert.deepEqual(config.customUserAgent, [['sluice', 'coordinator']]);
    assert.equal('endpoint' in config, false);
    assert.equal(config.requestHandler.throwOnRequestTimeout, true);
  });
});
