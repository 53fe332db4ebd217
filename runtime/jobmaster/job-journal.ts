import type { RowWrite } from '../checkpoint/index.ts';
import type { JobPast } from './job-past.ts';

/** What of a running job must survive the process that runs it. */
export interface JournalEntry {
  readonly attempt: number;
  /** Parallelism that replaces the program's, by vertex id. */
  readonly parallelism: Readonly<Record<string, number>>;
}

/**
 * Port: the job's durable record. Needs: an entry is durable when `record` settles, and refused
 * when another process has taken the job over.
 */
export interface JobJournal {
  /** The highest attempt recorded before; -1: none. */
  readonly lastAttempt: number;
  /** Takes what people are shown. Absent: it is kept elsewhere, or nowhere. */
  readonly past?: JobPast | undefined;
  /** @throws {StreamError} kind `fenced` when another process has taken the job over. */
  record(entry: JournalEntry): Promise<void>;
  /**
   * The job has ended for good: nobody will go on with it. Durable when settled.
   *
   * @throws {StreamError} as {@link record}; of the store, and then the job may be gone on with.
   */
  end(status: 'FINISHED' | 'CANCELED' | 'FAILED'): Promise<void>;
  /** Steps that make a write fail once another process has taken the job over. */
  fence(): readonly RowWrite[];
}

/** Of a job that nobody goes on with after its process: nothing is kept. */
export class TransientJournal implements JobJournal {
  readonly lastAttempt = -1;

  async record(): Promise<void> {}

  async end(): Promise<void> {}

  fence(): readonly RowWrite[] {
    return [];
  }
}
