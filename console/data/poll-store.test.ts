import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeBrowser, FakeRefusal } from '../browser.fixture.ts';
import { PollStore } from './poll-store.ts';
import { RestClient } from './rest-client.ts';

function storeOf(answers: Record<string, unknown>) {
  const browser = new FakeBrowser(answers);
  const store = new PollStore(browser, new RestClient(browser));
  return { browser, store };
}

const INTERVAL_MS = 3000;

describe('PollStore', () => {
  it('asks once for all who watch a path, at the shortest interval', async () => {
    const { browser, store } = storeOf({ '/jobs': { jobs: [] } });
    let calls = 0;
    store.watch('/jobs', INTERVAL_MS, () => calls++);
    store.watch('/jobs', 1000, () => calls++);
    await browser.pass(2500);
    assert.equal(browser.asked.length, 3);
    assert.equal(calls, 6);
    assert.deepEqual(store.peek('/jobs').value, { jobs: [] });
  });

  it('asks no more when nobody watches, and keeps the last answer', async () => {
    const { browser, store } = storeOf({ '/jobs': { jobs: [] } });
    const stop = store.watch('/jobs', INTERVAL_MS, () => {});
    await browser.pass(0);
    stop();
    await browser.pass(60_000);
    assert.equal(browser.asked.length, 1);
    assert.deepEqual(store.peek('/jobs').value, { jobs: [] });
  });

  it('forgets what has not been watched for long', async () => {
    const paths = Array.from({ length: 302 }, (_, index) => `/p/${index}`);
    const { browser, store } = storeOf(Object.fromEntries(paths.map((path) => [path, { path }])));
    for (const path of paths) {
      const stop = store.watch(path, INTERVAL_MS, () => {});
      await browser.pass(0);
      stop();
    }
    assert.equal(store.peek('/p/0').value, undefined);
    assert.deepEqual(store.peek('/p/301').value, { path: '/p/301' });
  });

  it('shows a refusal in the place of the answer, and goes on asking', async () => {
    const answers: Record<string, unknown> = { '/jobs/x': new FakeRefusal(404, 'Job x not found') };
    const { browser, store } = storeOf(answers);
    store.watch('/jobs/x', INTERVAL_MS, () => {});
    await browser.pass(0);
    const { error } = store.peek('/jobs/x');
    assert.deepEqual([error?.status, error?.message], [404, 'Job x not found']);
    assert.equal(store.connection.type, 'online');
    answers['/jobs/x'] = { name: 'x' };
    await browser.pass(INTERVAL_MS);
    assert.deepEqual(store.peek('/jobs/x').value, { name: 'x' });
  });

  it('tries less and less often without a connection, and keeps what is known', async () => {
    const { browser, store } = storeOf({ '/jobs': { jobs: [1] }, '/overview': {} });
    store.watch('/jobs', INTERVAL_MS, () => {});
    store.watch('/overview', INTERVAL_MS, () => {});
    await browser.pass(0);
    browser.isConnected = false;
    browser.asked.length = 0;
    await browser.pass(INTERVAL_MS + 999);
    assert.equal(store.connection.type, 'lost');
    assert.equal(browser.asked.length, 1);
    await browser.pass(1 + 2000 + 4000 + 8000);
    assert.equal(browser.asked.length, 1 + 2 * 4);
    await browser.pass(600_000);
    const hourly = browser.asked.length;
    await browser.pass(30_000);
    assert.equal(browser.asked.length - hourly, 2);
    assert.deepEqual(store.peek('/jobs').value, { jobs: [1] });
  });

  it('heals all paths with the first answer', async () => {
    const { browser, store } = storeOf({ '/jobs': { jobs: [] }, '/overview': {} });
    const states: string[] = [];
    store.onConnection(() => states.push(store.connection.type));
    store.watch('/jobs', INTERVAL_MS, () => {});
    store.watch('/overview', INTERVAL_MS, () => {});
    browser.isConnected = false;
    await browser.pass(20_000);
    browser.isConnected = true;
    store.retryNow();
    await browser.pass(0);
    assert.equal(store.connection.type, 'online');
    assert.equal(states.at(-1), 'online');
    browser.asked.length = 0;
    await browser.pass(INTERVAL_MS);
    assert.deepEqual(browser.asked.toSorted(), ['GET /jobs', 'GET /overview']);
  });

  it('asks nothing while the page is hidden, and at once when it is seen again', async () => {
    const { browser, store } = storeOf({ '/jobs': { jobs: [] } });
    store.watch('/jobs', INTERVAL_MS, () => {});
    await browser.pass(0);
    browser.setVisible(false);
    await browser.pass(600_000);
    assert.equal(browser.asked.length, 1);
    browser.setVisible(true);
    await browser.pass(0);
    assert.equal(browser.asked.length, 2);
  });

  it('takes an answer that does not come for a lost connection', async () => {
    const { browser, store } = storeOf({});
    const never = (_url: string, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      });
    Object.defineProperty(browser, 'fetch', { value: never });
    store.watch('/jobs', INTERVAL_MS, () => {});
    await browser.pass(15_000);
    const { connection } = store;
    assert.equal(connection.type === 'lost' && connection.reason, 'No answer within 15 s.');
  });
});
