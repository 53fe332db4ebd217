/**
 * Goal: when an invocation ends, nothing is left that a thaw could resume. Method: real clients,
 * connections and threads, in the middle of whatever they were doing.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { leaseFunction, REQUEST, useFakeAws } from './lease-function.fixture.ts';

/** The lease is given up two seconds before. */
const REMAINING_MS = 5_500;

/** Which call never gets its whole answer, and how much of it it gets. */
type Stuck = 'no answer to the claim' | 'half of the attempt';

describe('an invocation of the taskmanager function that is over', () => {
  let server: Server;
  let stuck: Stuck;
  let isReached: boolean;

  before(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => answer(String(request.headers['x-amz-target'] ?? ''), response));
    });
    // It closes none by itself.
    server.keepAliveTimeout = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    useFakeAws((server.address() as AddressInfo).port);
  });
  after(() => void server.close());

  function answer(target: string, response: ServerResponse): void {
    if (target.startsWith('DynamoDB')) {
      if (stuck === 'no answer to the claim') isReached = true;
      else response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}');
      return;
    }
    isReached = true;
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"formatVersion":');
  }

  function connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  for (const how of ['no answer to the claim', 'half of the attempt'] as const) {
    it(`has closed its connections, ended its threads and cleared its timers: ${how}`, async () => {
      stuck = how;
      isReached = false;
      const idle = resources();
      const handler = leaseFunction(REMAINING_MS);
      await assert.rejects(handler(REQUEST), { name: 'LEASE_OVERDUE' });
      assert.deepEqual(resources(), idle);
      assert.ok(isReached, 'it was in the middle of the call');
      // The other ends of its connections are here, and hear that they are closed a moment later.
      while ((await connections()) > 0) await new Promise((resolve) => setImmediate(resolve));
    });
  }
});

/** Of this process; connections have their other end here too, and are counted there. */
function resources(): readonly string[] {
  const all = process.getActiveResourcesInfo().filter((kind) => kind !== 'TCPSocketWrap');
  return all.toSorted();
}
