/**
 * Drives one job: keeps its state, does what {@link decideJob} says, and tells its result.
 *
 * Owns the job's state and result. Does not own slots (the launcher's), the graph, or attempts
 * ({@link JobDeployment}).
 *
 * I1  Every event goes through `#apply`; nothing else changes the state.
 * I2  The result settles once, after every slot and enumerator is gone.
 * I3  While a stop with a savepoint is under way, what one region fails of restarts all: the
 *     others have drained their input, or wait for the savepoint.
 * I4  What cannot be read is not deleted, nor anything by whom another process has replaced.
 *     Checkpoints go only after the job's end is durable: a process that takes the job over
 *     before that needs them.
 */
import type { CheckpointStatistics, EndStatus } from '../checkpoint/index.ts';
import { type StreamErrorRecord, toStreamError } from '../core/index.ts';
import { deployedTasks, slotOf } from './deployed-tasks.ts';
import { FailureLog, type NotedException } from './failure-log.ts';
import type { JobCheckpoints } from './job-checkpoints.ts';
import { JobDeployment } from './job-deployment.ts';
import { jobNotRunning } from './job-errors.ts';
import type { JobMasterParts, JobResult } from './job-master-parts.ts';
import { JobOutput } from './job-output.ts';
import { JobRequests, type StopOptions } from './job-requests.ts';
import { type JobSnapshot, snapshotJob } from './job-snapshot.ts';
import { JobSources } from './job-sources.ts';
import {
  createdJob,
  decideJob,
  isTerminal,
  type JobCommand,
  type JobEvent,
  type JobState,
  type JobStatus,
  type SlotFailure,
} from './job-state.ts';
import { openCheckpoints } from './open-checkpoints.ts';
import { recordEnd } from './record-end.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';
import { createdRestart } from './restart-strategy.ts';
import { SlotReports } from './slot-reports.ts';
import { NEW_JOB_WAIT_MS, retryStorage } from './storage-retry.ts';

export class JobMaster {
  readonly #parts: JobMasterParts;
  readonly #output: JobOutput;
  readonly #sources: JobSources;
  readonly #failures: FailureLog;
  readonly #requests: JobRequests;
  readonly #deployment: JobDeployment;
  /** Deployments and plans under way; none of them rejects. */
  readonly #work = new Set<Promise<void>>();
  /** Cancel restarts that are not due yet. */
  readonly #restarts = new Set<() => void>();
  readonly #ended = Promise.withResolvers<void>();
  /** Aborted with it: what waits need not any more. */
  readonly #ending = new AbortController();
  #checkpoints: JobCheckpoints | undefined;
  #state: JobState;
  #startedAtMs = 0;

