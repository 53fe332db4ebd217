/**
 * Goal: the console is served, and the cluster behind it as the same site, to nobody else. Method:
 * a server that stands for the cluster, and raw requests, those of attackers included.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { SignableRequest } from '../../runtime/adapters/aws/signing/index.ts';
import { PageFiles } from '../../runtime/adapters/index.ts';
import { MAX_BUNDLE_BYTES, StreamError } from '../../runtime/core/index.ts';
import { capturedCommand } from './captured-command.fixture.ts';
import type { ClientSettings } from './cluster-client.ts';
import { CONSOLE_OPTIONS } from './cluster-options.ts';
import { console as consoleCommand } from './console.ts';
import { ConsoleProxy } from './console-proxy.ts';
import { type ConsoleServer, serveConsole } from './console-server.ts';
import { parseOptions } from './parse-options.ts';

const directory = mkdtempSync(join(tmpdir(), 'sluice-console-'));
const web = join(directory, 'web');

interface Asked {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

let asked: Asked[] = [];
/** What the cluster answers; by default who it is. */
let answer: { status: number; body: string } = { status: 200, body: '{"flink-version":"1"}' };
let cluster: Server;
let clusterPort = 0;
let console: ConsoleServer | undefined;

before(async () => {
  mkdirSync(web);
  writeFileSync(join(web, 'index.html'), '<p>console</p>');
  writeFileSync(join(directory, 'secret.txt'), 'secret');
  cluster = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const line = `${message.method} ${message.url}`;
    asked.push({ line, headers: message.headers, body: Buffer.concat(chunks) });
    const further = { 'set-cookie': 'a=b', 'access-control-allow-origin': '*' };
    response.writeHead(answer.status, { 'content-type': 'application/json', ...further });
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve));
  clusterPort = (cluster.address() as AddressInfo).port;
});
after(() => {
  cluster.close();
  cluster.closeAllConnections();
  rmSync(directory, { recursive: true });
});
afterEach(async () => {
  await console?.close();
  console = undefined;
  asked = [];
  answer = { status: 200, body: '{"flink-version":"1"}' };
});

