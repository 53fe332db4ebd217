import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ShownPage, showPage } from '../../browser.fixture.ts';
import { ConsoleContext, type DiagnosisJson, type JobJson } from '../../data/index.ts';
import { WHY_TAB } from './why-tab.tsx';

const JOB_ID = 'a'.repeat(32);
const VERTEX_ID = 'b'.repeat(32);
const PATH = `/jobs/${JOB_ID}/diagnosis`;

const HEALTHY: DiagnosisJson = {
  ...{ timestamp: Date.UTC(2026, 0, 2, 3, 4, 5), state: 'RUNNING', verdict: 'healthy' },
  summary: 'Nothing is wrong: "Sink: print" got 1,234 records.',
  sinks: [
    {
      ...{ operator: 'Sink: print', 'vertex-id': VERTEX_ID, guarantee: 'NONE', records: 1234 },
      ...{ 'records-per-second': 56, 'commits-with-checkpoints': false },
    },
  ],
  findings: [],
};
const BLOCKED: DiagnosisJson = {
  ...HEALTHY,
  verdict: 'blocked',
  summary: 'Subtask 2/2 of "clicks" has read nothing.',
  findings: [
    {
      ...{ code: 'IDLE_PARTITION', severity: 'error' },
      sentence: 'Subtask 2/2 of "clicks" has read nothing.',
      advice: "Call withIdleness('30 s').",
      evidence: { aheadMs: Date.UTC(2026, 0, 1), runningForMs: 61_000, share: 0.255, off: true },
      ...{ 'vertex-id': VERTEX_ID, 'vertex-name': 'clicks', operator: 'Source: clicks' },
      subtask: 1,
      input: {
        ...{ index: 0, 'from-vertex-id': 'c'.repeat(32), 'from-vertex-name': 'kafka' },
        ...{ 'from-subtask': 1, split: 'topic-7' },
      },
    },
  ],
};

let page: ShownPage | undefined;
afterEach(() => page?.close());

async function shown(answer: unknown): Promise<ShownPage> {
  const { Component } = WHY_TAB;
  const job = { jid: JOB_ID } as JobJson;
  page = await showPage({ [PATH]: answer }, (services) => (
    <ConsoleContext.Provider value={services}>
      <Component job={job} rest="" />
    </ConsoleContext.Provider>
  ));
  return page;
}

describe('the tab "Why no output?"', () => {
  it('says that nothing is wrong, and what the sinks got', async () => {
    const { text, root } = await shown(HEALTHY);
    assert.match(text(), /Output comes.*Nothing is wrong: "Sink: print" got 1,234 records/);
    assert.match(text(), /Sink: print1,23456\/sas it is written/);
    assert.equal(root.querySelector('.findings'), null);
  });

  it('names the cause, what to do, where it is and its numbers', async () => {
    const { text, root } = await shown(BLOCKED);
    assert.match(text(), /No output.*Keeps output backIDLE_PARTITION/);
    assert.match(text(), /What to do: Call withIdleness/);
    assert.match(text(), /Where: clicks · subtask 1 · Source: clicks · input 1 from kafka/);
    assert.match(text(), /split topic-7/);
    assert.match(text(), /ahead2026-01-01 00:00:00.000running for1 m 01 sshare25.5 %offyes/);
    const links = [...root.querySelectorAll('.finding a')].map((a) => a.getAttribute('href'));
    assert.equal(links[0], `#/jobs/${JOB_ID}/overview/${VERTEX_ID}`);
  });

  it('does not look again at a job that has ended', async () => {
    const ended = { ...HEALTHY, verdict: 'ended', summary: 'The job has finished.' };
    const { browser, root, text } = await shown(ended);
    assert.match(text(), /this does not change any more/);
    assert.doesNotMatch(text(), /looked at again|Look now/);
    assert.match(root.querySelector('thead')?.textContent ?? '', /Rate now/);
    const count = browser.asked.length;
    await browser.pass(60_000);
    assert.equal(browser.asked.length, count);
  });

  it('looks again by itself, and when it is told to', async () => {
    let answer = BLOCKED;
    const { browser, click, text } = await shown(() => answer);
    answer = HEALTHY;
    await browser.pass(3000);
    assert.match(text(), /Nothing is wrong/);
    const count = browser.asked.length;
    await click('Look now');
    assert.equal(browser.asked.length, count + 1);
  });
});
