/**
 * Goal: the web console works for a deployed cluster. Method: Chromium against `sluice console`
 * against the emulator, with authorization: a job's day by hand, then every page that a link leads
 * to. Pictures of all of it are left with those of the other suite.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../console/chromium.ts';
import { kindOf, linksOf, pageIsReady, submitFromSavepoint } from '../console/page-walk.ts';
import { WatchedPage } from '../console/watched-page.ts';
import { COUNTING_JOB, FAILING_JOB } from '../rest/programs.ts';
import { DeployedConsole } from './deployed-console.ts';
import { DeployedCluster } from './jobs/deployed-cluster.ts';
import { waitUntil } from './wait-until.ts';

/** A job that starts cold, on a machine that does other things, too. */
const PATIENCE_MS = 90_000;
/** What is asked of functions that nobody can look into, and what a job has none of yet. */
const EXPECTED = [/\/(thread-dump|profiler)\b/, /\/checkpoints(\/config)?\b/];

let cluster: DeployedCluster;
let served: DeployedConsole;
let browser: Browser;
let watched: WatchedPage;
let page: Page;

before(async () => {
  cluster = await DeployedCluster.deploy({}, true);
  served = await DeployedConsole.start(cluster);
  browser = await launchChromium();
  watched = await WatchedPage.open(browser, served.origin, { expected: EXPECTED });
  page = watched.page;
  page.setDefaultTimeout(PATIENCE_MS);
});
after(async () => {
  await watched?.close();
  await browser?.close();
  await served?.stop();
  await cluster?.stop();
});

describe('the console of a deployed cluster', () => {
  it('takes a job through its day: looked at, run, saved, checked, stopped, restored', async () => {
    await page.goto('/#/submit');
    const buffer = Buffer.from(COUNTING_JOB);
    const file = { name: 'day.mjs', mimeType: 'text/javascript', buffer };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByLabel('Arguments').fill('a-day');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByText(/Sum/).first().waitFor();
    await pictures('submit-plan');
    await page.getByRole('button', { name: 'Submit the job' }).click();
    const first = await shownJob();
    await page.getByRole('heading', { name: 'a-day' }).waitFor();
    const sum = page.getByRole('link', { name: /Sum.*in [1-9][\d.]*( k)?\/s/s });
    await sum.first().waitFor();
    await pictures('job-running');

    await page.getByRole('button', { name: 'Savepoint', exact: true }).click();
    await page.getByRole('button', { name: 'Take the savepoint' }).click();
    const told = page.getByText(/s3:\/\/[^/]+\/savepoints\/savepoint-/).first();
    await told.waitFor();
    await pictures('savepoint-taken');
    await page.getByRole('button', { name: 'Stop with savepoint' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    assert.equal((await cluster.ended(first)).status, 'FINISHED');
    const path = await newestSavepoint(first);
    await page.goto('/#/savepoints');
    await page.getByRole('button', { name: `Open ${path}` }).click();
    await page.getByLabel('Program').selectOption({ label: 'day.mjs' });
    await page.getByRole('button', { name: /^Check/ }).click();
    await page.getByText('restored', { exact: true }).first().waitFor();
    await pictures('savepoint-checked');

    await submitFromSavepoint(page, 'day.mjs', path);
    const second = await shownJob();
    assert.notEqual(second, first);
    const restored = await waitUntil('the second job is restored', PATIENCE_MS, async () => {
      const { body } = await cluster.call('GET', `/jobs/${second}/checkpoints`);
      const { latest } = body as { latest?: { restored?: { external_path: string } | null } };
      return latest?.restored?.external_path;
    });
    assert.equal(restored, path);
    assert.deepEqual(watched.takeProblems(), []);
  });

  it('shows every page of it without a fault, and what nobody knows as unknown', async () => {
    const failing = await cluster.submitText(FAILING_JOB);
    assert.equal((await cluster.ended(failing)).status, 'FAILED');
    const faults: string[] = [];
    const seen = new Set<string>();
    const waiting = ['#/jobs', `#/jobs/${await runningJob()}`, `#/jobs/${failing}/exceptions`];
    for (let hash = waiting.shift(); hash !== undefined; hash = waiting.shift()) {
      const kind = kindOf(hash);
      if (seen.has(kind)) continue;
      seen.add(kind);
      await page.goto(`/${hash}`);
      await pageIsReady(page);
      const text = await page.locator('main').innerText();
      if (/\b(NaN|undefined)\b|not been measured/.test(text)) faults.push(`${kind}: ${text}`);
      await pictures(`page-${kind.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '')}`);
      faults.push(...watched.takeProblems().map((problem) => `${kind}: ${problem}`));
      waiting.push(...(await linksOf(page)));
    }
    assert.deepEqual(faults, []);
    assert.ok(seen.size >= 10, [...seen].join(' '));
  });

  it('cancels a job when it is told so twice', async () => {
    const running = await runningJob();
    await page.goto(`/#/jobs/${running}`);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    assert.equal((await cluster.ended(running)).status, 'CANCELED');
    await page
      .getByText(/canceled/i)
      .first()
      .waitFor();
    assert.deepEqual(watched.takeProblems(), []);
  });
});

async function pictures(name: string): Promise<void> {
  await watched.screenshots(`aws-${name}`, () => pageIsReady(page));
}

async function shownJob(): Promise<string> {
  await page.waitForURL(/#\/jobs\/[0-9a-f]{32}/);
  return /jobs\/([0-9a-f]{32})/.exec(page.url())?.[1] ?? '';
}

async function runningJob(): Promise<string> {
  return await waitUntil('a job runs', PATIENCE_MS, async () => {
    const { body } = await cluster.call('GET', '/jobs');
    const { jobs } = body as unknown as { jobs: readonly { id: string; status: string }[] };
    return jobs.find(({ status }) => status === 'RUNNING')?.id;
  });
}

/** Where the last savepoint of a job is. */
async function newestSavepoint(jobId: string): Promise<string> {
  const { body } = await cluster.call('GET', `/jobs/${jobId}/checkpoints`);
  const { latest } = body as { latest?: { savepoint?: { external_path: string } | null } };
  return latest?.savepoint?.external_path ?? '';
}
