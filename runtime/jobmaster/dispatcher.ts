/**
 * The jobs of one cluster: takes them in, runs a JobMaster for each while there are slots, resumes
 * them after the process was gone, and tells of those that have ended until they are too old.
 *
 * Owns the job rows, the programs and the slots. Does not own the store: who has lost it gets
 * `fenced` errors, and stops.
 *
 * I1  A job's program and row are durable before anything of it runs, and before `submit` answers.
 * I2  A job has one master at a time; it was taken over (DispatcherJournal) before the master is
 *     made.
 * I3  Jobs get slots in the order in which they came; one that could never run, or waits for
 *     storage, holds nobody up.
 * I4  A row says FINISHED, FAILED or CANCELED only if the job will never run again. Only such a job
 *     is forgotten.
 * I5  What lists need is held; the details of ended jobs are read when their pages are asked for.
 */
import {
  type BlobStore,
  bundleLocation,
  disposeSavepoint,
  isErrorWithCode,
  type JobRecord,
  type JobStore,
  type RowStore,
  type StoredJob,
} from '../checkpoint/index.ts';
import { type Clock, type Logger, type Timers, toStreamError } from '../core/index.ts';
import type { JobPlanJson } from '../graph/index.ts';
import type { Diagnosis } from './diagnosis.ts';
import {
  clusterStopping,
  jobAlreadyEnded,
  jobAlreadySubmitted,
  jobNotFound,
  jobNotStopped,
  noResourceAvailable,
  slotsNotFree,
} from './dispatcher-errors.ts';
import { DispatchedJobEntry } from './dispatcher-job.ts';
import { DispatcherJournal } from './dispatcher-journal.ts';
import type { DispatchedJob, JobControl, JobPlanner, JobSubmission } from './dispatcher-records.ts';
import { JobArchive } from './job-archive.ts';
import { jobNotRunning } from './job-errors.ts';
import { decideHistory, type JobHistorySettings } from './job-history.ts';
import { type PastRecord, readPast } from './job-past.ts';
import {
  assertQueryable,
  checkpointAnswer,
  runningAnswer,
  type StateAnswer,
  type StateQuestion,
} from './query-state.ts';

