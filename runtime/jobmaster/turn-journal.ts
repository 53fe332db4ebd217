/**
 * The right to write for a job whose master works in turns, and its record between them.
 *
 * I1  Who begins a turn claims the job before it reads anything: what it reads then is what the
 *     turn before has left, and nothing of that one counts any more, however late it arrives.
 * I2  A record follows the one that the turn has read, or its own: of two turns that begin with the
 *     same record one writes.
 * I3  A write that failed may have happened: the row, which names its writer, decides.
 */
import { type JobStore, type RowStore, type StoredJob, turnKey } from '../checkpoint/index.ts';
import { isStreamError, StreamError } from '../core/index.ts';
import { DispatcherJournal } from './dispatcher-journal.ts';
import { jobFenced } from './job-errors.ts';
import type { JobJournal } from './job-journal.ts';
import { NEW_TURN_RECORD, type TurnEnd, type TurnRecord } from './job-turn.ts';

export interface TurnJournalParts {
  readonly rows: RowStore;
  readonly jobs: JobStore;
  readonly jobId: string;
  /** No other turn, of any process, has this name. */
  readonly writer: string;
}

/** Persisted: fields are only ever added. */
export interface TurnRow {
  readonly writer: string;
  /** Of the writer, from 1. */
  readonly writeNumber: number;
  readonly record: TurnRecord;
}

const MAX_TRIES = 5;
const TERMINAL: readonly string[] = ['FINISHED', 'CANCELED', 'FAILED'];

export class TurnJournal {
  readonly #parts: TurnJournalParts;
  readonly #journal: DispatcherJournal;
  #record: TurnRecord = NEW_TURN_RECORD;
  #version = 0;
  #writeNumber = 0;

  private constructor(parts: TurnJournalParts, journal: DispatcherJournal) {
    this.#parts = parts;
    this.#journal = journal;
  }

  /**
   * I1.
   *
   * @throws {StreamError} `JOB_NOT_FOUND`; `JOB_FENCED`: another turn begins at the same time; of
   * the row store.
   */
  static async claim(parts: TurnJournalParts): Promise<TurnJournal> {
    const { rows, jobs, jobId } = parts;
    let stored = await existing(jobs, jobId);
    for (let tries = 1; ; tries++) {
      const journal = await DispatcherJournal.takeOver(rows, jobs, stored);
      // A former turn may have changed the row before the claim.
      const now = await existing(jobs, jobId);
      if (now.version === stored.version) {
        const claimed = new TurnJournal(parts, journal);
        await claimed.#read();
        return claimed;
      }
      if (tries === MAX_TRIES) throw jobFenced(jobId);
      stored = now;
    }
  }

  /** Of the job's row. */
  get journal(): JobJournal {
    return this.#journal;
  }

  get job(): StoredJob['job'] {
    return this.#journal.job;
  }

  /** As read, or written last. */
  get record(): TurnRecord {
    return this.#record;
  }

  /** The job's row says that it is over. */
  get ended(): TurnEnd | undefined {
    const { status } = this.job;
    return TERMINAL.includes(status) ? { status } : undefined;
  }

  /** The job was begun, and what its master knew is lost or was never written. */
  get isRecovered(): boolean {
    return this.job.status !== 'CREATED';
  }

  /** I2. @throws {StreamError} `JOB_FENCED`; of the row store, and then the turn is to be repeated. */
  async write(record: TurnRecord): Promise<void> {
    const { rows, jobId, writer } = this.#parts;
    this.#writeNumber += 1;
    const value: TurnRow = { writer, writeNumber: this.#writeNumber, record };
    const expectedVersion = this.#version;
    for (let tries = 1; ; tries++) {
      try {
        await rows.write([
          { type: 'put', ...turnKey(jobId), value, expectedVersion },
          ...this.#journal.fence(),
        ]);
        break;
      } catch (thrown) {
        if (await this.#isWritten()) break;
        const isOpen = isStreamError(thrown) && thrown.kind === 'unavailable';
        if (!isOpen) throw jobFenced(jobId);
        if (tries === MAX_TRIES) throw thrown;
      }
    }
    this.#version = expectedVersion + 1;
    this.#record = record;
  }

  /** Of a job that no master has run to its end. */
  async recordEnd({ status, error }: TurnEnd): Promise<void> {
    const coordinator = error === undefined ? {} : { coordinator: { error } };
    await this.#journal.update({ status, ...coordinator });
  }

  /** I3. */
  async #isWritten(): Promise<boolean> {
    const row = await this.#row();
    return row?.writer === this.#parts.writer && row.writeNumber === this.#writeNumber;
  }

  async #read(): Promise<void> {
    const { partitionKey, sortKey } = turnKey(this.#parts.jobId);
    const row = await this.#parts.rows.get(partitionKey, sortKey);
    if (row === undefined) return;
    this.#version = row.version;
    this.#record = (row.value as TurnRow).record;
  }

  async #row(): Promise<TurnRow | undefined> {
    const { partitionKey, sortKey } = turnKey(this.#parts.jobId);
    return (await this.#parts.rows.get(partitionKey, sortKey))?.value as TurnRow | undefined;
  }
}

async function existing(jobs: JobStore, jobId: string): Promise<StoredJob> {
  const stored = await jobs.get(jobId);
  if (stored !== undefined) return stored;
  throw new StreamError({
    kind: 'invalid',
    code: 'JOB_NOT_FOUND',
    message: `there is no such job; job=${jobId}`,
    details: { jobId },
  });
}
