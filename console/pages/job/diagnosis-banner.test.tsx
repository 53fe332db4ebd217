import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ShownPage, showPage } from '../../browser.fixture.ts';
import { CONFIG, JOB_ID, jobJson, OVERVIEW, SINK_ID } from '../../job.fixture.ts';
import { App } from '../../shell/app.tsx';

const JOB = `/jobs/${JOB_ID}`;
const SENTENCE = 'Subtask 2/2 of "count" has read nothing.';

function diagnosisJson(verdict: string, severity: string, summary = SENTENCE): object {
  const finding = { code: 'IDLE', severity, sentence: SENTENCE, 'vertex-id': SINK_ID };
  return {
    ...{ timestamp: 1, state: 'RUNNING', verdict, summary, sinks: [] },
    findings: [finding],
  };
}

let page: ShownPage | undefined;
afterEach(() => page?.close());

async function shown(diagnosis: unknown, state = 'RUNNING'): Promise<ShownPage> {
  const answers = {
    ...{ '/config': CONFIG, '/overview': OVERVIEW, [JOB]: jobJson(1000, { state }) },
    ...(diagnosis === undefined ? {} : { [`${JOB}/diagnosis`]: diagnosis }),
  };
  page = await showPage(answers, (services) => <App services={services} />, `#${JOB}`);
  return page;
}

function bannerOf({ root }: ShownPage): Element | null {
  return root.querySelector('[aria-label="Diagnosis"]');
}

describe('DiagnosisBanner', () => {
  it('says of a blocked job why, leads to the tab, and marks the vertex', async () => {
    const now = await shown(diagnosisJson('blocked', 'error'));
    const banner = bannerOf(now);
    assert.equal(banner?.getAttribute('data-tone'), 'bad');
    assert.match(banner?.textContent ?? '', /has read nothing/);
    assert.equal(banner?.querySelector('a')?.getAttribute('href'), `#${JOB}/why`);
    const marked = [...now.root.querySelectorAll('[data-finding]')];
    assert.deepEqual(
      marked.map((node) => node.getAttribute('href')),
      [`#${JOB}/overview/${SINK_ID}`],
    );
    assert.equal(marked[0]?.querySelector('.node-finding title')?.textContent, SENTENCE);
  });

  it('goes when the job is well again, and comes at a modest pace', async () => {
    let answer = diagnosisJson('impaired', 'warning');
    const now = await shown(() => answer);
    assert.equal(bannerOf(now)?.getAttribute('data-tone'), 'warn');
    answer = { ...diagnosisJson('healthy', 'info'), findings: [] };
    await now.browser.pass(30_000);
    assert.equal(bannerOf(now), null);
    assert.equal(now.root.querySelector('[data-finding]'), null);
    const asked = now.browser.asked.filter((request) => request.endsWith('/diagnosis'));
    assert.equal(asked.length, 4);
  });

  it('tells what a job failed of, and leads to its exceptions', async () => {
    const failed = diagnosisJson('ended', 'info', 'The map threw: the reason.');
    const banner = bannerOf(await shown(failed, 'FAILED'));
    assert.match(banner?.textContent ?? '', /The map threw: the reason\./);
    assert.equal(banner?.querySelector('a')?.getAttribute('href'), `#${JOB}/exceptions`);
  });

  it('is silent where all is well, the job has finished, or nothing is known', async () => {
    assert.equal(bannerOf(await shown(diagnosisJson('waiting', 'info'))), null);
    page?.close();
    assert.equal(bannerOf(await shown(diagnosisJson('ended', 'info'), 'FINISHED')), null);
    page?.close();
    assert.equal(bannerOf(await shown(undefined)), null);
  });
});
