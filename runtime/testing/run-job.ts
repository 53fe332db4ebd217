import {
  InThreadExecutor,
  type InThreadJob,
  MemoryBlobStore,
  MemoryRowStore,
  NodeFileSystem,
  SeededRng,
  VirtualTime,
} from '../adapters/index.ts';
import { evaluateJob, type JobFunction, type JobInputs } from '../api/index.ts';
import type { BlobStore, RowStore } from '../checkpoint/index.ts';
import {
  Configuration,
  type ConfigValue,
  defined,
  type FileSystem,
  type Logger,
  type LogLevel,
} from '../core/index.ts';
import { buildExecutionGraph, generateJobGraph, type StreamGraph } from '../graph/index.ts';
import type { JobMaster, JobResult } from '../jobmaster/index.ts';

export interface RunJobOptions {
  /** What `sluice run job.ts` would pass after the file. */
  readonly args?: readonly string[];
  /** `parallelism.default`. */
  readonly parallelism?: number;
  /** Settings by Flink's names. */
  readonly configuration?: Readonly<Record<string, ConfigValue>>;
  /** @defaultValue the machine's. */
  readonly fileSystem?: FileSystem;
  /** Holds checkpoints and savepoints below `/`. @defaultValue one of its own */
  readonly blobs?: BlobStore;
  /** Seeds shuffles. @defaultValue 1 */
  readonly seed?: number;
}

/** What else {@link startJob} takes: what jobs share, and what one leaves to the next. */
export interface StartJobOptions
  extends RunJobOptions,
    Pick<InThreadJob, 'jobId' | 'journal' | 'isRecovered'> {
  /** Holds the checkpoint log. @defaultValue one of its own */
  readonly rows?: RowStore;
  /** @defaultValue begins at 0 */
  readonly time?: VirtualTime;
  /** How often slots tell their counters. @defaultValue once, at the end */
  readonly metricsIntervalMs?: number;
  /** Parallelism that replaces the program's, by vertex id. */
  readonly vertexParallelism?: Readonly<Record<string, number>>;
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

/** A job under way in virtual time. */
export interface StartedJob {
  /** Cancels, stops, rescales it; takes savepoints. */
  readonly master: JobMaster;
  /** Moves on only while the job waits: act at a moment by `time.schedule`. */
  readonly time: VirtualTime;
  /** Settles when the job has ended, whatever its end. */
  readonly outcome: Promise<RunJobOutcome>;
}

/** Graphs that are ready beyond those of the first slots: more than a rescaled job adds slots. */
const SPARE_GRAPHS = 8;

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
  return await (await startJob(job, options)).outcome;
}

/**
 * As {@link runJob}, and gives the job out of hand while it runs.
 *
 * @throws {StreamError} what is wrong with the job before it starts.
 */
export async function startJob(
  job: JobFunction,
  options: StartJobOptions = {},
): Promise<StartedJob> {
  const { args = [], parallelism, configuration = {}, seed = 1 } = options;
  const inputs = {
    args,
    configuration: Configuration.fromRecord({
      ...configuration,
      ...(parallelism === undefined ? {} : { 'parallelism.default': parallelism }),
    }),
  };
  const evaluated = await evaluateJob(job, inputs);
  const slotCount = buildExecutionGraph(generateJobGraph(evaluated.graph)).slots.length;
  const graphs = await GraphPool.fill(job, inputs, slotCount + SPARE_GRAPHS);
  const { time = new VirtualTime(), blobs = new MemoryBlobStore() } = options;
  const { rows = new MemoryRowStore() } = options;
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
    createThread: (isBusy) => time.createThread(isBusy),
    openStorage: () =>
      Promise.resolve({ blobs, rows, directory: '/checkpoints', close: () => Promise.resolve() }),
    ...(options.metricsIntervalMs === undefined
      ? {}
      : { metricsIntervalMs: options.metricsIntervalMs }),
    onPrint: (text) => {
      printed.push(text);
      return undefined;
    },
  });
  const { jobId, journal, isRecovered = false, vertexParallelism = {} } = options;
  const { master, result } = await executor.start(
    evaluated.graph,
    { configuration: evaluated.configuration },
    {
      graphOf: () => graphs.take(),
      isRecovered,
      parallelism: vertexParallelism,
      ...(jobId === undefined ? {} : { jobId }),
      ...(journal === undefined ? {} : { journal }),
    },
  );
  const outcome = result.then((ended) => ({ result: ended, printed: printed.join(''), logged }));
  return { master, time, outcome };
}

/** As in real slots, every launch of a slot builds its own graph, with function objects anew. */
class GraphPool {
  readonly #job: JobFunction;
  readonly #inputs: JobInputs;
  readonly #spare: StreamGraph[] = [];

  private constructor(job: JobFunction, inputs: JobInputs) {
    this.#job = job;
    this.#inputs = inputs;
  }

  static async fill(job: JobFunction, inputs: JobInputs, count: number): Promise<GraphPool> {
    const pool = new GraphPool(job, inputs);
    while (pool.#spare.length < count) await pool.#add();
    return pool;
  }

  take(): StreamGraph {
    void this.#add();
    return defined(this.#spare.shift(), 'graphs are made as fast as they are taken');
  }

  async #add(): Promise<void> {
    const { graph } = await evaluateJob(this.#job, this.#inputs);
    this.#spare.push(graph);
  }
}
