import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CONSOLE_HEADERS } from '../http/index.ts';
import type { ServedPages } from './cluster-http-server.ts';
import { PageFiles } from './page-files.ts';
import type { RestSettings } from './rest-settings.ts';

/** Flink's pages have a place of their own, beside that of others. */
export async function openPages(
  { pagesDirectory }: RestSettings,
  consoleFolder: string,
): Promise<readonly ServedPages[]> {
  const pages: ServedPages[] = [];
  if (pagesDirectory !== undefined) {
    const files = await PageFiles.open(pagesDirectory);
    pages.push({ prefix: '/flink', files }, { prefix: '', files });
  }
  if (existsSync(join(consoleFolder, 'index.html'))) {
    const policy = { headers: CONSOLE_HEADERS, hashedBelow: '/assets/' } as const;
    pages.unshift({ prefix: '', files: await PageFiles.open(consoleFolder, policy) });
  }
  return pages;
}
