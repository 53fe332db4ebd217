import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Configuration } from '../../core/index.ts';
import { MemoryRowStore } from '../../testing/index.ts';
import { noProcesses } from '../http/index.ts';
import { type HttpServer, listenCluster, serveCluster } from './cluster-http-server.ts';
import { ClusterOperations } from './cluster-operations.ts';
import { type DispatcherApiParts, dispatcherApi } from './dispatcher-api.ts';
import { restSettings } from './rest-settings.ts';

const clock = { nowEpochMs: () => 0, monotonicMs: () => 0 };
const api = dispatcherApi({
  processes: noProcesses('nothing runs here'),
  placeOf: () => undefined,
  dispatcher: { list: () => [], slots: { total: 1, available: 1 } },
  operations: new ClusterOperations({
    clock,
    rows: new MemoryRowStore(),
    logger: { log: () => {} },
  }),
  clock,
  version: '1',
  dataDirectory: '/data',
  newId: () => '',
  // The routes asked here use no more of it.
} as unknown as DispatcherApiParts);

const options = {
  settings: restSettings(Configuration.EMPTY, 'host'),
  uploadPath: () => '/nowhere',
  pages: [],
};

describe('serveCluster', () => {
  let server: HttpServer;
  before(async () => {
    server = await serveCluster(api, 0, options);
  });
  after(() => server.close());

  function ask(
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      const { port } = server;
      const method = body === undefined ? 'GET' : 'POST';
      const sent = request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  it('serves below / and /v1', async () => {
    for (const path of ['/jobs', '/v1/jobs']) {
      assert.deepEqual(await ask(path), { status: 200, text: '{"jobs":[]}' });
    }
  });

  it('answers loopback names only', async () => {
    assert.equal((await ask('/jobs', { host: 'rebound.example' })).status, 403);
    assert.equal((await ask('/jobs', { host: '127.0.0.1.evil.example:80' })).status, 403);
    assert.equal((await ask('/jobs', { host: 'localhost:1' })).status, 200);
    assert.equal((await ask('/jobs', { host: '[::1]:1' })).status, 200);
  });

  it('answers no other site', async () => {
    const host = 'localhost:1';
    const foreign = await ask('/jars/upload', { host, origin: 'http://evil.example' }, 'x');
    assert.equal(foreign.status, 403);
    assert.equal((await ask('/jobs', { host, origin: 'http://localhost:1' })).status, 200);
    // A picture whose address cancels a job comes without an origin.
    const cancel = `/jobs/${'0'.repeat(32)}/yarn-cancel`;
    assert.equal((await ask(cancel, { host, 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await ask('/jobs', { host, 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  it('reads bodies up to a limit', async () => {
    const big = 'x'.repeat(1024 * 1024 + 1);
    const headers = { 'content-type': 'application/json' };
    assert.equal((await ask('/savepoint-disposal', headers, big)).status, 413);
    assert.equal((await ask('/%', {})).status, 400);
  });

  it('has its port before it can answer, and asks for patience until then', async () => {
    const early = await listenCluster(0, options.settings);
    try {
      const url = `http://127.0.0.1:${early.port}/jobs`;
      const first = await fetch(url);
      assert.equal(first.status, 503);
      const starting = ['The cluster is starting: ask again in a moment.'];
      assert.deepEqual(await first.json(), { errors: starting });
      early.serve(api, options);
      assert.equal((await fetch(url)).status, 200);
    } finally {
      await early.close();
    }
  });

  it('says so when the port is taken', async () => {
    await assert.rejects(serveCluster(api, server.port, options), {
      code: 'PORT_IN_USE',
      kind: 'invalid',
    });
  });
});
