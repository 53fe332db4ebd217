/**
 * `sluice run` of a one-record job, whole process, beside a Node process that does nothing.
 * Medians of several runs taken in turn.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './median.ts';

const RUNS = 9;
const JOB = `import type { StreamExecutionEnvironment } from 'sluice';
export default (env: StreamExecutionEnvironment): void => {
  env.fromData(1).map((n) => n + 1).print();
};
`;

const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'sluice-startup-'));
const job = join(directory, 'job.ts');
writeFileSync(job, JOB);

function elapsedMs(args: readonly string[], expected: string): number {
  const startMs = performance.now();
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const endMs = performance.now();
  if (status !== 0 || stdout !== expected) {
    throw new Error(`unexpected end: status=${status} stdout=${JSON.stringify(stdout)}`);
  }
  return endMs - startMs;
}

try {
  const jobRuns: number[] = [];
  const emptyRuns: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const jobMs = elapsedMs([launcher, 'run', '--quiet', job], '2\n');
    const emptyMs = elapsedMs(['--eval', ''], '');
    if (run === 0) continue;
    jobRuns.push(jobMs);
    emptyRuns.push(emptyMs);
  }
  const jobMs = median(jobRuns);
  const emptyMs = median(emptyRuns);
  process.stdout.write(`one-record job, whole process, ${RUNS} runs\n`);
  process.stdout.write(`  node, nothing to do   ${emptyMs.toFixed(0)} ms\n`);
  process.stdout.write(`  sluice run            ${jobMs.toFixed(0)} ms\n`);
  process.stdout.write(`  ratio                 ${(jobMs / emptyMs).toFixed(1)}x\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
