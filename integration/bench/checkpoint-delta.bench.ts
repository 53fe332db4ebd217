/**
 * Checkpoints of a running job with a million keys, of which one in a hundred has changed, beside
 * full ones: bytes and end-to-end milliseconds as the cluster's statistics tell them, in turn.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RestClient } from '../chaos/rest-client.ts';
import { sleep, Workshop } from '../chaos/system.ts';
import { median } from './median.ts';

const KEYS = 1_000_000;
const DIRTY_KEYS = KEYS / 100;
const RATE = 400_000;
const ROUNDS = 7;
const TIMEOUT_MS = 60_000;
/** Fills all keys once, then changes the first hundredth of them for ever. */
const JOB = `import { generatorSource, type StreamExecutionEnvironment, WatermarkStrategy }
  from 'sluice';
export default async function job(env: StreamExecutionEnvironment) {
  env.fromSource(
      generatorSource({
        generate: (i) => ({ id: i < ${KEYS} ? i : i % ${DIRTY_KEYS}, count: 1, sum: i }),
        ratePerSecond: ${RATE}, splits: 1,
      }),
      WatermarkStrategy.noWatermarks(), 'changes')
    .keyBy('id')
    .reduce((a, b) => ({ id: a.id, count: a.count + b.count, sum: a.sum + b.sum }))
    .filter(({ count }) => count < 0)
    .print();
  await env.execute('changes');
}
`;

interface Checkpoint {
  readonly sizeBytes: number;
  readonly durationMs: number;
}

async function take(
  rest: RestClient,
  jobId: string,
  checkpointType: 'FULL' | 'CONFIGURED',
): Promise<Checkpoint> {
  const outcome = await rest.operate(
    jobId,
    'checkpoints',
    { body: { checkpointType } },
    TIMEOUT_MS,
  );
  if (outcome.type !== 'done') throw new Error(`no checkpoint: ${JSON.stringify(outcome)}`);
  return await rest.checkpoint(jobId, Number(outcome.value.checkpointId));
}

async function measure(workshop: Workshop): Promise<void> {
  const job = join(workshop.directory, 'job.ts');
  writeFileSync(job, JOB);
  const args = ['cluster', '--data-dir', workshop.data, '--slots', '1', '--port', '0'];
  const cluster = workshop.sluice(args, false);
  try {
    const line = await cluster.line(/https?:\/\/[^\s:]+:(\d+)/, TIMEOUT_MS);
    const rest = new RestClient(Number(line?.[1]));
    const setting = ['-D', 'execution.checkpointing.interval=1 h'];
    const target = ['-d', '-m', `127.0.0.1:${line?.[1]}`];
    const client = workshop.sluice(['run', ...target, ...setting, job], false);
    await client.exited;
    const jobId = /JobID ([0-9a-f]{32})/.exec(client.text)?.[1] ?? '';
    await sleep((1000 * KEYS) / RATE + 2000);
    const full: Checkpoint[] = [];
    const delta: Checkpoint[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const pair = [await take(rest, jobId, 'FULL')];
      // Long enough to change each of the dirty keys, and no other.
      await sleep(500);
      pair.push(await take(rest, jobId, 'CONFIGURED'));
      if (round > 0) {
        full.push(...pair.slice(0, 1));
        delta.push(...pair.slice(1));
      }
    }
    const of = (taken: readonly Checkpoint[], field: keyof Checkpoint): number =>
      median(taken.map((one) => one[field]));
    const row = (name: string, taken: readonly Checkpoint[]): string =>
      `  ${name.padEnd(14)} ${(of(taken, 'sizeBytes') / 1e6).toFixed(3).padStart(8)} MB ` +
      `${of(taken, 'durationMs').toFixed(0).padStart(6)} ms\n`;
    const share = (field: keyof Checkpoint): string =>
      ((100 * of(delta, field)) / of(full, field)).toFixed(1);
    process.stdout.write(
      `checkpoints of ${KEYS} keys in a running job, ${ROUNDS} of each\n` +
        row('full', full) +
        row('1 % dirty', delta) +
        `  ${share('sizeBytes')} % of the bytes, ${share('durationMs')} % of the time\n`,
    );
  } finally {
    await cluster.kill();
  }
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-delta-'));
try {
  mkdirSync(join(directory, 'work'));
  await measure(new Workshop(join(directory, 'work')));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
