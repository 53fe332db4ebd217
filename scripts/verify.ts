/** `npm run verify`: what CI runs. One line a step; the last line is `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from './source-files.ts';
import { runTests } from './test.ts';
import { findingText, tidyTree } from './tidy.ts';

interface StepResult {
  readonly passed: number;
  readonly failed: number;
  /** Shown when something failed. */
  readonly output: string;
}

type Step = readonly [name: string, run: () => StepResult | Promise<StepResult>];

const STEPS: readonly Step[] = [
  ['types', () => tool('typescript/bin/tsc', ['-p', '.', '--pretty', 'false'])],
  [
    'types of the console',
    () => tool('typescript/bin/tsc', ['-p', 'console', '--pretty', 'false']),
  ],
  ['lint and format', () => tool('@biomejs/biome/bin/biome', ['ci', '--colors=off', '.'])],
  ['tidy', tidy],
  ['tests', tests],
];

function tool(script: string, args: readonly string[]): StepResult {
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [join(REPOSITORY_ROOT, 'node_modules', script), ...args],
    { cwd: REPOSITORY_ROOT, encoding: 'utf8' },
  );
  const output = `${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : error.message}`;
  return status === 0 ? { passed: 1, failed: 0, output } : { passed: 0, failed: 1, output };
}

function tidy(): StepResult {
  const output = tidyTree(REPOSITORY_ROOT).map(findingText).join('\n');
  return output === '' ? { passed: 1, failed: 0, output } : { passed: 0, failed: 1, output };
}

async function tests(): Promise<StepResult> {
  return { ...(await runTests([])), output: '' };
}

async function verify(): Promise<number> {
  let [passed, failed] = [0, 0];
  for (const [name, run] of STEPS) {
    const startedMs = performance.now();
    const result = await Promise.try(run).catch(crashed);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    if (result.failed > 0 && result.output !== '') print(result.output.trimEnd());
    const counts = name === 'tests' ? `, ${result.passed} passed, ${result.failed} failed` : '';
    print(`${result.failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s${counts})`);
    passed += result.passed;
    failed += result.failed;
  }
  print(`${passed} passed, ${failed} failed`);
  return failed;
}

function crashed(error: unknown): StepResult {
  const output = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { passed: 0, failed: 1, output };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = (await verify()) === 0 ? 0 : 1;
