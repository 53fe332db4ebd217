/**
 * What people are shown of a job and nobody needs to run it: when it entered its states, what made
 * it fail, what came of its checkpoints. Kept in rows, so that the next process shows it, too.
 *
 * Owns the rows of the job's past. Crosses: who drives the job says what has changed.
 *
 * I1  It is written behind what it tells of: a job never waits for it, but at its end. One write at
 *     a time; what changes meanwhile is written together.
 * I2  What cannot be written is written with the next change. Who has lost the job writes nothing.
 * I3  It is bounded by the sizes of the histories. A checkpoint that is over is written once, in a
 *     row of its own; one in progress is not: no later process can finish it.
 * I4  Rows that do not read are left out: a job goes on without a past.
 */
import {
  type CheckpointStatistics,
  jobPartition,
  PAST_ROW_PREFIX,
  pastCheckpointKey,
  pastCheckpointsKey,
  pastKey,
  type Row,
  type RowStore,
  type RowWrite,
} from '../checkpoint/index.ts';
import { type Logger, StreamError, toStreamError } from '../core/index.ts';
import type { JobTimes } from './job-executions.ts';
import type { ExceptionHistory } from './restart-exception-history.ts';
import {
  type PackedCheckpointStats,
  type PackedStatistics,
  packStatistics,
  unpackStatistics,
} from './sleeping-statistics.ts';

/** As far as it is known. */
export interface PastRecord {
  readonly times: JobTimes;
  /** Of the first process that ran it. */
  readonly startedAtEpochMs?: number;
  readonly exceptions?: ExceptionHistory;
  readonly checkpointStatistics?: CheckpointStatistics;
}

export interface JobPastParts {
  readonly rows: RowStore;
  readonly jobId: string;
  /** Steps that fail when another process has taken the job. */
  readonly fence: () => readonly RowWrite[];
  readonly logger: Logger;
}

/** Persisted: fields are only ever added. */
type PastRow = Omit<PastRecord, 'checkpointStatistics'>;

/** Persisted: fields are only ever added. */
interface PastCheckpointsRow extends Omit<PackedStatistics, 'history'> {
  /** Of the history, newest first: each has a row. */
  readonly checkpointIds: readonly number[];
}

interface ReadPast {
  readonly record: PastRecord;
  /** What rows there are, by checkpoint. */
  readonly checkpoints: ReadonlyMap<number, PackedCheckpointStats | undefined>;
}

/** Of one write, beside the fence and the row that names them. */
const MAX_STEPS = 90;

export class JobPast {
  readonly #parts: JobPastParts;
  #record: PastRecord;
  /** By checkpoint, as its row is; undefined: not known. */
  readonly #written: Map<number, PackedCheckpointStats | undefined>;
  #isJobChanged = false;
  #areCheckpointsChanged = false;
  #isOver = false;
  #writing: Promise<void> | undefined;

  private constructor(parts: JobPastParts, { record, checkpoints }: ReadPast) {
    this.#parts = parts;
    this.#record = record;
    this.#written = new Map(checkpoints);
  }

  /** @throws {StreamError} of the row store. */
  static async open(parts: JobPastParts): Promise<JobPast> {
    return new JobPast(parts, await read(parts));
  }

  /** All that is known now. */
  get record(): PastRecord {
    return this.#record;
  }

