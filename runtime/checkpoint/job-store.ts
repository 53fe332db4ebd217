/**
 * The rows of a cluster's jobs: what it needs to resume them.
 *
 * - I1: a row changes only from the version its writer has read.
 * - I2: a write that failed may have happened; the row, which names its last writer, decides.
 */
import { isDeepStrictEqual } from 'node:util';
import { isStreamError } from '../core/index.ts';
import { isErrorWithCode, storageError } from './errors.ts';
import { JOBS_PARTITION, jobKey, jobPartition } from './paths.ts';
import { anything, count, finite, listOf, mapOf, record, text } from './record-shape.ts';
import type { Row, RowStore, RowWrite } from './row-store.ts';

/** Persisted: fields are only ever added. */
export interface JobRecord {
  readonly jobId: string;
  readonly name: string;
  /** A job status of the coordinator. */
  readonly status: string;
  /** Grows with every restart and rescale. */
  readonly attempt: number;
  readonly submittedAtEpochMs: number;
  /** Blob that holds the program. */
  readonly bundleLocation: string;
  readonly args: readonly string[];
  /** Effective options of the submission, by name. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Parallelism that replaces the program's, by vertex. */
  readonly parallelism: Readonly<Record<string, number>>;
  /** What the coordinator wants back after a restart. JSON. */
  readonly coordinator: unknown;
}

/** A job and the version of its row. */
export interface StoredJob {
  readonly job: JobRecord;
  readonly version: number;
}

export type JobWriteResult =
  | { readonly type: 'written'; readonly version: number }
  /** The row has another version by now, or one of the other steps was refused. */
  | { readonly type: 'conflict'; readonly current: StoredJob | undefined }
  /** The process no longer owns the store: stop, and write nothing. */
  | { readonly type: 'fenced' };

interface JobRow {
  readonly writer: string;
  readonly job: JobRecord;
}

const jobShape = record<JobRecord>(
  {
    jobId: text,
    name: text,
    status: text,
    attempt: count,
    submittedAtEpochMs: finite,
    bundleLocation: text,
    args: listOf(text),
    configuration: mapOf(anything),
    parallelism: mapOf(count),
    coordinator: anything,
  },
  {},
);
const rowShape = record<JobRow>({ writer: text, job: jobShape }, {});

/** Of one write. */
const MAX_STEPS = 100;

export class JobStore {
  readonly #rows: RowStore;
  readonly #writer: string;

  /** @param writer no other store, of any process, has this name. */
  constructor(rows: RowStore, writer: string) {
    this.#rows = rows;
    this.#writer = writer;
  }

  /** By job id. */
  async list(): Promise<readonly StoredJob[]> {
    return (await this.#rows.query(JOBS_PARTITION)).map(storedJob);
  }

  async get(jobId: string): Promise<StoredJob | undefined> {
    return (await this.#read(jobId))?.stored;
  }

  /** @param steps of the same write. */
  async create(job: JobRecord, steps: readonly RowWrite[] = []): Promise<JobWriteResult> {
    return await this.#put(job, 0, steps);
  }

  /**
   * @param expectedVersion what was read last.
   * @param steps of the same write.
   */
  async update(
    job: JobRecord,
    expectedVersion: number,
    steps: readonly RowWrite[] = [],
  ): Promise<JobWriteResult> {
    return await this.#put(job, expectedVersion, steps);
  }

  /**
   * Forgets a job that will never run again. Its row goes last: after a crash it is found again.
   *
   * @returns false when the row has another version by now; what else was there may be gone.
   */
  async remove(jobId: string, expectedVersion: number): Promise<boolean> {
    const rows = await this.#rows.query(jobPartition(jobId));
    for (let from = 0; from < rows.length; from += MAX_STEPS) {
      const steps = rows
        .slice(from, from + MAX_STEPS)
        .map(({ partitionKey, sortKey }) => ({ type: 'delete', partitionKey, sortKey }) as const);
      await this.#rows.write(steps);
    }
    try {
      await this.#rows.write([{ type: 'delete', ...jobKey(jobId), expectedVersion }]);
      return true;
    } catch (thrown) {
      const current = await this.get(jobId);
      if (current === undefined) return true;
      if (isErrorWithCode(thrown, 'ROW_CONFLICT')) return false;
      throw thrown;
    }
  }

  async #put(
    job: JobRecord,
    expectedVersion: number,
    steps: readonly RowWrite[],
  ): Promise<JobWriteResult> {
    const value: JobRow = { writer: this.#writer, job };
    const written = { type: 'written', version: expectedVersion + 1 } as const;
    try {
      const put: RowWrite = { type: 'put', ...jobKey(job.jobId), value, expectedVersion };
      await this.#rows.write([put, ...steps]);
      return written;
    } catch (thrown) {
      if (isStreamError(thrown) && thrown.kind === 'fenced') return { type: 'fenced' };
      const current = await this.#read(job.jobId);
      const isConflict = isErrorWithCode(thrown, 'ROW_CONFLICT');
      // I2: also after a conflict, with an earlier try of this write inside the row store.
      const isOwn = current?.stored.version === written.version && current.writer === this.#writer;
      if (isOwn && isDeepStrictEqual(current.stored.job, jsonOf(job))) return written;
      if (isConflict) return { type: 'conflict', current: current?.stored };
      throw thrown;
    }
  }

  async #read(
    jobId: string,
  ): Promise<{ readonly stored: StoredJob; readonly writer: string } | undefined> {
    const { partitionKey, sortKey } = jobKey(jobId);
    const row = await this.#rows.get(partitionKey, sortKey);
    return row === undefined ? undefined : { stored: storedJob(row), writer: jobRow(row).writer };
  }
}

function storedJob(row: Row): StoredJob {
  return { job: jobRow(row).job, version: row.version };
}

function jobRow(row: Row): JobRow {
  try {
    return rowShape(row.value, row.sortKey);
  } catch (thrown) {
    const text = 'the row of a job does not read as one: restore the data directory from a copy';
    const details = { jobId: row.sortKey };
    throw storageError('data', 'JOB_RECORD_CORRUPT', text, details, thrown);
  }
}

function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
