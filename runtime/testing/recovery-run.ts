import {
  MemoryBlobStore,
  MemoryFileSystem,
  MemoryRowStore,
  VirtualTime,
} from '../adapters/index.ts';
import {
  type BlobStore,
  type CheckpointManifest,
  type RowStore,
  readManifest,
} from '../checkpoint/index.ts';
import type { ConfigValue } from '../core/index.ts';
import { CommittedOutput, FailurePoints } from './committed-output.ts';
import { GOLDEN_FILES, type GoldenJob, type GoldenParts } from './golden-jobs.ts';
import { type RunJobOutcome, type StartedJob, type StartJobOptions, startJob } from './run-job.ts';

type Settings = Readonly<Record<string, ConfigValue>>;

export interface LeftCheckpoint extends CheckpointManifest {
  /** Its directory. */
  readonly path: string;
}

/** Of a slow sink. */
const PAUSE_MS = 12;

export interface RecoveryWorldOptions {
  /** Sinks write at once instead of committing. */
  readonly isAtLeastOnce?: boolean;
  /** Shared with another world. */
  readonly blobs?: BlobStore;
  readonly rows?: RowStore;
  /** Of the first run; the next have the next ones. */
  readonly seed?: number;
}

/** What outlives the runs of a golden job: storage, files, and what sinks have committed. */
export class RecoveryWorld {
  readonly blobs: BlobStore;
  readonly rows: RowStore;
  readonly fileSystem = new MemoryFileSystem();
  readonly output = new CommittedOutput();
  /** Counts of subtasks that closed, by subtask; the last of each. */
  readonly closed = new Map<number, number>();
  failures = new FailurePoints();
  #seed: number;
  readonly #job: GoldenJob;
  readonly #isAtLeastOnce: boolean;

  constructor(job: GoldenJob, options: RecoveryWorldOptions = {}) {
    this.#job = job;
    this.#isAtLeastOnce = options.isAtLeastOnce ?? false;
    this.#seed = options.seed ?? 1;
    this.blobs = options.blobs ?? new MemoryBlobStore();
    this.rows = options.rows ?? new MemoryRowStore();
    for (const [path, text] of Object.entries(GOLDEN_FILES)) this.fileSystem.put(path, text);
  }

  /** What the job's sinks have made visible, comparable. */
  get committed(): readonly string[] {
    const { values } = this.output;
    return (this.#job.fold?.(values) ?? values).map((value) => JSON.stringify(value)).sort();
  }

  /** Starts a run of the job. */
  start(
    parallelism: number,
    configuration: Settings = {},
    options: StartJobOptions = {},
  ): Promise<StartedJob> {
    this.closed.clear();
    const time = new VirtualTime();
    const parts: GoldenParts = {
      pass: (value) => this.failures.pass(value),
      sink: (name) =>
        this.#isAtLeastOnce ? this.output.atLeastOnce(name) : this.output.exactlyOnce(name),
      slowSink: (name) =>
        this.output.exactlyOnce(name, () => new Promise((go) => time.schedule(PAUSE_MS, go))),
      closed: (subtaskIndex, count) => this.closed.set(subtaskIndex, count),
    };
    const { blobs, rows, fileSystem } = this;
    return startJob((env) => this.#job.build(env, parts), {
      blobs,
      rows,
      fileSystem,
      time,
      // Job ids come from it.
      seed: this.#seed++,
      ...options,
      parallelism,
      configuration,
    });
  }

  /** The newest checkpoint that a job, or all of them, have left. */
  async newestCheckpoint(jobId?: string): Promise<LeftCheckpoint | undefined> {
    const directory = jobId === undefined ? '/checkpoints' : `/checkpoints/${jobId}`;
    const blobs = await this.blobs.list(directory);
    const manifests = await Promise.all(
      blobs
        .map(({ location }) => location)
        .filter((location) => location.endsWith('/_metadata'))
        .map(async (location) => ({
          ...(await readManifest(this.blobs, location)),
          path: location.replace('/_metadata', ''),
        })),
    );
    return manifests.toSorted((a, b) => a.checkpointId - b.checkpointId).at(-1);
  }

  /** A run to its end. */
  async run(parallelism: number, configuration: Settings = {}): Promise<RunJobOutcome> {
    return await (await this.start(parallelism, configuration)).outcome;
  }
}

/**
 * Stops a job with a savepoint, as soon as it can be after this moment.
 *
 * @returns the savepoint's path.
 */
export async function stopAt({ master, time, outcome }: StartedJob, ms: number): Promise<string> {
  const stopped = Promise.withResolvers<string>();
  const stop = (): void => {
    master.stopWithSavepoint({ drain: false }).then(stopped.resolve, () => {
      // It restarts, or not all of it runs yet.
      time.schedule(2, stop);
    });
  };
  time.schedule(ms, stop);
  void outcome.then(() => stopped.reject(new Error('the job ended before it could be stopped')));
  const path = await stopped.promise;
  await outcome;
  return path;
}

/** Checkpoints all the time, restarts at once. */
export const CHECKPOINTED: Settings = {
  'execution.checkpointing.interval': 10,
  'execution.checkpointing.savepoint-dir': '/savepoints',
  'pipeline.auto-watermark-interval': 5,
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': 1000,
  'restart-strategy.fixed-delay.delay': 3,
};
