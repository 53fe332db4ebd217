/**
 * `npm run test:aws [-- --all] [-- pattern…]`: runs the suites against the emulated AWS, one after
 * the other. The default is the set that CI runs; `--all` adds the `*.long.itest.ts`; a pattern
 * picks files of both by their path. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

const main = join(REPOSITORY_ROOT, 'integration', 'aws', 'main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--conditions=sluice-source', main, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
