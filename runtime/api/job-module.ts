import {
  ConfigOptions,
  type Configuration,
  isStreamError,
  JOB_NAME_EXPORT,
  StreamError,
} from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import type { JobExecutor } from './job-executor.ts';

/** Of job functions that came out of a bundle, the name of its file. */
const fileNames = new WeakMap<JobFunction, string>();

/** What a job module exports as its default: writes the program into the environment. */
export type JobFunction = (
  env: StreamExecutionEnvironment,
  args: readonly string[],
) => void | Promise<void>;

export interface JobInputs {
  readonly args: readonly string[];
  readonly configuration: Configuration;
}

/** What a job function builds. */
export interface EvaluatedJob {
  readonly graph: StreamGraph;
  /** The given settings with the job's own. */
  readonly configuration: Configuration;
}

/**
 * The graph a job function builds, without running it: up to its first `execute`, or all of it
 * when it calls none. The same call in the client and in every slot gives the same graph. What
 * follows `execute` never happens here: as with Flink's web submission, its promise never settles.
 *
 * @throws {StreamError} `JOB_FUNCTION_FAILED`, kind `user`, with what the job function threw as its
 * cause; `COLLECT_IN_JOB_MODULE`; what the API refuses, as it is.
 */
export async function evaluateJob(job: JobFunction, inputs: JobInputs): Promise<EvaluatedJob> {
  const executed = Promise.withResolvers<EvaluatedJob>();
  const executor: JobExecutor = {
    execute: (graph, { configuration, onDeliver }) => {
      if (onDeliver === undefined) executed.resolve({ graph, configuration });
      else executed.reject(collectInJobModule());
      return new Promise(() => {});
    },
  };
  const name = fileNames.get(job);
  const context = {
    ...{ configuration: inputs.configuration, executor },
    ...(name === undefined ? {} : { defaultJobName: name }),
  };
  const restoreContext = StreamExecutionEnvironment.setContext(context);
  try {
    const env = new StreamExecutionEnvironment(context);
    return await Promise.race([executed.promise, callJob(job, env, inputs.args)]);
  } finally {
    restoreContext();
  }
}

/**
 * The job function of an evaluated module: its default export, or the one that
 * `sluice.job-export` names.
 *
 * @throws {StreamError} `NO_JOB_EXPORTED`, kind `invalid`.
 */
export function jobFunctionOf(module: unknown, configuration: Configuration): JobFunction {
  const name = configuration.get(ConfigOptions.JOB_EXPORT);
  const exports = typeof module === 'object' && module !== null ? Object.entries(module) : [];
  const exported: unknown = exports.find(([key]) => key === name)?.[1];
  if (typeof exported === 'function') {
    const job = exported as JobFunction;
    const fileName: unknown = exports.find(([key]) => key === JOB_NAME_EXPORT)?.[1];
    if (typeof fileName === 'string' && fileName !== '') fileNames.set(job, fileName);
    return job;
  }
  if (name !== ConfigOptions.JOB_EXPORT.defaultValue) {
    const names = exports.map(([key]) => key).filter((key) => key !== JOB_NAME_EXPORT);
    const jobs = names.join(', ');
    throw new StreamError({
      kind: 'invalid',
      code: 'NO_JOB_EXPORTED',
      message:
        `the program's entry point class '${name}' was not found in the jar file: it is the name ` +
        `of an exported job function; exported=${jobs}`,
      details: { name },
    });
  }
  throw new StreamError({
    kind: 'invalid',
    code: 'NO_JOB_EXPORTED',
    message:
      'the module exports no job: add `export default function job(env, args) { … }`; ' +
      `default=${typeof exported}`,
  });
}

async function callJob(
  job: JobFunction,
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<EvaluatedJob> {
  try {
    await job(env, args);
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new StreamError({
      kind: 'user',
      code: 'JOB_FUNCTION_FAILED',
      message: `the job function threw while it built its graph: ${reason}${missingKey(reason)}`,
      cause: thrown,
    });
  }
  return { graph: env.getStreamGraph(), configuration: env.getConfig() };
}

const KEYED_ONLY = new Set(['window', 'reduce', 'sum', 'min', 'max', 'minBy', 'maxBy']);

/** `sluice run` checks no types, so a forgotten `keyBy` shows as a method that is not there. */
function missingKey(reason: string): string {
  const method = /\.(\w+) is not a function$/.exec(reason)?.[1] ?? '';
  if (!KEYED_ONLY.has(method)) return '';
  return `; if that is a stream: '${method}' is of keyed streams, call keyBy before it`;
}

function collectInJobModule(): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'COLLECT_IN_JOB_MODULE',
    message:
      'executeAndCollect does not work in a job module, which runs again in every slot: end the ' +
      'stream with a sink, or run the file as a script that calls ' +
      'StreamExecutionEnvironment.getExecutionEnvironment()',
  });
}
