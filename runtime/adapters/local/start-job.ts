/** From a graph and a place for checkpoints to a JobMaster; the same for every local cluster. */
import { resolve } from 'node:path';
import {
  assignmentErrors,
  type CheckpointManifest,
  type CheckpointSettings,
  CheckpointStore,
  claimSavepoint,
  isErrorWithCode,
  openRestorePoint,
  type RecoverySettings,
  recoverySettings,
  unclaimSavepoint,
  verifySavepoint,
} from '../../checkpoint/index.ts';
import {
  type Clock,
  ConfigOptions,
  type Configuration,
  type FileSystem,
  type Logger,
  loggerWith,
  type Rng,
  type Timers,
} from '../../core/index.ts';
import { type StreamGraph, validateSinks } from '../../graph/index.ts';
import {
  type AttachingLauncher,
  hibernationSettings,
  type JobJournal,
  JobMaster,
  type JobPlan,
  type JobRestore,
  planJobExecution,
  planOf,
  restartSettings,
  type SlotLauncher,
  type TurnMasterParts,
} from '../../jobmaster/index.ts';
import { openResults, settingsOf, stageLimits } from './batch-job.ts';
import type { JobStorage } from './job-storage.ts';
import { warnAtStart, warnOfHibernation } from './start-warnings.ts';

export interface JobStart {
  readonly jobId: string;
  readonly graph: StreamGraph;
  /** With the job's own settings. */
  readonly configuration: Configuration;
  /** Parallelism that replaces the program's, by vertex id. */
  readonly parallelism: Readonly<Record<string, number>>;
  readonly storage: JobStorage;
  readonly journal: JobJournal;
  /** Taken over from a process that died. */
  readonly isRecovered: boolean;
  readonly launcherOf: (
    plan: JobPlan,
    checkpointing: CheckpointSettings,
  ) => SlotLauncher | AttachingLauncher;
  /** The turn that the master works in, if it works in turns. */
  readonly turn?: Pick<TurnMasterParts, 'asleep' | 'onAnswer' | 'turn' | 'arming'>;
  /** How often slots report. Absent: when others ask them to. */
  readonly reportIntervalMs?: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  readonly onPrint: (text: string) => Promise<void> | undefined;
  readonly onDeliver: (collectId: string, values: readonly unknown[]) => Promise<void> | undefined;
}

/**
 * Reads what the job starts from, checks its sinks and lays it out; nothing runs yet.
 *
 * @throws {StreamError} what is wrong with the job, its settings, or the savepoint.
 */
export async function createJobMaster(start: JobStart): Promise<JobMaster> {
  const { jobId, graph, configuration, storage, fileSystem, isRecovered } = start;
  const checkpointing = settingsOf(start);
  const restart = restartSettings(configuration);
  const hibernation = hibernationSettings(configuration, graph);
  const results = await openResults(start);
  const { blobs, rows, directory } = storage;
  const checkpointStore = await CheckpointStore.open({ blobs, rows, directory, jobId });
  const { restore, plan } = await foundation(start, checkpointStore);
  const { clock, timers, rng, logger, journal, onPrint, onDeliver, reportIntervalMs } = start;
  return new JobMaster({
    jobId,
    graph,
    plan,
    launcher: start.launcherOf(plan, checkpointing),
    clock,
    timers,
    rng,
    logger,
    fileSystem,
    blobs,
    checkpointStore,
    checkpointing,
    restart,
    journal,
    ...(results === undefined ? {} : { results, stageLimits: stageLimits(configuration) }),
    ...(restore === undefined ? {} : { restore }),
    isRecovered,
    ...start.turn,
    ...(hibernation === undefined ? {} : { hibernation }),
    ...(reportIntervalMs === undefined ? {} : { reportIntervalMs }),
    cancellationTimeoutMs: configuration.get(ConfigOptions.TASK_CANCELLATION_TIMEOUT_MS),
    exceptionHistoryCount: configuration.get(ConfigOptions.WEB_EXCEPTION_HISTORY_SIZE),
    onPrint,
    onDeliver,
  });
}

interface Foundation {
  readonly restore: JobRestore | undefined;
  readonly plan: JobPlan;
}

