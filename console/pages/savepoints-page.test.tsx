import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { FakeRefusal, type ShownPage, showPage } from '../browser.fixture.ts';
import { ConsoleContext } from '../data/index.ts';
import { SAVEPOINTS_PAGE } from './savepoints-page.tsx';

const JOB_ID = 'a'.repeat(32);
const PATH = '/data/savepoints/savepoint-1';
const savepoint = {
  ...{ id: 4, status: 'COMPLETED', is_savepoint: true, trigger_timestamp: 1 },
  ...{ end_to_end_duration: 1500, state_size: 2000, external_path: PATH },
};
const PROGRAM = {
  ...{ id: 'p1.js', name: 'orders.js', uploaded: 1 },
  entry: [{ name: 'orders' }, { name: 'returns' }],
};
const CHECK = {
  restorable: false,
  operators: [
    {
      ...{ operatorId: 'o', uid: 'sum', name: 'Sum', fate: 'incompatible' },
      states: [{ name: 'total', kind: 'value', fate: 'incompatible', reason: 'it was a list' }],
    },
  ],
  problems: [{ code: 'STATE_INCOMPATIBLE', message: 'total was a list' }],
};

const RUN = 'POST /jars/p1.js/run';
const OF_SAVEPOINT = { savepointPath: PATH, claimMode: 'NO_CLAIM' };
const submitting = () => new Event('submit', { cancelable: true });

let page: ShownPage | undefined;
afterEach(() => page?.close());

async function shown(answers: Record<string, unknown> = {}): Promise<ShownPage> {
  const { Component } = SAVEPOINTS_PAGE;
  const all = {
    '/jobs/overview': { jobs: [{ jid: JOB_ID, name: 'orders', 'start-time': 1 }] },
    [`/jobs/${JOB_ID}/checkpoints`]: {
      latest: { completed: null, savepoint, failed: null },
      history: [savepoint, { ...savepoint, id: 5, is_savepoint: false }],
    },
    '/jars': { files: [PROGRAM] },
    'POST /jars/p1.js/savepoint-check': CHECK,
    'POST /jars/p1.js/run': { jobid: 'b'.repeat(32) },
    'POST /savepoint-disposal': { 'request-id': 'r' },
    '/savepoint-disposal/r': { status: { id: 'COMPLETED' }, operation: {} },
    ...answers,
  };
  page = await showPage(all, (services) => (
    <ConsoleContext.Provider value={services}>
      <Component parameters={{}} />
    </ConsoleContext.Provider>
  ));
  return page;
}