async function open(settings: Partial<ClientSettings> = {}, isDeployed = false): Promise<void> {
  const url = `http://127.0.0.1:${clusterPort}/base`;
  const address = { url, text: 'cluster', isDeployed };
  const whole = { address, signerOf: async () => undefined, timeoutMs: 1000, ...settings };
  console = await serveConsole(await PageFiles.open(web), new ConsoleProxy(whole), 0);
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: console?.port, method, path, headers, agent: false },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** As a browser sends a file. */
function formOf(name: string, content: Uint8Array): Uint8Array {
  const head = `--b\r\nContent-Disposition: form-data; name="jarfile"; filename="${name}"\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--b--\r\n')]);
}

function isOfUploads(name: string): boolean {
  return name.startsWith('sluice-upload-');
}

describe('the console’s server', () => {
  it('serves its pages, and hands everything else on, without what is the browser’s', async () => {
    await open();
    assert.equal((await ask('GET', '/')).text, '<p>console</p>');
    const given = { cookie: 'c=d', authorization: 'Basic x', accept: 'application/json' };
    const { status, headers, text } = await ask('GET', '/jobs/overview?a=b', given);
    assert.deepEqual([status, text], [200, '{"flink-version":"1"}']);
    assert.equal(asked[0]?.line, 'GET /base/jobs/overview?a=b');
    const got = asked[0]?.headers;
    assert.deepEqual(
      [got?.cookie, got?.authorization, got?.accept],
      [undefined, undefined, given.accept],
    );
    assert.deepEqual(
      [headers['set-cookie'], headers['access-control-allow-origin']],
      [undefined, undefined],
    );
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  });

  it('hands bodies on byte for byte', async () => {
    await open();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    await ask('POST', '/jars/upload', type, bytes);
    assert.ok(asked[0]?.body.equals(bytes));
    assert.equal(asked[0]?.headers['content-type'], type['content-type']);
  });

  it('refuses other hosts and sites, and paths that leave the cluster’s', async () => {
    await open();
    const host = `127.0.0.1:${console?.port}`;
    const attacks: readonly Readonly<Record<string, string>>[] = [
      { host: 'evil.example' },
      { host: 'evil.example', origin: 'http://evil.example' },
      { host, origin: 'http://evil.example' },
      { host, 'sec-fetch-site': 'cross-site' },
      { host, origin: 'http://localhost:1' },
    ];
    for (const headers of attacks) {
      const { status } = await ask('PATCH', '/jobs/a?mode=cancel', headers);
      assert.equal(status, 403, JSON.stringify(headers));
    }
    for (const path of ['/../secret.txt', '/%2e%2e/x', '/a/../../x']) {
      assert.equal((await ask('GET', path)).status, 400, path);
    }
    assert.equal((await ask('GET', '/%zz')).status, 400);
    assert.deepEqual(asked, []);
  });

  it('signs for a deployed cluster what it sends, and keeps the signature to itself', async () => {
    const signed: SignableRequest[] = [];
    const sign = async (one: SignableRequest) => {
      signed.push(one);
      return { ...one.headers, authorization: 'AWS4 mine' };
    };
    await open({ signerOf: async () => ({ sign }) }, true);
    const bytes = Buffer.from([0, 255, 128]);
    const { headers } = await ask('POST', '/jars/upload', { 'content-type': 'a/b' }, bytes);
    assert.ok(bytes.equals(Buffer.from(signed[0]?.body as Uint8Array)));
    assert.equal(signed[0]?.url.pathname, '/base/jars/upload');
    assert.equal(asked[0]?.headers.authorization, 'AWS4 mine');
    assert.equal(asked[0]?.headers['content-length'], '3');
    assert.equal(headers.authorization, undefined);
    const large = await ask('POST', '/jobs', {}, Buffer.alloc(7 * 1024 * 1024));
    assert.deepEqual([large.status, signed.length], [413, 1]);
  });

  it('puts a program that is too large for a request where the cluster says', async () => {
    const signed: string[] = [];
    const sign = async ({ body, headers }: SignableRequest) => {
      signed.push(String(body));
      return { ...headers, authorization: 'AWS4 mine' };
    };
    await open({ signerOf: async () => ({ sign }) }, true);
    const url = `http://127.0.0.1:${clusterPort}/bucket/key?X=1`;
    const upload = { url, headers: { 'content-type': 'application/x' } };
    answer = { status: 200, body: JSON.stringify({ filename: 'id_job.mjs', upload }) };
    const before = readdirSync(tmpdir()).filter(isOfUploads);
    const program = Buffer.alloc(5_000_000, 'x');
    const form = { 'content-type': 'multipart/form-data; boundary=b' };
    const sent = await ask('POST', '/jars/upload', form, formOf('job.mjs', program));
    assert.deepEqual(JSON.parse(sent.text), { filename: 'id_job.mjs', status: 'success' });
    assert.deepEqual(signed, ['{"fileName":"job.mjs"}']);
    const [prepared, put] = asked;
    assert.equal(prepared?.line, 'POST /base/jars/upload');
    assert.equal(put?.line, 'PUT /bucket/key?X=1');
    assert.ok(put.body.equals(program));
    const { 'content-length': length, 'content-type': type, authorization } = put.headers;
    assert.deepEqual([length, type, authorization], ['5000000', 'application/x', undefined]);
    assert.deepEqual(readdirSync(tmpdir()).filter(isOfUploads), before);
  });

  it('refuses programs as a cluster does, before it asks where to put them', async () => {
    const signerOf = async () => ({ sign: async ({ headers }: SignableRequest) => headers });
    await open({ signerOf }, true);
    const form = { 'content-type': 'multipart/form-data; boundary=b' };
    const refused = async (name: string, sizeBytes: number): Promise<Answered> =>
      await ask('POST', '/v1/jars/upload', form, formOf(name, Buffer.alloc(sizeBytes, 'x')));
    assert.deepEqual((await refused('job.txt', 3_000_000)).status, 400);
    assert.match((await refused('job.zip', 3_000_000)).text, /archive/i);
    assert.deepEqual((await refused('job.mjs', MAX_BUNDLE_BYTES + 1)).status, 413);
    const text = { 'content-type': 'text/plain' };
    const other = await ask('POST', '/jars/upload', text, Buffer.alloc(3_000_000));
    assert.equal(other.status, 415);
    assert.deepEqual(asked, []);
    answer = { status: 400, body: '{"errors":["no room"]}' };
    const prepared = await refused('job.mjs', 3_000_000);
    assert.deepEqual([prepared.status, JSON.parse(prepared.text).errors[0]], [400, 'no room']);
    answer = { status: 403, body: 'expired' };
    assert.match((await refused('job.mjs', 3_000_000)).text, /does not let you in/);
    const upload = { url: 'http://127.0.0.1:1/', headers: {} };
    answer = { status: 200, body: JSON.stringify({ filename: 'f', upload }) };
    const failed = await refused('job.mjs', 3_000_000);
    assert.equal(failed.status, 502);
    assert.match(failed.text, /UPLOAD_FAILED/);
  });

  it('says so when the cluster is away, and heals when it is back', async () => {
    const address = { url: 'http://127.0.0.1:1', text: 'gone:1', isDeployed: false };
    await open({ address });
    const { status, text } = await ask('GET', '/overview');
    assert.equal(status, 502);
    const { errors } = JSON.parse(text);
    assert.match(errors[0], /no cluster answers: .*address=gone:1/);
    assert.equal(errors[1], 'code: CLUSTER_UNREACHABLE');
  });

  it('says so when credentials have expired, and takes new ones', async () => {
    let made = 0;
    const signerOf: ClientSettings['signerOf'] = async () => {
      made += 1;
      if (made === 1) return { sign: async ({ headers }) => headers };
      if (made > 2) return undefined;
      const message = 'the profile gives no AWS credentials';
      throw new StreamError({ kind: 'invalid', code: 'NO_CREDENTIALS', message });
    };
    await open({ signerOf }, true);
    answer = { status: 403, body: '{"message":"The security token included is expired"}' };
    const refused = await ask('GET', '/overview');
    assert.equal(refused.status, 403);
    assert.match(refused.text, /does not let you in.*token included is expired/);
    assert.match((await ask('GET', '/overview')).text, /no AWS credentials/);
    answer = { status: 200, body: '{}' };
    assert.equal((await ask('GET', '/overview')).status, 200);
    assert.equal(made, 3);
  });
});

