/** `sluice logs --stdout`: what a job has printed on a cluster. */
import { StreamError } from '../../runtime/core/index.ts';
import { ClusterClient, type JsonObject } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

const UNASSIGNED = '(unassigned)';
const EXCLUDED = ['follow', 'json'];
const EXCLUDED_VALUES = ['prefix', 'region', 'since', 'level', 'log-dir'];

/** The refusal of `-m` where a log is asked for, which is in files. */
export function notTaken(): StreamError {
  return badArguments(
    "'jobmanager' is not taken by logs: leave it out for a job of this machine; the log of a " +
      'deployed cluster is in CloudWatch, under its name: --prefix <name>, and --region ' +
      '<region>. What a job has printed is shown by --stdout, which takes it.',
  );
}

/**
 * Writes what each TaskManager of a job has printed, those of failed attempts first.
 *
 * @throws {StreamError} `BAD_ARGUMENTS`, `JOB_NOT_FOUND`, `OUTPUT_NOT_FOUND`
 */
export async function printedOf(
  jobId: string,
  options: ParsedOptions,
  world: ConsoleWorld,
): Promise<number> {
  const { flags, values } = options;
  const [other] = [
    ...EXCLUDED.filter((name) => flags.has(name)),
    ...EXCLUDED_VALUES.filter((name) => values.has(name)),
  ];
  if (other !== undefined) throw badArguments(`--stdout and --${other} exclude each other.`);
  const client = await ClusterClient.of(options, world);
  const ids = await taskManagersOf(jobId, client);
  const texts = await Promise.all(ids.map((id) => printedBy(id, client)));
  const found = texts.filter((text) => text !== undefined);
  if (found.length === 0) {
    throw new StreamError({
      kind: 'invalid',
      code: 'OUTPUT_NOT_FOUND',
      message:
        'the cluster has the output of no TaskManager of the job: none has run yet, or they are ' +
        `forgotten, as are those from before the cluster started again; job=${jobId}`,
      details: { jobId },
    });
  }
  for (const text of found) world.stdout.write(text);
  return 0;
}

/** In the order in which they began, as far as it is known. */
async function taskManagersOf(jobId: string, client: ClusterClient): Promise<readonly string[]> {
  const { vertices } = await client.get(`/jobs/${jobId}`);
  const { exceptionHistory } = await client.get(`/jobs/${jobId}/exceptions`);
  const { entries } = (exceptionHistory ?? {}) as JsonObject;
  const failed = listOf(entries).map(({ taskManagerId }) => taskManagerId);
  const running = await Promise.all(
    listOf(vertices).map(async ({ id }) => {
      const answer = await client.get(`/jobs/${jobId}/vertices/${String(id)}/taskmanagers`);
      return listOf(answer.taskmanagers).map((one) => one['taskmanager-id']);
    }),
  );
  const all = [...failed.toReversed(), ...running.flat()];
  return [...new Set(all.filter((id) => typeof id === 'string' && id !== UNASSIGNED))] as string[];
}

/** Undefined: the cluster does not know it any more. */
async function printedBy(id: string, client: ClusterClient): Promise<string | undefined> {
  try {
    return await client.getText(`/taskmanagers/${encodeURIComponent(id)}/stdout`);
  } catch (error) {
    if (error instanceof StreamError && error.message.startsWith('404 ')) return undefined;
    throw error;
  }
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value : [];
}
