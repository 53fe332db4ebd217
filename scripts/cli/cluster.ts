/** `sluice cluster`: a cluster in the foreground. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type RunningCluster, startCluster } from '../../runtime/adapters/index.ts';
import {
  ConfigOptions,
  type Configuration,
  type Logger,
  maskText,
  type StreamError,
} from '../../runtime/core/index.ts';
import type { ConsoleWorld } from './console-world.ts';
import { configurationOf } from './effective-configuration.ts';
import { consoleFolder, engineModuleUrl, shareEngine } from './engine-modules.ts';
import { EXIT_CODES, onInterrupt, type SignalSource } from './interrupts.ts';
import { JobLogFiles, logDirectory, loggerToBoth } from './job-log-files.ts';
import { outputOf } from './output.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';
import { versionNumber } from './version.ts';

const MAX_PORT = 65_535;
const MAX_SLOTS = 1024;
/** Shorter would tell of jobs that stop in good order. */
const WAITING_TOLD_MS = 3_000;
const DEFAULT_DATA_DIRECTORY = 'sluice-data';

export interface ClusterWorld {
  readonly world: ConsoleWorld;
  readonly signals: SignalSource;
  readonly monotonicMs: () => number;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/**
 * Runs until it is interrupted; then suspends the jobs, which go on when it is started again.
 *
 * @returns the exit code: 0 interrupted, or asked to end by `DELETE /cluster`.
 * @throws what keeps it from starting; what made it lose its data directory.
 */
export async function cluster(
  options: ParsedOptions,
  { world, signals, monotonicMs, exit }: ClusterWorld,
): Promise<number> {
  const value = (name: string): string | undefined => options.values.get(name)?.[0];
  const configuration = await configurationOf(options, world);
  const configuredPort = configuration.get(ConfigOptions.REST_PORT);
  const port = countOf('port', value('port') ?? String(configuredPort), 0, MAX_PORT);
  const slots = value('slots') ?? String(Math.max(4, availableParallelism()));
  const { say, result, isJson } = outputOf(options, world);
  // With --json there is one document on stdout.
  const printed = isJson ? world.stderr : world.stdout;
  shareEngine();
  const running = await startCluster({
    configuration: withToken(configuration, world),
    port,
    slotCount: countOf('slots', slots, 1, MAX_SLOTS),
    dataDirectory: resolve(world.cwd, value('data-dir') ?? DEFAULT_DATA_DIRECTORY),
    slotWorkerUrl: engineModuleUrl('slot-worker'),
    taskManagerUrl: engineModuleUrl('task-manager-process'),
    telemetry: {
      prometheusUrl: engineModuleUrl('prometheus'),
      openTelemetryUrl: engineModuleUrl('open-telemetry'),
    },
    environment: world.environment,
    consoleFolder: consoleFolder(),
    version: versionNumber(),
    logger: clusterLogger(world, options.flags.has('verbose')),
    onPrint: (text) =>
      new Promise((done) => {
        printed.write(text.endsWith('\n') ? text : `${text}\n`, () => done());
      }),
  });
  say(`Cluster is listening on http://${running.host}:${running.port}`);
  say(`Data directory: ${running.dataDirectory}`);
  const { fromCheckpointCount, anewCount } = running.resumed;
  const resumedCount = fromCheckpointCount + anewCount;
  if (resumedCount > 0) {
    say(`Jobs resumed: ${resumedCount}; ${resumedText(running.resumed)}`);
  }
  result({
    url: `http://${running.host}:${running.port}`,
    dataDirectory: running.dataDirectory,
    resumedJobs: resumedCount,
    resumedFromCheckpoint: fromCheckpointCount,
    begunAnew: anewCount,
  });
  const interrupted = Promise.withResolvers<undefined>();
  let isClosing = false;
  const kill = (): void => exit(EXIT_CODES.interrupted);
  const handlers = {
    // A client may have asked for the end before.
    onCancel: () => (isClosing ? kill() : interrupted.resolve(undefined)),
    onKill: kill,
  };
  const stopListening = onInterrupt(signals, handlers, monotonicMs);
  try {
    const asked = running.shutDownAsked.then(() => undefined);
    const ends = [interrupted.promise, asked, running.lost];
    const lost: StreamError | undefined = await Promise.race(ends);
    if (lost !== undefined) {
      // Nothing of this process may go on, whatever its jobs do.
      setTimeout(() => exit(EXIT_CODES.failed), 500);
      throw lost;
    }
    isClosing = true;
    await suspend(running, say);
    return 0;
  } finally {
    stopListening();
  }
}

/** What becomes of the jobs, and after a while what is still waited for. */
async function suspend(running: RunningCluster, say: (text: string) => void): Promise<void> {
  const jobs = await running.toResume();
  say(
    jobs.fromCheckpointCount + jobs.anewCount === 0
      ? 'Closing the cluster; none of its jobs is left to suspend.'
      : `Suspending the jobs; when the cluster is started again they go on: ${resumedText(jobs)}.`,
  );
  say('Ctrl-C again ends it at once: checkpoints stay, what came after them is done again.');
  const timer = setTimeout(() => {
    const left = running.running().map(({ jobId, name }) => `${jobId} "${name}"`);
    if (left.length === 0) return;
    say(
      `Waiting until these have stopped: ${left.join(', ')}. What does not return from the ` +
        "program's code is ended after task.cancellation.timeout (3 min if not set). Ctrl-C ends " +
        'the cluster without waiting: what is not done is done at the next start.',
    );
  }, WAITING_TOLD_MS);
  try {
    await running.close();
  } finally {
    clearTimeout(timer);
  }
}

/** `2 from their newest checkpoint or savepoint, 1 anew, without one`. */
function resumedText({ fromCheckpointCount, anewCount }: RunningCluster['resumed']): string {
  const parts = [
    ...(fromCheckpointCount === 0
      ? []
      : [`${fromCheckpointCount} from the newest checkpoint or savepoint`]),
    ...(anewCount === 0 ? [] : [`${anewCount} anew, for lack of a checkpoint`]),
  ];
  return parts.join(', ');
}

/** Of the environment, so that no list of processes shows it. */
function withToken(configuration: Configuration, { environment }: ConsoleWorld): Configuration {
  const option = ConfigOptions.REST_AUTHENTICATION_TOKEN;
  const token = environment.SLUICE_TOKEN ?? '';
  if (token === '' || configuration.has(option)) return configuration;
  return configuration.with(option, token, 'SLUICE_TOKEN');
}

/** To the terminal, and for `sluice logs`. */
function clusterLogger({ stderr, environment }: ConsoleWorld, isVerbose: boolean): Logger {
  const terminal: Logger = {
    log: (level, message, fields = {}) => {
      if (level === 'debug' || (level === 'info' && !isVerbose)) return;
      const values = Object.entries(fields).map(([key, one]) => ` ${key}=${String(one)}`);
      stderr.write(`${maskText(`${level}: ${message}${values.join('')}`)}\n`);
    },
  };
  const directory = logDirectory(environment);
  if (directory === undefined) return terminal;
  return loggerToBoth(terminal, new JobLogFiles(directory, Date.now));
}

function countOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw badArguments(`The ${name} must be a number from ${min} to ${max}: ${text}`);
}
