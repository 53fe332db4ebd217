/** Goal: requests to deployed clusters. Method: a server that answers as an HTTP API does. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { SignableRequest } from '../../runtime/adapters/aws/signing/index.ts';
import { type ClientSettings, ClusterClient, locationFor } from './cluster-client.ts';
import { main } from './main.ts';

interface Asked {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly size: number;
}

let asked: Asked[] = [];
let answers: Record<string, { readonly status?: number; readonly body: string | object }> = {};
let signed: SignableRequest[] = [];
let server: Server;
let host = '';

before(async () => {
  server = createServer((request, response) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      asked.push({ line, headers: request.headers, size });
      const { status = 200, body } = answers[line] ?? { status: 404, body: { errors: [line] } };
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  [asked, answers, signed] = [[], {}, []];
});

function deployed(): ClusterClient {
  const address = { url: `http://${host}/base`, text: 'https://jobs', isDeployed: true };
  const signerOf: ClientSettings['signerOf'] = async () => ({
    sign: async (request) => {
      signed.push(request);
      return { ...request.headers, 'x-signature': 'mine' };
    },
  });
  return new ClusterClient({ address, signerOf, timeoutMs: 60_000 });
}

describe('a client of a deployed cluster', () => {
  it('says what to check of a URL where nobody answers', async () => {
    const gone = { url: 'http://127.0.0.1:1', text: 'https://gone', isDeployed: true };
    const address = { ...gone, region: 'eu-west-1' };
    const signerOf = async () => undefined;
    const client = new ClusterClient({ address, signerOf, timeoutMs: 60_000 });
    await assert.rejects(client.get('/jobs'), ({ code, message }: Error & { code: string }) => {
      assert.equal(code, 'CLUSTER_UNREACHABLE');
      assert.match(message, /output ApiUrl .* region .* proxy .*=https:\/\/gone region=eu-west-1$/);
      return !message.includes('sluice cluster');
    });
  });

  it('signs what it sends, as it sends it', async () => {
    answers['POST /base/v1/jobs/j/stop'] = { body: { 'request-id': 'a' } };
    await deployed().send('POST', '/jobs/j/stop', { drain: false });
    const [request] = signed;
    assert.deepEqual([request?.method, request?.body], ['POST', '{"drain":false}']);
    assert.equal(request?.url.href, `http://${host}/base/v1/jobs/j/stop`);
    assert.equal(asked[0]?.headers['x-signature'], 'mine');
    assert.equal(asked[0]?.headers['content-type'], 'application/json');
  });

  it('says who does not let it in', async () => {
    for (const status of [401, 403]) {
      answers['GET /base/v1/jobs'] = { status, body: { message: 'Forbidden' } };
      await assert.rejects(deployed().get('/jobs'), {
        code: 'NOT_AUTHORIZED',
        message: new RegExp(`execute-api:Invoke.*status=${status} answer=.*Forbidden`),
      });
    }
  });

  it('takes no answer of the API itself for one of the cluster', async () => {
    answers['GET /base/v1/jobs'] = { status: 503, body: { message: 'Service Unavailable' } };
    await assert.rejects(deployed().get('/jobs'), {
      code: 'REQUEST_REFUSED',
      message: '503 Service Unavailable',
    });
  });

  it('uploads a program that is too large for a request to where it is told', async () => {
    const code = 'x'.repeat(5_000_000);
    const upload = { url: `http://${host}/bucket/key?X=1`, headers: { 'content-type': 'a/b' } };
    answers['POST /base/v1/jars/upload'] = { body: { filename: 'id_job.mjs', upload } };
    answers['PUT /bucket/key?X=1'] = { body: '' };
    assert.equal(await deployed().upload('job.mjs', code), 'id_job.mjs');
    const put = asked.find(({ line }) => line.startsWith('PUT'));
    assert.deepEqual([put?.size, put?.headers['content-type']], [code.length, 'a/b']);
    // It has a signature in its address.
    assert.equal(put?.headers['x-signature'], undefined);
    // Escaped it is twice as large.
    assert.equal(await deployed().upload('job.mjs', '"'.repeat(3_900_000)), 'id_job.mjs');
    assert.equal(asked.at(-1)?.size, 3_900_000);
    answers['PUT /bucket/key?X=1'] = { status: 403, body: '' };
    await assert.rejects(deployed().upload('job.mjs', code), { code: 'UPLOAD_FAILED' });
  });

  it('does not see the files of this machine', () => {
    const world = { cwd: '/here' } as Parameters<typeof locationFor>[1];
    assert.equal(locationFor('s3://b/k', world, deployed()), 's3://b/k');
    assert.throws(() => locationFor('savepoints/1', world, deployed()), { code: 'BAD_ARGUMENTS' });
  });
});

describe('sluice -m', () => {
  it('brings the token of the environment', async () => {
    answers['GET /v1/jobs/overview'] = { body: { jobs: [] } };
    const stream = { write: () => true };
    const code = await main(['list', '-m', host], {
      ...{ cwd: '/here', environment: { SLUICE_TOKEN: 'mine' }, engineRoot: '/engine' },
      ...{ stdout: stream, stderr: stream },
    });
    assert.equal(code, 0);
    assert.equal(asked[0]?.headers.authorization, 'Bearer mine');
  });
});
