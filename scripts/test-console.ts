/**
 * `npm run test:console [-- pattern…]`: drives the web console in Chromium, against a cluster;
 * `npm run test:dashboard` does that with Flink's own dashboard. Takes the browser that
 * CHROMIUM_PATH names, or one on the PATH, or installs Debian's (as root). Screenshots of every
 * page are left in integration/console/screenshots. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

const main = join(REPOSITORY_ROOT, 'integration', 'console', 'main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--conditions=sluice-source', main, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
