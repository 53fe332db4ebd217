/** Verbs that take savepoints or dispose of them. Texts are those of Flink's CliFrontend. */
import { stateAfterCancel, stillThereText } from './await-cancelled.ts';
import { ClusterClient, type JsonObject, type Operation } from './cluster-client.ts';
import {
  type ClusterCommand,
  directoryOf,
  failing,
  parseJobId,
  savepointTypeOf,
} from './cluster-command.ts';
import type { ConsoleWorld } from './console-world.ts';
import { type Output, outputOf } from './output.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';
import { checkpointProgress, WaitingLine } from './waiting-line.ts';

/** `sluice cancel -s`. */
export const cancelWithSavepoint: ClusterCommand = async (options, world) => {
  const output = outputOf(options, world);
  const value = options.values.get('withSavepoint')?.[0];
  const [given] = options.rest;
  // As in Flink, a value with no argument left is the job's id.
  const jobId = parseJobId(given ?? value);
  const target = given === undefined ? undefined : value;
  const type = savepointTypeOf(options);
  const client = await ClusterClient.of(options, world);
  const body = {
    'target-directory': directoryOf(target, world, client),
    'cancel-job': true,
    formatType: type,
  };
  output.say(
    'DEPRECATION WARNING: Cancelling a job with savepoint is deprecated. Use "stop" instead.',
  );
  const to = target === undefined ? 'default savepoint directory' : target;
  output.say(`Cancelling job ${jobId} with ${type} savepoint to ${to}.`);
  const { location } = await perform(`Could not cancel job ${jobId}.`, {
    ...{ jobId, client, world, output },
    operation: savepointOperation(jobId, body),
  });
  const state = await stateAfterCancel(client, jobId);
  output.say(`Cancelled job ${jobId}. Savepoint stored in ${String(location)}.`);
  const left = stillThereText(jobId, state);
  if (left !== undefined) output.say(left);
  output.result({ jobId, savepointPath: location, state: state ?? null });
  return 0;
};

/** `sluice stop`. */
export const stop: ClusterCommand = async (options, world) => {
  const output = outputOf(options, world);
  const { say, result } = output;
  const value = options.values.get('savepointPath')?.[0];
  const [given] = options.rest;
  const jobId = parseJobId(given ?? value);
  const target = given === undefined ? undefined : value;
  const drain = options.flags.has('drain');
  const type = savepointTypeOf(options);
  const client = await ClusterClient.of(options, world);
  const operation = {
    path: `/jobs/${jobId}/stop`,
    body: { targetDirectory: directoryOf(target, world, client), drain, formatType: type },
    resultPath: `/jobs/${jobId}/savepoints`,
  };
  say(`${drain ? 'Draining' : 'Suspending'} job "${jobId}" with a ${type} savepoint.`);
  if (options.flags.has('detached')) {
    say(`Triggering stop-with-savepoint in detached mode for job ${jobId}.`);
    const failure = `Could not stop with a detached savepoint job "${jobId}".`;
    const triggerId = await failing(failure, () => client.trigger(operation));
    say(`Successfully trigger stop-with-savepoint in detached mode, triggerId: ${triggerId}`);
    result({ jobId, drain, triggerId });
    return 0;
  }
  say(`Triggering stop-with-savepoint for job ${jobId}.`);
  say('Waiting for response...');
  const failure = `Could not stop with a savepoint job "${jobId}".`;
  const { location } = await perform(failure, { jobId, client, world, output, operation });
  say(`Savepoint completed. Path: ${String(location)}`);
  result({ jobId, drain, savepointPath: location });
  return 0;
};

/** `sluice savepoint`. */
export const savepoint: ClusterCommand = async (options, world) => {
  const output = outputOf(options, world);
  const { say, result } = output;
  const disposed = options.values.get('dispose')?.[0];
  if (disposed !== undefined) return await dispose(disposed, options, world);
  const [given, target] = options.rest;
  if (given === undefined) {
    throw badArguments('Missing JobID. Specify a Job ID to trigger a savepoint.');
  }
  const jobId = parseJobId(given);
  const type = savepointTypeOf(options);
  const client = await ClusterClient.of(options, world);
  const operation = savepointOperation(jobId, {
    'target-directory': directoryOf(target, world, client),
    'cancel-job': false,
    formatType: type,
  });
  if (options.flags.has('detached')) {
    say(`Triggering savepoint in detached mode for job ${jobId}.`);
    const failure = `Triggering a detached savepoint for the job ${jobId} failed.`;
    const triggerId = await failing(failure, () => client.trigger(operation));
    say(`Successfully trigger manual savepoint, triggerId: ${triggerId}`);
    result({ jobId, triggerId });
    return 0;
  }
  say(`Triggering savepoint for job ${jobId}.`);
  say('Waiting for response...');
  const failure = `Failed to trigger a savepoint for the job ${jobId}.`;
  const { location } = await perform(failure, { jobId, client, world, output, operation });
  say(`Savepoint completed. Path: ${String(location)}`);
  say('You can resume your program from this savepoint with the run command.');
  result({ jobId, savepointPath: location });
  return 0;
};

async function dispose(path: string, options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  if (path === '') {
    throw badArguments(
      'Missing required argument: savepoint path. Usage: sluice savepoint -d <savepoint-path>',
    );
  }
  const [surplus] = options.rest;
  if (surplus !== undefined) {
    throw badArguments(`More arguments than "savepoint -d <savepoint-path>" takes: ${surplus}`);
  }
  const { say, result } = outputOf(options, world);
  const client = await ClusterClient.of(options, world);
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
  result({ disposed: path });
  return 0;
}

function savepointOperation(jobId: string, body: JsonObject): Operation {
  return { path: `/jobs/${jobId}/savepoints`, body, resultPath: `/jobs/${jobId}/savepoints` };
}

interface Performance {
  readonly jobId: string;
  readonly client: ClusterClient;
  readonly world: ConsoleWorld;
  readonly output: Output;
  readonly operation: Operation;
}

/** Shows how far it is while it waits. @throws {StreamError} with Flink's sentence */
async function perform(
  failure: string,
  { jobId, client, world, output, operation }: Performance,
): Promise<JsonObject> {
  const line = new WaitingLine(world, output);
  const onWait = checkpointProgress(jobId, client, line);
  return await failing(failure, () => client.perform(operation, onWait)).finally(() => line.end());
}
