import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ShownPage, showPage } from '../../browser.fixture.ts';
import { CONFIG } from '../../job.fixture.ts';
import { App } from '../../shell/app.tsx';

const MANAGER = {
  ...{ id: 'host:1-ab', path: 'host:1', slotsNumber: 4, freeSlots: 1 },
  timeSinceLastHeartbeat: Date.UTC(2026, 0, 2, 3, 4, 2),
  hardware: { cpuCores: 2, physicalMemory: 8e9, freeMemory: 4e9 },
};
const ROOT = '/taskmanagers/host%3A1-ab';

describe('pages of processes', () => {
  let page: ShownPage | undefined;
  afterEach(() => {
    page?.close();
    page = undefined;
  });

  async function show(answers: Record<string, unknown>, hash: string): Promise<ShownPage> {
    const all = { '/config': CONFIG, '/taskmanagers': { taskmanagers: [MANAGER] }, ...answers };
    page = await showPage(all, (services) => <App services={services} />, hash);
    return page;
  }

  it('list task managers with their slots', async () => {
    const { text, root } = await show({}, '#/task-managers');
    assert.match(text(), /3 of 4 in use/);
    assert.equal(root.querySelectorAll('.slot.is-used').length, 3);
    const link = root.querySelector('tbody a');
    assert.equal(link?.getAttribute('href'), '#/task-managers/host%3A1-ab');
  });

  it('say neither zero nor "not yet" of what nobody measures', async () => {
    const hardware = { cpuCores: -1, physicalMemory: -1, freeMemory: -1 };
    const silent = { ...MANAGER, hardware, path: 'lambda', allocatedSlots: [] };
    const answers = { '/taskmanagers': { taskmanagers: [silent] }, [ROOT]: silent };
    const { text, root, browser } = await show(answers, '#/task-managers');
    const cells = [...root.querySelectorAll('tbody td')].map(({ textContent }) => textContent);
    assert.deepEqual(cells.slice(-2), ['–', '–']);
    location.hash = '#/task-managers/host%3A1-ab';
    await browser.pass(0);
    const asked = browser.asked.find((request) => request.includes(`${ROOT}/metrics`)) ?? '';
    browser.answers[asked] = [];
    await browser.pass(30_000);
    assert.match(text(), /CPUs–Memory–/);
    assert.match(text(), /Nothing is measured of this process/);
    assert.doesNotMatch(text(), /not been measured yet|0 B/);
  });

  it('say that none runs', async () => {
    const { text } = await show({ '/taskmanagers': { taskmanagers: [] } }, '#/task-managers');
    assert.match(text(), /No task manager runs/);
  });

  it('show a log, filtered, and read it again', async () => {
    let log = 'info: begun\nwarn: slow';
    const { text, type, click, root } = await show(
      {
        [`${ROOT}/logs`]: { logs: [{ name: 'a.log', size: 20, mtime: 1000 }] },
        [`${ROOT}/logs/a.log`]: () => log,
      },
      '#/task-managers/host%3A1-ab/logs/a.log',
    );
    assert.match(root.querySelector('pre')?.textContent ?? '', /info: begun/);
    await type('Filter lines', 'WARN');
    assert.equal(root.querySelector('pre')?.textContent, 'warn: slow');
    log = 'warn: slower';
    await click('Read again');
    assert.match(text(), /warn: slower/);
    log = '';
    await click('Read again');
    assert.match(text(), /Nothing stands in it/);
    assert.equal(root.querySelector('pre'), null);
  });

  it('show the job manager’s settings, memory and threads', async () => {
    const { text, click, browser } = await show(
      {
        '/jobmanager/config': [{ key: 'rest.port', value: '8081' }],
        '/jobmanager/environment': {
          jvm: { version: 'Node.js v24', arch: 'x64', options: [] },
          classpath: [],
        },
        '/jobmanager/thread-dump': {
          threadInfos: [{ threadName: 'main', stringifiedThreadInfo: 'at run' }],
        },
      },
      '#/job-manager',
    );
    assert.match(text(), /Node\.js v24/);
    assert.match(text(), /rest\.port8081/);
    location.hash = '#/job-manager/threads';
    await browser.pass(0);
    assert.match(text(), /at run/);
    await click('Take again');
    const dumps = browser.asked.filter((request) => request.includes('thread-dump'));
    assert.equal(dumps.length, 2);
  });
});
