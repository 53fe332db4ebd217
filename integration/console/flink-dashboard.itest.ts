/**
 * Goal: Flink's own dashboard works against a cluster as it is. Method: its pages, served by the
 * cluster (`web.ui.dir`), are opened in Chromium one by one, with a job that runs, one that has
 * ended and one that has failed; there is a heading or a value to see on each, no popup that tells
 * of an error, and none in the browser's console. With SLUICE_RECORD=1 what the pages have asked is
 * written to `integration/rest/recorded`, where a test without Java and browser asks it again.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { type DashboardWorld, dashboardJar, dashboardWorld } from '../rest/dashboard-world.ts';
import { PageRecorder } from '../rest/page-recorder.ts';
import { writeRecordedDashboard } from '../rest/recorded-exchanges.ts';
import { SpawnedCluster } from '../rest/spawned-cluster.ts';
import { launchChromium } from './chromium.ts';
import { flinkDashboard } from './flink-dashboard.ts';
import { WatchedPage } from './watched-page.ts';

/** What a cluster in the foreground writes goes to its terminal: `File not found.`, as in Flink. */
const EXPECTED = [/\/jobmanager\/stdout/];

/** Popups. */
const NOTICE = '.ant-notification-notice';

let cluster: SpawnedCluster;
let browser: Browser;
let watched: WatchedPage;
let jobs: DashboardWorld;
let recorder: PageRecorder;

before(async () => {
  const pages = await flinkDashboard();
  cluster = await SpawnedCluster.start({ configuration: { 'web.ui.dir': pages }, slots: 8 });
  jobs = await dashboardWorld(cluster);
  // The number of a checkpoint is that of many things.
  recorder = new PageRecorder({ ...jobs, checkpoint: '' });
  browser = await launchChromium();
});
beforeEach(async () => {
  watched = await WatchedPage.open(browser, `http://${cluster.address}`, { expected: EXPECTED });
  recorder.watch(watched.page);
});
afterEach(() => watched.close());
after(async () => {
  if (process.env.SLUICE_RECORD === '1') writeRecordedDashboard(await recorder.take());
  await browser?.close();
  await cluster?.close();
});

/** Opens a page and waits for what is to be seen on it. */
async function look(path: string, seen: RegExp): Promise<void> {
  const { page } = watched;
  // Of a page that is shown already another address behind the # loads nothing.
  await page.goto('about:blank');
  await page.goto(`/flink/#/${path}`);
  await page.getByText(seen).first().waitFor();
  // What it asks for a second time is answered, too.
  await page.waitForLoadState('networkidle').catch(() => undefined);
  assert.deepEqual(await page.locator(NOTICE).allTextContents(), [], path);
  assert.deepEqual(watched.takeProblems(), [], path);
}

describe('Flink’s dashboard', () => {
  it('shows the cluster and its jobs', async () => {
    await look('overview', /Available Task Slots/);
    await look('job/running', /counting/);
    await look('job/completed', /ending/);
  });

  it('shows a job that runs, on every tab', async () => {
    const job = `job/running/${jobs.running}`;
    await look(`${job}/overview`, /Parallelism: 1/);
    await look(`${job}/exceptions`, /Root Exception|Exception History/i);
    await look(`${job}/dataskew`, /Skew/i);
    await look(`${job}/timeline`, /TimeLine/i);
    await look(`${job}/checkpoints`, /Checkpoint Counts|Latest Completed/);
    await look(`${job}/configuration`, /Execution Configuration/i);
  });

  it('shows a vertex, on every tab of its drawer', async () => {
    const vertex = `job/running/${jobs.running}/overview/${jobs.vertex}`;
    for (const tab of [
      ...['detail', 'subtasks', 'taskmanagers', 'watermarks', 'accumulators', 'backpressure'],
      ...['metrics', 'flamegraph'],
    ]) {
      await look(`${vertex}/${tab}`, /Sum/);
    }
  });

  it('shows jobs that have ended, and why one has failed', async () => {
    await look(`job/completed/${jobs.ended}/overview`, /three/);
    await look(`job/completed/${jobs.failed}/exceptions`, /the\sreason\sof\sthis\stest/);
  });

  it('shows TaskManagers and the JobManager', async () => {
    await look('task-manager', /Task Managers|Path, ID/);
    const own = `task-manager/${encodeURIComponent(jobs.taskmanager)}`;
    await look(`${own}/metrics`, /JVM|Memory/);
    for (const tab of ['logs', 'stdout', 'log-list', 'thread-dump', 'profiler']) {
      await look(`${own}/${tab}`, /Log List|Logs|Thread Dump|Profiler/i);
    }
    await look('job-manager/metrics', /JVM|Memory/);
    await look('job-manager/config', /web.ui.dir/);
    for (const tab of ['logs', 'stdout', 'log', 'thread-dump', 'profiler']) {
      await look(`job-manager/${tab}`, /Log List|Logs|Thread Dump|Profiler/i);
    }
  });

  it('takes a program, shows its plan and runs it, and cancels it', async () => {
    const { page } = watched;
    await look('submit', /Uploaded Jars/);
    const file = {
      name: 'orders.jar',
      mimeType: 'application/java-archive',
      buffer: dashboardJar(),
    };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('orders.jar').first().click();
    await page.getByText('Show Plan').first().click();
    await page
      .getByText(/Parallelism: 1/)
      .first()
      .waitFor();
    await page.locator('.ant-drawer-open .ant-drawer-close').first().click();
    await page.getByRole('button', { name: 'Submit' }).first().click();
    await page.waitForURL(/\/job\/running\/[0-9a-f]{32}/);
    const [, jobId = ''] = /running\/([0-9a-f]{32})/.exec(page.url()) ?? [];
    await cluster.untilStatus(jobId, 'RUNNING');
    await page.getByText('Cancel Job').first().click();
    await page.getByRole('button', { name: 'Yes' }).first().click();
    await cluster.untilEnded(jobId);
    assert.equal((await cluster.json('GET', `/jobs/${jobId}/status`)).status, 'CANCELED');
    assert.deepEqual(watched.takeProblems(), []);
  });
});