/** What it starts from, and its layout. */
async function foundation(start: JobStart, store: CheckpointStore): Promise<Foundation> {
  const { jobId, graph, configuration, storage, isRecovered } = start;
  const recovery = recoverySettings(configuration);
  const asleep = start.turn?.asleep;
  if (asleep !== undefined) {
    const { retained } = asleep.checkpoints.state;
    const hasOwn = retained.some(({ claimed }) => claimed !== true);
    const restore = await reopenRestore(recovery, storage, hasOwn);
    return { restore, plan: planOf(graph, asleep.overrides) };
  }
  const newest = await store.latest();
  const own = newest && (await store.load(newest.checkpointId));
  const restore = await openRestore(jobId, recovery, storage, own);
  const plan = await layOut(start, restore, own).catch(async (thrown: unknown) => {
    if (restore?.claimMode === 'CLAIM' && !isRecovered) {
      await unclaimSavepoint(storage.blobs, restore.path, jobId);
    }
    throw thrown;
  });
  return { restore, plan };
}

/** Checks the sinks and what is restored, and lays the job out. */
async function layOut(
  start: JobStart,
  restore: JobRestore | undefined,
  own: CheckpointManifest | undefined,
): Promise<JobPlan> {
  const { graph, fileSystem, isRecovered } = start;
  const restoring = restore !== undefined || isRecovered;
  await validateSinks(graph, { fileSystem, restoring });
  // So that they are in the log of the job.
  const told = { ...start, logger: loggerWith(start.logger, { jobId: start.jobId }) };
  warnAtStart(told, restore);
  if (start.turn === undefined) warnOfHibernation(told);
  const plan = planJobExecution(graph, start.parallelism, own ?? restore?.manifest);
  if (restore !== undefined && own === undefined) checkRestore(restore, plan);
  return plan;
}

/** Refuses, before anything has started, state that the job cannot take. */
function checkRestore({ manifest, allowNonRestoredState }: JobRestore, plan: JobPlan): void {
  const { jobGraph } = plan.executionGraph;
  const [error] = assignmentErrors(manifest, jobGraph, { allowNonRestoredState });
  if (error !== undefined) throw error;
}

/** @param own the job's newest checkpoint: it goes on from there. */
async function openRestore(
  jobId: string,
  recovery: RecoverySettings,
  { blobs }: JobStorage,
  own: CheckpointManifest | undefined,
): Promise<JobRestore | undefined> {
  const { path, claimMode, ignoreUnclaimedState } = recovery;
  if (path === undefined) return undefined;
  const location = locationOf(path);
  const restore = { claimMode, allowNonRestoredState: ignoreUnclaimedState };
  if (own !== undefined) return await reopenRestore(recovery, { blobs }, true);
  if (claimMode === 'NO_CLAIM') return { ...(await verifySavepoint(blobs, location)), ...restore };
  const directory = await claimSavepoint(blobs, location, jobId);
  try {
    // Every byte is read here, so that nothing starts on a damaged one.
    return { ...(await verifySavepoint(blobs, directory)), ...restore };
  } catch (thrown) {
    await unclaimSavepoint(blobs, directory, jobId);
    throw thrown;
  }
}

/**
 * What a job was started from that has begun.
 *
 * @param hasOwn it goes on from a checkpoint of its own: only what it owns concerns it still, if it
 * has not deleted it.
 */
async function reopenRestore(
  { path, claimMode, ignoreUnclaimedState }: RecoverySettings,
  { blobs }: Pick<JobStorage, 'blobs'>,
  hasOwn: boolean,
): Promise<JobRestore | undefined> {
  if (path === undefined || (hasOwn && claimMode === 'NO_CLAIM')) return undefined;
  const restored = await openRestorePoint(blobs, locationOf(path)).catch((thrown: unknown) => {
    if (hasOwn && isErrorWithCode(thrown, 'RESTORE_PATH_NOT_FOUND')) return undefined;
    throw thrown;
  });
  return restored && { ...restored, claimMode, allowNonRestoredState: ignoreUnclaimedState };
}

function locationOf(path: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(path) ? path : resolve(path);
}
