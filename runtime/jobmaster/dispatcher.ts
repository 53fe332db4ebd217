/**
 * The jobs of one cluster: takes them in, runs a JobMaster for each while there are slots, resumes
 * them after the process was gone, and keeps what is left of those that have ended.
 *
 * Owns the job rows, the programs and the slots. Does not own the store: who has lost it gets
 * `fenced` errors, and stops.
 *
 * I1  A job's program and row are durable before anything of it runs, and before `submit` answers.
 * I2  A job has one master at a time; it was taken over (DispatcherJournal) before the master is
 *     made.
 * I3  Jobs get slots in the order in which they came; one that could never run holds nobody up.
 * I4  A row says FINISHED, FAILED or CANCELED only if the job will never run again.
 */
import {
  type BlobStore,
  bundleLocation,
  disposeSavepoint,
  type JobRecord,
  type JobStore,
  type RowStore,
  type StoredJob,
} from '../checkpoint/index.ts';
import { type Clock, type Logger, toStreamError } from '../core/index.ts';
import {
  clusterStopping,
  jobAlreadyEnded,
  jobAlreadySubmitted,
  jobNotFound,
  noResourceAvailable,
} from './dispatcher-errors.ts';
import { DispatchedJobEntry } from './dispatcher-job.ts';
import { DispatcherJournal } from './dispatcher-journal.ts';
import type { DispatchedJob, JobControl, JobPlanner, JobSubmission } from './dispatcher-records.ts';
import { jobNotRunning } from './job-errors.ts';

