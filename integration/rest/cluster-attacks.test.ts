/**
 * Goal: what docs/security.md says of a cluster holds when somebody tries. Method: `sluice cluster`
 * as a process with a job that runs; every attack goes to every route that there is. After each the
 * job still runs.
 */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { REST_ROUTES } from '../../runtime/adapters/index.ts';
import { assertHeaders, assertRefused, isHarmless } from './attack-checks.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

const SECRET = 'hunter2-and-a-half';
const EVIL = 'http://evil.example';
const JOB = `import { setTimeout } from 'node:timers/promises';
const { generatorSource, WatermarkStrategy } = globalThis[Symbol.for('sluice.api')];
export default (env) => {
  const events = generatorSource({ generate: (n) => ({ k: n % 3, n }), ratePerSecond: 100 });
  env.fromSource(events, WatermarkStrategy.noWatermarks(), 'events').filter(() => false).print();
};
`;
const FAILING = `export default (env) => {
  const fail = () => { throw new Error('cannot reach postgres://me:${SECRET}@db/x'); };
  env.fromData(1).map(fail).print();
};
`;
/** Ends the cluster. */
const DEADLY = 'DELETE /cluster';
const JSON_TYPE = { 'content-type': 'application/json' };

let cluster: SpawnedCluster;
let pages = '';
let jobId = '';
let vertexId = '';

before(async () => {
  pages = mkdtempSync(join(tmpdir(), 'sluice-pages-'));
  mkdirSync(join(pages, 'assets'));
  writeFileSync(join(pages, 'index.html'), '<title>pages</title>');
  writeFileSync(join(pages, 'assets', 'a.js'), '1');
  writeFileSync(join(pages, '.hidden'), SECRET);
  cluster = await SpawnedCluster.start({
    configuration: {
      'rest.server.max-content-length': 50_000,
      'sluice.rest.headers-timeout': '200 ms',
      'sluice.rest.request-timeout': '400 ms',
      'sluice.rest.max-connections': 64,
      'web.access-control-allow-origin': 'https://friend.example',
      'web.ui.dir': pages,
    },
  });
  const flinkConfiguration = { 'rest.authentication.token': `${SECRET}-token` };
  jobId = await cluster.run(JOB, { flinkConfiguration });
  await cluster.untilStatus(jobId, 'RUNNING');
  const { vertices } = (await cluster.json('GET', `/jobs/${jobId}`)) as {
    vertices: { id: string }[];
  };
  vertexId = vertices[0]?.id ?? '';
});
after(async () => {
  await cluster.close();
  rmSync(pages, { recursive: true });
});
afterEach(async () => {
  assert.equal((await cluster.json('GET', `/jobs/${jobId}/status`)).status, 'RUNNING');
});

/** A route with what stands for its place-holders. */
function parted(route: string, names: Readonly<Record<string, string>> = {}) {
  const [method = '', template = ''] = route.split(' ');
  const known: Readonly<Record<string, string>> = {
    ...{ jobid: jobId, vertexid: vertexId, subtaskindex: '0', attempt: '0', checkpointid: '1' },
    ...names,
  };
  const path = template.replaceAll(/:(\w+)/g, (_, name: string) => known[name] ?? 'f'.repeat(32));
  return { method, path };
}

function uploads(): readonly string[] {
  return readdirSync(join(cluster.directory, 'data', 'uploads'));
}

