/**
 * `npm run bench [-- pattern…]`: runs every `*.bench.ts` of integration/bench whose path contains
 * one of the patterns, one after the other, each in a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { REPOSITORY_ROOT, sourceFiles } from './source-files.ts';

const patterns = process.argv.slice(2);
const files = sourceFiles(REPOSITORY_ROOT)
  .filter((file) => file.startsWith('integration/bench/') && file.endsWith('.bench.ts'))
  .filter((file) => patterns.length === 0 || patterns.some((part) => file.includes(part)));

let failed = files.length === 0;
for (const file of files) {
  process.stdout.write(`${file}\n`);
  const { status } = spawnSync(process.execPath, ['--conditions=sluice-source', file], {
    cwd: REPOSITORY_ROOT,
    stdio: 'inherit',
  });
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