export interface DispatcherParts {
  readonly jobs: JobStore;
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  /** Below which programs and archives are kept. */
  readonly directory: string;
  readonly planner: JobPlanner;
  readonly slotCount: number;
  readonly history: JobHistorySettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

export interface SlotOverview {
  readonly total: number;
  readonly available: number;
}

/** The longest that the platform's timers can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #archive: JobArchive;
  /** In the order of their submission. */
  readonly #entries = new Map<string, DispatchedJobEntry>();
  #isStopping = false;
  /** Ended jobs are forgotten one pass after the other. */
  #forgetting: Promise<void> = Promise.resolve();
  #cancelForget: (() => void) | undefined;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#archive = new JobArchive(parts);
  }

  /** Goes on with every job of the rows that has not ended. Once, before anything else. */
  async recover(): Promise<void> {
    const stored = await this.#parts.jobs.list();
    const inOrder = stored.toSorted((a, b) => a.job.submittedAtEpochMs - b.job.submittedAtEpochMs);
    for (const one of inOrder) {
      const entry = this.#add(one);
      if (entry.isEnded) {
        await entry.findEnd(() => this.#pastOf(one.job));
        continue;
      }
      // Planned now, so that a program that does not evaluate any more is known.
      await entry.prepare({
        isRecovered: one.job.status !== 'CREATED',
        takeOver: () => this.#takeOver(one),
        plan: () => this.#parts.planner.plan(one.job),
      });
    }
    this.#forget();
  }

  /**
   * Takes a job in; it runs as soon as there are slots. A submission that is sent again is the same
   * job, if it says the same.
   *
   * @throws {StreamError} what is wrong with it; then nothing of it is left.
   * `NO_RESOURCE_AVAILABLE` when it needs more slots than the cluster has in all.
   */
  async submit(submission: JobSubmission): Promise<string> {
    this.#assertAccepting();
    const { jobId, bundle, args, configuration } = submission;
    const { blobs, jobs, planner, directory, clock, slotCount } = this.#parts;
    if (this.#entries.has(jobId)) return await this.#submittedAgain(submission);
    const location = bundleLocation(directory, jobId);
    await blobs.put(location, bundle);
    let mayExist = false;
    try {
      const program = { jobId, bundleLocation: location, args, configuration, parallelism: {} };
      const plan = await planner.plan(program);
      const required = plan.requiredSlots({});
      if (required > slotCount) throw noResourceAvailable(required, slotCount);
      await plan.check();
      this.#assertAccepting();
      const job: JobRecord = {
        ...program,
        name: plan.name,
        status: 'CREATED',
        attempt: 0,
        submittedAtEpochMs: clock.nowEpochMs(),
        coordinator: null,
      };
      mayExist = true;
      const created = await jobs.create(job);
      mayExist = created.type === 'written';
      if (created.type !== 'written') throw jobAlreadySubmitted(jobId);
      const stored = { job, version: created.version };
      await this.#add(stored).prepare({
        isRecovered: false,
        takeOver: () => this.#takeOver(stored),
        plan: () => Promise.resolve(plan),
      });
      return jobId;
    } catch (thrown) {
      // I1: a job whose row may be there needs its program.
      if (!mayExist) await blobs.delete(location).catch(() => {});
      throw thrown;
    }
  }

  async #submittedAgain(submission: JobSubmission): Promise<string> {
    const { jobId, bundle } = submission;
    const { blobs, directory } = this.#parts;
    if (!this.#entry(jobId).isSubmittedAs(submission)) throw jobAlreadySubmitted(jobId);
    const before = await blobs.get(bundleLocation(directory, jobId)).catch((thrown: unknown) => {
      // It has ended.
      if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return bundle;
      throw thrown;
    });
    if (!Buffer.from(before).equals(bundle)) throw jobAlreadySubmitted(jobId);
    return jobId;
  }

  /** In the order of their submission. */
  list(): readonly DispatchedJob[] {
    return [...this.#entries.values()].map((entry) => entry.describe());
  }

  /**
   * Of a job that has ended, as lists show it.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`.
   */
  get(jobId: string): DispatchedJob {
    return this.#entry(jobId).describe();
  }

  /**
   * All that is known; of a job that has ended it is read.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; of the blob store, while it does not answer.
   */
  async details(jobId: string): Promise<DispatchedJob> {
    return await this.#entry(jobId).details();
  }

  /**
   * Undefined: it could not be planned.
   *
   * @throws {StreamError} as {@link details}.
   */
  async planOf(jobId: string): Promise<JobPlanJson | undefined> {
    return await this.#entry(jobId).planJson();
  }

  /**
   * Why nothing comes out of a job.
   *
   * @throws {StreamError} as {@link details}.
   */
  async diagnosis(jobId: string): Promise<Diagnosis> {
    return await this.#entry(jobId).diagnosis(this.slots);
  }

  /**
   * What a keyed state holds: from the slot that has it, or else from the newest checkpoint.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; as {@link StateQueries.ask} and `checkpointAnswer`.
   */
  async queryState(jobId: string, question: StateQuestion): Promise<StateAnswer> {
    const { clock, blobs } = this.#parts;
    const entry = this.#entry(jobId);
    assertQueryable(entry);
    const running = await entry.control?.queryState(question);
    const now = (): number => clock.nowEpochMs();
    if (running !== undefined) return runningAnswer(running, now());
    return await checkpointAnswer(async () => entry.describe(), question, blobs, now);
  }

  /** Those that hold slots: something of them runs, or is about to. */
  get running(): readonly Pick<DispatchedJob, 'jobId' | 'name'>[] {
    return [...this.#entries.values()]
      .filter(({ slots }) => slots > 0)
      .map(({ jobId, name }) => ({ jobId, name }));
  }

  get slots(): SlotOverview {
    const { slotCount } = this.#parts;
    return { total: slotCount, available: Math.max(0, slotCount - this.#usedSlots()) };
  }

  /**
   * Asks a job to stop where it is; it will be CANCELED.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`, `JOB_ALREADY_ENDED`.
   */
  async cancel(jobId: string): Promise<void> {
    const entry = this.#entry(jobId);
    if (!(await entry.cancel())) throw jobAlreadyEnded(jobId, entry.status);
    this.#schedule();
  }

  /** @returns the savepoint's path. */
  async savepoint(jobId: string, target?: string): Promise<string> {
    const path = await this.#control(jobId).triggerSavepoint(target);
    await this.#entry(jobId).noted();
    return path;
  }

  /** As {@link savepoint}, then {@link cancel}: once no process goes on with the job. */
  async cancelWithSavepoint(jobId: string, target?: string): Promise<string> {
    const entry = this.#entry(jobId);
    const path = await this.#control(jobId).triggerSavepoint(target);
    await entry.noted();
    await entry.cancel();
    return path;
  }

  /**
   * @returns the savepoint's path, once the job will never go on by itself.
   * @throws {StreamError} as `JobMaster.stopWithSavepoint`; `JOB_NOT_STOPPED`: the savepoint is
   * there, but the next process may go on with the job.
   */
  async stop(jobId: string, options: { drain: boolean; target?: string }): Promise<string> {
    const entry = this.#entry(jobId);
    const path = await this.#control(jobId).stopWithSavepoint(options);
    await entry.ended;
    if (!entry.isFinal) throw jobNotStopped(jobId, path);
    return path;
  }

  /** @returns the checkpoint's id. */
  async checkpoint(jobId: string, kind: 'CONFIGURED' | 'FULL'): Promise<number> {
    const checkpointId = await this.#control(jobId).triggerCheckpoint(kind);
    await this.#entry(jobId).noted();
    return checkpointId;
  }

  /**
   * @param parallelism by vertex id; a number: of every vertex that leaves it to the job.
   * @throws {StreamError} `NO_RESOURCE_AVAILABLE`, `UNKNOWN_VERTEX`; as `JobMaster.rescale`.
   */
  async rescale(
    jobId: string,
    parallelism: Readonly<Record<string, number>> | number,
  ): Promise<void> {
    const control = this.#control(jobId);
    const entry = this.#entry(jobId);
    const wanted = entry.parallelismOf(parallelism);
    const required = entry.plannedSlots(wanted);
    const { slotCount } = this.#parts;
    const free = slotCount - this.#usedSlots() + entry.slots;
    if (required > slotCount) throw noResourceAvailable(required, slotCount);
    if (required > free) throw slotsNotFree(required, free, slotCount);
    entry.claimSlots(required);
    try {
      await control.rescale(wanted);
      entry.rescaled(wanted);
    } catch (thrown) {
      entry.rescaled({});
      throw thrown;
    } finally {
      this.#schedule();
    }
  }

  /**
   * Deletes a savepoint. One that a job has claimed is refused, unless the job of this cluster has
   * ended: jobs of other clusters may be alive.
   *
   * @throws {StreamError} as `disposeSavepoint`.
   */
  async disposeSavepoint(path: string): Promise<void> {
    const mayLive = (jobId: string): boolean => this.#entries.get(jobId)?.isEnded !== true;
    await disposeSavepoint(this.#parts.blobs, path, mayLive);
  }

  /** Settles when the job has ended for good, or its cluster has stopped. */
  async ended(jobId: string): Promise<void> {
    await this.#entry(jobId).ended;
  }

  /** Suspends all jobs; the next process goes on with them. */
  async shutdown(): Promise<void> {
    this.#isStopping = true;
    this.#cancelForget?.();
    const running = [...this.#entries.values()].filter(({ isEnded }) => !isEnded);
    await Promise.all([this.#forgetting, ...running.map((entry) => entry.suspend())]);
  }

  #add(stored: StoredJob): DispatchedJobEntry {
    const { clock, timers, logger, blobs } = this.#parts;
    const archive = this.#archive;
    const entry: DispatchedJobEntry = new DispatchedJobEntry(stored, {
      ...{ clock, timers, logger, archive },
      onReady: () => this.#schedule(),
      onEnd: () => {
        if (entry.isFinal) void blobs.delete(stored.job.bundleLocation).catch(() => {});
        this.#schedule();
        this.#forget();
      },
    });
    this.#entries.set(stored.job.jobId, entry);
    return entry;
  }

  async #takeOver(stored: StoredJob): Promise<DispatcherJournal> {
    const { rows, jobs, logger } = this.#parts;
    const journal = await DispatcherJournal.takeOver(rows, jobs, stored);
    await journal.openPast(rows, logger);
    return journal;
  }

  async #pastOf({ jobId }: JobRecord): Promise<PastRecord> {
    const { rows, logger } = this.#parts;
    return await readPast({ rows, jobId, logger });
  }

  /** I3. */
  #schedule(): void {
    const { slotCount } = this.#parts;
    for (const entry of this.#entries.values()) {
      if (!entry.isWaiting || this.#isStopping) continue;
      const required = entry.plannedSlots({});
      if (required > slotCount) continue;
      if (required > slotCount - this.#usedSlots()) break;
      entry.claimSlots(required);
      void entry.start();
    }
  }

  /** I4. What cannot be forgotten now is tried again with the next job that ends. */
  #forget(): void {
    if (this.#isStopping) return;
    const { clock, timers, history, logger } = this.#parts;
    const final = [...this.#entries.values()].filter(({ isFinal }) => isFinal);
    const nowEpochMs = clock.nowEpochMs();
    const { forgotten, nextEpochMs } = decideHistory(final, history, nowEpochMs);
    this.#cancelForget?.();
    if (nextEpochMs !== undefined) {
      const delayMs = Math.min(nextEpochMs - nowEpochMs, MAX_TIMER_MS);
      this.#cancelForget = timers.schedule(delayMs, () => this.#forget());
    }
    for (const jobId of forgotten) {
      this.#forgetting = this.#forgetting
        .then(() => this.#remove(jobId))
        .catch((thrown: unknown) => {
          const { code, message } = toStreamError(thrown);
          const fields = { jobId, code, reason: message };
          logger.log('warn', 'a job that ended could not be forgotten', fields);
        });
    }
  }

  async #remove(jobId: string): Promise<void> {
    const entry = this.#entries.get(jobId);
    if (entry === undefined) return;
    await this.#archive.remove(jobId);
    if (await this.#parts.jobs.remove(jobId, entry.rowVersion)) this.#entries.delete(jobId);
  }

  #usedSlots(): number {
    return [...this.#entries.values()].reduce((sum, { slots }) => sum + slots, 0);
  }

  #entry(jobId: string): DispatchedJobEntry {
    const entry = this.#entries.get(jobId);
    if (entry === undefined) throw jobNotFound(jobId);
    return entry;
  }

  #control(jobId: string): JobControl {
    this.#assertAccepting();
    const entry = this.#entry(jobId);
    if (entry.isEnded) throw jobAlreadyEnded(jobId, entry.status);
    if (entry.control === undefined) throw jobNotRunning(jobId, entry.status);
    return entry.control;
  }

  #assertAccepting(): void {
    if (this.#isStopping) throw clusterStopping();
  }
}
