import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { FakeRefusal, type ShownPage, showPage } from '../browser.fixture.ts';
import { App } from './app.tsx';

const JOB_ID = 'a'.repeat(32);
const CONFIG = {
  'refresh-interval': 3000,
  'flink-version': '1.2.3',
  features: { 'web-submit': true, 'web-cancel': true },
};
const OVERVIEW = {
  ...{ taskmanagers: 1, 'slots-total': 4, 'slots-available': 1 },
  ...{ 'jobs-running': 1, 'jobs-finished': 1, 'jobs-cancelled': 0, 'jobs-failed': 0 },
};

function job(jid: string, name: string, state: string, start: number) {
  const times = { 'start-time': start, 'end-time': state === 'RUNNING' ? -1 : start + 5000 };
  return { jid, name, state, ...times, duration: 5000, tasks: { total: 2, running: 2 } };
}

const JOBS = {
  jobs: [job('b'.repeat(32), 'flights', 'FINISHED', 2000), job(JOB_ID, 'clicks', 'RUNNING', 1000)],
};

describe('App', () => {
  let page: ShownPage | undefined;
  afterEach(() => {
    page?.close();
    page = undefined;
  });

  async function show(answers: Record<string, unknown>, hash = ''): Promise<ShownPage> {
    const all = { '/config': CONFIG, '/overview': OVERVIEW, '/jobs/overview': JOBS, ...answers };
    page = await showPage(all, (services) => <App services={services} />, hash);
    return page;
  }

  it('shows jobs, those that run first', async () => {
    const { root } = await show({});
    const names = [...root.querySelectorAll('tbody th')].map((cell) => cell.textContent);
    assert.deepEqual(names, ['clicks', 'flights']);
    assert.equal(root.querySelector('tbody a')?.getAttribute('href'), `#/jobs/${JOB_ID}`);
    assert.match(root.querySelector('.counts')?.textContent ?? '', /Slots in use3 of 4/);
  });

  it('filters jobs by name, and keeps the filter in the address', async () => {
    const { root, type } = await show({});
    await type('Filter by name or id', 'FLI');
    assert.equal(root.querySelectorAll('tbody tr').length, 1);
    assert.equal(location.hash, '#/jobs?filter=FLI');
    await type('Filter by name or id', 'nothing');
    assert.match(root.textContent ?? '', /No job is like that/);
  });

  it('tells how to submit when there is no job', async () => {
    const { text } = await show({ '/jobs/overview': { jobs: [] } });
    assert.match(text(), /npx sluice run -d -m localhost:8081 job\.ts/);
    assert.match(text(), /submit a bundle/);
  });

  it('says that a job is not there', async () => {
    const missing = { [`/jobs/${JOB_ID}`]: new FakeRefusal(404, `Job ${JOB_ID} not found`) };
    const { text } = await show(missing, `#/jobs/${JOB_ID}`);
    assert.match(text(), /The job cannot be shown: Job a+ not found/);
  });

  it('says that the connection is lost, when it is tried again, and that it is back', async () => {
    const { browser, text, click } = await show({});
    browser.isConnected = false;
    await browser.pass(3000);
    assert.match(text(), /Connection lost\. The cluster cannot be reached\./);
    assert.match(text(), /Trying again in 1 s\./);
    await browser.pass(2000);
    assert.match(text(), /clicks/);
    browser.isConnected = true;
    await click('Try now');
    assert.match(text(), /The connection is back\./);
    await browser.pass(4000);
    assert.doesNotMatch(text(), /Connection lost|is back/);
  });

  it('goes to pages by keys, but not while someone types', async () => {
    const { root, browser } = await show({}, '#/nowhere');
    assert.match(root.textContent ?? '', /There is no such page/);
    const press = (target: EventTarget, key: string): void => {
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    };
    const input = document.createElement('input');
    root.append(input);
    for (const key of ['g', 'j']) press(input, key);
    assert.equal(location.hash, '#/nowhere');
    for (const key of ['g', 'j']) press(root, key);
    await browser.pass(0);
    assert.equal(location.hash, '#/jobs');
  });

  it('has a landmark, a heading and a way past the navigation', async () => {
    const { root, click } = await show({});
    assert.equal(root.querySelectorAll('main').length, 1);
    assert.equal(root.querySelectorAll('h1').length, 1);
    await click('Skip to the content');
    assert.equal(document.activeElement?.id, 'main');
    const current = root.querySelector('nav [aria-current=page]');
    assert.equal(current?.textContent, 'Jobs');
  });

  it('changes the theme, and remembers it', async () => {
    const { click } = await show({});
    await click('Show it dark');
    assert.equal(document.documentElement.dataset.theme, 'dark');
    assert.equal(localStorage.getItem('sluice.theme'), 'dark');
    await click('Show it light');
    assert.equal(localStorage.getItem('sluice.theme'), 'light');
  });

  it('offers the other theme when the system changes to one', async () => {
    const { browser, click } = await show({});
    document.documentElement.dataset.theme = 'dark';
    await browser.pass(0);
    await click('Show it light');
    assert.equal(document.documentElement.dataset.theme, 'light');
  });
});
