/**
 * What came of trying messages that were received before: processes that died of them, and turns
 * that broke. A queue counts receives only, and those of an outage too.
 *
 * I1  Before a message is tried that was received before, the row says so: if the process dies, it
 *     still does. Who cannot write it does not try.
 * I2  A job without trouble has no row, and nothing is read of it.
 * I3  Who lives is not counted by its own process, also where the row could not be told.
 */
import { type RowStore, troubleKey } from '../../../checkpoint/index.ts';

/** Persisted, for as long as a job is in trouble. */
export interface Trouble {
  /** That was tried last. */
  readonly messageId: string;
  /** Processes that ended while they tried it: each but the present one (I1). */
  readonly deaths: number;
  /** Turns of the job that failed, whatever the message. */
  readonly faults: number;
  /** Messages put aside since a turn came to its end. */
  readonly buried: number;
}

export const NO_TROUBLE: Trouble = { messageId: '', deaths: 0, faults: 0, buried: 0 };

export class JobTroubles {
  readonly #rows: RowStore;
  /** I3. Those that the rows may still count. */
  readonly #survived = new Map<string, Trouble>();

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  async get(jobId: string): Promise<Trouble> {
    const { partitionKey, sortKey } = troubleKey(jobId);
    const row = await this.#rows.get(partitionKey, sortKey);
    const found = row === undefined ? NO_TROUBLE : (row.value as Trouble);
    const { messageId, deaths } = this.#survived.get(jobId) ?? NO_TROUBLE;
    const isCounted = deaths > 0 && found.messageId === messageId && found.deaths === deaths;
    return isCounted ? { ...found, deaths: deaths - 1 } : found;
  }

  async put(jobId: string, value: Trouble): Promise<void> {
    await this.#rows.write([{ type: 'put', ...troubleKey(jobId), value }]);
    this.#survived.delete(jobId);
  }

  /** I3. @param mark as it was put, but for its faults. */
  async survived(jobId: string, mark: Trouble): Promise<void> {
    this.#survived.set(jobId, mark);
    await this.put(jobId, await this.get(jobId));
  }

  async clear(jobId: string): Promise<void> {
    await this.#rows.write([{ type: 'delete', ...troubleKey(jobId) }]);
    this.#survived.delete(jobId);
  }
}
