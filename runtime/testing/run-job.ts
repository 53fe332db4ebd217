import { InThreadExecutor, NodeFileSystem, SeededRng, VirtualTime } from '../adapters/index.ts';
import { evaluateJob, type JobFunction } from '../api/index.ts';
import {
  Configuration,
  type ConfigValue,
  defined,
  type FileSystem,
  type Logger,
  type LogLevel,
} from '../core/index.ts';
import { buildExecutionGraph, generateJobGraph, type StreamGraph } from '../graph/index.ts';
import type { JobResult } from '../jobmaster/index.ts';

export interface RunJobOptions {
  /** What `sluice run job.ts` would pass after the file. */
  readonly args?: readonly string[];
  /** `parallelism.default`. */
  readonly parallelism?: number;
  /** Settings by Flink's names. */
  readonly configuration?: Readonly<Record<string, ConfigValue>>;
  /** @defaultValue the machine's. */
  readonly fileSystem?: FileSystem;
  /** Seeds shuffles. @defaultValue 1 */
  readonly seed?: number;
}

export interface RunJobOutcome {
  readonly result: JobResult;
  /** What print sinks wrote. */
  readonly printed: string;
  readonly logged: readonly LogLine[];
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Runs a job to its end in one thread and virtual time: processing time passes only while nothing
 * else can happen, so runs are repeatable. The job's failure is in the outcome, not thrown.
 *
 * @throws {StreamError} what is wrong with the job before it starts.
 */
export async function runJob(
  job: JobFunction,
  options: RunJobOptions = {},
): Promise<RunJobOutcome> {
  const { args = [], parallelism, configuration = {}, seed = 1 } = options;
  const inputs = {
    args,
    configuration: Configuration.fromRecord({
      ...configuration,
      ...(parallelism === undefined ? {} : { 'parallelism.default': parallelism }),
    }),
  };
  const evaluated = await evaluateJob(job, inputs);
  // As in real slots, every slot builds its own graph and so has its own function objects.
  const slotCount = buildExecutionGraph(generateJobGraph(evaluated.graph)).slots.length;
  const graphs: StreamGraph[] = [];
  while (graphs.length < slotCount) graphs.push((await evaluateJob(job, inputs)).graph);
  const time = new VirtualTime();
  const printed: string[] = [];
  const logged: LogLine[] = [];
  const logger: Logger = {
    log: (level, message, fields) => logged.push({ level, message, fields: fields ?? {} }),
  };
  const executor = new InThreadExecutor({
    clock: time,
    timers: time,
    rng: new SeededRng(seed),
    logger,
    fileSystem: options.fileSystem ?? new NodeFileSystem(),
    createThread: () => time,
    onPrint: (text) => {
      printed.push(text);
      return undefined;
    },
  });
  const result = await executor.run(
    evaluated.graph,
    { configuration: evaluated.configuration },
    (slotIndex) => defined(graphs[slotIndex], 'every slot has a graph'),
  );
  return { result, printed: printed.join(''), logged };
}
