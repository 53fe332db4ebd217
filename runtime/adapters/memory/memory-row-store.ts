import type { Row, RowQuery, RowStore, RowWrite } from '../../checkpoint/index.ts';
import { checkSteps, RowTable } from '../row-table.ts';
import { rowConflict } from '../store-errors.ts';

/** Rows in memory. Every promise settles without waiting for anything. */
export class MemoryRowStore implements RowStore {
  readonly #table = new RowTable();

  async get(partitionKey: string, sortKey: string): Promise<Row | undefined> {
    return this.#table.get(partitionKey, sortKey);
  }

  async query(partitionKey: string, query?: RowQuery): Promise<readonly Row[]> {
    return this.#table.query(partitionKey, query);
  }

  async write(steps: readonly RowWrite[]): Promise<void> {
    checkSteps(steps);
    const refused = this.#table.apply(steps);
    if (refused !== undefined) throw rowConflict(refused);
  }
}
