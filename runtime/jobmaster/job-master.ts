/**
 * Drives one job: keeps its state, does what {@link decideJob} says, and tells its result.
 * Owns the job's state and result, not slots (the launcher's), graph or attempts (JobDeployment).
 *
 * I1  Every event goes through `#apply`; nothing else changes the state.
 * I2  The result settles once, after every slot and enumerator is gone.
 * I3  While a stop with a savepoint is under way, what one region fails of restarts all: the
 *     others have drained their input, or wait for the savepoint.
 * I4  It may sleep between two events ({@link JobMaster.sleep}); one made of that goes on for it.
 * I5  What cannot be read is not deleted, nor anything by whom another process has replaced.
 *     Checkpoints go only after the job's end is durable: a process that takes the job over
 *     before that needs them.
 */
import type { CheckpointStatistics } from '../checkpoint/index.ts';
import { loggerWith, type StreamErrorRecord, toStreamError } from '../core/index.ts';
import { accumulatorResults } from '../protocol/index.ts';
import { unreadableRegions } from './blocking-results.ts';
import { slotOf } from './deployed-tasks.ts';
import { diagnoseMaster } from './diagnose-master.ts';
import type { Diagnosis } from './diagnosis.ts';
import { FailureLog, type NotedException } from './failure-log.ts';
import { initialState } from './initial-state.ts';
import type { JobCheckpoints } from './job-checkpoints.ts';
import { JobDeployment } from './job-deployment.ts';
import { endNotRecorded, jobNotRunning } from './job-errors.ts';
import { JobExecutions, type JobTimes, startOf, type VertexExecutions } from './job-executions.ts';
import { JobHibernation } from './job-hibernation.ts';
import type { JobMasterParts, JobResult } from './job-master-parts.ts';
import { JobOutput } from './job-output.ts';
import { JobRequests, type StopOptions } from './job-requests.ts';
import { JobRestarts } from './job-restarts.ts';
import { type JobSnapshot, jobAccumulators, snapshotJob } from './job-snapshot.ts';
import { JobSources } from './job-sources.ts';
import {
  decideJob,
  isTerminal,
  type JobCommand,
  type JobEvent,
  type JobState,
  type JobStatus,
  liveSlots,
  type SlotFailure,
} from './job-state.ts';
import { tellOfJob } from './life-log.ts';
import { type CheckpointedJob, openCheckpoints, wakeCheckpoints } from './open-checkpoints.ts';
import type { StateQuestion } from './query-state.ts';
import { endOf, recordEnd } from './record-end.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';
import type { SleepingJob } from './sleeping-job.ts';
import { SlotReports } from './slot-reports.ts';
import type { RunningValue } from './state-queries.ts';
import { NEW_JOB_WAIT_MS, retryStorage } from './storage-retry.ts';
import type { ClientRequest } from './turn-messages.ts';

export class JobMaster {
  readonly #parts: JobMasterParts;
  readonly #output: JobOutput;
  readonly #sources: JobSources;
  readonly #failures: FailureLog;
  readonly #executions: JobExecutions;
  readonly #requests: JobRequests;
  readonly #deployment: JobDeployment;
  readonly #hibernation: JobHibernation;
  /** Deployments and plans under way; none of them rejects. */
  readonly #work = new Set<Promise<void>>();
  readonly #restarts: JobRestarts;
  readonly #ended = Promise.withResolvers<void>();
  /** Aborted with it: what waits need not any more. */
  readonly #ending = new AbortController();
  #checkpoints: JobCheckpoints | undefined;
  #state: JobState;
  #startedAtEpochMs = 0;

