import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REST_ROUTES } from './answer-request.ts';
import { HttpRefusal } from './http-records.ts';
import { checkRequest } from './request-guard.ts';

const HOST = '192.0.2.2:8081';
const TOKEN = 'an-example-of-a-token';
const guard = {
  hostNames: ['localhost'],
  takesAddresses: true,
  allowedOrigins: ['https://friend.example'],
  token: TOKEN,
};
/** What Chromium remembers once a person has logged in. */
const authorization = `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}`;
const CHROMIUM = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
  'accept-language': 'en-US,en;q=0.9',
};
const NAVIGATION = {
  ...CHROMIUM,
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'upgrade-insecure-requests': '1',
};
const XHR = { ...CHROMIUM, accept: 'application/json, text/plain, */*' };
const ACTING = ['/jobs/f00/yarn-cancel', '/jobs/f00/yarn-stop', '/jars/a.mjs/plan'];

function statusOf(path: string, headers: Readonly<Record<string, string>>, isPage = false): number {
  try {
    const all = { host: HOST, authorization, ...headers };
    checkRequest(guard, { headers: all, isPage, path });
    return 200;
  } catch (thrown) {
    if (thrown instanceof HttpRefusal) return thrown.status;
    throw thrown;
  }
}

describe('a GET that acts', () => {
  it('is refused to a browser that does not say where it is from', () => {
    for (const path of [...ACTING, '/v1/jobs/f00/yarn-cancel', '/flink/jobs/f00/yarn-cancel/']) {
      for (const headers of [NAVIGATION, XHR, CHROMIUM, { accept: 'text/html' }]) {
        assert.equal(statusOf(path, headers), 403, path);
      }
      for (const [name, value] of Object.entries(NAVIGATION)) {
        // Node's `fetch` has a language, too.
        if (name === 'accept-language') continue;
        assert.equal(statusOf(path, { [name]: value }), 403, name);
      }
    }
  });

  it('is refused to a page of another site', () => {
    for (const path of ACTING) {
      for (const referer of [
        ...['http://evil.test:9399/', 'http://192.0.2.2:8082/', 'http://192.0.2.2/', 'nonsense'],
        ...[`http://${HOST}.evil.test/`, `http://${HOST}@evil.test/`, `data:,http://${HOST}/`],
      ]) {
        assert.equal(statusOf(path, { ...NAVIGATION, referer }), 403, referer);
        assert.equal(statusOf(path, { referer }), 403, referer);
      }
    }
  });

  it('is answered to a page of this server, to a person, and to what is no browser', () => {
    for (const path of ACTING) {
      assert.equal(statusOf(path, { ...XHR, referer: `http://${HOST}/flink/` }), 200);
      assert.equal(statusOf(path, { ...XHR, referer: `https://${HOST}/` }), 200);
      assert.equal(statusOf(path, { ...XHR, referer: 'https://friend.example/x' }), 200);
      assert.equal(statusOf(path, { ...XHR, 'sec-fetch-site': 'same-origin' }), 200);
      assert.equal(statusOf(path, { ...NAVIGATION, 'sec-fetch-site': 'none' }), 200);
      assert.equal(statusOf(path, { ...XHR, origin: `http://${HOST}` }), 200);
      assert.equal(statusOf(path, { 'user-agent': 'curl/8.5.0', accept: '*/*' }), 200);
      const node = { accept: '*/*', 'accept-language': '*', 'sec-fetch-mode': 'cors' };
      assert.equal(statusOf(path, { ...node, 'user-agent': 'node' }), 200);
      assert.equal(statusOf(path, {}), 200);
    }
  });

  it('is one of those, and each of those is still there', () => {
    const gets = REST_ROUTES.filter((route) => route.startsWith('GET ')).map((one) => one.slice(4));
    const isGuarded = (path: string): boolean => statusOf(path, NAVIGATION) === 403;
    assert.deepEqual(gets.filter(isGuarded), ['/jobs/:jobid/yarn-cancel', '/jars/:jarid/plan']);
  });
});

describe('what a browser sends for another site', () => {
  it('is refused by its referrer, too, unless it is a link to a page', () => {
    const linked = { ...NAVIGATION, referer: 'http://evil.test/' };
    assert.equal(statusOf('/jobs', linked), 403);
    assert.equal(statusOf('/', linked, true), 200);
    assert.equal(statusOf('/jobs', NAVIGATION), 200);
  });
});
