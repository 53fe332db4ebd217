/**
 * The durable record of one job of a cluster: its row, and the right to write for it.
 *
 * I1  Who takes a job over changes its coordinator row; every write for the job checks that row.
 *     So nothing of a former coordinator counts any more, however late it arrives.
 * I2  The job's row may change between two writes of its coordinator's checkpoints without
 *     fencing them: only a takeover does.
 * I3  Writes of the row happen one after the other.
 */
import {
  coordinatorKey,
  isErrorWithCode,
  type JobRecord,
  type JobStore,
  type RowStore,
  type RowWrite,
  type StoredJob,
} from '../checkpoint/index.ts';
import type { Logger } from '../core/index.ts';
import { jobFenced } from './job-errors.ts';
import type { JobJournal, JournalEntry } from './job-journal.ts';
import { JobPast } from './job-past.ts';

const MAX_TRIES = 5;

export class DispatcherJournal implements JobJournal {
  readonly lastAttempt: number;
  /** Grows with every claim, of whoever. */
  readonly term: number;
  readonly #jobs: JobStore;
  #past: JobPast | undefined;
  #stored: StoredJob;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(jobs: JobStore, stored: StoredJob, term: number) {
    this.#jobs = jobs;
    this.#stored = stored;
    this.term = term;
    // A job that was never deployed has used no attempt.
    this.lastAttempt = stored.job.status === 'CREATED' ? -1 : stored.job.attempt;
  }

  /**
   * I1. Before anything else is written for the job by this process; again if it has failed, since
   * its own write may be what it then finds.
   *
   * @param stored read by who owns the rows: no former owner can write them any more.
   * @throws {StreamError} `JOB_FENCED`: somebody else takes the job over at the same time; of the
   * row store.
   */
  static async takeOver(
    rows: RowStore,
    jobs: JobStore,
    stored: StoredJob,
  ): Promise<DispatcherJournal> {
    const { jobId } = stored.job;
    const key = coordinatorKey(jobId);
    for (let tries = 1; ; tries++) {
      const row = await rows.get(key.partitionKey, key.sortKey);
      const version = row?.version ?? 0;
      const term = version + 1;
      try {
        await rows.write([{ type: 'put', ...key, value: { term }, expectedVersion: version }]);
        return new DispatcherJournal(jobs, stored, term);
      } catch (thrown) {
        // A write of an earlier call has come late, or a former coordinator's has.
        if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
        if (tries === MAX_TRIES) throw jobFenced(jobId);
      }
    }
  }

  /**
   * Keeps what people are shown of the job. Masters that work in turns keep it in their record.
   *
   * @throws {StreamError} of the row store.
   */
  async openPast(rows: RowStore, logger: Logger): Promise<void> {
    const { jobId } = this.job;
    this.#past = await JobPast.open({ rows, jobId, logger, fence: () => this.fence() });
  }

  get past(): JobPast | undefined {
    return this.#past;
  }

  /**
   * Takes the job over from itself: nothing of this one counts any more, as in I1.
   *
   * @returns undefined: somebody else has taken it over since.
   * @throws {StreamError} of the row store.
   */
  async next(rows: RowStore): Promise<DispatcherJournal | undefined> {
    const key = coordinatorKey(this.job.jobId);
    const term = this.term + 1;
    try {
      await rows.write([{ type: 'put', ...key, value: { term }, expectedVersion: this.term }]);
    } catch (thrown) {
      if (isErrorWithCode(thrown, 'ROW_CONFLICT')) return undefined;
      throw thrown;
    }
    return new DispatcherJournal(this.#jobs, this.#stored, term);
  }

  /** As written last. */
  get job(): JobRecord {
    return this.#stored.job;
  }

  /** Of the row. */
  get version(): number {
    return this.#stored.version;
  }

  async record({ attempt, parallelism }: JournalEntry): Promise<void> {
    // Attempts of several regions may be recorded in any order.
    const highest = Math.max(attempt, this.lastAttempt, this.job.attempt);
    const isCanceled = this.job.status === 'CANCELLING';
    await this.update({
      ...{ attempt: highest, parallelism },
      status: isCanceled ? 'CANCELLING' : 'RUNNING',
    });
  }

  async end(status: 'FINISHED' | 'CANCELED' | 'FAILED'): Promise<void> {
    // A process that finds the job ended, and nothing else of it, has this.
    await this.#past?.settled();
    await this.update({ status });
  }

  /** @throws {StreamError} `JOB_FENCED`, kind `fenced`; of the row store. */
  update(change: Partial<JobRecord>): Promise<void> {
    const written = this.#tail.then(() => this.#write(change));
    this.#tail = written.catch(() => {});
    return written;
  }

  fence(): readonly RowWrite[] {
    const key = coordinatorKey(this.job.jobId);
    return [{ type: 'check', ...key, expectedVersion: this.term }];
  }

  /** I3. */
  async #write(change: Partial<JobRecord>): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { version } = this.#stored;
      const job = { ...this.#stored.job, ...change };
      const result = await this.#jobs.update(job, version, this.fence());
      if (result.type === 'written') {
        this.#stored = { job, version: result.version };
        return;
      }
      const current = result.type === 'conflict' ? result.current : undefined;
      // A write that had failed, and happened after all, has moved the row on; else I1 refused.
      const isOwn = current !== undefined && current.version > version;
      if (!isOwn || tries === MAX_TRIES) throw jobFenced(this.job.jobId);
      this.#stored = { job: this.#stored.job, version: current.version };
    }
  }
}
