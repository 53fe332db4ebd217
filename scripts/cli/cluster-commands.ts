/** The verbs that drive a cluster. Texts and their order are those of Flink's CliFrontend. */
import { StreamError, toStreamError } from '../../runtime/core/index.ts';
import { ClusterClient, locationFor } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import { jobListLines, type ListedJob } from './list-jobs.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** Runs one verb. @returns the exit code. */
export type ClusterCommand = (options: ParsedOptions, world: ConsoleWorld) => Promise<number>;

/** `sluice list`. */
export const list: ClusterCommand = async (options, world) => {
  const { flags } = options;
  const say = sayTo(world);
  const all = flags.has('all');
  const isDefault = !flags.has('running') && !flags.has('scheduled');
  const client = ClusterClient.of(options, world);
  say('Waiting for response...');
  const answer = await failing('Failed to retrieve job list.', () => client.get('/jobs/overview'));
  const lines = jobListLines(answer.jobs as readonly ListedJob[], {
    running: all || isDefault || flags.has('running'),
    scheduled: all || isDefault || flags.has('scheduled'),
    terminated: all,
  });
  for (const line of lines) say(line);
  return 0;
};

/** `sluice cancel`. */
export const cancel: ClusterCommand = async (options, world) => {
  const say = sayTo(world);
  const [given] = options.rest;
  if (options.flags.has('withSavepoint')) return await cancelWithSavepoint(options, world);
  if (given === undefined) {
    throw badArguments('Missing JobID. Specify a JobID to cancel a job.');
  }
  const jobId = parseJobId(given);
  const client = ClusterClient.of(options, world);
  say(`Cancelling job ${jobId}.`);
  await failing(`Could not cancel job ${jobId}.`, () =>
    client.send('PATCH', `/jobs/${jobId}?mode=cancel`),
  );
  say(`Cancelled job ${jobId}.`);
  return 0;
};

async function cancelWithSavepoint(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const say = sayTo(world);
  const value = options.values.get('withSavepoint')?.[0];
  const [given] = options.rest;
  // As in Flink, a value with no argument left is the job's id.
  const jobId = parseJobId(given ?? value);
  const target = given === undefined ? undefined : value;
  const type = typeOf(options);
  const client = ClusterClient.of(options, world);
  say('DEPRECATION WARNING: Cancelling a job with savepoint is deprecated. Use "stop" instead.');
  const to = target === undefined ? 'default savepoint directory' : target;
  say(`Cancelling job ${jobId} with ${type} savepoint to ${to}.`);
  const { location } = await failing(`Could not cancel job ${jobId}.`, () =>
    client.perform({
      path: `/jobs/${jobId}/savepoints`,
      body: {
        'target-directory': directoryOf(target, world, client),
        'cancel-job': true,
        formatType: type,
      },
      resultPath: `/jobs/${jobId}/savepoints`,
    }),
  );
  say(`Cancelled job ${jobId}. Savepoint stored in ${String(location)}.`);
  return 0;
}

/** `sluice stop`. */
export const stop: ClusterCommand = async (options, world) => {
  const say = sayTo(world);
  const value = options.values.get('savepointPath')?.[0];
  const [given] = options.rest;
  const jobId = parseJobId(given ?? value);
  const target = given === undefined ? undefined : value;
  const drain = options.flags.has('drain');
  const isDetached = options.flags.has('detached');
  const type = typeOf(options);
  const client = ClusterClient.of(options, world);
  const operation = {
    path: `/jobs/${jobId}/stop`,
    body: { targetDirectory: directoryOf(target, world, client), drain, formatType: type },
    resultPath: `/jobs/${jobId}/savepoints`,
  };
  say(`${drain ? 'Draining' : 'Suspending'} job "${jobId}" with a ${type} savepoint.`);
  if (isDetached) {
    say(`Triggering stop-with-savepoint in detached mode for job ${jobId}.`);
    const failure = `Could not stop with a detached savepoint job "${jobId}".`;
    const triggerId = await failing(failure, () => client.trigger(operation));
    say(`Successfully trigger stop-with-savepoint in detached mode, triggerId: ${triggerId}`);
    return 0;
  }
  say(`Triggering stop-with-savepoint for job ${jobId}.`);
  say('Waiting for response...');
  const failure = `Could not stop with a savepoint job "${jobId}".`;
  const { location } = await failing(failure, () => client.perform(operation));
  say(`Savepoint completed. Path: ${String(location)}`);
  return 0;
};

