/** `sluice run -m <host:port>`: runs the job on a cluster. */
import { basename } from 'node:path';
import { ConfigOptions, type Configuration, StreamError } from '../../runtime/core/index.ts';
import { type ShownAccumulator, shownLines } from './accumulator-text.ts';
import { beatFor, watched } from './client-heartbeat.ts';
import { ClusterClient, failureOf, type JsonObject, locationFor } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import { EXIT_CODES, onInterrupt } from './interrupts.ts';
import { bundleProgram } from './job-arguments.ts';
import type { ParsedOptions } from './parse-options.ts';
import type { RunWorld } from './run.ts';

/**
 * Submits a job and, unless detached, waits for its end. Interrupted, it leaves the job alone,
 * but with `-sae` cancels it.
 *
 * @returns the exit code: 0 finished or detached, 130 interrupted.
 * @throws why the job was refused or has failed.
 */
export async function remoteRun(
  options: ParsedOptions,
  apiExports: readonly string[],
  { world, signals, exit, monotonicMs }: RunWorld,
): Promise<number> {
  const client = ClusterClient.of(options, world);
  const say = (text: string): void => {
    if (!options.flags.has('quiet')) world.stdout.write(`${text}\n`);
  };
  const { bundle, args, configuration } = await bundleProgram(
    ...([options, apiExports, world, client.isDeployed] as const),
  );
  // Before anything is sent.
  const whole = watched(withLocations(configuration, world, client), options);
  const flinkConfiguration = whole.toJSON();
  const name = `${basename(bundle.jobFile).replace(/\.\w+$/, '')}.mjs`;
  const programId = await client.upload(name, bundle.code);
  const answer = await client.send('POST', `/jars/${encodeURIComponent(programId)}/run`, {
    programArgsList: args,
    flinkConfiguration,
  });
  const jobId = String(answer.jobid);
  say(`Job has been submitted with JobID ${jobId}`);
  if (options.flags.has('detached')) return EXIT_CODES.finished;
  const stopBeating = beatFor(jobId, client, whole);
  const interrupted = Promise.withResolvers<void>();
  const stopListening = onInterrupt(
    signals,
    { onCancel: () => interrupted.resolve(), onKill: () => exit(EXIT_CODES.interrupted) },
    monotonicMs,
  );
  try {
    const result = await Promise.race([
      client.poll(`/jobs/${jobId}/execution-result`, () => {}),
      interrupted.promise,
    ]);
    if (result === undefined) return await leave(jobId, client, options, say, exit);
    return report(jobId, result['job-execution-result'] as JsonObject, say);
  } finally {
    stopBeating();
    stopListening();
  }
}

async function leave(
  jobId: string,
  client: ClusterClient,
  options: ParsedOptions,
  say: (text: string) => void,
  exit: (code: number) => void,
): Promise<number> {
  if (options.flags.has('shutdownOnAttachedExit')) {
    await client.send('PATCH', `/jobs/${jobId}?mode=cancel`);
    say(`Cancelled job ${jobId}.`);
  } else {
    say(`Detached from job ${jobId}, which goes on: 'sluice cancel ${jobId}' ends it.`);
  }
  // The poll still waits.
  exit(EXIT_CODES.interrupted);
  return EXIT_CODES.interrupted;
}

function report(jobId: string, result: JsonObject, say: (text: string) => void): number {
  const status = result['application-status'];
  if (status === 'SUCCEEDED') {
    say('Program execution finished');
    say(`Job with JobID ${jobId} has finished.`);
    say(`Job Runtime: ${String(result['net-runtime'])} ms`);
    const lines = shownLines((result.accumulators ?? []) as readonly ShownAccumulator[]);
    if (lines !== undefined) say(lines);
    return EXIT_CODES.finished;
  }
  const failure = result['failure-cause'];
  if (failure !== undefined) throw failureOf(failure as JsonObject);
  throw new StreamError({
    kind: 'invalid',
    code: status === 'CANCELED' ? 'JOB_CANCELED' : 'JOB_FAILED',
    message: `the job was ${status === 'CANCELED' ? 'cancelled' : 'ended'}; job=${jobId}`,
    details: { jobId },
  });
}

function withLocations(
  configuration: Configuration,
  world: ConsoleWorld,
  client: ClusterClient,
): Configuration {
  const options = [
    ConfigOptions.STATE_RECOVERY_PATH,
    ConfigOptions.CHECKPOINTING_DIR,
    ConfigOptions.CHECKPOINTING_SAVEPOINT_DIR,
  ];
  return options.reduce((result, option) => {
    const path = result.get(option);
    return path === undefined ? result : result.with(option, locationFor(path, world, client));
  }, configuration);
}
