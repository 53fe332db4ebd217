/** Evaluates the programs of a cluster in its process, and runs their slots in others. */
import {
  type CheckpointSettings,
  checkpointSettings,
  recoverySettings,
} from '../../checkpoint/index.ts';
import {
  type Clock,
  ConfigOptions,
  Configuration,
  type ConfigValue,
  type FileSystem,
  type Logger,
  type Rng,
  type Timers,
} from '../../core/index.ts';
import {
  jobPlanJson,
  mostSlotsAtOnce,
  requiredSlots,
  type StreamGraph,
  validateSinks,
} from '../../graph/index.ts';
import {
  type JobJournal,
  type JobPlanner,
  type JobProgram,
  type PlannedProgram,
  planJobExecution,
  restartSettings,
  type StartedMaster,
} from '../../jobmaster/index.ts';
import type { AskedSavepoint } from '../http/index.ts';
import { checkLocal } from './check-local.ts';
import { assertRestorable, checkSavepoint, type SavepointCheck } from './check-savepoint.ts';
import type { DataDirectory } from './data-directory.ts';
import { METRICS_INTERVAL_MS, type PlannedJob, planJob } from './job-runner.ts';
import type { JobStorage } from './job-storage.ts';
import type { LocalTaskManagers } from './local-task-managers.ts';
import { ProcessSlotLauncher } from './process-slot-launcher.ts';
import type { HeartbeatSettings } from './process-watch.ts';
import { createJobMaster } from './start-job.ts';
import { checkSlotCount } from './worker-slot-launcher.ts';

export interface ClusterPlannerParts {
  readonly data: Pick<
    DataDirectory,
    'blobs' | 'rows' | 'checkpointsDirectory' | 'savepointsDirectory'
  >;
  readonly slotWorkerUrl: URL;
  readonly taskManagerUrl: URL;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly taskManagers: LocalTaskManagers;
  readonly heartbeats: HeartbeatSettings;
  /** What print sinks write. The promise, if any, holds them back. */
  readonly onPrint: (text: string) => Promise<void> | undefined;
}

export class ClusterPlanner implements JobPlanner {
  readonly #parts: ClusterPlannerParts;

  constructor(parts: ClusterPlannerParts) {
    this.#parts = parts;
  }

  async plan(program: JobProgram): Promise<PlannedProgram> {
    const job = await this.#planned(program);
    const { graph, executionGraph } = job;
    const { vertices } = executionGraph.jobGraph;
    return {
      name: graph.jobName,
      vertices: vertices.map(({ id, name, parallelism, maxParallelism }) => {
        return { id, name, parallelism, maxParallelism };
      }),
      scalableVertexIds: vertices
        .filter(({ operators }) => operators.every(({ nodeId }) => isScalable(graph, nodeId)))
        .map(({ id }) => id),
      planJson: jobPlanJson(executionGraph.jobGraph, program.jobId),
      configuration: job.configuration.toJSON(),
      requiredSlots: (parallelism) => slotsOf(graph, parallelism),
      check: () => this.#check(job),
      start: (journal, isRecovered) => this.#start(program, job, journal, isRecovered),
    };
  }

  /** What would become of a savepoint's state under a program; nothing of it is started. */
  async checkSavepoint(
    program: JobProgram,
    { path, allowNonRestoredState }: AskedSavepoint,
  ): Promise<SavepointCheck> {
    const { graph } = await this.#planned(program);
    const { blobs } = this.#parts.data;
    return await checkSavepoint(path, { blobs, graph, allowNonRestoredState });
  }

  async #planned(program: JobProgram): Promise<PlannedJob> {
    return await planJob({
      // A location of a directory's blob is a path.
      bundlePath: program.bundleLocation,
      args: program.args,
      configuration: Configuration.fromRecord(
        program.configuration as Readonly<Record<string, ConfigValue>>,
      ),
    });
  }

  /** What `createJobMaster` refuses, but without a trace. */
  async #check(job: PlannedJob): Promise<void> {
    const { blobs } = this.#parts.data;
    const { graph, configuration } = job;
    checkpointSettings(configuration);
    restartSettings(configuration);
    const recovery = recoverySettings(configuration);
    await assertRestorable(recovery, { blobs, graph });
    const restoring = recovery.path !== undefined;
    await validateSinks(graph, { fileSystem: this.#parts.fileSystem, restoring });
  }

  async #start(
    program: JobProgram,
    job: PlannedJob,
    journal: JobJournal,
    isRecovered: boolean,
  ): Promise<StartedMaster> {
    const { data, slotWorkerUrl, taskManagerUrl, clock, timers, rng, fileSystem } = this.#parts;
    const { logger, onPrint, taskManagers, heartbeats } = this.#parts;
    const { jobId, parallelism } = program;
    const configuration = this.#withSavepointDirectory(job.configuration);
    const launcherOf = (_: unknown, { intervalMs }: CheckpointSettings): ProcessSlotLauncher =>
      new ProcessSlotLauncher({
        ...{ taskManagerUrl, slotWorkerUrl, heartbeats, timers },
        observer: taskManagers.ofJob(jobId),
        job: {
          jobId,
          bundlePath: job.options.bundlePath,
          args: job.options.args,
          configuration: job.options.configuration.toJSON(),
          checkpointing: intervalMs !== undefined,
          metricsIntervalMs: METRICS_INTERVAL_MS,
        },
      });
    let launcher: ProcessSlotLauncher | undefined;
    const master = await createJobMaster({
      ...{ jobId, configuration, parallelism, journal, isRecovered },
      ...{ clock, timers, rng, logger, fileSystem, onPrint },
      graph: job.graph,
      reportIntervalMs: METRICS_INTERVAL_MS,
      storage: storageOf(data, checkpointSettings(configuration)),
      launcherOf: (plan, checkpointing) => {
        launcher = launcherOf(plan, checkpointing);
        launcher.warmUp();
        return launcher;
      },
      onDeliver: () => undefined,
    });
    return { master, close: async () => await launcher?.close() };
  }

  #withSavepointDirectory(configuration: Configuration): Configuration {
    const option = ConfigOptions.CHECKPOINTING_SAVEPOINT_DIR;
    if (configuration.has(option)) return configuration;
    return configuration.with(option, this.#parts.data.savepointsDirectory);
  }
}

/** Rows are always the cluster's, whose process alone may write them. */
function storageOf(
  { blobs, rows, checkpointsDirectory }: ClusterPlannerParts['data'],
  { directory = checkpointsDirectory }: CheckpointSettings,
): JobStorage {
  checkLocal(directory);
  return { blobs, rows, directory, close: () => Promise.resolve() };
}

function slotsOf(graph: StreamGraph, parallelism: Readonly<Record<string, number>>): number {
  const { executionGraph } = planJobExecution(graph, parallelism, undefined);
  checkSlotCount(mostSlotsAtOnce(executionGraph));
  return requiredSlots(executionGraph.jobGraph);
}

/** The node runs at the job's default: its own would have been kept apart from it. */
function isScalable({ nodes, defaultParallelism }: StreamGraph, nodeId: number): boolean {
  const node = nodes.find(({ id }) => id === nodeId);
  return node?.nonParallel !== true && node?.parallelism === defaultParallelism;
}
