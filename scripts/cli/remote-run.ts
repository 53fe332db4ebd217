/** `sluice run -m <host:port>`: runs the job on a cluster. */
import { basename } from 'node:path';
import { ConfigOptions, type Configuration, StreamError } from '../../runtime/core/index.ts';
import { type ShownAccumulator, shownLines } from './accumulator-text.ts';
import { beatFor, watched } from './client-heartbeat.ts';
import { ClusterClient, failureOf, type JsonObject, locationFor } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import { formatBytes } from './format-values.ts';
import { EXIT_CODES, onInterrupt } from './interrupts.ts';
import { bundleProgram } from './job-arguments.ts';
import { type Output, outputOf } from './output.ts';
import type { ParsedOptions } from './parse-options.ts';
import type { RunWorld } from './run.ts';
import { WaitingLine } from './waiting-line.ts';

/** A job for which there are slots has long begun by then. */
const WAITING_TOLD_MS = 1_000;

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
  const client = await ClusterClient.of(options, world);
  const output = outputOf(options, world);
  const say = (text: string): void => {
    if (!options.flags.has('quiet')) output.say(text);
  };
  const isDetached = options.flags.has('detached');
  const line = new WaitingLine(world, output);
  const { jobId, configuration } = await submit({ options, apiExports, client, world, line });
  say(`Job has been submitted with JobID ${jobId}`);
  if (isDetached) {
    output.result({ jobId, status: 'SUBMITTED' });
    return EXIT_CODES.finished;
  }
  const stopBeating = beatFor(jobId, client, configuration, say);
  const interrupted = Promise.withResolvers<void>();
  const stopListening = onInterrupt(
    signals,
    { onCancel: () => interrupted.resolve(), onKill: () => exit(EXIT_CODES.interrupted) },
    monotonicMs,
  );
  try {
    const result = await Promise.race([
      client.poll(`/jobs/${jobId}/execution-result`, jobProgress({ jobId, client, line, say })),
      interrupted.promise,
    ]);
    line.end();
    if (result === undefined) return await leave({ jobId, client, options, output, say, exit });
    const ended = result['job-execution-result'] as JsonObject;
    for (const text of endLines(jobId, ended)) say(text);
    output.result({ jobId, status: 'FINISHED', runtimeMs: Number(ended['net-runtime']) });
    return EXIT_CODES.finished;
  } finally {
    stopBeating();
    line.end();
    stopListening();
  }
}

interface Submission {
  readonly options: ParsedOptions;
  readonly apiExports: readonly string[];
  readonly client: ClusterClient;
  readonly world: ConsoleWorld;
  readonly line: WaitingLine;
}

async function submit({
  options,
  apiExports,
  client,
  world,
  line,
}: Submission): Promise<{ readonly jobId: string; readonly configuration: Configuration }> {
  line.show('compiling the program');
  try {
    const { bundle, args, configuration } = await bundleProgram(
      ...([options, apiExports, world, client.isDeployed] as const),
    );
    // Before anything is sent.
    const whole = watched(withLocations(configuration, world, client), options);
    const name = `${basename(bundle.jobFile).replace(/\.\w+$/, '')}.mjs`;
    line.show(`sending ${name}, ${formatBytes(Buffer.byteLength(bundle.code))}`);
    const programId = await client.upload(name, bundle.code);
    line.show('waiting for the cluster to plan and start the job');
    const answer = await client.send('POST', `/jars/${encodeURIComponent(programId)}/run`, {
      programArgsList: args,
      // The client's way in is no setting of the job: a job's settings are stored, and shown.
      flinkConfiguration: whole.without(ConfigOptions.REST_AUTHENTICATION_TOKEN).toJSON(),
    });
    return { jobId: String(answer.jobid), configuration: whole };
  } finally {
    line.end();
  }
}

/** Shows the job's state while it runs, and says once, whoever reads, that it waits for slots. */
function jobProgress({ jobId, client, line, say }: Progress) {
  let untoldSinceMs: number | undefined = performance.now();
  return async (): Promise<void> => {
    if (untoldSinceMs !== undefined && performance.now() - untoldSinceMs > WAITING_TOLD_MS) {
      untoldSinceMs = undefined;
      const text = await slotsText(jobId, client).catch(() => undefined);
      if (text !== undefined) {
        line.end();
        say(text);
      }
    }
    if (!line.isShown) return;
    const answer = await client.get(`/jobs/${jobId}/status`).catch(() => undefined);
    line.show(answer === undefined ? 'no cluster answers' : `the job is ${String(answer.status)}`);
  };
}

/** Why a job that was submitted does not run; undefined: it does, or not for lack of slots. */
async function slotsText(jobId: string, client: ClusterClient): Promise<string | undefined> {
  const { status } = await client.get(`/jobs/${jobId}/status`);
  if (status !== 'CREATED') return undefined;
  const { findings = [] } = await client.get(`/jobs/${jobId}/diagnosis`);
  const all = findings as readonly JsonObject[];
  const finding = all.find(({ code }) => code === 'WAITS_FOR_SLOTS');
  if (finding === undefined) return undefined;
  const sentence = String(finding.sentence);
  return `Not running yet: ${sentence} It starts as soon as it can; Ctrl-C leaves it waiting.`;
}

interface Progress {
  readonly jobId: string;
  readonly client: ClusterClient;
  readonly line: WaitingLine;
  readonly say: (text: string) => void;
}

interface Leaving {
  readonly jobId: string;
  readonly client: ClusterClient;
  readonly options: ParsedOptions;
  readonly output: Output;
  readonly say: (text: string) => void;
  readonly exit: (code: number) => void;
}

async function leave({ jobId, client, options, output, say, exit }: Leaving): Promise<number> {
  const cancels = options.flags.has('shutdownOnAttachedExit');
  if (cancels) {
    await client.send('PATCH', `/jobs/${jobId}?mode=cancel`);
    say(`Cancelled job ${jobId}.`);
  } else {
    say(`Detached from job ${jobId}, which goes on: 'sluice cancel ${jobId}' ends it.`);
  }
  output.result({ jobId, status: cancels ? 'CANCELED' : 'DETACHED' });
  // The poll still waits.
  exit(EXIT_CODES.interrupted);
  return EXIT_CODES.interrupted;
}

/** @throws {StreamError} why the job has not finished. */
function endLines(jobId: string, result: JsonObject): readonly string[] {
  const status = result['application-status'];
  if (status === 'SUCCEEDED') {
    const counted = shownLines((result.accumulators ?? []) as readonly ShownAccumulator[]);
    return [
      'Program execution finished',
      `Job with JobID ${jobId} has finished.`,
      `Job Runtime: ${String(result['net-runtime'])} ms`,
      ...(counted === undefined ? [] : [counted]),
    ];
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
