/** Runs the suites in a browser; see `scripts/test-console.ts`. */

import { REPOSITORY_ROOT, sourceFiles } from '../../scripts/source-files.ts';
import { runTestFiles, type TestCounts } from '../../scripts/test.ts';
import { BrowserUnavailable, findChromium } from './chromium.ts';
import { DashboardUnavailable, flinkDashboard } from './flink-dashboard.ts';

const SUITE_TIMEOUT_MS = 10 * 60_000;
/** Flink's own pages: they need Maven, and are asked for by name. */
const DASHBOARD = 'flink-dashboard.itest.ts';

async function main(args: readonly string[]): Promise<TestCounts> {
  const isDashboard = args.includes('--dashboard');
  const patterns = args.filter((arg) => !arg.startsWith('--'));
  const suites = sourceFiles(REPOSITORY_ROOT).filter((file) => {
    if (!file.startsWith('integration/console/') || !file.endsWith('.itest.ts')) return false;
    if (file.endsWith(DASHBOARD) !== isDashboard) return false;
    return patterns.length === 0 || patterns.some((pattern) => file.includes(pattern));
  });
  if (suites.length === 0) {
    print(`no suite matches: arguments=${args.join(' ')}`);
    return { passed: 0, failed: 1 };
  }
  print(`the browser is ${findChromium()}`);
  if (isDashboard) print(`the dashboard is ${await flinkDashboard()}`);
  return await runTestFiles(suites, 1, SUITE_TIMEOUT_MS);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

let counts: TestCounts = { passed: 0, failed: 1 };
try {
  counts = await main(process.argv.slice(2));
} catch (error) {
  const isExpected = error instanceof BrowserUnavailable || error instanceof DashboardUnavailable;
  print(isExpected ? error.message : `the runner crashed: ${(error as Error).stack ?? error}`);
}
print(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