export interface DispatcherParts {
  readonly jobs: JobStore;
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  /** Below which programs are kept. */
  readonly directory: string;
  readonly planner: JobPlanner;
  readonly slotCount: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SlotOverview {
  readonly total: number;
  readonly available: number;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** In the order of their submission. */
  readonly #entries = new Map<string, DispatchedJobEntry>();
  #isStopping = false;
  #isScheduling = false;
  #isScheduleDue = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Goes on with every job of the rows that has not ended. Once, before anything else. */
  async recover(): Promise<void> {
    const stored = await this.#parts.jobs.list();
    const inOrder = stored.toSorted((a, b) => a.job.submittedAtEpochMs - b.job.submittedAtEpochMs);
    for (const one of inOrder) {
      const entry = this.#add(one);
      if (entry.isEnded) continue;
      try {
        entry.takenOver(await this.#takeOver(one));
        // Planned now, so that a program that does not evaluate any more is known.
        entry.prepare(await this.#parts.planner.plan(one.job), !isNew(one.job));
      } catch (thrown) {
        this.#notResumed(entry, thrown);
      }
    }
    this.#schedule();
  }

  /**
   * Takes a job in; it runs as soon as there are slots.
   *
   * @throws {StreamError} what is wrong with it; then nothing of it is left.
   * `NO_RESOURCE_AVAILABLE` when it needs more slots than the cluster has in all.
   */
  async submit(submission: JobSubmission): Promise<string> {
    this.#assertAccepting();
    const { jobId, bundle, args, configuration } = submission;
    const { blobs, jobs, planner, directory, clock, slotCount } = this.#parts;
    if (this.#entries.has(jobId)) throw jobAlreadySubmitted(jobId);
    const location = bundleLocation(directory, jobId);
    await blobs.put(location, bundle);
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
      const created = await jobs.create(job);
      if (created.type !== 'written') throw jobAlreadySubmitted(jobId);
      const stored = { job, version: created.version };
      const entry = this.#add(stored);
      entry.takenOver(await this.#takeOver(stored));
      entry.prepare(plan, false);
      this.#schedule();
      return jobId;
    } catch (thrown) {
      if (!this.#entries.has(jobId)) await blobs.delete(location).catch(() => {});
      throw thrown;
    }
  }

  /** In the order of their submission. */
  list(): readonly DispatchedJob[] {
    return [...this.#entries.values()].map((entry) => entry.describe());
  }

  /** @throws {StreamError} `JOB_NOT_FOUND`. */
  get(jobId: string): DispatchedJob {
    return this.#entry(jobId).describe();
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
    if (entry.isEnded && !entry.isResumable) throw jobAlreadyEnded(jobId, entry.status);
    if (entry.control !== undefined) entry.control.cancel();
    else await entry.endWithoutMaster('CANCELED', this.#parts.clock.nowEpochMs());
    this.#schedule();
  }

  /** @returns the savepoint's path. */
  async savepoint(jobId: string, target?: string): Promise<string> {
    return await this.#control(jobId).triggerSavepoint(target);
  }

  /** As {@link savepoint}, then {@link cancel}. */
  async cancelWithSavepoint(jobId: string, target?: string): Promise<string> {
    const control = this.#control(jobId);
    const path = await control.triggerSavepoint(target);
    control.cancel();
    return path;
  }

  /** @returns the savepoint's path, once the job will never go on by itself. */
  async stop(jobId: string, options: { drain: boolean; target?: string }): Promise<string> {
    const path = await this.#control(jobId).stopWithSavepoint(options);
    await this.#entry(jobId).ended;
    return path;
  }

  /** @returns the checkpoint's id. */
  async checkpoint(jobId: string, kind: 'CONFIGURED' | 'FULL'): Promise<number> {
    return await this.#control(jobId).triggerCheckpoint(kind);
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
    if (required > free) throw noResourceAvailable(required, free);
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
    const running = [...this.#entries.values()].filter(({ isEnded }) => !isEnded);
    for (const { control } of running) control?.suspend();
    await Promise.all(running.map((entry) => entry.settled()));
  }

  #add(stored: StoredJob): DispatchedJobEntry {
    const { clock, logger, blobs } = this.#parts;
    const entry = new DispatchedJobEntry(stored.job, {
      clock,
      logger,
      onEnd: (job, isFinal) => {
        if (isFinal) void blobs.delete(job.bundleLocation).catch(() => {});
        this.#schedule();
      },
    });
    this.#entries.set(stored.job.jobId, entry);
    return entry;
  }

  async #takeOver(stored: StoredJob): Promise<DispatcherJournal> {
    const { rows, jobs } = this.#parts;
    return await DispatcherJournal.takeOver(rows, jobs, stored);
  }

  /** I3. One pass at a time; what happens meanwhile makes another one due. */
  #schedule(): void {
    this.#isScheduleDue = true;
    if (this.#isScheduling) return;
    this.#isScheduling = true;
    void this.#startWaiting().finally(() => {
      this.#isScheduling = false;
    });
  }

  async #startWaiting(): Promise<void> {
    const { slotCount } = this.#parts;
    while (this.#isScheduleDue && !this.#isStopping) {
      this.#isScheduleDue = false;
      for (const entry of this.#entries.values()) {
        if (!entry.isWaiting || this.#isStopping) continue;
        const required = entry.plannedSlots({});
        if (required > slotCount) continue;
        if (required > slotCount - this.#usedSlots()) break;
        entry.claimSlots(required);
        await entry.start();
      }
    }
  }

  #usedSlots(): number {
    return [...this.#entries.values()].reduce((sum, { slots }) => sum + slots, 0);
  }

  #notResumed(entry: DispatchedJobEntry, thrown: unknown): void {
    const { logger, clock } = this.#parts;
    const error = toStreamError(thrown);
    // I4: the row stays as it is, so that the next process tries again.
    entry.failedToStart(error.toJSON(), clock.nowEpochMs());
    const fields = { jobId: entry.jobId, code: error.code, reason: error.message };
    logger.log('error', 'a job could not be resumed; the next start tries again', fields);
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

/** It was never deployed. */
function isNew({ status }: JobRecord): boolean {
  return status === 'CREATED';
}
