/** Finds a Chromium on this machine, or installs Debian's. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const INSTALL_TIMEOUT_MS = 600_000;

/** There is no browser, and what to do. */
export class BrowserUnavailable extends Error {}

/**
 * `CHROMIUM_PATH`, else one on the PATH, else Debian's package, which only root can install.
 *
 * @throws {BrowserUnavailable} says what to do.
 */
export function findChromium(): string {
  const given = process.env.CHROMIUM_PATH ?? '';
  if (given !== '') {
    if (existsSync(given)) return given;
    throw new BrowserUnavailable(`CHROMIUM_PATH names no file: ${given}`);
  }
  const found = onPath();
  if (found !== undefined) return found;
  const advice =
    "install one ('apt-get install chromium' on Debian, as root), or let CHROMIUM_PATH name one";
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    throw new BrowserUnavailable(`there is no Chromium on the PATH: ${advice}`);
  }
  const said = install();
  const installed = onPath();
  if (installed !== undefined) return installed;
  throw new BrowserUnavailable(`Chromium could not be installed: ${advice}\n${said.slice(-2000)}`);
}

/** A browser without a window. Root may not have its sandbox. */
export async function launchChromium(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return await chromium.launch({ executablePath: findChromium(), args });
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

function install(): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS, env } as const;
  const updated = spawnSync('apt-get', ['update', '-q'], options);
  const args = ['install', '-y', '-q', '--no-install-recommends', 'chromium'];
  const { stdout, stderr } = spawnSync('apt-get', args, options);
  return `${updated.stderr}${stdout}${stderr}`;
}
