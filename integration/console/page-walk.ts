/** What suites ask of any page of the console. */
import type { Page } from 'playwright-core';

/** A page's kind: its address without what is of one job, TaskManager or program. */
export function kindOf(hash: string): string {
  return hash
    .replace(/\?.*$/, '')
    .replaceAll(/[0-9a-f]{32}/g, 'id')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}_[\w.-]+/g, 'program')
    .replaceAll(/\/(localhost|task-managers\/)[\w.%:-]+/g, '/task-manager')
    .replaceAll(/\/\d+/g, '/n');
}

/** Pages that it leads to. */
export async function linksOf(page: Page): Promise<readonly string[]> {
  const links = page.locator('a[href^="#/"]');
  return await links.evaluateAll((found) => {
    return found.map((one) => (one as { getAttribute(name: string): string }).getAttribute('href'));
  });
}

/** Submits an uploaded program that begins where a savepoint says; the job's page comes next. */
export async function submitFromSavepoint(
  page: Page,
  program: string,
  savepointPath: string,
): Promise<void> {
  await page.goto('/#/submit');
  await page.getByRole('link', { name: program }).first().click();
  await page.getByLabel('Start from a savepoint').fill(savepointPath);
  await page.getByRole('button', { name: 'Submit the job' }).click();
}

/** Its heading is there, and nothing is on its way any more. */
export async function pageIsReady(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => {
    type Found = { querySelector(selector: string): unknown };
    const { document } = globalThis as unknown as { document: Found };
    return document.querySelector('[aria-busy="true"]') === null;
  });
}