  constructor(given: JobMasterParts) {
    const parts = { ...given, logger: loggerWith(given.logger, { jobId: given.jobId }) };
    const { graph, clock, timers, logger, fileSystem, asleep } = parts;
    this.#parts = parts;
    this.#output = new JobOutput(parts);
    this.#failures = new FailureLog(parts);
    this.#restarts = new JobRestarts({
      ...{ clock, timers },
      due: (regionIndexes) => this.#apply({ type: 'restart-due', regionIndexes }),
    });
    this.#executions = new JobExecutions(parts);
    this.#sources = new JobSources({
      ...{ graph, clock, timers, logger, fileSystem },
      send: (task, event) => {
        const slotIndex = slotOf(this.#deployment.executionGraph, task);
        this.#deployment.regions.send(slotIndex, { type: 'source-event', task, event });
      },
      fail: (error) => this.#fail(error),
    });
    this.#deployment = this.#createDeployment();
    this.#state = asleep?.state ?? initialState(parts, this.#deployment.executionGraph);
    this.#executions.followJob(this.#state);
    this.#hibernation = this.#createHibernation();
    this.#requests = new JobRequests(parts, {
      status: () => this.status,
      checkpoints: () => (isTerminal(this.status) ? undefined : this.#checkpoints),
      replan: (parallelism) => this.#replanAt(parallelism),
      recordPlan: () => this.#recordPlan(),
      checkedParallelism: (changed) => this.#deployment.checkedParallelism(changed),
      cancel: () => this.cancel(),
      holdsRequests: () => this.#hibernation.holdsRequests,
      wake: () => this.#hibernation.wake(),
      track: (work) => this.#track(work),
    });
  }

  get jobId(): string {
    return this.#parts.jobId;
  }

  get status(): JobStatus {
    return this.#state.status;
  }

  get times(): JobTimes {
    return this.#executions.jobTimes;
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
    const { jobId, graph, asleep } = this.#parts;
    this.#startedAtEpochMs = startOf(this.#parts);
    this.#track(asleep === undefined ? this.#initialize() : this.#wake(asleep));
    await this.#ended.promise;
    await this.#close();
    const { status, failure } = this.#state;
    const metrics = this.snapshot();
    return {
      ...{ jobId, jobName: graph.jobName },
      status: endOf(status),
      netRuntimeMs: this.#runtimeMs,
      ...(failure === undefined ? {} : { error: failure }),
      metrics,
      accumulators: accumulatorResults(jobAccumulators(metrics.vertices)),
    };
  }

  /** `run` settles with CANCELED. */
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
    await this.#requests.rescale(this.#deployment.checkedParallelism(parallelism));
  }

  /**
   * As `cancel` and the methods above; the answer goes to `onAnswer`.
   *
   * @throws {StreamError} what is known to be wrong at once.
   */
  request(requestId: string, request: ClientRequest): void {
    this.#requests.request(requestId, request);
  }

  get hibernation(): Pick<JobHibernation, 'wake' | 'proceed' | 'view'> {
    return this.#hibernation;
  }

  async #replanAt(wanted: Readonly<Record<string, number>>): Promise<void> {
    const deployment = this.#deployment;
    const before = this.#state;
    const former = deployment.parallelism;
    deployment.setParallelism(wanted);
    this.#apply({ type: 'replan' });
    if (this.#state !== before) return await this.#recordPlan();
    deployment.setParallelism(former);
    throw jobNotRunning(this.jobId, this.status);
  }

  /** Durable before the answer. A journal that fails here fails the deployment, which acts. */
  async #recordPlan(): Promise<void> {
    const { parallelism } = this.#deployment;
    await this.#parts.journal.record({ attempt: this.#state.attempt, parallelism }).catch(() => {});
  }

  /** Resolves once it waits for nothing but reports, requests and times, or has ended. */
  async quiet(): Promise<void> {
    while (this.#work.size > 0 || this.#checkpoints?.isQuiet === false) {
      while (this.#work.size > 0) await Promise.all(this.#work);
      await this.#checkpoints?.quiet();
      await this.#sources.started();
      // What these have set off begins in the same turn of the event loop.
      await Promise.resolve();
    }
  }

  /** `run` settles without anybody's doing. */
  get isOver(): boolean {
    return isTerminal(this.status);
  }

  /** I4. Undefined before its checkpoints are open, and once it is over. */
  sleep(): SleepingJob | undefined {
    const checkpoints = this.#checkpoints;
    if (checkpoints === undefined || this.isOver) return undefined;
    // May fail the job.
    const sources = this.#sources.sleep();
    if (this.isOver) return undefined;
    return {
      state: this.#state,
      startedAtEpochMs: this.#startedAtEpochMs,
      ...this.#deployment.sleep(),
      restarts: this.#restarts.waiting,
      checkpoints: checkpoints.sleep(),
      sources,
      requests: this.#requests.open,
      ...(this.#parts.hibernation === undefined ? {} : { hibernation: this.#hibernation.state }),
      exceptions: this.#failures.history,
      executions: this.#executions.pack(),
      metrics: [...this.#output.metrics.values()],
    };
  }

  get #runtimeMs(): number {
    return Math.max(0, this.#parts.clock.nowEpochMs() - this.#startedAtEpochMs);
  }

  snapshot(): JobSnapshot {
    const { jobGraph } = this.#deployment.executionGraph;
    const progress = this.#sources.totalProgress();
    return snapshotJob(this.status, jobGraph, this.#output.metrics, progress, this.#runtimeMs);
  }

  /** Subtask by subtask. */
  executions(): readonly VertexExecutions[] {
    return this.#executions.view(this.#deployment, this.#output.shown);
  }

  /** As {@link StateQueries.ask}. */
  queryState({ operator, query }: StateQuestion): Promise<RunningValue | undefined> {
    return this.#deployment.queries.ask(operator, query);
  }

  /** Why nothing comes out of it. */
  diagnosis(): Diagnosis {
    const parts = { deployment: this.#deployment, sources: this.#sources, output: this.#output };
    return diagnoseMaster(this, this.#parts, parts, this.#state.failure);
  }

  #createHibernation(): JobHibernation {
    const { jobId, hibernation: settings, arming, asleep, clock, logger } = this.#parts;
    return new JobHibernation({
      ...{ jobId, settings, arming, clock, logger, asleep: asleep?.hibernation },
      job: () => ({
        status: this.status,
        mayCheckpoint: this.#checkpoints?.mayHibernate === true && this.#requests.open.length === 0,
        slotIndexes: liveSlots(this.#state),
      }),
      suspend: () => this.#checkpoints?.apply({ type: 'hibernate' }),
      rouse: (round) => this.#deployment.regions.broadcast({ type: 'rouse', round }),
      wake: () => this.#apply({ type: 'wake' }),
      newestCheckpointId: () => this.#checkpoints?.newest?.checkpointId ?? 0,
    });
  }

  #createDeployment(): JobDeployment {
    const output = this.#output;
    const sources = this.#sources;
    const checkpoints = (): JobCheckpoints | undefined => this.#checkpoints;
    const reports = new SlotReports({
      ...{ output, sources, checkpoints, executions: this.#executions },
      regions: () => this.#deployment.regions,
      hibernation: () => this.#hibernation,
      queries: () => this.#deployment.queries,
      apply: (event) => this.#apply(event),
      applyFailure: (failure, exception) => this.#applyFailure(failure, exception),
    });
    return new JobDeployment(this.#parts, {
      ...{ output, sources, checkpoints },
      state: () => this.#state,
      eventsOf: (region, slotIndex) => reports.eventsOf(region, slotIndex),
      onGone: (region, slotIndex) => reports.onGone(region, slotIndex),
      fail: (error) => this.#fail(error),
    });
  }

  async #initialize(): Promise<void> {
    const { isRecovered, logger, clock, timers, jobId } = this.#parts;
    const open = (): Promise<JobCheckpoints> =>
      openCheckpoints(this.#parts, this.#checkpointedJob());
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

  /** I4. */
  async #wake(asleep: SleepingJob): Promise<void> {
    const job = this.#checkpointedJob();
    this.#checkpoints = wakeCheckpoints(this.#parts, asleep.checkpoints, job);
    for (const restart of asleep.restarts) this.#restarts.at(restart);
    await this.#sources.wake(this.#deployment.executionGraph, asleep.sources);
    this.#checkpoints.wake();
    this.#requests.wake();
    this.#resumeWork();
    this.#hibernation.apply({ type: 'look' });
  }

  /** Begins again what an earlier turn was about when it was written. */
  #resumeWork(): void {
    const { regions, isReplanning } = this.#state;
    const isStopped = regions.every(({ phase }) => phase !== 'STOPPING');
    if (isReplanning && isStopped) this.#track(this.#replan());
    const due = this.#deployment.notLaunched(regions);
    for (const region of due) this.#track(this.#deployment.deploy(...region));
  }

  #checkpointedJob(): CheckpointedJob {
    return {
      deployment: this.#deployment,
      sources: this.#sources,
      attemptsInUse: () => this.#state.regions.map(({ attempt }) => attempt),
      answered: (requestId, answer) => this.#requests.answered(requestId, answer),
      fail: (error) => this.#fail(error),
      suspended: () => this.#apply({ type: 'hibernate' }),
      notSuspended: () => {
        this.#hibernation.apply({ type: 'not-suspended' });
        if (this.status === 'RUNNING') this.#requests.beginWaiting();
      },
    };
  }

  /** I1. */
  #apply(event: JobEvent, exception?: NotedException): void {
    const before = this.#state;
    const { state, commands } = decideJob(before, event);
    if (exception !== undefined) {
      // Whatever is decided because of it makes it a cause of its own.
      const isRootCause = state.restart !== before.restart || state.failure !== before.failure;
      this.#failures.note(exception, this.#deployment.executionGraph.jobGraph, isRootCause);
    }
    this.#state = state;
    this.#executions.followJob(state);
    tellOfJob(this.#parts.logger, before, state);
    const error = 'error' in event ? { error: event.error } : {};
    if (before.status === 'RUNNING' && state.status !== 'RUNNING' && state.status !== 'FINISHED') {
      this.#checkpoints?.apply({ type: 'job-stopping', ...error });
    }
    if (commands.some(({ type }) => type === 'deploy')) this.#tellDeployed();
    for (const command of commands) this.#execute(command);
    if (before.status !== 'RUNNING' && state.status === 'RUNNING') this.#tellRunning();
    // Its enumerators begin anew, as its readers do.
    if (state.status !== before.status) {
      if (state.status === 'HIBERNATED') this.#sources.invalidate();
      this.#hibernation.apply({ type: 'look' });
    }
  }

  /** Periodic checkpoints begin once every task runs and every enumerator has started. */
  #tellRunning(): void {
    const { regions } = this.#state;
    const told = this.#sources.started().then(() => {
      if (this.status === 'RUNNING' && this.#state.regions === regions) {
        this.#checkpoints?.apply({ type: 'job-running' });
        this.#requests.beginWaiting();
      } else if (this.status === 'RUNNING') {
        this.#tellRunning();
      }
    });
    this.#track(told);
  }

  #tellDeployed(): void {
    const tasks = this.#deployment.deploys(this.#state.regions);
    this.#checkpoints?.apply({ type: 'job-deployed', tasks });
    this.#hibernation.apply({ type: 'deployed' });
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
        this.#failures.tellOfRestart(this.#parts.logger, command.delayMs);
        this.#restarts.after(command.delayMs, command.regionIndexes);
        break;
      case 'size':
        this.#track(this.#deployment.size(command.regionIndexes, (event) => this.#apply(event)));
        break;
      case 'plan':
        this.#restarts.cancel();
        this.#track(this.#replan());
        break;
      case 'end':
        this.#ending.abort();
        this.#ended.resolve();
        break;
    }
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

  #applyFailure(told: SlotFailure, exception: NotedException): void {
    const unreadable = unreadableRegions(this.#deployment.executionGraph, told.error);
    const failure = { ...told, unreadable };
    this.#executions.failed(failure, exception.task, this.#deployment.executionGraph);
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
    this.#restarts.cancel();
    this.#requests.refuseWaiting();
    // Whatever is written for the job is written before its end is.
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#deployment.regions.terminate();
    await this.#sources.close();
    const end = endOf(status);
    const isOver = end !== 'SUSPENDED' && (await recordEnd(this.#parts, end));
    if (!isOver) this.#parts.turn?.abandon(endNotRecorded(this.jobId, end));
    // I5.
    const isKept = !isOver || failure?.kind === 'data' || failure?.kind === 'invalid';
    const error = failure === undefined ? {} : { error: failure };
    this.#checkpoints?.apply({ type: 'job-ended', status: isKept ? 'SUSPENDED' : end, ...error });
    await this.#checkpoints?.close(!isKept);
  }
}
