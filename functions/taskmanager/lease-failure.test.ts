/** Goal: what the state machine is told of a TaskManager that cannot run. Method: a fake AWS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { leaseFailure } from '../../runtime/adapters/aws/index.ts';
import { leaseFunction, REQUEST, useFakeAws } from './lease-function.fixture.ts';

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
    useFakeAws((server.address() as AddressInfo).port);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** As the machine catches it. */
  async function failure(event: unknown = REQUEST): Promise<readonly [string, string]> {
    const thrown = await leaseFunction(8_000)(event).then(
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
