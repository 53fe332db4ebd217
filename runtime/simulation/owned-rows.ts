/**
 * The rows as the present owner of the cluster's data may write them; what `DataDirectory` does on
 * one machine.
 *
 * I1  Who starts takes the owner's row over with a conditional write, whether the former owner is
 *     alive or not.
 * I2  Every write checks the version of that row: a former owner, awake again, writes nothing.
 */
import { isErrorWithCode, OWNER_KEY, type RowStore, type RowWrite } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';

export class OwnedRows implements RowStore {
  readonly #rows: RowStore;
  readonly #owner: string;
  #version: number | undefined;

  constructor(rows: RowStore, owner: string) {
    this.#rows = rows;
    this.#owner = owner;
  }

  /** I1. To be called again after an error of kind `unavailable`. */
  async takeOver(): Promise<void> {
    const { partitionKey, sortKey } = OWNER_KEY;
    for (;;) {
      const row = await this.#rows.get(partitionKey, sortKey);
      // A write that was reported as failed may have happened.
      if (row?.value === this.#owner) {
        this.#version = row.version;
        return;
      }
      const expectedVersion = row?.version ?? 0;
      try {
        await this.#rows.write([
          { type: 'put', partitionKey, sortKey, value: this.#owner, expectedVersion },
        ]);
        this.#version = expectedVersion + 1;
        return;
      } catch (thrown) {
        if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
      }
    }
  }

  get: RowStore['get'] = (partitionKey, sortKey) => this.#rows.get(partitionKey, sortKey);

  query: RowStore['query'] = (partitionKey, query) => this.#rows.query(partitionKey, query);

  /** I2. */
  async write(steps: readonly RowWrite[]): Promise<void> {
    const expectedVersion = this.#version ?? 0;
    try {
      await this.#rows.write([{ type: 'check', ...OWNER_KEY, expectedVersion }, ...steps]);
    } catch (thrown) {
      if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
      const row = await this.#rows.get(OWNER_KEY.partitionKey, OWNER_KEY.sortKey);
      if (row?.version === expectedVersion) throw thrown;
      throw new StreamError({
        kind: 'fenced',
        code: 'OWNER_LOST',
        message: `another process has taken the jobs over: this one stops; owner=${this.#owner}`,
        cause: thrown,
      });
    }
  }
}
