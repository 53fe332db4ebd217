/** Runs the suites with Flink's own clients; `scripts/test-flink.ts` says how. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT, sourceFiles } from '../../scripts/source-files.ts';
import { runTestFiles } from '../../scripts/test.ts';
import { missingTools } from './flink-command-line.ts';

const TIMEOUT_MS = 900_000;

const missing = missingTools();
if (missing === undefined) {
  const isRecording = process.argv.includes('--record');
  if (isRecording) process.env.SLUICE_RECORD = '1';
  const files = sourceFiles(REPOSITORY_ROOT).filter((file) => {
    return file.startsWith('integration/flink/') && file.endsWith('.itest.ts');
  });
  const { passed, failed } = await runTestFiles(files, 1, TIMEOUT_MS);
  if (isRecording) {
    // What is in the tree is formatted.
    const biome = join(REPOSITORY_ROOT, 'node_modules', '.bin', 'biome');
    spawnSync(biome, ['format', '--write', 'integration/rest/recorded'], { cwd: REPOSITORY_ROOT });
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} else {
  process.stderr.write(`Flink's command line cannot be run here: ${missing}\n`);
  process.exitCode = 1;
}
