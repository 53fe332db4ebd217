/** Goal: what the state machine is told of a TaskManager that cannot run. Method: a fake AWS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { Context } from 'aws-lambda';
import { type LeaseAnswer, leaseFailure } from '../../runtime/adapters/aws/index.ts';
import { functionLogger, functionStack } from '../shared/index.ts';
import { createLeaseHandler } from './lease-handler.ts';
import { leaseSettings } from './lease-settings.ts';

const REQUEST = { jobId: '0'.repeat(32), attempt: 0, taskManager: 0, lease: 0 };
const XML = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>';

describe('a TaskManager that cannot run', () => {
  let server: Server;
  let attempt: (response: ServerResponse) => void = () => undefined;

  before(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        const target = String(request.headers['x-amz-target'] ?? '');
        if (target === '') return attempt(response);
        response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** As the machine catches it. */
  async function failure(event: unknown = REQUEST): Promise<readonly [string, string]> {
    const queue = `${process.env.AWS_ENDPOINT_URL}/1/p`;
    const work = createLeaseHandler({
      settings: leaseSettings({
        SLUICE_PREFIX: 'p',
        SLUICE_JOBS_TABLE: 'p-jobs',
        SLUICE_STATE_TABLE: 'p-state',
        SLUICE_BUCKET: 'bucket',
        SLUICE_BUCKET_OWNER: '123456789012',
        SLUICE_COORDINATOR_QUEUE_URL: `${queue}-coordinator.fifo`,
        SLUICE_INBOX_URL_PREFIX: `${queue}-i-`,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '4096',
      }),
      slotThreadUrl: new URL('./slot.worker.ts', import.meta.url),
      logger: { log: () => undefined },
      processStart: { nodeMs: 1, loadedMs: 2 },
      write: () => undefined,
    });
    const observed = { ...functionLogger('taskmanager', 'p'), logger: { log: () => undefined } };
    const handler = functionStack<unknown, LeaseAnswer>(observed).handler(work);
    const context = { getRemainingTimeInMillis: () => 8_000 } as Context;
    const thrown = await handler(event, context).then(
      () => assert.fail('it has run'),
      (error: Error) => error,
    );
    const { name, message, stack = '' } = thrown;
    const trace = stack.split('\n');
    const Cause = JSON.stringify({ errorType: name, errorMessage: message, trace });
    const { kind, code } = leaseFailure({ Error: name, Cause });
    return [kind, code];
  }

  it('says what is no lease', async () => {
    assert.deepEqual(await failure({}), ['invalid', 'NOT_A_LEASE_REQUEST']);
  });

  it('says that an attempt is not there, is damaged, or may not be read', async () => {
    attempt = (response) => void response.writeHead(404).end();
    assert.deepEqual(await failure(), ['invalid', 'ATTEMPT_NOT_FOUND']);
    attempt = (response) => void response.end('{"formatVersion":2}');
    assert.deepEqual(await failure(), ['data', 'ATTEMPT_CORRUPT']);
    attempt = (response) => void response.writeHead(403).end(XML);
    // Of the cluster's own bucket: an operator mends that.
    assert.deepEqual(await failure(), ['unavailable', 'BLOB_NOT_READABLE']);
  });
});
