/**
 * One job of a cluster, from its submission to its end.
 *
 * I1  `slots` are held from the moment the job is to start until its slots are gone.
 * I2  The row of a job that has ended says so before anybody is told.
 * I3  While storage does not answer, the job neither starts nor ends: it is asked again
 *     ({@link retryStorage}). Who cancels it meanwhile is obeyed as soon as the row can say so.
 * I4  That it is canceled is in its row before who asks is told: the next process ends it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { StoredJob } from '../checkpoint/index.ts';
import {
  type Clock,
  defined,
  type Logger,
  StreamError,
  type Timers,
  toStreamError,
} from '../core/index.ts';
import type { JobPlanJson } from '../graph/index.ts';
import { describeJob, endOfPast, endRecordOf, type JobEnding } from './describe-job.ts';
import { diagnoseJob } from './diagnose-job.ts';
import type { FreeSlots } from './diagnosed-job.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { DispatcherJournal } from './dispatcher-journal.ts';
import type {
  DispatchedJob,
  EndedJobRecord,
  JobControl,
  JobSubmission,
  PlannedProgram,
  StartedMaster,
} from './dispatcher-records.ts';
import type { JobArchive } from './job-archive.ts';
import type { JobTimes } from './job-executions.ts';
import type { JobResult } from './job-master-parts.ts';
import type { PastRecord } from './job-past.ts';
import type { JobSnapshot } from './job-snapshot.ts';
import type { JobStatus } from './job-state.ts';
import { NEW_JOB_WAIT_MS, retryStorage } from './storage-retry.ts';

const ENDED: readonly string[] = ['FINISHED', 'FAILED', 'CANCELED'] satisfies JobStatus[];

/** I2: how a job is called whose master has ended, until its row says so. */
const UNRECORDED: Readonly<Partial<Record<JobStatus, JobStatus>>> = {
  FINISHED: 'RUNNING',
  CANCELED: 'CANCELLING',
  FAILED: 'FAILING',
};

export interface DispatchedJobParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly archive: JobArchive;
  /** It waits for slots. */
  readonly onReady: () => void;
  /** Everything of the job has stopped. */
  readonly onEnd: () => void;
}

/** How the job comes to run in this process. */
export interface JobPreparation {
  /** Other processes have run it before. */
  readonly isRecovered: boolean;
  readonly takeOver: () => Promise<DispatcherJournal>;
  readonly plan: () => Promise<PlannedProgram>;
}

export class DispatchedJobEntry {
  readonly #parts: DispatchedJobParts;
  readonly #stored: StoredJob;
  readonly #ended = Promise.withResolvers<void>();
  /** Aborted: it is canceled or suspended, and waits for nothing any more. */
  readonly #leaving = new AbortController();
  #parallelism: Readonly<Record<string, number>>;
  #journal: DispatcherJournal | undefined;
  #plan: PlannedProgram | undefined;
  #isRecovered = false;
  #running: StartedMaster | undefined;
  #slots = 0;
  #isStarting = false;
  #isCanceled = false;
  /** What it was before it had a master. */
  #times: JobTimes;
  /** It could not be resumed: the next process tries again, unless it is canceled. */
  #isResumable = false;
  /** The row says that it has ended. */
  #isFinal = false;
  #end: EndedJobRecord | undefined;
  #endStatus: JobStatus | undefined;
  #metrics: JobSnapshot | undefined;
  /** Once it is final. */
  #listed: DispatchedJob | undefined;

  constructor(stored: StoredJob, parts: DispatchedJobParts) {
    const { status, coordinator, parallelism } = stored.job;
    this.#stored = stored;
    this.#parallelism = parallelism;
    this.#parts = parts;
    this.#times = { CREATED: stored.job.submittedAtEpochMs };
    this.#isCanceled = status === 'CANCELLING';
    if (!ENDED.includes(status)) return;
    this.#endStatus = status as JobStatus;
    this.#isFinal = true;
    // Written by this class.
    this.#end = (coordinator ?? undefined) as EndedJobRecord | undefined;
    this.#ended.resolve();
  }

  get jobId(): string {
    return this.#stored.job.jobId;
  }

