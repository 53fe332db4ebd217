/** Runs the suites against the emulated AWS; see `scripts/test-aws.ts`. */

import { REPOSITORY_ROOT, sourceFiles } from '../../scripts/source-files.ts';
import { runTestFiles, type TestCounts } from '../../scripts/test.ts';
import { chosenSuites } from './chosen-suites.ts';
import { EmulatorUnavailable, prepareEmulator } from './emulator/index.ts';

/** A suite that hangs is a failed one; CI's short set has 15 minutes in all. */
const SUITE_TIMEOUT_MS = 10 * 60_000;

async function main(args: readonly string[]): Promise<TestCounts> {
  const suites = chosenSuites(sourceFiles(REPOSITORY_ROOT), args);
  if (suites.length === 0) {
    print(`no suite matches: arguments=${args.join(' ')}`);
    return { passed: 0, failed: 1 };
  }
  await timed('the emulator is installed', prepareEmulator);
  const counts: TestCounts = { passed: 0, failed: 0 };
  for (const suite of suites) {
    // One at a time: each has an emulator, a deployment and processes of functions of its own.
    const { passed, failed } = await timed(suite, () => runTestFiles([suite], 1, SUITE_TIMEOUT_MS));
    counts.passed += passed;
    counts.failed += failed;
  }
  return counts;
}

async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await run();
  print(`${what} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  return result;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

let counts: TestCounts = { passed: 0, failed: 1 };
try {
  counts = await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof EmulatorUnavailable;
  print(isExpected ? error.message : `the runner crashed: ${(error as Error).stack ?? error}`);
}
print(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
