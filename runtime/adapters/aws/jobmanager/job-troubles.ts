/**
 * What came of trying messages that were received before: processes that died of them, and turns
 * that broke. A queue counts receives only, and those of an outage too.
 *
 * I1  Before a message is tried that was received before, the row says so: if the process dies, it
 *     still does. Who cannot write it does not try.
 * I2  A job without trouble has no row, and nothing is read of it.
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

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  async get(jobId: string): Promise<Trouble> {
    const { partitionKey, sortKey } = troubleKey(jobId);
    const row = await this.#rows.get(partitionKey, sortKey);
    return row === undefined ? NO_TROUBLE : (row.value as Trouble);
  }

  async put(jobId: string, value: Trouble): Promise<void> {
    await this.#rows.write([{ type: 'put', ...troubleKey(jobId), value }]);
  }

  async clear(jobId: string): Promise<void> {
    await this.#rows.write([{ type: 'delete', ...troubleKey(jobId) }]);
  }
}
