import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { FakeRefusal, type ShownPage, showPage } from '../browser.fixture.ts';
import { CONFIG, JOB_ID, jobJson, OVERVIEW, SINK_ID, subtasksJson } from '../job.fixture.ts';
import { App } from '../shell/app.tsx';

const JOB = `/jobs/${JOB_ID}`;
const SINK = `${JOB}/vertices/${SINK_ID}`;

describe('JobPage', () => {
  let page: ShownPage | undefined;
  afterEach(() => {
    page?.close();
    page = undefined;
  });

  async function show(answers: Record<string, unknown>, rest = ''): Promise<ShownPage> {
    const all = { '/config': CONFIG, '/overview': OVERVIEW, [JOB]: jobJson(1000), ...answers };
    page = await showPage(all, (services) => <App services={services} />, `#${JOB}${rest}`);
    return page;
  }

  it('draws the graph, with rates by what has grown since', async () => {
    let afterMs = 1000;
    const { root, browser } = await show({
      [JOB]: () => {
        afterMs += 3000;
        return jobJson(afterMs);
      },
    });
    await browser.pass(6000);
    const nodes = [...root.querySelectorAll('svg .node')];
    assert.equal(nodes.length, 2);
    assert.match(nodes[0]?.textContent ?? '', /Source: clicks +1 subtask .*in 100\/s/);
    assert.equal(root.querySelectorAll('.edge').length, 1);
    assert.match(root.querySelector('.edge')?.textContent ?? '', /hash/);
  });

  it('waits for the graph of a job that is not planned, and draws it when it is', async () => {
    let answer = { ...jobJson(1000), state: 'CREATED', vertices: [] as unknown[] };
    const { root, text, browser } = await show({ [JOB]: () => answer });
    assert.match(text(), /There is no graph yet/);
    assert.equal(root.querySelector('svg.graph-drawing'), null);
    answer = { ...answer, ...jobJson(4000) };
    await browser.pass(6000);
    assert.equal(root.querySelectorAll('svg .node').length, 2);
    answer = { ...answer, state: 'FAILED', vertices: [] };
    await browser.pass(6000);
    assert.match(text(), /never had a graph.*exceptions say why/);
  });

  it('tells the same in a table', async () => {
    const { root } = await show({});
    const rows = [...root.querySelectorAll('[aria-label="Vertices"] tbody tr')];
    assert.deepEqual(
      rows.map((row) => row.querySelector('th')?.textContent),
      ['Source: clicks', 'count -> Sink: out'],
    );
  });

  it('shows the subtasks of a vertex, those that do most first when asked', async () => {
    const answers = { [SINK]: subtasksJson(3), [`${SINK}/watermarks`]: [] };
    const { root, click } = await show(answers, `/overview/${SINK_ID}`);
    const table = (): (string | null)[] =>
      [...root.querySelectorAll('.drawer tbody th')].map((cell) => cell.textContent);
    assert.deepEqual(table(), ['0', '1', '2']);
    const drawer = root.querySelector('.drawer');
    const sort = [...(drawer?.querySelectorAll<HTMLElement>('button.sort') ?? [])];
    sort.find((button) => button.textContent === 'Records in')?.click();
    await page?.browser.pass(0);
    assert.deepEqual(table(), ['2', '1', '0']);
    await click('Close the vertex');
    assert.equal(root.querySelector('.drawer'), null);
  });

  it('says of flame graphs that will never come why there are none', async () => {
    for (const [endTimestamp, title] of [
      [-1, /Nothing of this runs/],
      [-2, /There are no flame graphs here/],
      [-3, /Samples are being taken/],
    ] as const) {
      const flames = `${SINK}/flamegraph?type=on_cpu`;
      const answers = { [flames]: { endTimestamp, data: null } };
      const { text } = await show(answers, `/overview/${SINK_ID}/flame-graph`);
      assert.match(text(), title);
      page?.close();
    }
  });

  it('shows what is not known of a subtask as such, not as 0', async () => {
    const { subtasks, ...vertex } = subtasksJson(2);
    const unknown = { 'read-records-complete': false, 'write-records-complete': false };
    const { root } = await show(
      {
        [SINK]: {
          ...vertex,
          subtasks: subtasks.map((one) => {
            return one.subtask > 0 ? one : { ...one, metrics: { ...one.metrics, ...unknown } };
          }),
        },
        [`${SINK}/backpressure`]: {
          status: 'ok',
          subtasks: [
            { subtask: 0, ratio: 0, idleRatio: 0, busyRatio: 0 },
            { subtask: 1, ratio: 0, idleRatio: 1, busyRatio: 0 },
          ],
        },
        [`${SINK}/watermarks`]: [],
      },
      `/overview/${SINK_ID}`,
    );
    const rows = [...root.querySelectorAll('.drawer tbody tr')].map((row) => {
      return [...row.querySelectorAll('td')].slice(1, 5).map((cell) => cell.textContent);
    });
    assert.deepEqual(rows, [
      ['–', '–', '–', '–'],
      ['0 %', '0 %', '10', '10'],
    ]);
  });

  it('folds the card of what is done after a while, and opens it again', async () => {
    const { browser, click, root } = await show({ [`PATCH ${JOB}?mode=cancel`]: '{}' });
    browser.answers[`${JOB}/status`] = { status: 'CANCELED' };
    const body = (): Element | null => root.querySelector('.tray-card p');
    await click('Cancel');
    const confirm = [...root.querySelectorAll<HTMLElement>('dialog button, [role=dialog] button')];
    confirm.find((button) => /^Cancel/.test(button.textContent ?? ''))?.click();
    await browser.pass(0);
    assert.match(body()?.textContent ?? '', /The job has ended: canceled/);
    await browser.pass(11_000);
    assert.equal(body(), null);
    assert.match(root.querySelector('.tray-card')?.textContent ?? '', /CompletedCancel clicks/);
    await click('Show: Cancel clicks');
    assert.match(body()?.textContent ?? '', /The job has ended/);
    location.hash = '#/jobs';
    await browser.pass(0);
    assert.equal(body(), null, 'folds on the way to another page');
  });

  it('has only the rows in sight of very many subtasks in the document', async () => {
    const { root } = await show({ [SINK]: subtasksJson(500) }, `/overview/${SINK_ID}`);
    const rows = root.querySelectorAll('.drawer tbody tr:not(.is-spacer)');
    assert.ok(rows.length < 60, String(rows.length));
    assert.equal(root.querySelector('.drawer table')?.getAttribute('aria-rowcount'), '501');
  });

  it('says where a savepoint goes when nothing is said', async () => {
    const option = 'execution.checkpointing.savepoint-dir';
    for (const [options, directory] of [
      [{}, '/data/savepoints'],
      [{ [option]: 's3://b/sp' }, 's3://b/sp'],
    ] as const) {
      const { browser, click, text } = await show({
        '/config': { ...CONFIG, 'data-directory': '/data' },
        [`${JOB}/config`]: { 'execution-config': { 'user-config': options } },
      });
      await click('Savepoint');
      await browser.pass(0);
      assert.ok(text().includes(`Empty: a new directory in ${directory}.`), text());
    }
  });

  it('takes a savepoint: asks first, tells what it waits for, and gives the path', async () => {
    let state: object = { status: { id: 'IN_PROGRESS' } };
    const answers: Record<string, unknown> = {
      [`${JOB}/checkpoints`]: () => ({
        history: [
          {
            ...{ is_savepoint: true, status: 'IN_PROGRESS' },
            ...{ num_subtasks: 3, num_acknowledged_subtasks: 1 },
          },
        ],
      }),
    };
    const { browser, click, type, text, root } = await show(answers);
    browser.answers[`POST ${JOB}/savepoints`] = () => {
      const { triggerId } = browser.bodies.get(`POST ${JOB}/savepoints`) as { triggerId: string };
      browser.answers[`${JOB}/savepoints/${triggerId}`] = () => state;
      return { 'request-id': triggerId };
    };
    await click('Savepoint');
    assert.match(text(), /yours until you dispose of it/);
    assert.equal(browser.bodies.size, 0);
    await type('Directory', '/tmp/savepoints');
    root.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await browser.pass(0);
    assert.match(text(), /1 of 3 subtasks have acknowledged/);
    const body = browser.bodies.get(`POST ${JOB}/savepoints`) as Record<string, unknown>;
    assert.equal(body['target-directory'], '/tmp/savepoints');
    state = { status: { id: 'COMPLETED' }, operation: { location: '/tmp/savepoints/sp-1' } };
    await browser.pass(3000);
    assert.match(text(), /The savepoint is complete\./);
    assert.match(root.querySelector('.tray code')?.textContent ?? '', /sp-1/);
    await click('Close: Savepoint of clicks');
    assert.equal(root.querySelector('.tray-card'), null);
  });

  it('says why an operation failed', async () => {
    const { browser, click, text, root } = await show({
      [`POST ${JOB}/savepoints`]: new FakeRefusal(400, 'savepoint-dir is not set'),
    });
    await click('Savepoint');
    root.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await browser.pass(0);
    await browser.pass(60_000);
    assert.match(root.querySelector('.tray')?.textContent ?? '', /savepoint-dir is not set/);
    assert.match(text(), /Failed/);
  });

  it('says what canceling loses, and does nothing unless it is confirmed', async () => {
    const newest = { id: 7, trigger_timestamp: Date.UTC(2026, 0, 2, 3, 3, 55) };
    const { browser, click, text } = await show({
      [`${JOB}/checkpoints`]: { latest: { completed: newest }, history: [] },
      [`${JOB}/checkpoints/config`]: {
        externalization: { enabled: true, delete_on_cancellation: true },
      },
    });
    await click('Cancel');
    assert.match(text(), /Its state: windows, keyed state/);
    assert.match(text(), /Checkpoint 7, taken 10 s ago, is deleted with the job/);
    await click('Do nothing');
    assert.doesNotMatch(text(), /is deleted with the job/);
    assert.ok(browser.asked.every((request) => request.startsWith('GET')));
  });

  it('rescales vertices within their limits', async () => {
    const { browser, click, type, text, root } = await show({
      [`PUT ${JOB}/resource-requirements`]: {},
    });
    await click('Rescale');
    await type('count -> Sink: out', '500');
    assert.match(text(), /from 1 to the vertex’s maximum/);
    await type('count -> Sink: out', '8');
    assert.match(text(), /8 slots would be needed, and 4 would be free/);
    await type('count -> Sink: out', '4');
    root.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await browser.pass(0);
    assert.deepEqual(browser.bodies.get(`PUT ${JOB}/resource-requirements`), {
      [SINK_ID]: { parallelism: { lowerBound: 1, upperBound: 4 } },
    });
    assert.match(text(), /Waiting for the job to take its state along/);
  });

  it('offers of a job that has ended nothing to do', async () => {
    const { root } = await show({ [JOB]: jobJson(1000, { state: 'FINISHED' }) });
    assert.equal(root.querySelectorAll('.actions button').length, 0);
  });

  it('shows what failed, the newest first', async () => {
    const entry = (name: string, timestamp: number) => ({
      ...{ exceptionName: name, stacktrace: `${name}: broken\n  at map`, timestamp },
      ...{ taskName: 'count', endpoint: 'host:1', taskManagerId: 'tm-1' },
      concurrentExceptions: [],
    });
    const entries = [entry('USER_FAILED', 2000), entry('TASK_LOST', 1000)];
    const { root, text } = await show(
      {
        [`${JOB}/exceptions?maxExceptions=20`]: { exceptionHistory: { entries, truncated: false } },
      },
      '/exceptions',
    );
    assert.deepEqual(
      [...root.querySelectorAll('.exception strong')].map((title) => title.textContent),
      ['USER_FAILED: broken', 'TASK_LOST: broken'],
    );
    assert.match(text(), /Latest/);
    const link = root.querySelector('.exception a');
    assert.deepEqual(
      [link?.textContent, link?.getAttribute('href')],
      ['tm-1', '#/task-managers/tm-1'],
    );
  });
});