describe('a page of another site', () => {
  it('is answered by no route, whatever the browser says of it', async () => {
    for (const route of REST_ROUTES) {
      for (const headers of [
        { origin: EVIL },
        { origin: 'null' },
        { origin: `http://127.0.0.1:${cluster.port + 1}` },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
        { referer: `${EVIL}/page` },
        { host: 'rebound.example' },
        { host: `127.0.0.1.evil.example:${cluster.port}` },
        { host: `10.0.0.1:${cluster.port}` },
      ]) {
        assertRefused(await cluster.send({ ...parted(route), headers }), [403]);
      }
    }
  });

  it('cannot cancel by a link, when the browser does not say whose it is', async () => {
    for (const accept of ['text/html', '*/*', 'application/json']) {
      const headers = { accept, 'user-agent': 'Mozilla/5.0 (X11)', 'accept-language': 'en' };
      for (const prefix of ['', '/v1', '/flink', '/flink/v1']) {
        const path = `${prefix}/jobs/${jobId}/yarn%2Dcancel`;
        assertRefused(await cluster.send({ path, headers }), [403, 404]);
      }
    }
  });

  it('cannot send what a form sends', async () => {
    for (const route of REST_ROUTES.filter((one) => !one.startsWith('GET '))) {
      if (route === 'POST /jars/upload') continue;
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
        const headers = { 'content-type': type };
        const body = '{"mode":"cancel"}';
        assertRefused(await cluster.send({ ...parted(route), headers, body }), [415]);
      }
    }
  });

  it('reads nothing, unless it is on the list', async () => {
    const preflight = { 'access-control-request-method': 'POST' };
    for (const method of ['GET', 'OPTIONS']) {
      const headers = { origin: EVIL, ...preflight };
      const evil = await cluster.send({ method, path: '/jobs', headers });
      assert.equal(evil.status, 403);
      assert.equal(evil.headers['access-control-allow-origin'], undefined);
    }
    const origin = 'https://friend.example';
    for (const [method, status] of [
      ['OPTIONS', 204],
      ['GET', 200],
    ] as const) {
      const headers = { origin, 'sec-fetch-site': 'cross-site', ...preflight };
      const friend = await cluster.send({ method, path: '/jobs', headers });
      assert.equal(friend.status, status);
      assert.equal(friend.headers['access-control-allow-origin'], origin);
      assert.equal(friend.headers['access-control-allow-credentials'], undefined);
    }
    const { headers } = await cluster.send({ path: '/jobs' });
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  it('may link to a page', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const linked = await cluster.send({ path: '/flink/', headers });
    assert.deepEqual([linked.status, linked.text], [200, '<title>pages</title>']);
    assertHeaders(linked.headers);
    const framed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    assertRefused(await cluster.send({ path: '/assets/a.js', headers: framed }), [403]);
  });
});

