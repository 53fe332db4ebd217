import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Logger, maskText, maskValue, StreamError } from '../../runtime/core/index.ts';
import { JOB_FAILED, type JobResult, jobAccumulators } from '../../runtime/jobmaster/index.ts';
import { accumulatorLines } from './accumulator-text.ts';
import { type ConsoleWorld, type TextStream, wantsColor, wantsUnicode } from './console-world.ts';
import { EXIT_CODES, onInterrupt, type SignalSource } from './interrupts.ts';
import { prepareJob } from './job-arguments.ts';
import { JobLogFiles, logDirectory, loggerToBoth } from './job-log-files.ts';
import type { JobRunner, RunningJob, SubmittableJob } from './job-runner.ts';
import { LiveView } from './live-view.ts';
import { outputOf } from './output.ts';
import type { ParsedOptions } from './parse-options.ts';

/** What `run` needs besides its arguments. */
export interface RunWorld {
  readonly world: ConsoleWorld;
  readonly signals: SignalSource;
  readonly monotonicMs: () => number;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/**
 * `sluice run`: runs the job to its end in this process.
 *
 * @returns the exit code: 0 finished, 130 interrupted.
 * @throws the job's failure.
 */
export async function run(
  options: ParsedOptions,
  runner: JobRunner,
  { world, signals, exit, monotonicMs }: RunWorld,
): Promise<number> {
  const { isJson, result: tell } = outputOf(options, world);
  const isQuiet = isJson || options.flags.has('quiet');
  let running: RunningJob | undefined;
  let view: LiveView | undefined;
  const kill = (): void => {
    // The process ends here: nobody else gives the terminal its cursor back.
    view?.close();
    exit(EXIT_CODES.interrupted);
  };
  const cancel = (): void => {
    if (running === undefined) {
      kill();
      return;
    }
    if (!isQuiet) around(() => world.stderr.write('Cancelling the job; Ctrl-C again kills it.\n'));
    running.cancel();
  };
  const around = (write: () => void): void => (view === undefined ? write() : view.around(write));
  const say = (text: string): void => {
    if (!isQuiet) around(() => world.stdout.write(`${maskText(text)}\n`));
  };
  const handlers = { onCancel: cancel, onKill: kill };
  const stopListening = onInterrupt(signals, handlers, monotonicMs);
  try {
    const job = await prepareJob(options, runner, world);
    if (!isQuiet) view = createView(job, world);
    running = await job.start({
      logger: loggerToBoth(
        consoleLogger(world, around, options.flags.has('verbose')),
        fileLogger(world),
      ),
      // With --json there is one document on stdout.
      onPrint: (text) => printing(text, isJson ? world.stderr : world.stdout, around),
    });
    say(`Job has been submitted with JobID ${running.jobId}`);
    const result = await watch(running, view);
    view?.close();
    writeReport(options, world, { job, running }, result);
    const code = await report(job, result, say);
    const { status, jobName } = result;
    const runtimeMs = Math.round(result.netRuntimeMs);
    tell({ jobId: running.jobId, name: jobName, status, runtimeMs });
    return code;
  } finally {
    view?.close();
    stopListening();
  }
}

function createView({ jobName }: SubmittableJob, world: ConsoleWorld): LiveView {
  return new LiveView({
    stream: world.stderr,
    jobName,
    color: wantsColor(world),
    unicode: wantsUnicode(world),
    nowEpochMs: () => Date.now(),
  });
}

/** `--report`: as `GET /jobs/<id>` tells of a job, as far as `sluice estimate` wants it. */
function writeReport(
  { values }: ParsedOptions,
  { cwd }: ConsoleWorld,
  { job, running }: { readonly job: SubmittableJob; readonly running: RunningJob },
  { jobId, jobName, status, netRuntimeMs, metrics }: JobResult,
): void {
  const path = values.get('report')?.[0];
  if (path === undefined) return;
  const counted = { jid: jobId, name: jobName, state: status, duration: netRuntimeMs };
  const { vertices } = metrics;
  const whole = {
    ...{ ...counted, vertices, checkpoints: running.checkpoints?.() ?? null },
    configuration: job.configuration?.toJSON() ?? {},
  };
  writeFileSync(resolve(cwd, path), `${JSON.stringify(maskValue(whole), undefined, 2)}\n`);
}

/** Shows the job until it has ended. */
async function watch(running: RunningJob, view: LiveView | undefined): Promise<JobResult> {
  if (view === undefined) return await running.result;
  const timer = setInterval(() => view.update(running.snapshot()), view.intervalMs);
  try {
    const result = await running.result;
    view.finish(result.metrics);
    return result;
  } finally {
    clearInterval(timer);
  }
}

async function report(
  job: SubmittableJob,
  result: JobResult,
  say: (text: string) => void,
): Promise<number> {
  const { status, jobId, netRuntimeMs, error, metrics } = result;
  if (status === 'CANCELED') {
    say(`Cancelled job ${jobId}.`);
    return EXIT_CODES.interrupted;
  }
  if (status === 'FAILED') {
    throw error === undefined ? new Error(`job ${jobId} failed`) : StreamError.fromJSON(error);
  }
  const summary = await job.summary(result);
  if (summary !== undefined) say(summary);
  say('Program execution finished');
  say(`Job with JobID ${jobId} has finished.`);
  say(`Job Runtime: ${Math.round(netRuntimeMs)} ms`);
  const lines = accumulatorLines(jobAccumulators(metrics.vertices));
  if (lines !== undefined) say(lines);
  return EXIT_CODES.finished;
}

/** Resolves when the text was taken, so that a slow reader of stdout slows the job. */
function printing(
  text: string,
  stream: TextStream,
  around: (write: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    around(() => stream.write(text.endsWith('\n') ? text : `${text}\n`, () => resolve()));
  });
}

/** For `sluice logs`. */
function fileLogger({ environment }: ConsoleWorld): Logger | undefined {
  const directory = logDirectory(environment);
  return directory === undefined ? undefined : new JobLogFiles(directory, Date.now);
}

function consoleLogger(
  { stderr }: ConsoleWorld,
  around: (write: () => void) => void,
  verbose: boolean,
): Logger {
  return {
    log(level, message, fields = {}) {
      if (!verbose && (level === 'debug' || level === 'info')) return;
      // What it has failed of is told at the end.
      if (!verbose && message === JOB_FAILED) return;
      // There is one job here.
      const { jobId: _, ...shown } = fields;
      const values = Object.entries(shown).map(([key, value]) => ` ${key}=${String(value)}`);
      around(() => stderr.write(`${maskText(`${level}: ${message}${values.join('')}`)}\n`));
    },
  };
}
