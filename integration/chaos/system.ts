/** What both ways to run the job have in common. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from '../../scripts/source-files.ts';
import { Child } from './child.ts';
import type { Action, DiskFault, RoundPlan } from './plan.ts';
import { DISK_ORDER, THREAD_ORDERS } from './saboteur.ts';

/** The job under test and what can be done to it. */
export interface SystemUnderTest {
  start(): Promise<void>;
  /** @returns what is worth a word in the round's line; mostly nothing. */
  perform(action: Action): Promise<string | undefined>;
  isFinished(): Promise<boolean>;
  /** Lets the job come to its end, or stops it. @returns the events that were read. */
  end(): Promise<number | readonly number[] | undefined>;
  /** For who looks into a failure. */
  describe(): Promise<object>;
  /** Ends all processes, whatever state they are in. */
  abandon(): Promise<void>;
}

const JOB_FILE = 'examples/state-machine/job.ts';

/** A round's directory and the orders that the processes in it obey. */
export class Workshop {
  readonly directory: string;
  readonly output: string;
  readonly checkpoints: string;
  readonly savepoints: string;
  readonly data: string;
  /** Takes orders to the processes that were started exposed. */
  readonly control: string;
  #brokenUntilMs = 0;
  #mend: NodeJS.Timeout | undefined;

  constructor(directory: string) {
    this.directory = directory;
    this.output = join(directory, 'output');
    this.checkpoints = join(directory, 'checkpoints');
    this.savepoints = join(directory, 'savepoints');
    this.data = join(directory, 'data');
    this.control = join(directory, 'control');
    mkdirSync(this.control, { recursive: true });
  }

  /** Runs the `sluice` command; `exposed`: to orders. */
  sluice(args: readonly string[], exposed: boolean): Child {
    const url = new URL('./saboteur.ts', import.meta.url);
    url.searchParams.set('control', this.control);
    url.searchParams.set('below', this.directory);
    const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
    const sabotage = exposed ? [`--import=${url.href}`] : [];
    const log = join(this.directory, 'processes.log');
    return new Child(`sluice ${args[0]}`, [...sabotage, launcher, ...args], REPOSITORY_ROOT, log);
  }

  killThread(how: 'exit' | 'throw'): void {
    writeFileSync(join(this.control, THREAD_ORDERS[how]), '');
  }

  /** An order that no thread took in time must not hit a later one. */
  withdrawThreadOrders(): void {
    for (const name of Object.values(THREAD_ORDERS)) {
      rmSync(join(this.control, name), { force: true });
    }
  }

  breakDisk(fault: DiskFault, durationMs: number): void {
    const order = join(this.control, DISK_ORDER);
    writeFileSync(`${order}.tmp`, JSON.stringify(fault));
    renameSync(`${order}.tmp`, order);
    this.#brokenUntilMs = Date.now() + durationMs;
    clearTimeout(this.#mend);
    this.#mend = setTimeout(() => this.mendDisk(), durationMs);
  }

  mendDisk(): void {
    clearTimeout(this.#mend);
    rmSync(join(this.control, DISK_ORDER), { force: true });
  }

  /** Whether a call that began then may have met a broken disk. */
  wasBrokenSince(epochMs: number): boolean {
    return existsSync(join(this.control, DISK_ORDER)) || epochMs <= this.#brokenUntilMs;
  }
}

/** Options and arguments of `sluice run` for the round's job. */
export function runArguments(
  plan: RoundPlan,
  { output, checkpoints }: Workshop,
  parallelism: number,
  options: readonly string[],
): string[] {
  const settings = {
    'execution.checkpointing.interval': `${plan.checkpointIntervalMs} ms`,
    'execution.checkpointing.unaligned.enabled': plan.unaligned,
    'execution.checkpointing.tolerable-failed-checkpoints': 1000,
    'execution.checkpointing.timeout': '10 s',
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    'execution.checkpointing.num-retained': 2,
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 1000,
    'restart-strategy.fixed-delay.delay': '100 ms',
    ...(plan.mode === 'embedded' && { 'execution.checkpointing.dir': checkpoints }),
  };
  const { seed, ratePerSecond, eventCount } = plan;
  return [
    'run',
    '--verbose',
    ...['-p', `${parallelism}`],
    ...Object.entries(settings).flatMap(([key, value]) => ['-D', `${key}=${value}`]),
    ...options,
    JOB_FILE,
    ...['--seed', `${seed}`, '--rate', `${ratePerSecond}`, '--output', output],
    ...(eventCount === undefined ? [] : ['--events', `${eventCount}`]),
  ];
}

export function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** @throws when it does not come true in time. */
export async function until(
  what: string,
  timeoutMs: number,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  for (const endsAtMs = Date.now() + timeoutMs; !(await isTrue()); await sleep(50)) {
    if (Date.now() > endsAtMs) throw new Error(`${what}: not in ${timeoutMs} ms`);
  }
}
