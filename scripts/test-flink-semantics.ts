/**
 * `npm run test:flink-semantics [-- --seed <n> --cases <n> --record]`: runs the jobs of
 * integration/flink/semantics in Apache Flink and holds the answers against the recorded ones,
 * which `npm test` holds ours against; and random cases of the seed in both. `--record` writes
 * anew what `npm test` needs. Needs Java 17 and Maven. The last line is `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

const main = join(REPOSITORY_ROOT, 'integration', 'flink', 'semantics', 'main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--conditions=sluice-source', main, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
