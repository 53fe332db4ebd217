import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { FakeRefusal, type ShownPage, showPage } from '../../browser.fixture.ts';
import { CONFIG, JOB_ID } from '../../job.fixture.ts';
import { App } from '../../shell/app.tsx';
import {
  configurationOf,
  faultOf,
  NO_OPTIONS,
  planQuery,
  runBody,
  wordsOf,
} from './run-options.ts';

const PROGRAM = { id: 'x_job.mjs', name: 'job.mjs', uploaded: 1000, entry: [] };

describe('SubmitPage', () => {
  let page: ShownPage | undefined;
  afterEach(() => {
    page?.close();
    page = undefined;
  });

  async function show(answers: Record<string, unknown>, rest = ''): Promise<ShownPage> {
    const all = { '/config': CONFIG, '/jars': { files: [PROGRAM] }, ...answers };
    page = await showPage(all, (services) => <App services={services} />, `#/submit${rest}`);
    return page;
  }

  it('uploads a file and shows how it can be run', async () => {
    const { root, browser, text } = await show({
      'POST /jars/upload': { filename: `/data/${PROGRAM.id}`, status: 'success' },
    });
    const input = root.querySelector<HTMLInputElement>('input[type=file]');
    const file = new File(['x'], 'job.mjs');
    Object.defineProperty(input, 'files', { value: [file] });
    input?.dispatchEvent(new Event('change', { bubbles: true }));
    await browser.pass(0);
    assert.equal(browser.bodies.get('UPLOAD /jars/upload'), 'job.mjs');
    assert.equal(location.hash, `#/submit/${PROGRAM.id}`);
    assert.match(text(), /Run job\.mjs/);
  });

  it('says why an upload is refused', async () => {
    const { root, browser, text } = await show({
      'POST /jars/upload': new FakeRefusal(413, 'The file is too large.'),
    });
    const input = root.querySelector<HTMLInputElement>('input[type=file]');
    Object.defineProperty(input, 'files', { value: [new File(['x'], 'job.mjs')] });
    input?.dispatchEvent(new Event('change', { bubbles: true }));
    await browser.pass(0);
    assert.match(text(), /The upload failed: The file is too large\./);
  });

  it('shows the plan, and runs with the options', async () => {
    const nodes = [{ id: 'a', parallelism: 2, description: 'a &lt;b&gt;<br/>+- c<br/>' }];
    const { root, browser, type, click, text } = await show(
      {
        '/jars/x_job.mjs/plan?parallelism=2&programArg=--rate%2C5': {
          plan: { jid: JOB_ID, name: 'clicks', nodes },
        },
        'POST /jars/x_job.mjs/run': { jobid: JOB_ID },
      },
      `/${PROGRAM.id}`,
    );
    await type('Arguments', '--rate 5');
    await type('Parallelism', '2');
    await click('Show the plan');
    assert.match(text(), /Plan of clicks: 1 vertex/);
    assert.match(root.querySelector('.node')?.textContent ?? '', /a <b> -> c/);
    root.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await browser.pass(0);
    const { jobId, ...body } = browser.bodies.get('POST /jars/x_job.mjs/run') as {
      jobId: string;
    };
    assert.match(jobId, /^[0-9a-f]{32}$/);
    assert.deepEqual(body, { parallelism: 2, programArgsList: ['--rate', '5'] });
    assert.equal(location.hash, `#/jobs/${JOB_ID}`);
  });

  it('asks before it deletes', async () => {
    const { browser, click, text } = await show({ 'DELETE /jars/x_job.mjs': {} });
    await click('Delete job.mjs');
    assert.match(text(), /Jobs that run from it go on/);
    assert.ok(!browser.asked.includes('DELETE /jars/x_job.mjs'));
    await click('Delete the bundle');
    assert.ok(browser.asked.includes('DELETE /jars/x_job.mjs'));
  });
});

describe('run options', () => {
  it('reads arguments as a command line does', () => {
    assert.deepEqual(wordsOf(` --a 'b c' "d"e  --f="g h" `), ['--a', 'b c', 'de', '--f=g h']);
    assert.deepEqual(wordsOf(''), []);
  });

  it('reads lines of options, and says which is none', () => {
    const text = '# why\nexecution.checkpointing.interval: 10s\n\nparallelism.default=2';
    assert.deepEqual(configurationOf(text), {
      options: { 'execution.checkpointing.interval': '10s', 'parallelism.default': '2' },
    });
    const fault = faultOf({ ...NO_OPTIONS, configuration: 'a b c' });
    assert.match(fault ?? '', /a b c/);
    assert.match(faultOf({ ...NO_OPTIONS, parallelism: '0' }) ?? '', /whole number/);
  });

  it('sends only what was said', () => {
    assert.deepEqual(runBody(NO_OPTIONS, 'id'), { jobId: 'id' });
    const options = { ...NO_OPTIONS, savepointPath: '/s', claimMode: 'CLAIM' as const };
    assert.deepEqual(runBody(options, 'id'), {
      ...{ jobId: 'id', savepointPath: '/s' },
      ...{ allowNonRestoredState: false, claimMode: 'CLAIM' },
    });
    assert.equal(planQuery({ ...NO_OPTIONS, entryClass: 'main' }), '?entry-class=main');
  });
});
