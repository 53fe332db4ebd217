/**
 * Runs a bundled job on this machine: plans it in the calling thread, checks its sinks, and runs
 * its slots as worker threads.
 */
import { randomUUID } from 'node:crypto';
import { setSourceMapsSupport } from 'node:module';
import { evaluateJob, jobFunctionOf } from '../../api/index.ts';
import {
  type CheckpointStatistics,
  checkpointSettings,
  recoverySettings,
} from '../../checkpoint/index.ts';
import type { Configuration, Logger } from '../../core/index.ts';
import {
  buildExecutionGraph,
  type ExecutionGraph,
  generateJobGraph,
  mostSlotsAtOnce,
  type StreamGraph,
} from '../../graph/index.ts';
import { type JobResult, type JobSnapshot, TransientJournal } from '../../jobmaster/index.ts';
import { assertRestorable } from './check-savepoint.ts';
import { openEmbeddedStorage } from './job-storage.ts';
import { loadProgram } from './load-program.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { createJobMaster } from './start-job.ts';
import { SystemClock, SystemRng, SystemTimers } from './system-world.ts';
import { checkSlotCount, WorkerSlotLauncher } from './worker-slot-launcher.ts';

/** How often slots report their counters. */
export const METRICS_INTERVAL_MS = 500;

export interface PlanOptions {
  /** The bundled job, an ES module. */
  readonly bundlePath: string;
  readonly args: readonly string[];
  readonly configuration: Configuration;
}

export interface PlannedJob {
  readonly options: PlanOptions;
  readonly graph: StreamGraph;
  /** The options' settings with the job's own. */
  readonly configuration: Configuration;
  readonly executionGraph: ExecutionGraph;
  /** The text the job module wants shown after it finished; see `onFinished` in the docs. */
  readonly onFinished: ((result: JobResult) => Promise<string | undefined>) | undefined;
}

/** Evaluates the job's module and builds its graphs; nothing is started. */
export async function planJob(options: PlanOptions): Promise<PlannedJob> {
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const module = await loadProgram(options.bundlePath);
  const { graph, configuration } = await evaluateJob(
    jobFunctionOf(module, options.configuration),
    options,
  );
  const executionGraph = buildExecutionGraph(generateJobGraph(graph));
  return {
    options,
    graph,
    configuration,
    executionGraph,
    onFinished: finishedHook(module, options.args),
  };
}

export interface RunOptions {
  readonly logger: Logger;
  /** The module of the slots' threads. */
  readonly slotWorkerUrl: URL;
  readonly onPrint: (text: string) => Promise<void> | undefined;
}

/** A job under way. */
export interface RunningJob {
  readonly jobId: string;
  readonly result: Promise<JobResult>;
  cancel(): void;
  snapshot(): JobSnapshot;
  /** Undefined before there can be any. */
  checkpointStatistics(): CheckpointStatistics | undefined;
}

/** Starts a planned job in this process, for as long as the process lives. */
export async function startJob(job: PlannedJob, options: RunOptions): Promise<RunningJob> {
  checkSlotCount(mostSlotsAtOnce(job.executionGraph));
  const { bundlePath, args, configuration } = job.options;
  const storage = await openEmbeddedStorage(checkpointSettings(job.configuration));
  const restorable = { blobs: storage.blobs, graph: job.graph, readsBlobs: false };
  await assertRestorable(recoverySettings(job.configuration), restorable);
  const jobId = randomUUID().replaceAll('-', '');
  const master = await createJobMaster({
    jobId,
    graph: job.graph,
    configuration: job.configuration,
    parallelism: {},
    storage,
    journal: new TransientJournal(),
    isRecovered: false,
    launcherOf: (_plan, { intervalMs }) =>
      new WorkerSlotLauncher(options.slotWorkerUrl, {
        jobId,
        bundlePath,
        args,
        configuration: configuration.toJSON(),
        checkpointing: intervalMs !== undefined,
        metricsIntervalMs: METRICS_INTERVAL_MS,
      }),
    clock: new SystemClock(),
    timers: new SystemTimers(),
    rng: new SystemRng(),
    logger: options.logger,
    fileSystem: new NodeFileSystem(),
    reportIntervalMs: METRICS_INTERVAL_MS,
    onPrint: options.onPrint,
    onDeliver: () => undefined,
  });
  return {
    jobId: master.jobId,
    result: master.run().finally(() => storage.close()),
    cancel: () => master.cancel(),
    snapshot: () => master.snapshot(),
    checkpointStatistics: () => master.checkpointStatistics,
  };
}

/** The `onFinished` export of a job's module, ready to call. */
function finishedHook(
  module: unknown,
  args: readonly string[],
): ((result: JobResult) => Promise<string | undefined>) | undefined {
  const hook = (module as { onFinished?: unknown }).onFinished;
  if (typeof hook !== 'function') return undefined;
  return async (result) => {
    const text: unknown = await hook(result, args);
    return typeof text === 'string' ? text : undefined;
  };
}
