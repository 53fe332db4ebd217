import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Configuration } from '../../core/index.ts';
import { MemoryRowStore } from '../../testing/index.ts';
import { CONSOLE_HEADERS } from '../http/index.ts';
import { type HttpServer, serveCluster } from './cluster-http-server.ts';
import { ClusterOperations } from './cluster-operations.ts';
import { type DispatcherApiParts, dispatcherApi } from './dispatcher-api.ts';
import { PageFiles } from './page-files.ts';
import { restSettings } from './rest-settings.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const clock = { nowEpochMs: () => 0, monotonicMs: () => 0 };
const api = dispatcherApi({
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

describe('PageFiles', () => {
  let server: HttpServer;
  let folder = '';
  before(async () => {
    folder = await temporaryDirectory();
    await mkdir(join(folder, 'console', 'assets'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'secret');
    await writeFile(join(folder, 'console', 'index.html'), '<!doctype html>');
    await writeFile(join(folder, 'console', 'assets', 'main-ABC.js'), 'start();');
    await symlink(join(folder, 'secret.txt'), join(folder, 'console', 'linked.txt'));
    const policy = { headers: CONSOLE_HEADERS, hashedBelow: '/assets/' } as const;
    server = await serveCluster(api, 0, {
      settings: restSettings(Configuration.EMPTY, 'host'),
      uploadPath: () => '/nowhere',
      pages: [{ prefix: '', files: await PageFiles.open(join(folder, 'console'), policy) }],
    });
  });
  after(() => server.close());

  function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
    type Answer = { status: number | undefined; text: string; headers: Record<string, unknown> };
    return new Promise<Answer>((resolve, reject) => {
      const { port } = server;
      const sent = request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        const answer = { status: response.statusCode, headers: response.headers };
        response.on('end', () => resolve({ ...answer, text }));
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  it('serves the page, under a policy that lets nothing else in', async () => {
    const { status, text, headers } = await ask('/');
    assert.deepEqual([status, text], [200, '<!doctype html>']);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-cache');
  });

  it('lets browsers keep assets for good, and asks for the page anew', async () => {
    const asset = await ask('/assets/main-ABC.js');
    assert.equal(asset.headers['content-type'], 'text/javascript; charset=UTF-8');
    assert.match(String(asset.headers['cache-control']), /immutable/);
    const { etag } = (await ask('/?x=1')).headers;
    const again = await ask('/', { 'if-none-match': `"other", W/${String(etag)}` });
    assert.deepEqual([again.status, again.text], [304, '']);
    assert.equal((await ask('/', {}, 'HEAD')).text, '');
  });

  it('serves nothing that was not found when it was loaded', async () => {
    await writeFile(join(folder, 'console', 'late.txt'), 'late');
    const paths = ['/late.txt', '/linked.txt', '/../secret.txt', '/%2e%2e/secret.txt'];
    for (const path of [...paths, '/assets/../../secret.txt', '/assets', '//index.html']) {
      const { status, text } = await ask(path);
      assert.equal(status, 404, path);
      assert.doesNotMatch(text, /secret(?!\.txt)|late(?!\.txt)/, path);
    }
    assert.equal((await ask('/', {}, 'POST')).status, 404);
  });

  it('answers loopback names only, but whatever page a link to it stands on', async () => {
    assert.equal((await ask('/', { host: 'rebound.example' })).status, 403);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    assert.equal((await ask('/', link)).status, 200);
    assert.equal((await ask('/', { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await ask('/jobs', { 'sec-fetch-site': 'cross-site' })).status, 403);
  });

  it('refuses a directory without an index', async () => {
    await assert.rejects(PageFiles.open(join(folder, 'nowhere')), { code: 'NO_WEB_PAGES' });
  });
});