describe('a body', () => {
  it('is neither large nor deep', async () => {
    for (const route of REST_ROUTES.filter((one) => one.startsWith('P'))) {
      const large = { ...parted(route), headers: JSON_TYPE, body: ' '.repeat(1024 * 1024 + 1) };
      // Who is refused may still be writing.
      const answer = await cluster.send(large).catch(() => undefined);
      if (answer !== undefined) assertRefused(answer, [413, 415]);
    }
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const body = `{"x":${'['.repeat(33)}${']'.repeat(33)}}`;
    for (const one of [deep, body]) {
      const path = `/jobs/${jobId}/savepoints`;
      const answer = await cluster.send({ method: 'POST', path, headers: JSON_TYPE, body: one });
      assertRefused(answer, [400]);
      assert.match(answer.text, /nested deeper than 32/);
    }
  });

  it('that is a form is one file, small enough, and leaves nothing else behind', async () => {
    const before = uploads();
    const part = (name: string, file: string | undefined, content: string): string => {
      const fileName = file === undefined ? '' : `; filename="${file}"`;
      return `--b\r\ncontent-disposition: form-data; name="${name}"${fileName}\r\n\r\n${content}\r\n`;
    };
    const file = part('jarfile', 'job.mjs', 'export default () => {}');
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const attacks: readonly (readonly [number, string])[] = [
      [400, `${file}${file}--b--\r\n`],
      [400, '--b--\r\n'],
      [400, `${part('x', undefined, '1').repeat(40)}${file}--b--\r\n`],
      [400, `${file}`],
      [400, 'nothing of the kind'],
      [400, ''],
      [400, `${part('jarfile', 'job.exe', 'x')}--b--\r\n`],
      [400, `${part('jarfile', `${'a'.repeat(300)}.mjs`, 'x')}--b--\r\n`],
      [400, `${part('jarfile', 'job.jar', 'PK')}--b--\r\n`],
      [413, `${part('jarfile', 'job.mjs', 'x'.repeat(50_001))}--b--\r\n`],
      [413, `${file}${part('x', undefined, 'y'.repeat(200_000))}--b--\r\n`],
    ];
    for (const [status, body] of attacks) {
      const upload = { method: 'POST', path: '/jars/upload', headers, body };
      const answer = await cluster.send(upload).catch(() => undefined);
      if (status === 400) assert.ok(answer !== undefined, body.slice(0, 100));
      if (answer !== undefined) assertRefused(answer, [status]);
    }
    const noBoundary = { 'content-type': 'multipart/form-data' };
    const path = '/jars/upload';
    const answer = await cluster.send({ method: 'POST', path, headers: noBoundary, body: file });
    assertRefused(answer, [400]);
    await until(() => uploads().length === before.length);
    assert.deepEqual(uploads(), before);
  });

  it('that is no program, or asks for a job that is not there, has a reason', async () => {
    const headers = { 'content-type': 'application/javascript' };
    const upload = async (body: string): Promise<string> => {
      const sent = { method: 'POST', path: '/jars/upload?name=job.mjs', headers, body };
      return String(JSON.parse((await cluster.send(sent)).text).filename);
    };
    const broken = await upload('const a = 1;\nthis is an error;');
    const whole = await upload('export default () => {}');
    for (const what of ['run', 'plan']) {
      for (const [path, body, said] of [
        [`/jars/${broken}/${what}`, {}, /cannot be loaded: .*identifier.*:2"/],
        [`/jars/${whole}/${what}?entryClass=foo`, {}, /entry point class 'foo' was not found/],
        [`/jars/${whole}/${what}`, { entryClass: 'foo' }, /class 'foo' was not found/],
        [`/jars/${whole}/${what}`, { paralelism: 2 }, /did you mean 'parallelism'/],
      ] as const) {
        const sent = { method: 'POST', path, headers: JSON_TYPE, body: JSON.stringify(body) };
        const answer = await cluster.send(sent);
        assertRefused(answer, [400]);
        assert.match(answer.text, said);
      }
    }
    for (const id of [broken, whole]) await cluster.send({ method: 'DELETE', path: `/jars/${id}` });
  });

  it('has a file whose name goes nowhere', async () => {
    for (const name of ['../../../evil.mjs', '/etc/evil.mjs', '..\\\\evil.mjs', '....mjs']) {
      const content = 'export default () => {}';
      const body = `--b\r\ncontent-disposition: form-data; name="f"; filename="${name}"\r\n\r\n${content}\r\n--b--\r\n`;
      const headers = { 'content-type': 'multipart/form-data; boundary=b' };
      const sent = { method: 'POST', path: '/jars/upload', headers, body };
      const { status, text } = await cluster.send(sent);
      assert.equal(status, 200, text);
      const { filename } = JSON.parse(text) as { filename: string };
      assert.match(filename, /^[0-9a-f-]{36}_(evil|job)\.mjs$/);
      assert.ok(uploads().includes(filename));
      assert.equal(
        (await cluster.send({ method: 'DELETE', path: `/jars/${filename}` })).status,
        200,
      );
    }
  });
});

describe('a path', () => {
  it('leads to no file that it should not, on any route', async () => {
    const hostile = [
      ...['..%2f..%2f..%2f..%2fetc%2fpasswd', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', '..%5c..%5cx'],
      ...['%00', 'a%00.log', '%ff', '%', '.', '..', '%2e', '__proto__', 'constructor', '-1', '1e9'],
      ...['x'.repeat(2000), '..;', '~root', 'C:%5cwindows', '%252e%252e%252f', "';--", '{}'],
    ];
    for (const route of REST_ROUTES.filter((one) => one.includes(':'))) {
      const names = [...route.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
      for (const name of names) {
        for (const value of hostile) {
          const asked = parted(route, { [name]: value });
          const { status, headers, text } = await cluster.send(asked);
          assert.ok(status < 500 || status === 501, `${route} ${value}: ${status} ${text}`);
          assert.doesNotMatch(text, /root:.*:0:0|\[boot loader\]/);
          assertHeaders(headers);
          if (status >= 400) assert.match(text, /^\{"errors":\[/);
        }
      }
    }
  });

  it('has no control characters, wherever it is given', async () => {
    for (const character of ['\0', 'a\0b', '\n', '\u007f', '\u001b[2J']) {
      const query = encodeURIComponent(character);
      for (const [method, path, body] of [
        ['POST', `/jobs/${jobId}/savepoints`, { 'target-directory': character }],
        ['POST', `/jobs/${jobId}/stop`, { targetDirectory: character }],
        ['POST', '/savepoint-disposal', { 'savepoint-path': character }],
        ...['run', 'plan', 'savepoint-check'].flatMap((what) => [
          ['POST', `/jars/x/${what}`, { savepointPath: character }] as const,
          ['POST', `/jars/x/${what}?savepointPath=${query}`, {}] as const,
        ]),
      ] as const) {
        const sent = { method, path, headers: JSON_TYPE, body: JSON.stringify(body) };
        const answer = await cluster.send(sent);
        assertRefused(answer, [400]);
      }
    }
  });

  it('finds the files of a page, and none beside them', async () => {
    assert.equal((await cluster.send({ path: '/assets/a.js' })).text, '1');
    assert.equal((await cluster.send({ path: '/flink/assets/a.js' })).text, '1');
    for (const path of [
      ...['/.hidden', '/assets/../.hidden', '/assets/..%2f.hidden', '/%2e%2e/%2e%2e/etc/passwd'],
      ...['/assets', '/assets/', '/index.html/', '//etc/passwd', '/assets/%2e%2e%5c.hidden'],
      ...['/flink/../../etc/passwd', '/flink/.hidden', '/assets/a.js%00', '/ASSETS/a.js'],
    ]) {
      const { status, text } = await cluster.send({ path });
      assert.equal(status, 404, `${path} ${text}`);
      assert.doesNotMatch(text, new RegExp(SECRET));
    }
  });
});

describe('a secret', () => {
  it('is in no answer, on no route, and in no line of the log', async () => {
    const failed = await cluster.run(FAILING);
    await until(async () => {
      return (await cluster.json('GET', `/jobs/${failed}/status`)).status === 'FAILED';
    });
    for (const route of REST_ROUTES.filter(isHarmless)) {
      for (const jobid of [jobId, failed]) {
        const { text } = await cluster.send(parted(route, { jobid }));
        assert.doesNotMatch(text, new RegExp(SECRET), route);
      }
    }
    const { text } = await cluster.send({ path: `/jobs/${failed}/exceptions` });
    assert.match(text, /postgres:\/\/\*{6}@db/);
    // The client's, which the job is given with the other options, is kept nowhere.
    const data = join(cluster.directory, 'data');
    for (const name of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      const { mode } = statSync(join(data, name));
      assert.equal(mode & 0o077, 0, `${name} ${mode.toString(8)}`);
      if (!/rows.*\.log$/.test(name)) continue;
      assert.doesNotMatch(readFileSync(join(data, name), 'utf8'), new RegExp(`${SECRET}-token`));
    }
    assert.doesNotMatch(cluster.output, new RegExp(`${SECRET}-token`));
  });
});

describe('who is slow', () => {
  const POST = `POST /jars/upload HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/javascript\r\n`;

  for (const [what, start] of [
    ['headers', 'GET /jobs HTTP/1.1\r\nhost: loc'],
    ['a body', `${POST}content-length: 1000\r\n\r\nx`],
    ['chunks', `${POST}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n`],
    ['nothing at all', ''],
  ] as const) {
    it(`loses the connection: who sends ${what}`, async () => {
      const before = uploads();
      const sockets = await Promise.all(Array.from({ length: 8 }, () => cluster.socket()));
      const closed = sockets.map(async (socket) => {
        socket.on('error', () => undefined);
        const drip = setInterval(() => {
          if (start !== '' && socket.writable) socket.write('x');
        }, 50);
        socket.write(start);
        let text = '';
        socket.on('data', (chunk) => {
          text += String(chunk);
        });
        await new Promise((resolve) => socket.once('close', resolve));
        clearInterval(drip);
        return text;
      });
      for (const text of await Promise.all(closed)) {
        if (text === '') continue;
        assert.match(text, /^HTTP\/1\.1 (408|400) .*x-content-type-options: nosniff.*"errors":\[/s);
      }
      await until(() => uploads().length === before.length);
    });
  }

  it('keeps nobody else out: there are so many connections, and they end', async () => {
    const closed = Array.from({ length: 80 }, async () => {
      const socket = await cluster.socket();
      socket.on('error', () => undefined);
      socket.resume();
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    });
    // The connections beyond the limit at once, the others at their time.
    await Promise.all(closed);
    assert.equal((await cluster.send({ path: '/jobs' })).status, 200);
  });

  it('keeps nobody out who asks for something, by uploads of which only headers come', async () => {
    const ended = Array.from({ length: 100 }, async () => {
      const socket = await cluster.socket();
      socket.on('error', () => undefined);
      socket.write(`${POST}content-length: 1000\r\n\r\n`);
      socket.resume();
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    });
    for (let times = 0; times < 20; times++) {
      assert.equal((await cluster.send({ path: '/overview' })).status, 200);
      const stop = { method: 'PATCH', path: `/jobs/${'f'.repeat(32)}`, body: '{}' };
      const headers = { 'content-type': 'application/json' };
      assert.equal((await cluster.send({ ...stop, headers })).status, 404);
    }
    await Promise.all(ended);
  });

  it('or speaks no HTTP is told so in our shape', async () => {
    for (const [line, status] of [
      ['GET /jobs HTTP/1.1\r\nconnection: close\r\n\r\n', 403],
      ['GET /jobs HTTP/1.0\r\n\r\n', 403],
      ['NONSENSE\r\n\r\n', 400],
      ['GET /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n', 400],
      [`GET /jobs HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
      ['GET /jobs HTTP/1.1\r\nhost: localhost\r\nexpect: the impossible\r\n\r\n', 417],
      [
        'POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n',
        400,
      ],
    ] as const) {
      const socket = await cluster.socket();
      socket.on('error', () => undefined);
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.write(line);
      await new Promise((resolve) => socket.once('close', resolve));
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} .*frame-ancestors.*"errors":`, 's'), line);
    }
  });
});

describe('random requests', () => {
  it('never break anything: each has its answer, and none is the server’s own fault', async () => {
    const safe = REST_ROUTES.filter((route) => route !== DEADLY);
    const segment = fc.oneof(
      fc.constantFrom('jobs', 'jars', 'upload', 'f'.repeat(32), 'overview', 'metrics', '0', ''),
      fc.string({ maxLength: 12, unit: 'binary' }).map(encodeURIComponent),
    );
    const path = fc.oneof(
      fc
        .tuple(fc.constantFrom(...safe), fc.array(segment, { maxLength: 6 }))
        .map(([route, values]) => {
          let index = 0;
          const [, template = ''] = route.split(' ');
          return template.replaceAll(/:\w+/g, () => values[index++] ?? 'f'.repeat(32));
        }),
      fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
    );
    const query = fc.array(
      fc.tuple(
        fc.constantFrom('get', 'agg', 'subtasks', 'mode', 'parallelism', 'maxExceptions', 'type'),
        fc.oneof(
          fc.string({ maxLength: 20 }),
          fc.constantFrom('1', '-1', '1e99', 'a,b', '0-9999999'),
        ),
      ),
      { maxLength: 3 },
    );
    const body = fc.oneof(
      fc.constant(''),
      fc.json({ maxDepth: 4 }),
      fc.string(),
      fc.constantFrom('{"parallelism":{}}', '{"__proto__":1}', '{"program":"x"}', 'null'),
    );
    const method = fc.constantFrom(
      'GET',
      'POST',
      'PATCH',
      'PUT',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'TRACE',
    );
    const type = fc.constantFrom('application/json', 'text/javascript', 'multipart/form-data', '');
    const anything = fc.record({ method, path, query, body, type });
    const run = fc.asyncProperty(anything, async (asked) => {
      if (`${asked.method} ${asked.path}` === DEADLY || asked.path.includes(jobId)) return;
      const { status, headers, text } = await cluster.send({
        method: asked.method,
        path: `${asked.path}?${new URLSearchParams(asked.query)}`,
        headers: { 'content-type': asked.type },
        ...(asked.body === '' ? {} : { body: asked.body }),
      });
      assert.ok(status < 500 || status === 501, `${status} ${text}`);
      if (asked.method !== 'HEAD' && status >= 400) assert.match(text, /^\{"errors":\[/);
      assertHeaders(headers);
    });
    await fc.assert(run, { numRuns: 400 });
    assert.ok(cluster.isAlive);
  });
});

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}
