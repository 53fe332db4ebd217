/**
 * Goal: the web console works in a browser. Method: Chromium against `sluice cluster` with a job
 * that runs, one that has ended and one that has failed. Every page that a link leads to is opened,
 * at three widths and in both themes; then a person's day: submit, look, savepoint, stop, restore.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { BLOCKED_JOB, COUNTING_JOB, ENDING_JOB, FAILING_JOB } from '../rest/programs.ts';
import { SpawnedCluster } from '../rest/spawned-cluster.ts';
import { launchChromium } from './chromium.ts';
import { kindOf, linksOf, pageIsReady, submitFromSavepoint } from './page-walk.ts';
import { WatchedPage } from './watched-page.ts';

let cluster: SpawnedCluster;
let browser: Browser;
let watched: WatchedPage;
let running = '';

before(async () => {
  // Every page that a link leads to is there: nothing is forgotten meanwhile.
  const configuration = { 'web.checkpoints.history': 10_000 };
  cluster = await SpawnedCluster.start({ slots: 8, configuration });
  running = await cluster.run(COUNTING_JOB);
  await cluster.untilStatus(running, 'RUNNING');
  await cluster.untilStatus(await cluster.run(ENDING_JOB), 'FINISHED');
  await cluster.untilEnded(await cluster.run(FAILING_JOB));
  browser = await launchChromium();
});
beforeEach(async () => {
  watched = await WatchedPage.open(browser, `http://${cluster.address}`);
});
afterEach(() => watched.close());
after(async () => {
  await browser?.close();
  await cluster?.close();
});

async function isReady(): Promise<void> {
  await pageIsReady(watched.page);
}

describe('every page of the console', () => {
  it('shows itself without a fault, to everybody, on every screen', async () => {
    const { page } = watched;
    const faults: string[] = [];
    const seen = new Set<string>();
    const waiting = ['#/jobs', `#/jobs/${running}`];
    for (let hash = waiting.shift(); hash !== undefined; hash = waiting.shift()) {
      const kind = kindOf(hash);
      if (seen.has(kind)) continue;
      seen.add(kind);
      await page.goto(`/${hash}`);
      await isReady();
      const overflowPixels = await watched.overflowPixels();
      if (overflowPixels > 0) faults.push(`${kind}: ${overflowPixels} px wider than 375 px`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const barriers = await watched.barriers();
        faults.push(...barriers.map((one) => `${kind} (${colorScheme}): ${one}`));
      }
      const name = kind.replaceAll(/[^\w]+/g, '-').replaceAll(/^-|-$/g, '');
      await watched.screenshots(name, isReady);
      faults.push(...watched.takeProblems().map((problem) => `${kind}: ${problem}`));
      waiting.push(...(await linksOf(page)));
    }
    assert.deepEqual(faults, []);
    // Jobs, a job and its tabs, TaskManagers, the JobManager, submit.
    assert.ok(seen.size >= 10, [...seen].join(' '));
  });

  it('says why a job has no output above the graph, whose names keep to their boxes', async () => {
    const { page } = watched;
    const blocked = await cluster.run(BLOCKED_JOB);
    await cluster.untilStatus(blocked, 'RUNNING');
    await page.goto(`/#/jobs/${blocked}`);
    const told = page.getByRole('region', { name: 'Diagnosis' });
    await told.waitFor({ timeout: 60_000 });
    await page.locator('.node-finding').first().waitFor();
    const sticksOut = await page.locator('.node').evaluateAll((nodes) => {
      type Box = { x: number; width: number };
      type Found = { querySelector(s: string): { getBBox(): Box } };
      type All = { querySelectorAll(s: string): Iterable<{ getBBox(): Box }> };
      return (nodes as unknown as (Found & All)[]).flatMap((node) => {
        const room = node.querySelector('.node-box').getBBox().width - 8;
        return [...node.querySelectorAll('.node-name')]
          .map((line) => line.getBBox())
          .filter(({ x, width }) => x + width > room);
      });
    });
    assert.deepEqual(sticksOut, []);
    assert.deepEqual(await watched.barriers(), []);
    await watched.screenshots('jobs-blocked', isReady);
    assert.equal(await watched.overflowPixels(), 0);
    await told.getByRole('link').click();
    await page.getByText('What to do:').first().waitFor();
    assert.deepEqual(watched.takeProblems(), []);
    await cluster.json('PATCH', `/jobs/${blocked}?mode=cancel`);
  });

  it('is reached by the keyboard, and shows where the focus is', async () => {
    const { page } = watched;
    await page.goto('/#/jobs');
    await isReady();
    const reached = new Set<string>();
    for (let step = 0; step < 12; step += 1) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      const [text, outline] = await Promise.all([focused.textContent(), outlineOf(focused)]);
      assert.notEqual(outline, 'none 0px', `no mark around ${text}`);
      reached.add(text ?? '');
    }
    assert.ok(
      [...reached].some((text) => /Submit/.test(text)),
      [...reached].join('|'),
    );
  });
});

async function outlineOf(element: Locator): Promise<string> {
  return await element.evaluate((found) => {
    type Style = { outlineStyle: string; outlineWidth: string; boxShadow: string };
    const { getComputedStyle } = globalThis as unknown as { getComputedStyle(e: unknown): Style };
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(found);
    return boxShadow === 'none' ? `${outlineStyle} ${outlineWidth}` : boxShadow;
  });
}

describe('a job’s day', () => {
  it('is submitted, seen, saved, stopped and restored, by hand', async () => {
    const { page } = watched;
    await page.goto('/#/submit');
    const file = {
      name: 'day.mjs',
      mimeType: 'text/javascript',
      buffer: Buffer.from(COUNTING_JOB),
    };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByLabel('Arguments').fill('a-day');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByText(/Sum/).first().waitFor();
    await page.getByRole('button', { name: 'Submit the job' }).click();
    const first = await shownJob();
    await cluster.untilStatus(first, 'RUNNING');
    await page.getByRole('heading', { name: 'a-day' }).waitFor();
    await page.getByRole('link', { name: /Sum/ }).first().waitFor();

    const savepoints = `${cluster.directory}/saved`;
    await page.getByRole('button', { name: 'Savepoint', exact: true }).click();
    await page.getByLabel('Directory').fill(savepoints);
    await page.getByRole('button', { name: 'Take the savepoint' }).click();
    await page
      .getByText(new RegExp(`${savepoints}/savepoint-`))
      .first()
      .waitFor();

    await page.getByRole('button', { name: 'Stop with savepoint' }).click();
    await page.getByLabel('Directory').fill(savepoints);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await cluster.untilEnded(first);
    assert.equal((await cluster.json('GET', `/jobs/${first}/status`)).status, 'FINISHED');
    const path = await newestSavepoint(first);
    await looksWellOpened(path);

    await submitFromSavepoint(page, 'day.mjs', path);
    const second = await shownJob();
    assert.notEqual(second, first);
    await cluster.untilStatus(second, 'RUNNING');
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
    const { latest } = (await cluster.json('GET', `/jobs/${second}/checkpoints`)) as {
      latest: { restored: { external_path: string } | null };
    };
    assert.equal(latest.restored?.external_path, path);
    assert.deepEqual(watched.takeProblems(), []);
  });

  it('asks before anything is lost, and does nothing when it is told so', async () => {
    const { page } = watched;
    await page.goto(`/#/jobs/${running}`);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    assert.deepEqual(await watched.barriers(), []);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal((await cluster.json('GET', `/jobs/${running}/status`)).status, 'RUNNING');
    assert.deepEqual(watched.takeProblems(), []);
  });

  it('tells of a lost connection, and goes on when it is back', async () => {
    const { page } = watched;
    watched.expect(/failed: net::ERR|console: Failed to load resource/);
    await page.goto('/#/jobs');
    await page.getByText('counting').first().waitFor();
    await page.context().setOffline(true);
    await page
      .getByText(/connection|not answer|cannot be reached|lost/i)
      .first()
      .waitFor();
    await page.context().setOffline(false);
    const told = page.getByText(/connection (is )?lost|does not answer|cannot be reached/i);
    await told.first().waitFor({ state: 'hidden' });
    assert.deepEqual(watched.takeProblems(), []);
  });
});

describe('a cluster that dies', () => {
  it('is missed, and its jobs are shown again when another takes its place', async () => {
    const { page } = watched;
    watched.expect(/failed: net::ERR|console: Failed to load resource|503/);
    await page.goto('/#/jobs');
    await page.getByText('counting').first().waitFor();
    await cluster.kill();
    const told = page.getByText(/connection (is )?lost|does not answer|cannot be reached/i);
    await told.first().waitFor();
    await cluster.restart();
    await told.first().waitFor({ state: 'hidden' });
    const row = page.locator('tr', { hasText: running.slice(0, 8) });
    await row.getByText('Running', { exact: true }).waitFor();
    assert.deepEqual(watched.takeProblems(), []);
  });
});

/** The panel of a savepoint, on every screen. */
async function looksWellOpened(path: string): Promise<void> {
  const { page } = watched;
  await page.goto('/#/savepoints');
  await page.getByRole('button', { name: `Open ${path}` }).click();
  await page.getByLabel('Program').waitFor();
  await isReady();
  assert.equal(await watched.overflowPixels(), 0);
  assert.deepEqual(await watched.barriers(), []);
  await watched.screenshots('savepoints-opened', isReady);
  const tray = page.getByRole('region', { name: 'Operations' });
  type Sized = { readonly scrollWidth: number; readonly clientWidth: number };
  const isWhole = (found: unknown) => (found as Sized).scrollWidth <= (found as Sized).clientWidth;
  assert.ok(await tray.evaluate(isWhole), 'the tray is wider than it may be');
  // What is told of its making must not hide the page for good.
  const close = page.getByRole('button', { name: /^Close: / });
  for (let count = await close.count(); count > 0; count -= 1) await close.first().click();
  assert.equal(await close.count(), 0);
}

async function shownJob(): Promise<string> {
  await watched.page.waitForURL(/#\/jobs\/[0-9a-f]{32}/);
  return /jobs\/([0-9a-f]{32})/.exec(watched.page.url())?.[1] ?? '';
}

/** Of a job: where its last savepoint is. */
async function newestSavepoint(jobId: string): Promise<string> {
  const { latest } = (await cluster.json('GET', `/jobs/${jobId}/checkpoints`)) as {
    latest: { savepoint: { external_path: string } | null };
  };
  return latest.savepoint?.external_path ?? '';
}
