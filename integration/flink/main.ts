/** Runs the suites with Flink's own clients; `scripts/test-flink.ts` says how. */

import { REPOSITORY_ROOT, sourceFiles } from '../../scripts/source-files.ts';
import { runTestFiles } from '../../scripts/test.ts';
import { missingTools } from './flink-command-line.ts';

const TIMEOUT_MS = 900_000;

const missing = missingTools();
if (missing === undefined) {
  if (process.argv.includes('--record')) process.env.SLUICE_RECORD = '1';
  const files = sourceFiles(REPOSITORY_ROOT).filter((file) => {
    return file.startsWith('integration/flink/') && file.endsWith('.itest.ts');
  });
  const { passed, failed } = await runTestFiles(files, 1, TIMEOUT_MS);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} else {
  process.stderr.write(`Flink's command line cannot be run here: ${missing}\n`);
  process.exitCode = 1;
}
