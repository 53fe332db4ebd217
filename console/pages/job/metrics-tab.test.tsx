import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ShownPage, showPage } from '../../browser.fixture.ts';
import { ConsoleContext, type JobJson } from '../../data/index.ts';
import { formatOf } from './metric-chart.tsx';
import { METRICS_TAB } from './metrics-tab.tsx';

const JOB_ID = 'a'.repeat(32);
const VERTEX_ID = 'b'.repeat(32);
const VERTEX = `/jobs/${JOB_ID}/vertices/${VERTEX_ID}`;
const JOB = {
  jid: JOB_ID,
  vertices: [{ id: VERTEX_ID, name: 'Count', parallelism: 2 }],
} as unknown as JobJson;

const aggregate = (id: string): unknown => [{ id, min: 1, avg: 2, max: 3 }];
const asked = (id: string): string => `${VERTEX}/subtasks/metrics?get=${id}&agg=min,avg,max`;
const ANSWERS = {
  [`/jobs/${JOB_ID}/metrics/top-n`]: {
    topBusyOperators: [
      { operatorId: VERTEX_ID, operatorName: 'Count', subtaskId: 1, busyRatio: 0.87 },
    ],
    topBackpressureOperators: [],
  },
  [`${VERTEX}/subtasks/metrics`]: [
    { id: 'numRecordsInPerSecond' },
    { id: 'Count.myCounter' },
    { id: 'busyTimeMsPerSecond' },
  ],
  [asked('numRecordsInPerSecond')]: aggregate('numRecordsInPerSecond'),
  [asked('busyTimeMsPerSecond')]: aggregate('busyTimeMsPerSecond'),
  [asked('Count.myCounter')]: aggregate('Count.myCounter'),
};

let page: ShownPage | undefined;
afterEach(() => page?.close());

async function shown(): Promise<ShownPage> {
  const { Component } = METRICS_TAB;
  page = await showPage(ANSWERS, (services) => (
    <ConsoleContext.Provider value={services}>
      <Component job={JOB} rest="" />
    </ConsoleContext.Provider>
  ));
  return page;
}

describe('the metrics of a job', () => {
  it('begin with the hottest subtasks and the rates of the first vertex', async () => {
    const { text, root } = await shown();
    assert.match(text(), /BusiestCount · 287 %/);
    assert.match(text(), /No subtask waits for others/);
    const titles = [...root.querySelectorAll('.time-chart-title')].map((one) => one.textContent);
    assert.deepEqual(titles, ['numRecordsInPerSecond', 'busyTimeMsPerSecond']);
    assert.match(text(), /Average 2\.0\/s · Most 3\.0\/s · Least 1\.0\/s/);
  });

  it('are drawn when they are chosen, and gone when they are not', async () => {
    const { root, browser } = await shown();
    const boxes = [...root.querySelectorAll<HTMLInputElement>('input[type=checkbox]')];
    boxes[0]?.click();
    await browser.pass(0);
    const titles = (): (string | null)[] =>
      [...root.querySelectorAll('.time-chart-title')].map((one) => one.textContent);
    assert.ok(titles().includes('Count.myCounter'));
    boxes[0]?.click();
    await browser.pass(0);
    assert.ok(!titles().includes('Count.myCounter'));
  });

  it('are found by a part of their name', async () => {
    const { root, type } = await shown();
    await type('Filter metrics', 'MYC');
    const names = [...root.querySelectorAll('.metric-list li')].map((one) => one.textContent);
    assert.deepEqual(names, ['Count.myCounter']);
  });

  it('are written in the unit that their name says', () => {
    assert.equal(formatOf('numBytesInPerSecond')(1500), '1.50 kB/s');
    assert.equal(formatOf('busyTimeMsPerSecond')(999.6), '1000 ms/s');
    assert.equal(formatOf('lastCheckpointDuration')(1500), '1.5 s');
    assert.equal(formatOf('currentInputWatermark')(0), '1970-01-01 00:00:00.000');
    assert.equal(formatOf('Count.myCounter')(12_345), '12.3 k');
  });
});
