/**
 * `npm run chaos -- --rounds N [--seed S]`: real processes that run examples/state-machine are
 * killed, their disks broken, their parallelism changed; afterwards the output must be exactly what
 * the oracle says. A line a round, the last line is the summary; exit 1 when a round failed, whose
 * directory is kept. `--embedded`: `sluice run` in one process instead of a cluster.
 *
 * The same seed makes the same plan; the machine's timing differs.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';

const main = join(REPOSITORY_ROOT, 'integration', 'chaos', 'main.ts');
const { status } = spawnSync(
  process.execPath,
  ['--conditions=sluice-source', main, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 1;
