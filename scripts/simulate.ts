/**
 * `npm run simulate -- [--seed S] (--seeds N | --minutes M) [--workers W]`: runs N schedules from
 * seed S on, or as many as there is time for, each twice. A schedule that fails is printed with its
 * seed and the end of its event log, in the order of seeds; `--seed S --seeds 1` replays it. The
 * last line is the summary, whose hash says whether two runs of the same seeds were the same; exit
 * 1 when a schedule failed. With `--quotas` as the first argument: see `simulate-quotas.ts`.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  runSchedules,
  type ScheduleFailure,
  type SimulationSummary,
} from '../runtime/simulation/index.ts';
import { simulateQuotas } from './simulate-quotas.ts';

interface Options {
  readonly firstSeed: number;
  /** `Infinity`: as many as there is time for. */
  readonly count: number;
  readonly durationMs: number;
  /** Threads. */
  readonly workers: number;
}

/** What a worker thread is given: every `step`th seed. */
interface WorkerOptions extends Options {
  readonly step: number;
}

type Report =
  | { readonly type: 'failure'; readonly failure: ScheduleFailure }
  | { readonly type: 'passed'; readonly seed: number }
  | { readonly type: 'done'; readonly summary: SimulationSummary };

const USAGE =
  'usage: npm run simulate -- [--seed <n>] (--seeds <n> | --minutes <n>) [--workers <n>]';
/** Of each worker; schedules leave much garbage, all of it young. */
const YOUNG_GENERATION_MB = 96;

/** @throws {Error} with the usage, for arguments that make no sense. */
export function parseSimulateArguments(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      workers: { type: 'string' },
    },
  });
  const firstSeed = numberOf(values.seed ?? '1', 'seed');
  if ((values.seeds === undefined) === (values.minutes === undefined)) throw new Error(USAGE);
  const workers = numberOf(values.workers ?? `${availableParallelism()}`, 'workers');
  if (workers === 0) throw new Error(`--workers is 0; ${USAGE}`);
  if (values.seeds !== undefined) {
    const count = numberOf(values.seeds, 'seeds');
    return { firstSeed, count, durationMs: Number.POSITIVE_INFINITY, workers };
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes is no positive number; ${USAGE}`);
  return { firstSeed, count: Number.POSITIVE_INFINITY, durationMs: minutes * 60_000, workers };
}

function numberOf(text: string, name: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new Error(`--${name} is no whole number: ${text}; ${USAGE}`);
}

async function simulate(options: Options): Promise<boolean> {
  const startedAtMs = Date.now();
  const step = Math.max(1, Math.min(options.workers, options.count));
  const failures = new OrderedFailures(options.firstSeed, step);
  const summaries = await Promise.all(
    Array.from({ length: step }, (_, index) => {
      const firstSeed = options.firstSeed + index;
      const count = Math.ceil((options.count - index) / step);
      return runInThread({ ...options, firstSeed, count, step }, failures);
    }),
  );
  failures.flush();
  const sum = (of: (summary: SimulationSummary) => number): number =>
    summaries.reduce((total, summary) => total + of(summary), 0);
  const [schedules, failed] = [sum((s) => s.schedules), sum((s) => s.failed)];
  const hash = (sum((s) => s.traceHash) >>> 0).toString(16).padStart(8, '0');
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  const events = sum((s) => s.events);
  print(`${schedules} schedules, ${failed} failed, ${events} events, hash ${hash}, ${seconds} s`);
  return failed === 0 && schedules > 0;
}

async function runInThread(
  workerData: WorkerOptions,
  failures: OrderedFailures,
): Promise<SimulationSummary> {
  const worker = new Worker(new URL(import.meta.url), {
    workerData,
    execArgv: ['--conditions=sluice-source'],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  return await new Promise((resolve, reject) => {
    worker.on('message', (report: Report) => {
      if (report.type === 'failure') failures.add(report.failure);
      else if (report.type === 'passed') failures.passed(report.seed);
      else resolve(report.summary);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a worker ended early; code=${code}`)));
  });
}

/** Prints failures in the order of their seeds, each as soon as those before it are known. */
class OrderedFailures {
  readonly #failures: ScheduleFailure[] = [];
  /** Of each worker, the next seed. */
  readonly #next: number[];
  readonly #firstSeed: number;

  constructor(firstSeed: number, step: number) {
    this.#firstSeed = firstSeed;
    this.#next = Array.from({ length: step }, (_, index) => firstSeed + index);
  }

  add(failure: ScheduleFailure): void {
    this.#failures.push(failure);
  }

  passed(seed: number): void {
    const step = this.#next.length;
    this.#next[(seed - this.#firstSeed) % step] = seed + step;
    this.#print(Math.min(...this.#next));
  }

  flush(): void {
    this.#print(Number.POSITIVE_INFINITY);
  }

  #print(beforeSeed: number): void {
    this.#failures.sort((a, b) => a.seed - b.seed);
    for (let first = this.#failures[0]; first !== undefined; first = this.#failures[0]) {
      if (first.seed >= beforeSeed) return;
      print(failureText(first));
      this.#failures.shift();
    }
  }
}

function failureText({ seed, violations, lines }: ScheduleFailure): string {
  return [
    `seed ${seed} failed; replay it: npm run simulate -- --seed ${seed} --seeds 1`,
    ...lines.map((line) => `    ${line}`),
    ...violations.map((violation) => `  ${violation}`),
  ].join('\n');
}

async function runWorker({ firstSeed, count, durationMs, step }: WorkerOptions): Promise<void> {
  const endsAtMs = Date.now() + durationMs;
  const summary = await runSchedules({
    firstSeed,
    count,
    step,
    isOver: () => Date.now() >= endsAtMs,
    onFailure: (failure) => post({ type: 'failure', failure }),
    onDone: (seed) => post({ type: 'passed', seed }),
  });
  post({ type: 'done', summary });
}

function post(report: Report): void {
  parentPort?.postMessage(report);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (!isMainThread) {
  await runWorker(workerData as WorkerOptions);
} else if (import.meta.main) {
  try {
    const [first, ...rest] = process.argv.slice(2);
    const isFine =
      first === '--quotas'
        ? await simulateQuotas(rest, print)
        : await simulate(parseSimulateArguments(process.argv.slice(2)));
    process.exitCode = isFine ? 0 : 1;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