  constructor(parts: JobMasterParts) {
    const { graph, clock, timers, logger, fileSystem } = parts;
    this.#parts = parts;
    this.#output = new JobOutput(parts);
    this.#failures = new FailureLog(clock, parts.exceptionHistoryCount);
    this.#sources = new JobSources({
      ...{ graph, clock, timers, logger, fileSystem },
      send: (task, event) => {
        const slotIndex = slotOf(this.#deployment.executionGraph, task);
        this.#deployment.regions.send(slotIndex, { type: 'source-event', task, event });
      },
      fail: (error) => this.#fail(error),
    });
    this.#deployment = this.#createDeployment();
    this.#state = createdJob(this.#deployment.regionSlots, createdRestart(parts.restart), {
      status: parts.isRecovered ? 'RECONCILING' : 'INITIALIZING',
      lastAttempt: parts.journal.lastAttempt,
    });
    this.#requests = new JobRequests(parts, () => ({
      status: this.status,
      checkpoints: isTerminal(this.status) ? undefined : this.#checkpoints,
    }));
  }

  get jobId(): string {
    return this.#parts.jobId;
  }

  get status(): JobStatus {
    return this.#state.status;
  }

  /** Newest first. */
  get exceptions(): ExceptionHistory {
    return this.#failures.history;
  }

  get checkpointStatistics(): CheckpointStatistics | undefined {
    return this.#checkpoints?.statistics;
  }

  /** Deploys the job and settles when it has ended; never rejects for the job's own failure. */
  async run(): Promise<JobResult> {
    const { clock, jobId, graph } = this.#parts;
    this.#startedAtMs = clock.monotonicMs();
    await this.#initialize();
    await this.#ended.promise;
    await this.#close();
    const { status, failure } = this.#state;
    return {
      jobId,
      jobName: graph.jobName,
      status: endOf(status),
      netRuntimeMs: clock.monotonicMs() - this.#startedAtMs,
      ...(failure === undefined ? {} : { error: failure }),
      metrics: this.snapshot(),
    };
  }

  /** Asks every task to stop where it is; `run` settles with CANCELED. */
  cancel(): void {
    this.#apply({ type: 'cancel' });
  }

  /** Stops the job so that another process can go on with it; `run` settles with SUSPENDED. */
  suspend(): void {
    this.#apply({ type: 'suspend' });
  }

  /** As {@link JobRequests.savepoint}. */
  triggerSavepoint(target?: string): Promise<string> {
    return this.#requests.savepoint(target);
  }

  /** As {@link JobRequests.stop}; `run` settles with FINISHED. */
  stopWithSavepoint(options: StopOptions): Promise<string> {
    return this.#requests.stop(options);
  }

  /** As {@link JobRequests.checkpoint}. */
  triggerCheckpoint(kind: 'CONFIGURED' | 'FULL'): Promise<number> {
    return this.#requests.checkpoint(kind);
  }

  /**
   * Goes on at another parallelism, from a checkpoint taken now.
   *
   * @param parallelism by vertex id; the others keep theirs.
   * @throws {StreamError} as `planJobExecution`; why there is no checkpoint. It goes on as it was.
   */
  async rescale(parallelism: Readonly<Record<string, number>>): Promise<void> {
    const deployment = this.#deployment;
    const wanted = { ...deployment.parallelism, ...parallelism };
    deployment.checkPlan(wanted);
    await this.#requests.checkpoint('CONFIGURED');
    const before = this.#state;
    const former = deployment.parallelism;
    deployment.setParallelism(wanted);
    this.#apply({ type: 'replan' });
    const isRefused = this.#state === before;
    if (isRefused) deployment.setParallelism(former);
    if (isRefused) throw jobNotRunning(this.jobId, this.status);
    // Durable before the answer. A journal that fails here fails the deployment, which acts.
    const entry = { attempt: this.#state.attempt, parallelism: deployment.parallelism };
    await this.#parts.journal.record(entry).catch(() => {});
  }

  snapshot(): JobSnapshot {
    return snapshotJob(
      this.status,
      this.#deployment.executionGraph.jobGraph,
      this.#output.metrics,
      this.#sources.totalProgress(),
      this.#parts.clock.monotonicMs() - this.#startedAtMs,
    );
  }

  #createDeployment(): JobDeployment {
    const output = this.#output;
    const sources = this.#sources;
    const checkpoints = (): JobCheckpoints | undefined => this.#checkpoints;
    const reports = new SlotReports({
      ...{ output, sources, checkpoints },
      regions: () => this.#deployment.regions,
      apply: (event) => this.#apply(event),
      applyFailure: (failure, exception) => this.#applyFailure(failure, exception),
    });
    return new JobDeployment(this.#parts, {
      ...{ output, sources, checkpoints },
      isOver: () => isTerminal(this.status),
      eventsOf: (region, slotIndex) => reports.eventsOf(region, slotIndex),
      onGone: (region, slotIndex) => reports.onGone(region, slotIndex),
      fail: (error) => this.#fail(error),
    });
  }

  async #initialize(): Promise<void> {
    const { isRecovered, logger, clock, timers, jobId } = this.#parts;
    const open = (): Promise<JobCheckpoints> =>
      openCheckpoints(this.#parts, {
        deployment: this.#deployment,
        sources: this.#sources,
        attemptsInUse: () => this.#state.regions.map(({ attempt }) => attempt),
        fail: (error) => this.#fail(error),
      });
    try {
      this.#checkpoints = await retryStorage(open, {
        ...{ clock, timers, signal: this.#ending.signal },
        ...(isRecovered ? {} : { maxWaitMs: NEW_JOB_WAIT_MS }),
        onRetry: ({ message }, delayMs) => {
          logger.log('warn', 'a job waits for storage', { jobId, reason: message, delayMs });
        },
      });
      this.#apply({ type: 'initialized' });
    } catch (thrown) {
      if (!isTerminal(this.status)) this.#fail(toStreamError(thrown).toJSON());
    }
  }

  /** I1. */
  #apply(event: JobEvent, exception?: NotedException): void {
    const before = this.#state.status;
    const { state, commands } = decideJob(this.#state, event);
    if (exception !== undefined) {
      // Whatever is decided because of it makes it a cause of its own.
      const { restart, failure } = this.#state;
      const isRootCause = state.restart !== restart || state.failure !== failure;
      this.#failures.note(exception, this.#deployment.executionGraph.jobGraph, isRootCause);
    }
    this.#state = state;
    const error = 'error' in event ? { error: event.error } : {};
    if (before === 'RUNNING' && state.status !== 'RUNNING' && state.status !== 'FINISHED') {
      this.#checkpoints?.apply({ type: 'job-stopping', ...error });
    }
    if (commands.some(({ type }) => type === 'deploy')) this.#tellDeployed();
    for (const command of commands) this.#execute(command);
    if (before !== 'RUNNING' && state.status === 'RUNNING') this.#tellRunning();
  }

  /** Periodic checkpoints begin once every task runs and every enumerator has started. */
  #tellRunning(): void {
    const { regions } = this.#state;
    void this.#sources.started().then(() => {
      if (this.status === 'RUNNING' && this.#state.regions === regions) {
        this.#checkpoints?.apply({ type: 'job-running' });
      } else if (this.status === 'RUNNING') {
        this.#tellRunning();
      }
    });
  }

  #tellDeployed(): void {
    const attempts = new Map(
      this.#state.regions.flatMap(({ attempt, slots }) =>
        slots.map(({ slotIndex }) => [slotIndex, attempt] as const),
      ),
    );
    const tasks = deployedTasks(
      this.#deployment.executionGraph,
      (slot) => attempts.get(slot) ?? -1,
    );
    this.#checkpoints?.apply({ type: 'job-deployed', tasks });
  }

  #execute(command: JobCommand): void {
    switch (command.type) {
      case 'deploy':
        this.#track(this.#deployment.deploy(command.regionIndex, command.attempt));
        break;
      case 'start-region':
        this.#deployment.start(command.regionIndex);
        break;
      case 'stop-region':
        this.#deployment.regions.get(command.regionIndex)?.stop();
        break;
      case 'restart-after':
        this.#restartAfter(command.delayMs, command.regionIndexes);
        break;
      case 'plan':
        this.#cancelRestarts();
        this.#track(this.#replan());
        break;
      case 'end':
        this.#ending.abort();
        this.#ended.resolve();
        break;
    }
  }

  #restartAfter(delayMs: number, regionIndexes: readonly number[]): void {
    const { timers, logger } = this.#parts;
    this.#failures.tellOfRestart(logger, delayMs);
    const cancel = timers.schedule(delayMs, () => {
      this.#restarts.delete(cancel);
      this.#apply({ type: 'restart-due', regionIndexes });
    });
    this.#restarts.add(cancel);
  }

  #cancelRestarts(): void {
    for (const cancel of this.#restarts) cancel();
    this.#restarts.clear();
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  }

  async #replan(): Promise<void> {
    try {
      const isReplanned = await this.#deployment.replan(() => this.#state.isReplanning);
      if (isReplanned) this.#apply({ type: 'replanned', regions: this.#deployment.regionSlots });
    } catch (thrown) {
      const error = toStreamError(thrown).toJSON();
      this.#apply({ type: 'replan-failed', error, ...this.#failureWorld() }, { error });
    }
  }

  /** A failure of no task. */
  #fail(error: StreamErrorRecord): void {
    this.#apply({ type: 'failed', error, ...this.#failureWorld() }, { error });
  }

  #applyFailure(failure: SlotFailure, exception: NotedException): void {
    const world = this.#failureWorld();
    if (this.#checkpoints?.isStopping !== true) {
      this.#apply({ ...failure, ...world }, exception);
      return;
    }
    // I3.
    this.#apply({ type: 'failed', error: failure.error, ...world }, exception);
    this.#apply({ ...failure, ...world });
  }

  #failureWorld(): { readonly nowEpochMs: number; readonly jitter: number } {
    return { nowEpochMs: this.#parts.clock.nowEpochMs(), jitter: this.#parts.rng.next() };
  }

  async #close(): Promise<void> {
    const { status, failure } = this.#state;
    this.#cancelRestarts();
    // Whatever is written for the job is written before its end is.
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#deployment.regions.terminate();
    await this.#sources.close();
    const end = endOf(status);
    const isOver = end !== 'SUSPENDED' && (await recordEnd(this.#parts, end));
    // I4.
    const isKept = !isOver || failure?.kind === 'data';
    const error = failure === undefined ? {} : { error: failure };
    this.#checkpoints?.apply({ type: 'job-ended', status: isKept ? 'SUSPENDED' : end, ...error });
    await this.#checkpoints?.close(!isKept);
  }
}

function endOf(status: JobStatus): EndStatus {
  return status === 'FINISHED' || status === 'CANCELED' || status === 'SUSPENDED'
    ? status
    : 'FAILED';
}
