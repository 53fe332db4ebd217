import type { ExecuteOptions, JobExecutionResult, JobExecutor } from '../../api/index.ts';
import { type CheckpointSettings, checkpointSettings } from '../../checkpoint/index.ts';
import {
  type Clock,
  type FileSystem,
  type Logger,
  type Rng,
  StreamError,
  type Timers,
} from '../../core/index.ts';
import type { StreamGraph } from '../../graph/index.ts';
import {
  type JobJournal,
  type JobMaster,
  type JobResult,
  TransientJournal,
} from '../../jobmaster/index.ts';
import type { SlotThread } from '../../taskmanager/index.ts';
import { InThreadSlotLauncher } from './in-thread-slot-launcher.ts';
import type { JobStorage } from './job-storage.ts';
import { slotSettings } from './slot-settings.ts';
import { createJobMaster } from './start-job.ts';

/** The world of a cluster in one thread. */
export interface InThreadWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  /** One for the slots that are launched together: it belongs to their loop. */
  readonly createThread: (isBusy: () => boolean) => SlotThread;
  readonly openStorage: (settings: CheckpointSettings) => Promise<JobStorage>;
  readonly onPrint: (text: string) => Promise<void> | undefined;
  /** As of {@link InThreadSlots}. */
  readonly metricsIntervalMs?: number;
}

/** What a job is besides its program. */
export interface InThreadJob {
  /**
   * The slot's own copy of the graph, asked for at every launch of a slot, where there is one:
   * function objects with fields cannot be shared by subtasks.
   */
  readonly graphOf?: (slotIndex: number) => StreamGraph;
  /** @defaultValue a new one */
  readonly jobId?: string;
  /** @defaultValue nothing is kept */
  readonly journal?: JobJournal;
  /** Taken over from an executor that died. */
  readonly isRecovered?: boolean;
  /** Parallelism that replaces the program's, by vertex id. */
  readonly parallelism?: Readonly<Record<string, number>>;
}

/** A job under way. */
export interface InThreadRun {
  readonly master: JobMaster;
  /** Settles when everything of the job is gone; never rejects for the job's own failure. */
  readonly result: Promise<JobResult>;
}

/** Runs jobs to their end in the calling thread, every slot in turns. */
export class InThreadExecutor implements JobExecutor {
  readonly #world: InThreadWorld;

  constructor(world: InThreadWorld) {
    this.#world = world;
  }

  /**
   * As {@link execute}, with the whole result; never rejects for the job's own failure.
   *
   * @param graphOf as {@link InThreadJob.graphOf}.
   */
  async run(
    graph: StreamGraph,
    options: ExecuteOptions,
    graphOf: (slotIndex: number) => StreamGraph = () => graph,
  ): Promise<JobResult> {
    return await (await this.start(graph, options, { graphOf })).result;
  }

  /**
   * Starts a job, to be driven through its master.
   *
   * @throws {StreamError} what is wrong with it before it starts.
   */
  async start(
    graph: StreamGraph,
    options: ExecuteOptions,
    job: InThreadJob = {},
  ): Promise<InThreadRun> {
    const { rng, openStorage } = this.#world;
    const jobId = job.jobId ?? idOf(rng);
    const storage = await openStorage(checkpointSettings(options.configuration));
    try {
      const master = await this.#createMaster(graph, options, job, jobId, storage);
      const result = runToEnd(master, options.signal).finally(() => storage.close());
      return { master, result };
    } catch (thrown) {
      await storage.close();
      throw thrown;
    }
  }

  async execute(graph: StreamGraph, options: ExecuteOptions): Promise<JobExecutionResult> {
    const { jobId, jobName, netRuntimeMs, status, error } = await this.run(graph, options);
    if (error !== undefined) throw StreamError.fromJSON(error);
    if (status === 'CANCELED') {
      throw new StreamError({
        kind: 'invalid',
        code: 'JOB_CANCELED',
        message: `the job was canceled; job=${jobName}`,
      });
    }
    return { jobId, jobName, netRuntimeMs };
  }

  #createMaster(
    graph: StreamGraph,
    { configuration, onDeliver = () => undefined }: ExecuteOptions,
    inThreadJob: InThreadJob,
    jobId: string,
    storage: JobStorage,
  ): Promise<JobMaster> {
    const { clock, timers, rng, logger, fileSystem, onPrint, createThread } = this.#world;
    const { metricsIntervalMs } = this.#world;
    const { graphOf = () => graph, journal, isRecovered = false, parallelism = {} } = inThreadJob;
    const settings = slotSettings(configuration);
    return createJobMaster({
      jobId,
      graph,
      configuration,
      parallelism,
      storage,
      journal: journal ?? new TransientJournal(),
      isRecovered,
      launcherOf: (_plan, { intervalMs }) =>
        new InThreadSlotLauncher({
          deploymentOf: (slotIndex) => ({
            jobId,
            graph: graphOf(slotIndex),
            checkpointing: intervalMs !== undefined,
            ...settings,
          }),
          ports: { clock, rng, logger, fileSystem, blobs: storage.blobs },
          clock,
          createThread,
          ...(metricsIntervalMs === undefined ? {} : { metricsIntervalMs }),
        }),
      clock,
      timers,
      rng,
      logger,
      fileSystem,
      onPrint,
      onDeliver,
      ...(metricsIntervalMs === undefined ? {} : { reportIntervalMs: metricsIntervalMs }),
    });
  }
}

async function runToEnd(master: JobMaster, signal: AbortSignal | undefined): Promise<JobResult> {
  const cancel = (): void => master.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const result = master.run();
    if (signal?.aborted === true) cancel();
    return await result;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** 32 hex digits. */
function idOf(rng: Rng): string {
  return Array.from({ length: 32 }, () => Math.floor(rng.next() * 16).toString(16)).join('');
}
