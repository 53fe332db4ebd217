/**
 * From the death of what runs a job's slots to the first record that was not printed before, with
 * a restart delay of 0 and a checkpoint every 100 ms: a cluster whose TaskManager process is killed
 * with SIGKILL, and an embedded job of which a slot's thread ends. Real processes, medians.
 *
 * What the source repeats is bound to its rate, so the time holds half an interval, on average, of
 * work done again.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../chaos/child.ts';
import { sleep, until, Workshop } from '../chaos/system.ts';
import { median } from './median.ts';

const RUNS = 9;
const TIMEOUT_MS = 30_000;
/** What is printed sooner was under way when the slots died. */
const IN_FLIGHT_MS = 25;
const JOB = [
  ...['-p', '2', '-D', 'execution.checkpointing.interval=100 ms'],
  ...['-D', 'restart-strategy.type=fixed-delay', '-D', 'restart-strategy.fixed-delay.delay=0 ms'],
  ...['-D', 'restart-strategy.fixed-delay.attempts=1000'],
];
const PROGRAM = ['examples/state-machine/job.ts', '--rate', '20000'];

/** Kills, once the job has printed for a while, and waits for something new. @returns ms */
async function recoveryMs(child: Child, kill: () => Promise<void>): Promise<number> {
  const firstLine = child.lines.length;
  await until('output', TIMEOUT_MS, () => child.lines.length > firstLine + 500);
  await kill();
  const killedAtMs = performance.now();
  await sleep(IN_FLIGHT_MS);
  const printed = new Set(child.lines);
  for (let from = child.lines.length; ; await sleep(1)) {
    const isNew = child.lines.slice(from).some((line) => line.includes('{') && !printed.has(line));
    const elapsedMs = performance.now() - killedAtMs;
    if (isNew) return elapsedMs;
    if (elapsedMs > TIMEOUT_MS) throw new Error('the job has not recovered');
    from = child.lines.length;
  }
}

async function ofCluster(workshop: Workshop): Promise<number[]> {
  const args = ['cluster', '--data-dir', workshop.data, '--slots', '2', '--port', '0'];
  const cluster = workshop.sluice(args, false);
  try {
    const port = (await cluster.line(/https?:\/\/[^\s:]+:(\d+)/, TIMEOUT_MS))?.[1];
    const run = ['run', '-d', '-m', `127.0.0.1:${port}`, ...JOB, ...PROGRAM];
    await workshop.sluice(run, false).exited;
    return await repeated(cluster, async () => {
      for (const pid of cluster.children()) process.kill(pid, 'SIGKILL');
    });
  } finally {
    await cluster.kill();
  }
}

async function ofEmbedded(workshop: Workshop): Promise<number[]> {
  const job = workshop.sluice(['run', ...JOB, ...PROGRAM], true);
  try {
    return await repeated(job, async () => {
      const taken = readdirSync(workshop.control).length + 1;
      workshop.killThread('exit');
      while (readdirSync(workshop.control).length < taken || hasOrder(workshop)) await sleep(1);
    });
  } finally {
    await job.kill();
  }
}

function hasOrder({ control }: Workshop): boolean {
  return existsSync(join(control, 'kill-thread-exit'));
}

async function repeated(child: Child, kill: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const elapsedMs = await recoveryMs(child, kill);
    if (run > 0) times.push(elapsedMs);
  }
  return times;
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-recovery-'));
try {
  const cell = (times: readonly number[]): string =>
    `${median(times).toFixed(0).padStart(5)} ms  (${Math.min(...times).toFixed(0)} to ` +
    `${Math.max(...times).toFixed(0)})`;
  process.stdout.write(`death to first new output, ${RUNS} times, restart delay 0\n`);
  const cluster = await ofCluster(new Workshop(join(directory, 'cluster')));
  process.stdout.write(`  kill -9 of the TaskManager process   ${cell(cluster)}\n`);
  const embedded = await ofEmbedded(new Workshop(join(directory, 'embedded')));
  process.stdout.write(`  exit of an embedded slot's thread    ${cell(embedded)}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