/** `sluice savepoint`. */
export const savepoint: ClusterCommand = async (options, world) => {
  const say = sayTo(world);
  const disposed = options.values.get('dispose')?.[0];
  if (disposed !== undefined) return await dispose(disposed, options, world);
  const [given, target, ...further] = options.rest;
  if (given === undefined) {
    throw badArguments('Missing JobID. Specify a Job ID to trigger a savepoint.');
  }
  const jobId = parseJobId(given);
  const type = typeOf(options);
  const client = ClusterClient.of(options, world);
  if (further.length > 0) {
    say('Provided more arguments than required. Ignoring not needed arguments.');
  }
  const operation = {
    path: `/jobs/${jobId}/savepoints`,
    body: {
      'target-directory': directoryOf(target, world, client),
      'cancel-job': false,
      formatType: type,
    },
    resultPath: `/jobs/${jobId}/savepoints`,
  };
  if (options.flags.has('detached')) {
    say(`Triggering savepoint in detached mode for job ${jobId}.`);
    const failure = `Triggering a detached savepoint for the job ${jobId} failed.`;
    const triggerId = await failing(failure, () => client.trigger(operation));
    say(`Successfully trigger manual savepoint, triggerId: ${triggerId}`);
    return 0;
  }
  say(`Triggering savepoint for job ${jobId}.`);
  say('Waiting for response...');
  const failure = `Failed to trigger a savepoint for the job ${jobId}.`;
  const { location } = await failing(failure, () => client.perform(operation));
  say(`Savepoint completed. Path: ${String(location)}`);
  say('You can resume your program from this savepoint with the run command.');
  return 0;
};

async function dispose(path: string, options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const say = sayTo(world);
  const client = ClusterClient.of(options, world);
  say(`Disposing savepoint '${path}'.`);
  say('Waiting for response...');
  await failing(`Failed to dispose the savepoint '${path}'.`, () =>
    client.perform({
      path: '/savepoint-disposal',
      body: { 'savepoint-path': directoryOf(path, world, client) },
      resultPath: '/savepoint-disposal',
    }),
  );
  say(`Savepoint '${path}' disposed.`);
  return 0;
}

/** `sluice checkpoint`. */
export const checkpoint: ClusterCommand = async (options, world) => {
  const say = sayTo(world);
  const [given] = options.rest;
  if (given === undefined) {
    throw badArguments('Missing JobID. Specify a Job ID to manipulate a checkpoint.');
  }
  const jobId = parseJobId(given);
  const isFull = options.flags.has('full');
  const client = ClusterClient.of(options, world);
  say(`Triggering checkpoint for job ${jobId}.`);
  say('Waiting for response...');
  const failure = `Failed to trigger a checkpoint for the job ${jobId}.`;
  const { checkpointId } = await failing(failure, () =>
    client.perform({
      path: `/jobs/${jobId}/checkpoints`,
      body: { checkpointType: isFull ? 'FULL' : 'CONFIGURED' },
      resultPath: `/jobs/${jobId}/checkpoints`,
    }),
  );
  const type = isFull ? '(FULL)' : '';
  say(`Checkpoint${type} ${String(checkpointId)} for job ${jobId} completed.`);
  say('You can resume your program from this checkpoint with the run command.');
  return 0;
};

/** `sluice wake`. Not one of Flink's. */
export const wake: ClusterCommand = async (options, world) => {
  const say = sayTo(world);
  const [given] = options.rest;
  if (given === undefined) throw badArguments('Missing JobID. Specify a Job ID to wake a job.');
  const jobId = parseJobId(given);
  const client = ClusterClient.of(options, world);
  say(`Waking job ${jobId}.`);
  await failing(`Could not wake job ${jobId}.`, () => client.send('POST', `/jobs/${jobId}/wake`));
  say(`Asked job ${jobId} to wake.`);
  return 0;
};

/** As Flink's `parseJobId`; lower case. */
export function parseJobId(text: string | undefined): string {
  if (text === undefined) throw badArguments('Missing JobId');
  if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase();
  throw badArguments(
    `Cannot parse JobID from "${text}". The expected format is [0-9a-fA-F]{32}, ` +
      'e.g. fd72014d4c864993a2e5a9287b4a9c5d.',
  );
}

function typeOf({ values }: ParsedOptions): 'CANONICAL' | 'NATIVE' {
  const type = (values.get('type')?.[0] ?? 'canonical').toUpperCase();
  if (type === 'CANONICAL' || type === 'NATIVE') return type;
  throw badArguments(`The savepoint type must be canonical or native: ${type.toLowerCase()}`);
}

function directoryOf(
  path: string | undefined,
  world: ConsoleWorld,
  client: ClusterClient,
): string | null {
  return path === undefined ? null : locationFor(path, world, client);
}

function sayTo({ stdout }: ConsoleWorld): (text: string) => void {
  return (text) => void stdout.write(`${text}\n`);
}

/** Flink's sentence, caused by what went wrong. @throws {StreamError} */
async function failing<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const cause = toStreamError(thrown);
    // How the command was called is said as it is, above the help.
    if (cause.code === 'BAD_ARGUMENTS') throw cause;
    throw new StreamError({ kind: cause.kind, code: cause.code, message, cause });
  }
}
