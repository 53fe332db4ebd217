import { randomUUID } from 'node:crypto';
import type { ExecuteOptions, JobExecutionResult, JobExecutor } from '../../api/index.ts';
import {
  type Clock,
  type FileSystem,
  type Logger,
  type Rng,
  StreamError,
  type Timers,
} from '../../core/index.ts';
import {
  buildExecutionGraph,
  generateJobGraph,
  type StreamGraph,
  validateSinks,
} from '../../graph/index.ts';
import { JobMaster, type JobResult } from '../../jobmaster/index.ts';
import type { SlotThread } from '../../taskmanager/index.ts';
import { InThreadSlotLauncher } from './in-thread-slot-launcher.ts';
import { slotSettings } from './slot-settings.ts';

/** The world of a cluster in one thread. */
export interface InThreadWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  /** One for each job: it belongs to the job's loop. */
  readonly createThread: () => SlotThread;
  readonly onPrint: (text: string) => Promise<void> | undefined;
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
   * @param graphOf the slot's own copy of the graph, where there is one: function objects with
   * fields cannot be shared by subtasks.
   */
  async run(
    graph: StreamGraph,
    options: ExecuteOptions,
    graphOf: (slotIndex: number) => StreamGraph = () => graph,
  ): Promise<JobResult> {
    const { clock, timers, rng, logger, fileSystem, onPrint } = this.#world;
    await validateSinks(graph, { fileSystem });
    const executionGraph = buildExecutionGraph(generateJobGraph(graph));
    const settings = slotSettings(options.configuration);
    const launcher = new InThreadSlotLauncher({
      executionGraph,
      deploymentOf: (slotIndex) => ({
        graph: graphOf(slotIndex),
        executionGraph,
        slotIndex,
        attempt: 0,
        ...settings,
      }),
      ports: { clock, rng, logger, fileSystem },
      clock,
      thread: this.#world.createThread(),
    });
    const master = new JobMaster({
      jobId: randomUUID().replaceAll('-', ''),
      graph,
      executionGraph,
      launcher,
      clock,
      timers,
      logger,
      fileSystem,
      onPrint,
      onDeliver: options.onDeliver ?? (() => undefined),
    });
    const cancel = (): void => master.cancel();
    options.signal?.addEventListener('abort', cancel, { once: true });
    try {
      const result = master.run();
      if (options.signal?.aborted === true) cancel();
      return await result;
    } finally {
      options.signal?.removeEventListener('abort', cancel);
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
}
