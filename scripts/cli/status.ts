/** `sluice status`: how a job is, of a cluster on this machine or a deployed one. Not one of Flink's. */
import { isStreamError, StreamError, toStreamError } from '../../runtime/core/index.ts';
import { ClusterClient, failureOf, type JsonObject } from './cluster-client.ts';
import { parseJobId } from './cluster-command.ts';
import type { ConsoleWorld } from './console-world.ts';
import { type JobFailure, jobStatusLines, jobStatusReport } from './job-status.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/**
 * @returns the exit code: 0, whatever the job's state.
 * @throws {StreamError} `JOB_NOT_FOUND`, and what keeps the cluster from answering.
 */
export async function status(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const [given] = options.rest;
  if (given === undefined) throw badArguments('Missing JobID. Specify a Job ID to see its status.');
  const jobId = parseJobId(given);
  const client = await ClusterClient.of(options, world);
  const job = await jobOf(jobId, client);
  const [exceptions, checkpoints] = await Promise.all([
    client.get(`/jobs/${jobId}/exceptions`),
    checkpointsOf(jobId, client),
  ]);
  const endFailure = await endFailureOf(job, exceptions, client);
  const report = jobStatusReport({ job, exceptions, checkpoints, endFailure }, world);
  const text = options.flags.has('json')
    ? JSON.stringify(report, undefined, 2)
    : jobStatusLines(report).join('\n');
  world.stdout.write(`${text}\n`);
  return 0;
}

async function jobOf(jobId: string, client: ClusterClient): Promise<JsonObject> {
  try {
    return await client.get(`/jobs/${jobId}`);
  } catch (thrown) {
    const cause = toStreamError(thrown);
    if (cause.code !== 'JOB_NOT_FOUND') throw cause;
    throw new StreamError({
      kind: 'invalid',
      code: 'JOB_NOT_FOUND',
      message:
        "the cluster knows no such job: 'sluice list -a' shows those that it knows; it was one " +
        'of another cluster (-m), or ended so long ago that it is forgotten (a week on AWS, an ' +
        `hour on this machine); job=${jobId} address=${client.address}`,
      details: { jobId, address: client.address },
    });
  }
}

/** Undefined: the job has none yet. */
async function checkpointsOf(
  jobId: string,
  client: ClusterClient,
): Promise<JsonObject | undefined> {
  try {
    return await client.get(`/jobs/${jobId}/checkpoints`);
  } catch (thrown) {
    if (isStreamError(thrown) && /^Checkpointing is not known/.test(thrown.message)) {
      return undefined;
    }
    throw thrown;
  }
}

/** Of a job that failed before anything of it ran, none of whose tasks has thrown. */
async function endFailureOf(
  { jid, state }: JsonObject,
  { exceptionHistory }: JsonObject,
  client: ClusterClient,
): Promise<JobFailure | undefined> {
  const { entries } = (exceptionHistory ?? {}) as { readonly entries?: readonly unknown[] };
  if (state !== 'FAILED' || (entries ?? []).length > 0) return undefined;
  const answer = await client.get(`/jobs/${String(jid)}/execution-result`);
  const result = (answer['job-execution-result'] ?? {}) as JsonObject;
  const cause = result['failure-cause'] as JsonObject | undefined;
  if (cause === undefined) return undefined;
  const { code, message } = failureOf(cause);
  return { code, message };
}
