/**
 * Drives one job: deploys its regions, runs its sources' enumerators and checkpoints, keeps its
 * metrics and failures, and does what {@link decideJob} says.
 *
 * Owns the job's state and result. Does not own slots (the launcher's) or the graph.
 *
 * I1  Every event goes through `#apply`; nothing else changes the state.
 * I2  The result settles once, after every slot and enumerator is gone.
 * I3  An attempt is durable in the journal before any slot of it is launched.
 * I4  Reports of a slot count only while its attempt is its region's present one.
 * I5  While a stop with a savepoint is under way, what one region fails of restarts all: the
 *     others have drained their input, or wait for the savepoint.
 * I6  What cannot be read is not deleted, nor anything by whom another process has replaced.
 *     Checkpoints go only after the job's end is durable: a process that takes the job over
 *     before that needs them.
 */
import type { CheckpointStatistics, EndStatus } from '../checkpoint/index.ts';
import { defined, type StreamErrorRecord, toStreamError } from '../core/index.ts';
import type { SlotReport } from '../protocol/index.ts';
import { DeployedRegions } from './deployed-regions.ts';
import { deployedTasks, manifestVertices, slotOf } from './deployed-tasks.ts';
import { FailureLog, type NotedException } from './failure-log.ts';
import { initialCheckpoints } from './initial-checkpoints.ts';
import { JobCheckpoints } from './job-checkpoints.ts';
import type { JobMasterParts, JobResult } from './job-master-parts.ts';
import { JobOutput } from './job-output.ts';
import { type JobPlan, planJobExecution } from './job-plan.ts';
import { JobRequests, jobNotRunning, type StopOptions } from './job-requests.ts';
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
} from './job-state.ts';
import { recordEnd } from './record-end.ts';
import { RegionExecution } from './region-execution.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';
import { createdRestart } from './restart-strategy.ts';
import { readRestorePoint, restoredSubtasks } from './restore-point.ts';
import type { SlotEvents } from './slot-launcher.ts';

const STORAGE_RETRY_MS = 1000;

export class JobMaster {
  readonly #parts: JobMasterParts;
  readonly #output: JobOutput;
  readonly #sources: JobSources;
  readonly #failures: FailureLog;
  readonly #requests: JobRequests;
  readonly #regions = new DeployedRegions();
  /** Deployments and plans under way; none of them rejects. */
  readonly #work = new Set<Promise<void>>();
  /** Cancel restarts that are not due yet. */
  readonly #restarts = new Set<() => void>();
  readonly #ended = Promise.withResolvers<void>();
  #plan: JobPlan;
  #checkpoints: JobCheckpoints | undefined;
  #state: JobState;
  #parallelism: Readonly<Record<string, number>>;
  #startedAtMs = 0;