  /** The job began to run. */
  started(startedAtEpochMs: number): void {
    if (this.#record.startedAtEpochMs !== undefined) return;
    this.#change({ startedAtEpochMs });
  }

  /** The job entered a state. */
  entered(times: JobTimes): void {
    this.#change({ times: { ...this.#record.times, ...times } });
  }

  /** A task, or the job, has failed. */
  failed(exceptions: ExceptionHistory): void {
    this.#change({ exceptions });
  }

  /** I3: what came of checkpoints is written, not that they begin. */
  checkpointed(checkpointStatistics: CheckpointStatistics): void {
    const { counts } = checkpointStatistics;
    const before = this.#record.checkpointStatistics?.counts;
    this.#record = { ...this.#record, checkpointStatistics };
    if (counts === before) return;
    const names = ['completed', 'failed', 'restored'] as const;
    if (names.every((name) => counts[name] === (before?.[name] ?? 0))) return;
    this.#areCheckpointsChanged = true;
    this.#write();
  }

  /** Resolves once everything is written that can be. */
  async settled(): Promise<void> {
    if (this.#writing === undefined) this.#write();
    while (this.#writing !== undefined) await this.#writing;
  }

  /** The job has ended, and what it leaves behind has all of this. */
  async forget(): Promise<void> {
    this.#isOver = true;
    while (this.#writing !== undefined) await this.#writing;
    const { rows, jobId, fence } = this.#parts;
    const found = await rows.query(jobPartition(jobId), { sortKeyPrefix: PAST_ROW_PREFIX });
    for (let from = 0; from < found.length; from += MAX_STEPS) {
      const steps = found.slice(from, from + MAX_STEPS).map(({ partitionKey, sortKey }) => {
        return { type: 'delete', partitionKey, sortKey } as const;
      });
      await rows.write([...steps, ...fence()]);
    }
  }

  #change(change: Partial<PastRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#isJobChanged = true;
    this.#write();
  }

  /** I1. */
  #write(): void {
    if (this.#writing !== undefined || this.#isOver || !this.#isChanged) return;
    const failed = (thrown: unknown): boolean => {
      // I2.
      const { kind, code, message: reason } = toStreamError(thrown);
      if (kind === 'fenced' || kind === 'conflict') this.#isOver = true;
      const { logger, jobId } = this.#parts;
      const fields = { jobId, code, reason };
      logger.log('warn', 'the history of a job could not be written', fields);
      return false;
    };
    const written = this.#writeAll().then(() => true, failed);
    this.#writing = written.then((isWritten) => {
      this.#writing = undefined;
      if (isWritten) this.#write();
    });
  }

  get #isChanged(): boolean {
    return this.#isJobChanged || this.#areCheckpointsChanged;
  }

  async #writeAll(): Promise<void> {
    // What changes in this turn of the event loop is one write.
    await Promise.resolve();
    while (this.#isChanged && !this.#isOver) {
      if (this.#areCheckpointsChanged) await this.#writeCheckpoints();
      if (this.#isJobChanged) await this.#writeJob();
    }
  }

  async #writeJob(): Promise<void> {
    const { rows, jobId, fence } = this.#parts;
    const { checkpointStatistics: _, ...value } = this.#record;
    this.#isJobChanged = false;
    try {
      await rows.write([{ type: 'put', ...pastKey(jobId), value: bounded(value) }, ...fence()]);
    } catch (thrown) {
      this.#isJobChanged = true;
      throw thrown;
    }
  }

  /** The row that names the others goes last: what it names is there. */
  async #writeCheckpoints(): Promise<void> {
    const { rows, jobId, fence } = this.#parts;
    const { checkpointStatistics } = this.#record;
    if (checkpointStatistics === undefined) return;
    const { history, ...rest } = packStatistics(settledOnly(checkpointStatistics));
    const value: PastCheckpointsRow = {
      ...rest,
      checkpointIds: history.map(({ checkpointId }) => checkpointId),
    };
    const steps: RowWrite[] = [];
    for (const record of history) {
      const { checkpointId } = record;
      if (this.#written.get(checkpointId) === record) continue;
      this.#written.set(checkpointId, undefined);
      steps.push({ type: 'put', ...pastCheckpointKey(jobId, checkpointId), value: record });
    }
    for (const checkpointId of this.#written.keys()) {
      if (value.checkpointIds.includes(checkpointId)) continue;
      steps.push({ type: 'delete', ...pastCheckpointKey(jobId, checkpointId) });
    }
    this.#areCheckpointsChanged = false;
    try {
      for (; steps.length > MAX_STEPS; ) {
        await rows.write([...steps.splice(0, MAX_STEPS), ...fence()]);
      }
      const head: RowWrite = { type: 'put', ...pastCheckpointsKey(jobId), value };
      await rows.write([...steps, head, ...fence()]);
    } catch (thrown) {
      this.#areCheckpointsChanged = true;
      throw thrown;
    }
    this.#written.clear();
    for (const record of history) this.#written.set(record.checkpointId, record);
  }
}