describe('the savepoints', () => {
  it('are those that jobs know of, each once', async () => {
    const { root, text } = await shown();
    assert.equal(root.querySelectorAll('tbody tr').length, 1);
    assert.match(text(), /orders.*\/data\/savepoints\/savepoint-1/);
  });

  it('are said to be none, and how one comes to be', async () => {
    const { text } = await shown({
      [`/jobs/${JOB_ID}/checkpoints`]: new FakeRefusal(404, 'no checkpointing'),
    });
    assert.match(text(), /No savepoints yet/);
    assert.doesNotMatch((await shown()).text(), /No savepoints yet/);
  });

  it('are checked against an uploaded program', async () => {
    const { click, text, browser } = await shown();
    await click(`Open ${PATH}`);
    await click('Check');
    assert.deepEqual(browser.bodies.get('POST /jars/p1.js/savepoint-check'), {
      ...{ savepointPath: PATH, allowNonRestoredState: false, claimMode: 'NO_CLAIM' },
    });
    assert.match(text(), /cannot start from the savepoint:STATE_INCOMPATIBLE total was a list/);
    assert.match(text(), /total \(value\): incompatible, it was a list/);
  });

  it('say why they could not be checked', async () => {
    const refusal = new FakeRefusal(400, 'there is no savepoint');
    const { click, text } = await shown({ 'POST /jars/p1.js/savepoint-check': refusal });
    await click(`Open ${PATH}`);
    await click('Check');
    assert.match(text(), /there is no savepoint/);
  });

  it('start a job', async () => {
    const { click, browser, root } = await shown();
    await click(`Open ${PATH}`);
    root.querySelector('form.run-form')?.dispatchEvent(submitting());
    await browser.pass(0);
    assert.equal(location.hash, `#/jobs/${'b'.repeat(32)}`);
    const { jobId, ...body } = browser.bodies.get(RUN) as { jobId: string };
    assert.match(jobId, /^[0-9a-f]{32}$/);
    assert.deepEqual(body, { ...OF_SAVEPOINT, allowNonRestoredState: false });
  });

  it('start a job with everything that a run can be told, and are checked with it', async () => {
    const { click, type, browser, root } = await shown();
    await click(`Open ${PATH}`);
    await type('Job of the bundle', 'returns');
    await type('Arguments', `--from 'last year'`);
    await type('Parallelism', '3');
    await type('Options', 'execution.checkpointing.interval: 10s');
    for (const box of root.querySelectorAll<HTMLElement>('.restore input')) {
      box.click();
      await browser.pass(0);
    }
    await browser.pass(0);
    const expected = {
      ...{ entryClass: 'returns', programArgsList: ['--from', 'last year'], parallelism: 3 },
      ...{ ...OF_SAVEPOINT, claimMode: 'CLAIM', allowNonRestoredState: true },
      flinkConfiguration: { 'execution.checkpointing.interval': '10s' },
    };
    await click('Check');
    assert.deepEqual(browser.bodies.get('POST /jars/p1.js/savepoint-check'), expected);
    root.querySelector('form.run-form')?.dispatchEvent(submitting());
    await browser.pass(0);
    const { jobId: _, ...body } = browser.bodies.get(RUN) as { jobId: string };
    assert.deepEqual(body, expected);
  });

  it('start the same job again when the answer was lost', async () => {
    const { click, browser, root, text } = await shown();
    await click(`Open ${PATH}`);
    browser.isConnected = false;
    root.querySelector('form.run-form')?.dispatchEvent(submitting());
    await browser.pass(0);
    assert.match(text(), /Trying again is safe/);
    const lost = browser.bodies.get(RUN);
    browser.isConnected = true;
    root.querySelector('form.run-form')?.dispatchEvent(submitting());
    await browser.pass(0);
    assert.deepEqual(browser.bodies.get(RUN), lost);
  });

  it('start nothing with a parallelism that is none', async () => {
    const { click, type, browser, root, text } = await shown();
    await click(`Open ${PATH}`);
    await type('Parallelism', 'many');
    root.querySelector('form.run-form')?.dispatchEvent(submitting());
    await browser.pass(0);
    assert.match(text(), /whole number from 1 on/);
    assert.ok(!browser.asked.includes(RUN));
  });

  it('are deleted after a question that says what is lost', async () => {
    const { click, text, browser } = await shown();
    await click(`Open ${PATH}`);
    await click('Delete…');
    assert.match(text(), /It cannot be brought back/);
    assert.ok(!browser.asked.includes('POST /savepoint-disposal'));
    await click('Delete for good');
    assert.deepEqual(browser.bodies.get('POST /savepoint-disposal'), { 'savepoint-path': PATH });
    assert.match(text(), /It is deleted/);
  });

  it('stay when they could not be deleted, and say why', async () => {
    const failed = {
      status: { id: 'COMPLETED' },
      operation: { 'failure-cause': { 'stack-trace': 'SAVEPOINT_CLAIMED: a job owns it\n at x' } },
    };
    const { click, text } = await shown({ '/savepoint-disposal/r': failed });
    await click(`Open ${PATH}`);
    await click('Delete…');
    await click('Delete for good');
    assert.match(text(), /SAVEPOINT_CLAIMED: a job owns it/);
  });
});