  constructor(parts: JobMasterParts) {
    this.#parts = parts;
    this.#plan = parts.plan;
    this.#parallelism = parts.plan.overrides.parallelism ?? {};
    this.#output = new JobOutput(parts);
    this.#failures = new FailureLog(parts.clock, parts.exceptionHistoryCount);
    this.#state = createdJob(this.#regionSlots(), createdRestart(parts.restart), {
      status: parts.isRecovered ? 'RECONCILING' : 'INITIALIZING',
      lastAttempt: parts.journal.lastAttempt,
    });
    const { graph, clock, timers, logger, fileSystem } = parts;
    this.#sources = new JobSources({
      graph,
      clock,
      timers,
      logger,
      fileSystem,
      send: (task, event) => {
        const slotIndex = slotOf(this.#plan.executionGraph, task);
        this.#regions.send(slotIndex, { type: 'source-event', task, event });
      },
      fail: (error) => this.#fail(error),
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
    const wanted = { ...this.#parallelism, ...parallelism };
    planJobExecution(this.#parts.graph, wanted, this.#parts.restore?.manifest);
    await this.#requests.checkpoint('CONFIGURED');
    const before = { state: this.#state, parallelism: this.#parallelism };
    this.#parallelism = wanted;
    this.#apply({ type: 'replan' });
    const isRefused = this.#state === before.state;
    if (isRefused) this.#parallelism = before.parallelism;
    if (isRefused) throw jobNotRunning(this.jobId, this.status);
    // Durable before the answer. A journal that fails here fails the deployment, which acts.
    const entry = { attempt: this.#state.attempt, parallelism: this.#parallelism };
    await this.#parts.journal.record(entry).catch(() => {});
  }

  snapshot(): JobSnapshot {
    return snapshotJob(
      this.status,
      this.#plan.executionGraph.jobGraph,
      this.#output.metrics,
      this.#sources.totalProgress(),
      this.#parts.clock.monotonicMs() - this.#startedAtMs,
    );
  }

  #regionSlots(): readonly (readonly number[])[] {
    return this.#plan.executionGraph.regions.map(({ slots }) => slots);
  }

  async #initialize(): Promise<void> {
    const { isRecovered, logger, timers, jobId } = this.#parts;
    while (!isTerminal(this.status)) {
      try {
        this.#checkpoints = await this.#openCheckpoints();
        this.#apply({ type: 'initialized' });
        return;
      } catch (thrown) {
        const error = toStreamError(thrown).toJSON();
        // It ran before, so it can again once storage answers.
        if (!isRecovered || error.kind !== 'unavailable') this.#fail(error);
        else logger.log('warn', 'a job waits for storage', { jobId, reason: error.message });
        const waited = Promise.withResolvers<void>();
        const cancel = timers.schedule(STORAGE_RETRY_MS, waited.resolve);
        await Promise.race([waited.promise, this.#ended.promise]);
        cancel();
      }
    }
  }

  async #openCheckpoints(): Promise<JobCheckpoints> {
    const { jobId, graph, checkpointStore, blobs, journal, restore } = this.#parts;
    const { clock, timers, logger } = this.#parts;
    return new JobCheckpoints({
      jobId,
      jobName: graph.jobName,
      initial: await initialCheckpoints(this.#parts),
      store: checkpointStore,
      blobs,
      fence: () => journal.fence(),
      ...(restore?.claimMode === 'CLAIM' ? { claimed: restore.path } : {}),
      clock,
      timers,
      logger,
      host: {
        broadcast: (command) => this.#regions.broadcast(command),
        trigger: (barrier, tasks) => {
          const { executionGraph } = this.#plan;
          this.#regions.trigger(barrier, tasks, (task) => slotOf(executionGraph, task));
        },
        snapshotSources: (checkpointId) => this.#sources.snapshot(checkpointId),
        checkpointComplete: (checkpointId) => this.#sources.checkpointComplete(checkpointId),
        manifestVertices: (subtasks) => manifestVertices(this.#plan.executionGraph, subtasks),
        attemptsInUse: () => this.#state.regions.map(({ attempt }) => attempt),
        fail: (error) => this.#fail(error),
      },
    });
  }

  /** I1. */
  #apply(event: JobEvent, exception?: NotedException): void {
    const before = this.#state.status;
    const { state, commands } = decideJob(this.#state, event);
    if (exception !== undefined) {
      // Whatever is decided because of it makes it a cause of its own.
      const { restart, failure } = this.#state;
      const isRootCause = state.restart !== restart || state.failure !== failure;
      this.#failures.note(exception, this.#plan.executionGraph.jobGraph, isRootCause);
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
    const tasks = deployedTasks(this.#plan.executionGraph, (slot) => attempts.get(slot) ?? -1);
    this.#checkpoints?.apply({ type: 'job-deployed', tasks });
  }

  #execute(command: JobCommand): void {
    switch (command.type) {
      case 'deploy':
        this.#track(this.#deploy(command.regionIndex, command.attempt));
        break;
      case 'start-region':
        this.#startRegion(command.regionIndex);
        break;
      case 'stop-region':
        this.#regions.get(command.regionIndex)?.stop();
        break;
      case 'restart-after':
        this.#restartAfter(command.delayMs, command.regionIndexes);
        break;
      case 'plan':
        this.#cancelRestarts();
        this.#track(this.#replan());
        break;
      case 'end':
        this.#ended.resolve();
        break;
    }
  }

  #restartAfter(delayMs: number, regionIndexes: readonly number[]): void {
    const cancel = this.#parts.timers.schedule(delayMs, () => {
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

  async #deploy(regionIndex: number, attempt: number): Promise<void> {
    const { timers, logger, cancellationTimeoutMs, launcher } = this.#parts;
    const { executionGraph, overrides } = this.#plan;
    const slotIndexes = defined(executionGraph.regions[regionIndex], 'a region of the plan').slots;
    const region = new RegionExecution({
      regionIndex,
      attempt,
      slotIndexes,
      timers,
      logger,
      cancellationTimeoutMs,
      onGone: (slotIndex) => this.#onGone(region, slotIndex),
    });
    const previous = this.#regions.replace(regionIndex, region);
    const isOver = (): boolean => region.isStopping || isTerminal(this.status);
    try {
      await previous?.terminate();
      await this.#parts.journal.record({ attempt, parallelism: this.#parallelism });
      await this.#checkpoints?.settled();
      const manifest = await readRestorePoint(this.#parts, this.#checkpoints?.newest);
      if (isOver()) return;
      const restored = restoredSubtasks(this.#parts, manifest, executionGraph.jobGraph);
      const sources = manifest && {
        checkpointId: manifest.checkpointId,
        stateOf: (id: string) => manifest.sources.find(({ operatorId }) => operatorId === id),
      };
      await this.#sources.prepare(executionGraph, sources);
      if (!isOver()) this.#resetTasks(slotIndexes, manifest?.checkpointId);
      // Splits that could not be given back have stopped it.
      if (isOver()) return;
      const slots = slotIndexes.map((slotIndex) => ({
        slotIndex,
        restore: restored.filter((s) => slotOf(executionGraph, s) === slotIndex),
        events: this.#eventsOf(region, slotIndex),
      }));
      region.launch(launcher, { executionGraph, overrides, attempt, slots });
    } catch (thrown) {
      if (!isOver()) this.#fail(toStreamError(thrown).toJSON());
    }
  }

  /** Counters start anew, and readers give back what the checkpoint does not know of. */
  #resetTasks(slotIndexes: readonly number[], checkpointId: number | undefined): void {
    for (const slotIndex of slotIndexes) {
      for (const task of this.#plan.executionGraph.slots[slotIndex]?.subtasks ?? []) {
        this.#output.reset(task);
        this.#sources.readerReset(task, checkpointId);
      }
    }
  }

  async #replan(): Promise<void> {
    try {
      await this.#checkpoints?.settled();
      await this.#regions.terminate();
      const manifest = await readRestorePoint(this.#parts, this.#checkpoints?.newest);
      if (!this.#state.isReplanning) return;
      this.#plan = planJobExecution(this.#parts.graph, this.#parallelism, manifest);
      this.#regions.clear();
      this.#output.resetAll();
      this.#sources.invalidate();
      this.#apply({ type: 'replanned', regions: this.#regionSlots() });
    } catch (thrown) {
      const error = toStreamError(thrown).toJSON();
      this.#apply({ type: 'replan-failed', error, ...this.#failureWorld() }, { error });
    }
  }

  #startRegion(regionIndex: number): void {
    const region = this.#regions.get(regionIndex);
    if (region === undefined) return;
    region.broadcast({ type: 'start' });
    for (const slotIndex of region.slotIndexes) {
      for (const task of this.#plan.executionGraph.slots[slotIndex]?.subtasks ?? []) {
        this.#sources.readerStarted(task);
      }
    }
  }

  #eventsOf(region: RegionExecution, slotIndex: number): SlotEvents {
    return {
      onReport: (report) => {
        if (this.#regions.has(region)) this.#onReport(region, slotIndex, report);
      },
      onLost: (lost) => {
        if (!this.#regions.has(region) || !region.markGone(slotIndex)) return;
        const error = toStreamError(lost).toJSON();
        const from = { slotIndex, attempt: region.attempt };
        const event = { type: 'slot-lost', ...from, error, ...this.#failureWorld() } as const;
        this.#applyFailure(event, { error, location: `slot ${slotIndex}` });
      },
    };
  }

  #onGone(region: RegionExecution, slotIndex: number): void {
    if (!this.#regions.has(region) || !region.markGone(slotIndex)) return;
    // Not inside the decision that stopped the region.
    queueMicrotask(() => {
      this.#apply({ type: 'slot-released', slotIndex, attempt: region.attempt });
    });
  }

  #onReport(region: RegionExecution, slotIndex: number, report: SlotReport): void {
    const from = { slotIndex, attempt: region.attempt };
    switch (report.type) {
      case 'running':
        this.#apply({ type: 'slot-running', ...from });
        break;
      case 'released':
        if (region.markGone(slotIndex)) this.#apply({ type: 'slot-released', ...from });
        break;
      case 'task-failed': {
        const { error, task } = report;
        const event = { type: 'task-failed', ...from, error, ...this.#failureWorld() } as const;
        this.#applyFailure(event, { error, task, location: `slot ${slotIndex}` });
        break;
      }
      case 'reader-event':
        this.#sources.handle(report.task, report.event);
        break;
      case 'metrics':
      case 'print':
      case 'deliver':
      case 'log':
        this.#output.take(report, (id) => region.send(slotIndex, { type: 'received', id }));
        break;
      default:
        this.#checkpoints?.report(report);
    }
  }

  /** A failure of no task. */
  #fail(error: StreamErrorRecord): void {
    this.#apply({ type: 'failed', error, ...this.#failureWorld() }, { error });
  }

  #applyFailure(
    event: Extract<JobEvent, { readonly type: 'slot-lost' | 'task-failed' }>,
    exception: NotedException,
  ): void {
    if (this.#checkpoints?.isStopping !== true) {
      this.#apply(event, exception);
      return;
    }
    // I5.
    const { error, nowEpochMs, jitter } = event;
    this.#apply({ type: 'failed', error, nowEpochMs, jitter }, exception);
    this.#apply(event);
  }

  #failureWorld(): { readonly nowEpochMs: number; readonly jitter: number } {
    return { nowEpochMs: this.#parts.clock.nowEpochMs(), jitter: this.#parts.rng.next() };
  }

  async #close(): Promise<void> {
    const { status, failure } = this.#state;
    this.#cancelRestarts();
    // Whatever is written for the job is written before its end is.
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#regions.terminate();
    await this.#sources.close();
    const end = endOf(status);
    const isOver = end !== 'SUSPENDED' && (await recordEnd(this.#parts, end));
    // I6.
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