/**
 * Of a job that nobody runs.
 *
 * @throws {StreamError} of the row store.
 */
export async function readPast(parts: Omit<JobPastParts, 'fence'>): Promise<PastRecord> {
  return (await read(parts)).record;
}

/** As many failures that came with a root cause as root causes. */
function bounded({ exceptions, ...rest }: PastRow): PastRow {
  if (exceptions === undefined) return rest;
  const { size } = exceptions;
  const isTooLong = exceptions.entries.some((entry) => entry.concurrentExceptions.length > size);
  if (!isTooLong) return { ...rest, exceptions };
  const entries = exceptions.entries.map((entry) => {
    return { ...entry, concurrentExceptions: entry.concurrentExceptions.slice(0, size) };
  });
  return { ...rest, exceptions: { ...exceptions, entries, truncated: true } };
}

/** I3. */
function settledOnly(statistics: CheckpointStatistics): CheckpointStatistics {
  const { counts, history } = statistics;
  if (counts.inProgress === 0) return statistics;
  return {
    ...statistics,
    counts: { ...counts, total: counts.total - counts.inProgress, inProgress: 0 },
    history: history.filter(({ status }) => status !== 'IN_PROGRESS'),
  };
}

async function read({ rows, jobId, logger }: Omit<JobPastParts, 'fence'>): Promise<ReadPast> {
  const found = await rows.query(jobPartition(jobId), { sortKeyPrefix: PAST_ROW_PREFIX });
  const byKey = new Map(found.map((row) => [row.sortKey, row]));
  const readable = <T>(what: () => T): T | undefined => {
    try {
      return what();
    } catch (thrown) {
      // I4.
      const { message: reason } = toStreamError(thrown);
      logger.log('warn', 'the history of a job cannot be read', { jobId, reason });
      return undefined;
    }
  };
  const past = readable(() => pastOf(byKey.get(pastKey(jobId).sortKey)));
  const packed = readable(() => checkpointsOf(jobId, byKey));
  const prefix = pastCheckpointKey(jobId, 0).sortKey.replace(/\d+$/, '');
  const ids = found.flatMap(({ sortKey }) => {
    return sortKey.startsWith(prefix) ? [Number(sortKey.slice(prefix.length))] : [];
  });
  const known = new Map(packed?.packed.history.map((one) => [one.checkpointId, one]));
  return {
    record: {
      ...(past ?? { times: {} }),
      ...(packed === undefined ? {} : { checkpointStatistics: packed.statistics }),
    },
    checkpoints: new Map(ids.map((id) => [id, known.get(id)])),
  };
}

function pastOf(row: Row | undefined): PastRow | undefined {
  if (row === undefined) return undefined;
  const value = row.value as Partial<PastRow> | null;
  const entries = value?.exceptions === undefined ? [] : value.exceptions.entries;
  const isPast = typeof value?.times === 'object' && Array.isArray(entries);
  if (!isPast) throw notReadable(row);
  return value as PastRow;
}

function checkpointsOf(
  jobId: string,
  byKey: ReadonlyMap<string, Row>,
): { readonly packed: PackedStatistics; readonly statistics: CheckpointStatistics } | undefined {
  const row = byKey.get(pastCheckpointsKey(jobId).sortKey);
  if (row === undefined) return undefined;
  const { checkpointIds, ...rest } = row.value as PastCheckpointsRow;
  if (!Array.isArray(checkpointIds) || typeof rest.counts !== 'object') throw notReadable(row);
  const history = checkpointIds.map((checkpointId) => {
    const found = byKey.get(pastCheckpointKey(jobId, checkpointId).sortKey);
    if (found === undefined) throw notReadable(row);
    return found.value as PackedCheckpointStats;
  });
  const packed = { ...rest, history };
  return { packed, statistics: unpackStatistics(packed) };
}

function notReadable({ sortKey, version }: Row): StreamError {
  return new StreamError({
    kind: 'data',
    code: 'JOB_PAST_CORRUPT',
    message: `a row of the job's past does not read as one; row=${sortKey} version=${version}`,
    details: { sortKey, version },
  });
}
