/**
 * Jobs in two slots, `sluice run` as users start it: records per second with a checkpoint every
 * second beside none. Windows of few keys; a rolling sum of a million keys, of which one in a
 * hundred changes; windows of many keys.
 *
 * Each run is a process of its own; the two kinds take turns, and in which order, too: a machine
 * that others use changes meanwhile. A share is the median of the pairs'. The time is the job's
 * own, from its first deployment to its end; the processor time is the whole process's, and says
 * more on such a machine. A run is long enough for some ten checkpoints: the first few meet code
 * that is not compiled yet and take several times as long, which no job that lives would notice.
 *
 * The contents of windows turn over entirely between two checkpoints, so each writes all of them:
 * the windows that are open, with every key in each. The sources of the windows are aligned, in
 * both kinds of run: one that is far ahead of the other opens window after window, and whatever
 * makes a slot wait, as a snapshot does, makes them drift. Without, the bench would measure that.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './median.ts';

const PASSES = 3;

interface Shape {
  readonly name: string;
  readonly job: 'windows' | 'sums';
  readonly records: number;
  readonly keys: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'windows of 10,000 keys', job: 'windows', records: 120_000_000, keys: 10_000 },
  { name: 'a sum for a million keys', job: 'sums', records: 80_000_000, keys: 1_000_000 },
  { name: 'windows of 200,000 keys', job: 'windows', records: 120_000_000, keys: 200_000 },
];

/** Event time moves 10 s in every million records. */
const WINDOWS = `import { generatorSource, type StreamExecutionEnvironment,
  TumblingEventTimeWindows, WatermarkStrategy } from 'sluice';
interface Bid { auction: number; price: number; time: number }
export default async function job(env: StreamExecutionEnvironment, args: readonly string[]) {
  const [count, keys] = args.map(Number);
  env.fromSource(
      generatorSource<Bid>({
        generate: (i) =>
          ({ auction: (i * 7919) % keys, price: i % 1000, time: Math.floor(i / 100) }),
        count, splits: 2,
      }),
      WatermarkStrategy.forMonotonousTimestamps<Bid>().withTimestampAssigner((bid) => bid.time)
        .withWatermarkAlignment('bids', 10_000, 100),
      'bids')
    .keyBy('auction')
    .window(TumblingEventTimeWindows.of(10_000))
    .aggregate({
      createAccumulator: () => ({ count: 0, sum: 0 }),
      add: (bid, total) => { total.count += 1; total.sum += bid.price; return total; },
      getResult: (total) => total,
      merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
    })
    .filter((total) => total.count < 0)
    .print();
  await env.execute('bids');
}
`;
/** After each key came once, only the first of every hundred come. */
const SUMS = `import { generatorSource, type StreamExecutionEnvironment,
  WatermarkStrategy } from 'sluice';
interface Bid { auction: number; price: number }
export default async function job(env: StreamExecutionEnvironment, args: readonly string[]) {
  const [count, keys] = args.map(Number);
  const hot = keys / 100;
  env.fromSource(
      generatorSource<Bid>({
        generate: (i) => ({ auction: i < keys ? i : (i * 7919) % hot, price: i % 1000 }), count,
        splits: 2,
      }),
      WatermarkStrategy.noWatermarks<Bid>(), 'bids')
    .keyBy('auction')
    .reduce((sum, bid) => ({ auction: sum.auction, price: sum.price + bid.price }))
    .filter((sum) => sum.price < 0)
    .print();
  await env.execute('bids');
}
`;

const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'sluice-throughput-'));
for (const [name, text] of Object.entries({ windows: WINDOWS, sums: SUMS })) {
  writeFileSync(join(directory, `${name}.ts`), text);
}

/** Loaded into the process: writes its processor time when it ends. */
const METER =
  'data:text/javascript,' +
  encodeURIComponent(`import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  console.error('processor time: ' + (user + system) / 1000 + ' ms');
});`);

interface Run {
  /** Millions of records a second. */
  readonly rate: number;
  readonly cpuMs: number;
  readonly checkpoints: number;
}

function run({ job, records, keys }: Shape, checkpointing: boolean): Run {
  const checkpoints = join(directory, 'checkpoints');
  const settings = checkpointing
    ? ['execution.checkpointing.interval=1 s', `execution.checkpointing.dir=${checkpoints}`]
    : [];
  const args = ['run', '-p', '2', ...settings.flatMap((setting) => ['-D', setting])];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [`--import=${METER}`, launcher, ...args, join(directory, `${job}.ts`), `${records}`, `${keys}`],
    { encoding: 'utf8' },
  );
  const runtimeMs = Number(/Job Runtime: (\d+) ms/.exec(stdout)?.[1]);
  const cpuMs = Number(/processor time: (\S+) ms/.exec(stderr)?.[1]);
  if (status !== 0 || !(runtimeMs > 0)) throw new Error(`the job failed: ${stderr}`);
  const rate = records / runtimeMs / 1000;
  return { rate, cpuMs, checkpoints: checkpointing ? checkpointCount(checkpoints) : 0 };
}

/** How many there were, by their log: a job that has finished leaves none. */
function checkpointCount(checkpoints: string): number {
  const log = readFileSync(join(checkpoints, 'rows.log'), 'utf8');
  rmSync(checkpoints, { recursive: true, force: true });
  return Math.max(0, ...[...log.matchAll(/"checkpoint#(\d+)"/g)].map(([, id]) => Number(id)));
}

try {
  process.stdout.write(`parallelism 2, ${PASSES} passes\n`);
  for (const shape of SHAPES) {
    const without: Run[] = [];
    const every: Run[] = [];
    for (let pass = 0; pass <= PASSES; pass += 1) {
      for (const checkpointing of pass % 2 === 0 ? [false, true] : [true, false]) {
        const one = run(shape, checkpointing);
        if (pass > 0) (checkpointing ? every : without).push(one);
      }
    }
    const of = (runs: readonly Run[], field: keyof Run): number =>
      median(runs.map((one) => one[field]));
    const share = (field: keyof Run): string => {
      const shares = every.map((one, i) => one[field] / (without[i]?.[field] ?? Number.NaN));
      return (100 * median(shares)).toFixed(0);
    };
    const cell = (runs: readonly Run[]): string =>
      `${of(runs, 'rate').toFixed(2)} M records/s, ${(of(runs, 'cpuMs') / 1000).toFixed(1)} s cpu`;
    process.stdout.write(
      `  ${shape.name}, ${shape.records} records\n` +
        `    no checkpoints      ${cell(without)}\n` +
        `    one every second    ${cell(every)} (${of(every, 'checkpoints')} checkpoints)\n` +
        `    throughput ${share('rate')} %, processor time ${share('cpuMs')} %\n`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