  get name(): string {
    return this.#stored.job.name;
  }

  /** Settles when it has ended for good, or was suspended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isEnded(): boolean {
    return this.#endStatus !== undefined;
  }

  /** Nobody will go on with it. */
  get isFinal(): boolean {
    return this.#isFinal;
  }

  get isWaiting(): boolean {
    return !this.isEnded && !this.#isStarting && this.#plan !== undefined;
  }

  get status(): JobStatus {
    if (this.#endStatus !== undefined) return this.#endStatus;
    const status = this.#running?.master.status;
    if (status !== undefined) return UNRECORDED[status] ?? status;
    if (this.#isCanceled) return 'CANCELLING';
    return this.#isRecovered ? 'RECONCILING' : 'CREATED';
  }

  /** Undefined: it does not run. */
  get control(): JobControl | undefined {
    return this.#running?.master;
  }

  get slots(): number {
    return this.#slots;
  }

  /** Of a job that has ended. */
  get endedAtEpochMs(): number {
    return this.#end?.endedAtEpochMs ?? this.#stored.job.submittedAtEpochMs;
  }

  /** Of the row, as written last. */
  get rowVersion(): number {
    return this.#journal?.version ?? this.#stored.version;
  }

  /** What is left of a job that has ended before its process could put it down. */
  async findEnd(past: () => Promise<PastRecord>): Promise<void> {
    if (this.#end !== undefined) return;
    try {
      this.#end = endOfPast(await past(), this.#stored.job);
    } catch (thrown) {
      this.#warn('the history of a job could not be read', thrown);
    }
  }

  /**
   * Takes the job over and plans it, so that it waits for slots.
   *
   * @returns settles when that is done, has failed, or the storage has not answered: it then goes
   * on in the background (I3).
   */
  async prepare({ isRecovered, takeOver, plan }: JobPreparation): Promise<void> {
    this.#isRecovered = isRecovered;
    if (isRecovered) {
      this.#times = { ...this.#times, RECONCILING: this.#parts.clock.nowEpochMs() };
    }
    const tried = Promise.withResolvers<void>();
    const act = async (): Promise<void> => {
      this.#journal ??= await takeOver();
      // Nothing of it need be planned.
      if (this.#isCanceled) return;
      const planned = await plan();
      // Not later, where it would be in the way of others.
      planned.requiredSlots(this.#parallelism);
      this.#plan = planned;
    };
    const prepared = this.#retried(act, undefined, tried.resolve).then(
      async () => {
        if (this.isEnded) return;
        if (this.#isCanceled) await this.#finish('CANCELED');
        else this.#parts.onReady();
      },
      (thrown: unknown) => {
        if (!this.isEnded && !this.#leaving.signal.aborted) this.#failHere(thrown);
      },
    );
    await Promise.race([prepared, tried.promise]);
  }

  /** @throws {StreamError} when the job cannot run so. */
  plannedSlots(parallelism: Readonly<Record<string, number>>): number {
    return this.#planned().requiredSlots({ ...this.#parallelism, ...parallelism });
  }

  /** @throws {StreamError} `UNKNOWN_VERTEX`. */
  parallelismOf(wanted: Readonly<Record<string, number>> | number): Record<string, number> {
    const plan = this.#planned();
    if (typeof wanted === 'number') {
      return Object.fromEntries(plan.scalableVertexIds.map((id) => [id, wanted]));
    }
    const unknown = Object.keys(wanted).find((id) => !plan.vertices.some((v) => v.id === id));
    if (unknown === undefined) return { ...wanted };
    throw new StreamError({
      kind: 'invalid',
      code: 'UNKNOWN_VERTEX',
      message: `the job has no such vertex; job=${this.jobId} vertex=${unknown}`,
      details: { jobId: this.jobId, vertexId: unknown },
    });
  }

  /** I1. More than before while a job is being rescaled. */
  claimSlots(count: number): void {
    this.#slots = Math.max(this.#slots, count);
  }

  rescaled(parallelism: Readonly<Record<string, number>>): void {
    this.#parallelism = { ...this.#parallelism, ...parallelism };
    if (!this.isEnded) this.#slots = this.plannedSlots({});
  }

  /** Makes the master and lets it run; settles when it does, or has failed to. */
  async start(): Promise<void> {
    this.#isStarting = true;
    const journal = defined(this.#journal, 'a job is taken over before it starts');
    const begin = () => this.#planned().start(journal, this.#isRecovered);
    try {
      const maxWaitMs = this.#isRecovered ? undefined : NEW_JOB_WAIT_MS;
      this.#running = await this.#retried(begin, maxWaitMs);
    } catch (thrown) {
      await this.#notStarted(thrown);
      return;
    }
    const { master } = this.#running;
    if (this.#isCanceled) master.cancel();
    else if (this.#leaving.signal.aborted) master.suspend();
    void this.#run(this.#running);
  }

  /** @returns false when it has ended before. */
  async cancel(): Promise<boolean> {
    // Without a journal nothing can be recorded.
    if (this.isEnded && !(this.#isResumable && this.#journal !== undefined)) return false;
    if (!this.#isCanceled && this.#running === undefined) {
      const asked = { CANCELLING: this.#parts.clock.nowEpochMs() };
      this.#times = { ...this.#times, ...asked };
      this.#journal?.past?.entered(asked);
    }
    this.#isCanceled = true;
    if (this.#running !== undefined) {
      this.#running.master.cancel();
      // I4. Storage that does not answer keeps no job alive.
      await this.#journal?.update({ status: 'CANCELLING' }).catch(() => undefined);
    } else if (this.#journal !== undefined) {
      this.#leaving.abort();
      if (!this.#isStarting || this.isEnded) await this.#finish('CANCELED');
    }
    return true;
  }

  /** Stops it here; another process goes on with it. Settles when nothing of it runs any more. */
  async suspend(): Promise<void> {
    this.#leaving.abort();
    this.#running?.master.suspend();
    if (this.#isStarting) await this.#ended.promise;
  }

  /** Settles when the next process shows what this one does, as far as storage answers. */
  async noted(): Promise<void> {
    await this.#journal?.past?.settled();
  }

  /** Of a job that has ended, as lists show it. */
  describe(): DispatchedJob {
    if (!this.#isFinal) return this.#described(this.#end);
    // Lists are asked for all the time, and most jobs of theirs have ended.
    this.#listed ??= this.#described(this.#end);
    return this.#listed;
  }

  /** All that is known; what a job has left behind is read. */
  async details(): Promise<DispatchedJob> {
    const end = this.#end;
    if (end?.isArchived !== true) return this.describe();
    return this.#described({ ...end, ...(await this.#parts.archive.get(this.jobId)) });
  }

  /** Why nothing comes out of it. @param slots of the cluster. */
  async diagnosis(slots: FreeSlots): Promise<Diagnosis> {
    const { clock } = this.#parts;
    const { master } = this.#running ?? {};
    if (master !== undefined) return master.diagnosis();
    const { diagnosis, executions, exceptions, status, error } = await this.details();
    if (diagnosis !== undefined) return diagnosis;
    const required = this.isWaiting ? this.plannedSlots({}) : undefined;
    return diagnoseJob({
      ...{ nowEpochMs: clock.nowEpochMs(), status, executions, exceptions },
      ...(error === undefined ? {} : { error }),
      ...(required === undefined ? {} : { slots: { ...slots, required } }),
    });
  }

  /** Whether a client that submits this means this job. */
  isSubmittedAs({ args, configuration }: Pick<JobSubmission, 'args' | 'configuration'>): boolean {
    const { job } = this.#stored;
    const isSame = isDeepStrictEqual(args, job.args);
    return isSame && isDeepStrictEqual(configuration, job.configuration);
  }

  /** Undefined: it could not be planned. */
  async planJson(): Promise<JobPlanJson | undefined> {
    const end = this.#end;
    if (end?.isArchived !== true) return this.#knownPlanJson;
    return (await this.#parts.archive.get(this.jobId))?.planJson;
  }

  get #knownPlanJson(): JobPlanJson | undefined {
    return this.#plan?.planJson ?? this.#end?.planJson;
  }

  #described(end: EndedJobRecord | undefined): DispatchedJob {
    return describeJob({ ...this.#known(), status: this.status, end });
  }

  async #run({ master, close }: StartedMaster): Promise<void> {
    const result = await master.run();
    await close().catch((thrown: unknown) => this.#warn('a job left slots behind', thrown));
    this.#metrics = result.metrics;
    if (result.status !== 'SUSPENDED') return await this.#finish(result.status, result);
    await this.#journal?.past?.settled();
    this.#release();
  }

  async #notStarted(thrown: unknown): Promise<void> {
    if (this.#isCanceled) return await this.#finish('CANCELED');
    if (this.#leaving.signal.aborted) return this.#release();
    // A job that ran before may do so again: its row stays.
    if (this.#isRecovered) return this.#failHere(thrown);
    this.#log('error', 'a job could not be started', thrown);
    await this.#finish('FAILED', { error: toStreamError(thrown).toJSON() });
  }

  /** It is shown as failed, until it is canceled or the cluster starts again; its row stays. */
  #failHere(thrown: unknown): void {
    this.#log('error', 'a job could not be resumed; the next start tries again', thrown);
    this.#endStatus = 'FAILED';
    this.#isResumable = true;
    this.#end = this.#endRecord({ error: toStreamError(thrown).toJSON() });
    this.#release();
  }

  /** I2. */
  async #finish(status: JobStatus, ending: Partial<JobResult> = {}): Promise<void> {
    let end = this.#endRecord(ending);
    try {
      if (this.#journal !== undefined) end = await this.#parts.archive.put(this.jobId, end);
      await this.#journal?.update({ status, coordinator: end });
      this.#isFinal = true;
    } catch (thrown) {
      this.#warn('the end of a job could not be recorded', thrown);
    }
    this.#endStatus = status;
    this.#isResumable = false;
    this.#end = end;
    if (end.isArchived === true) this.#metrics = undefined;
    // Graphs are large, and many jobs end.
    this.#plan = undefined;
    // The end has all of it; what stays goes with the job's row.
    if (this.#isFinal) await this.#journal?.past?.forget().catch(() => {});
    this.#release();
  }

  #release(): void {
    this.#running = undefined;
    this.#slots = 0;
    this.#ended.resolve();
    this.#parts.onEnd();
  }

  #retried<T>(
    act: () => Promise<T>,
    maxWaitMs: number | undefined,
    onRetry: () => void = () => {},
  ): Promise<T> {
    const { clock, timers } = this.#parts;
    return retryStorage(act, {
      ...{ clock, timers, signal: this.#leaving.signal },
      ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
      onRetry: (error, delayMs) => {
        this.#log('warn', 'a job waits for storage', error, { delayMs });
        onRetry();
      },
    });
  }

  #endRecord({ error, ...known }: Partial<JobEnding>): EndedJobRecord {
    const endedAtEpochMs = this.#parts.clock.nowEpochMs();
    const { startedAtEpochMs = endedAtEpochMs } = this.#journal?.past?.record ?? {};
    const netRuntimeMs = known.netRuntimeMs ?? Math.max(0, endedAtEpochMs - startedAtEpochMs);
    const end = endRecordOf(this.#known(), { endedAtEpochMs, netRuntimeMs, error });
    const planJson = this.#knownPlanJson;
    return planJson === undefined ? end : { ...end, planJson };
  }

  #known(): Parameters<typeof endRecordOf>[0] {
    return {
      job: { ...this.#stored.job, parallelism: this.#parallelism },
      plan: this.#plan,
      times: this.#times,
      past: this.#journal?.past?.record,
      control: this.#running?.master,
      metrics: this.#metrics,
    };
  }

  #planned(): PlannedProgram {
    return defined(this.#plan, 'a job that waits or runs is planned');
  }

  #warn(message: string, thrown: unknown): void {
    this.#log('warn', message, thrown);
  }

  #log(
    level: 'warn' | 'error',
    message: string,
    thrown: unknown,
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const { code, message: reason } = toStreamError(thrown);
    this.#parts.logger.log(level, message, { jobId: this.jobId, code, reason, ...more });
  }
}
