/**
 * `npm run test:flink [-- --record]`: Flink's own command line against a cluster of ours. Needs
 * Java 17 and Maven, which fetches Flink's jars. `--record` writes down what it has asked, for the
 * test without Java. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

const main = join(REPOSITORY_ROOT, 'integration', 'flink', 'main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--conditions=sluice-source', main, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
