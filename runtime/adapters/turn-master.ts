/**
 * The JobMaster of one turn. One that begins reads what the job starts from, as every master does;
 * one that wakes knows it, and takes what this process has kept of the turn before.
 *
 * I1  What is kept does not change while the process is in charge of the job: program, layouts,
 *     what was restored. The log of checkpoints is opened anew once somebody else was in charge.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type BlobStore,
  CheckpointStore,
  checkpointSettings,
  isErrorWithCode,
  openRestorePoint,
  type RowStore,
  recoverySettings,
} from '../checkpoint/index.ts';
import {
  type Clock,
  ConfigOptions,
  type Configuration,
  type FileSystem,
  type Logger,
  type Rng,
} from '../core/index.ts';
import type { JobGraphOverrides, StreamGraph } from '../graph/index.ts';
import {
  hibernationSettings,
  type JobJournal,
  JobMaster,
  type JobPlan,
  type JobRestore,
  planOf,
  restartSettings,
  type SleepingJob,
  type TurnJournal,
  type TurnMasterParts,
} from '../jobmaster/index.ts';
import { createJobMaster } from './local/start-job.ts';

/** What the job's program has built. */
export interface TurnProgram {
  readonly graph: StreamGraph;
  /** With the job's own settings. */
  readonly configuration: Configuration;
}

export interface TurnMasterWorld {
  readonly blobs: BlobStore;
  readonly rows: RowStore;
  /** Of the checkpoints of all jobs, unless a job has its own. */
  readonly checkpointsDirectory: string;
  /** The default target of savepoints. */
  readonly savepointsDirectory: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
}

/** A job of which this process is in charge, with what it keeps of it (I1). */
export class TurnMaster {
  readonly #world: TurnMasterWorld;
  readonly #program: TurnProgram;
  readonly #jobId: string;
  readonly #configuration: Configuration;
  #plan: JobPlan | undefined;
  #store: CheckpointStore | undefined;
  #restore: JobRestore | undefined;

  constructor(world: TurnMasterWorld, program: TurnProgram, jobId: string) {
    this.#world = world;
    this.#program = program;
    this.#jobId = jobId;
    this.#configuration = withDirectories(program.configuration, world);
  }

  /** Effective, with the cluster's defaults. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** The job laid out with these overrides. */
  planOf(overrides: JobGraphOverrides): JobPlan {
    if (this.#plan === undefined || !isDeepStrictEqual(this.#plan.overrides, overrides)) {
      this.#plan = planOf(this.#program.graph, overrides);
    }
    return this.#plan;
  }

  /**
   * @param turn of which it is the master: nothing of it counts after the turn.
   * @throws {StreamError} as `createJobMaster`.
   */
  async create(
    parts: TurnMasterParts,
    turn: Pick<TurnJournal, 'job' | 'journal' | 'isRecovered'>,
  ): Promise<JobMaster> {
    const { asleep } = parts;
    if (asleep === undefined) return await this.#begin(parts, turn);
    return await this.#wake(parts, asleep, turn.journal);
  }

  async #begin(
    { launcher, timers, onAnswer, turn, arming }: TurnMasterParts,
    { job, journal, isRecovered }: Pick<TurnJournal, 'job' | 'journal' | 'isRecovered'>,
  ): Promise<JobMaster> {
    const { blobs, rows, clock, rng, logger, fileSystem } = this.#world;
    const { jobId, parallelism } = job;
    const directory = this.#directory;
    return await createJobMaster({
      ...{ jobId, clock, timers, rng, logger, fileSystem, parallelism },
      turn: { onAnswer, turn, arming },
      graph: this.#program.graph,
      configuration: this.#configuration,
      storage: { blobs, rows, directory, close: () => Promise.resolve() },
      ...{ journal, isRecovered },
      launcherOf: () => launcher,
      onPrint: (text) => this.#print(text),
      onDeliver: () => undefined,
    });
  }

  async #wake(
    parts: TurnMasterParts,
    asleep: SleepingJob,
    journal: JobJournal,
  ): Promise<JobMaster> {
    const { blobs, clock, rng, logger, fileSystem } = this.#world;
    const jobId = this.#jobId;
    const configuration = this.#configuration;
    const restore = await this.#restored(asleep);
    const hibernation = hibernationSettings(configuration, this.#program.graph);
    return new JobMaster({
      ...{ jobId, ...parts, asleep, clock, rng, logger, fileSystem, blobs, journal },
      graph: this.#program.graph,
      plan: this.planOf(asleep.overrides),
      checkpointStore: await this.#openStore(),
      checkpointing: checkpointSettings(configuration),
      restart: restartSettings(configuration),
      ...(restore === undefined ? {} : { restore }),
      ...(hibernation === undefined ? {} : { hibernation }),
      isRecovered: false,
      cancellationTimeoutMs: configuration.get(ConfigOptions.TASK_CANCELLATION_TIMEOUT_MS),
      exceptionHistoryCount: configuration.get(ConfigOptions.WEB_EXCEPTION_HISTORY_SIZE),
      onPrint: (text) => this.#print(text),
      onDeliver: () => undefined,
    });
  }

  get #directory(): string {
    const { checkpointsDirectory } = this.#world;
    return checkpointSettings(this.#configuration).directory ?? checkpointsDirectory;
  }

  async #openStore(): Promise<CheckpointStore> {
    const { blobs, rows } = this.#world;
    const jobId = this.#jobId;
    this.#store ??= await CheckpointStore.open({ blobs, rows, directory: this.#directory, jobId });
    return this.#store;
  }

  /** What it was started from concerns it until it has checkpoints of its own, or if it owns it. */
  async #restored({ checkpoints }: SleepingJob): Promise<JobRestore | undefined> {
    const recovery = recoverySettings(this.#configuration);
    const { path, claimMode, ignoreUnclaimedState } = recovery;
    if (path === undefined) return undefined;
    const hasOwn = checkpoints.state.retained.some(({ claimed }) => claimed !== true);
    if (hasOwn && claimMode === 'NO_CLAIM') return undefined;
    if (this.#restore !== undefined) return this.#restore;
    try {
      const point = await openRestorePoint(this.#world.blobs, path);
      this.#restore = { ...point, claimMode, allowNonRestoredState: ignoreUnclaimedState };
      return this.#restore;
    } catch (thrown) {
      // It was the job's own, and has been deleted by it.
      if (hasOwn && isErrorWithCode(thrown, 'RESTORE_PATH_NOT_FOUND')) return undefined;
      throw thrown;
    }
  }

  #print(text: string): undefined {
    this.#world.logger.log('info', 'a job prints', { jobId: this.#jobId, text });
  }
}

function withDirectories(
  configuration: Configuration,
  { savepointsDirectory }: Pick<TurnMasterWorld, 'savepointsDirectory'>,
): Configuration {
  const option = ConfigOptions.CHECKPOINTING_SAVEPOINT_DIR;
  return configuration.has(option)
    ? configuration
    : configuration.with(option, savepointsDirectory);
}