describe('sluice console', () => {
  async function served(...args: string[]): Promise<{ out: string; err: string; code: number }> {
    let [out, err] = ['', ''];
    const signals = new EventEmitter();
    const ended = consoleCommand(
      parseOptions(CONSOLE_OPTIONS, [...args, '--port', '0', '--web-dir', 'web']),
      {
        signals,
        monotonicMs: () => 0,
        exit: () => {},
        world: {
          cwd: directory,
          environment: {},
          stdout: { write: (text) => (out += text) },
          stderr: { write: (text) => (err += text) },
          engineRoot: '/engine',
        },
      },
    );
    // Interrupted as soon as it listens.
    const asking = setInterval(() => signals.emit('SIGINT'), 5);
    const code = await ended.finally(() => clearInterval(asking));
    return { out, err, code };
  }

  it('tells where it is, by the address or by the stack’s name', async () => {
    const address = `127.0.0.1:${clusterPort}`;
    const { out, err, code } = await served('--cluster', address);
    assert.deepEqual([code, err], [0, '']);
    assert.match(
      out,
      /^Console of the cluster at 127\.0\.0\.1:\d+ is on http:\/\/127\.0\.0\.1:\d+\/\n$/,
    );
    const outputs = { Jobs: { ApiUrl: `http://${address}/` }, Other: { BucketName: 'b' } };
    writeFileSync(join(directory, 'cluster.json'), JSON.stringify(outputs));
    const named = await served('--cluster', 'Jobs', '--json');
    assert.equal(JSON.parse(named.out).cluster, address);
    await assert.rejects(
      served('--cluster', 'Other'),
      /no output ApiUrl of a stack Other; it has those of Jobs/,
    );
    await assert.rejects(served('--cluster', 'x', '-m', 'y:1'), /-m and --cluster say the same/);
  });

  it('takes outputs from where they were written, and says what to do where none are', async () => {
    const address = `127.0.0.1:${clusterPort}`;
    const file = join('deep', 'outputs.json');
    mkdirSync(join(directory, 'deep'));
    const write = (outputs: unknown): void => {
      writeFileSync(join(directory, file), JSON.stringify(outputs));
    };
    write({ Jobs: { ApiUrl: `http://${address}/` }, Other: { BucketName: 'b' } });
    for (const args of [['--cluster', 'Jobs'], []]) {
      const { out } = await served(...args, '--outputs-file', file, '--json');
      assert.equal(JSON.parse(out).cluster, address);
    }
    write({ Jobs: { ApiUrl: 'http://a:1' }, More: { ApiUrl: 'http://b:1' } });
    await assert.rejects(
      served('--outputs-file', file),
      /not the output ApiUrl of one stack; it has those of Jobs, More\. Say which: --cluster/,
    );
    write({});
    const advice = /Deploy with --outputs-file cluster\.json.*describe-stacks --stack-name Mine /;
    await assert.rejects(served('--outputs-file', file, '--cluster', 'Mine'), advice);
    await assert.rejects(served('--outputs-file', 'none', '--cluster', 'Mine'), advice);
    await assert.rejects(served('--outputs-file', file, '-m', 'y:1'), /-m and --outputs-file say/);
    await assert.rejects(served('--outputs-file', file, '--cluster', 'a:1'), /is an address/);
    write([]);
    await assert.rejects(served('--outputs-file', file), /none of any\. Deploy with/);
    writeFileSync(join(directory, file), '{');
    await assert.rejects(served('--outputs-file', file), /outputs\.json is no JSON object/);
  });

  it('warns when no cluster answers, and goes on', async () => {
    const { out, err, code } = await served('-m', 'localhost:1');
    assert.equal(code, 0);
    assert.match(out, /^Console of the cluster at localhost:1/);
    assert.match(err, /^warning: no cluster answers/);
  });

  it('says what to do where the console is not there', async () => {
    const { code, err } = await capturedCommand(['console', '--web-dir', 'none'], directory);
    assert.equal(code, 1);
    assert.match(err, /npm run build.*--web-dir.*none\n {2}code: CONSOLE_NOT_BUILT/);
  });
});
