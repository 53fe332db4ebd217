/**
 * `npm test [-- pattern…]`: runs every `*.test.ts` and `*.test.tsx` whose path contains one of the
 * patterns, all cores busy, and prints failures in full. The last line is always
 * `N passed, N failed`.
 */
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { REPOSITORY_ROOT, sourceFiles } from './source-files.ts';
import { failureText, type TestFailure } from './test-failure.ts';

const TSX_LOADER = new URL('./load-tsx.ts', import.meta.url).href;

/** How many tests passed and failed; suites are not counted. */
export interface TestCounts {
  passed: number;
  failed: number;
}

/** Runs the test files whose path contains one of `patterns` (all files when there is none). */
export async function runTests(patterns: readonly string[]): Promise<TestCounts> {
  const files = sourceFiles(REPOSITORY_ROOT)
    .filter((file) => /\.test\.tsx?$/.test(file))
    .filter((file) => patterns.length === 0 || patterns.some((part) => file.includes(part)));
  if (files.length > 0) return runTestFiles(files, availableParallelism());
  print(`no test file matches: patterns=${patterns.join(',')}`);
  return { passed: 0, failed: 1 };
}

/**
 * Runs test files, given relative to the repository; prints failures in full.
 *
 * @param timeoutMs of each file. @defaultValue no limit
 */
export async function runTestFiles(
  files: readonly string[],
  concurrency: number,
  timeoutMs: number = Number.POSITIVE_INFINITY,
): Promise<TestCounts> {
  const counts: TestCounts = { passed: 0, failed: 0 };
  // Commands that tests run keep their logs out of the developer's folder.
  process.env.SLUICE_LOG_DIR ??= join(tmpdir(), 'sluice-test-logs');
  const stream = run({
    files: files.map((file) => `${REPOSITORY_ROOT}/${file}`),
    cwd: REPOSITORY_ROOT,
    ...{ concurrency, timeout: timeoutMs },
    execArgv: ['--conditions=sluice-source', `--import=${TSX_LOADER}`],
  });
  for await (const event of stream) consume(event as TestEvent, counts);
  return counts;
}

type TestEvent =
  | { readonly type: 'test:pass'; readonly data: TestFailure }
  | { readonly type: 'test:fail'; readonly data: TestFailure }
  | { readonly type: 'test:stdout' | 'test:stderr'; readonly data: { readonly message: string } }
  | { readonly type: 'other'; readonly data: unknown };

function consume(event: TestEvent, counts: TestCounts): void {
  if (event.type === 'test:stdout' || event.type === 'test:stderr') {
    process.stdout.write(event.data.message);
  } else if (event.type === 'test:pass' && event.data.details.type !== 'suite') {
    counts.passed += 1;
    // A test that was skipped did not pass: nothing may hide behind the count.
    if (event.data.skip !== undefined) {
      counts.passed -= 1;
      counts.failed += 1;
      print(`\nSKIPPED ${event.data.name}\n  tests are not skipped here (style.md §6)`);
    }
  } else if (event.type === 'test:fail') {
    const text = failureText(event.data, (file) => relative(REPOSITORY_ROOT, file));
    if (text === undefined) return;
    counts.failed += 1;
    print(`\n${text}`);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (import.meta.main) {
  let counts: TestCounts = { passed: 0, failed: 1 };
  try {
    counts = await runTests(process.argv.slice(2));
  } catch (error) {
    print(`the test runner crashed: ${error instanceof Error ? error.stack : String(error)}`);
  }
  print(`${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}
