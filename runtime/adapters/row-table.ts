/**
 * Rows and what a write does to them; the same steps in the same order give the same table.
 *
 * - I1: all steps of a write apply, or none.
 */

import type { Row, RowQuery, RowWrite } from '../checkpoint/index.ts';
import { assert } from '../core/index.ts';

const MAX_STEPS = 100;

/** A row in JSON. */
interface StoredRow {
  readonly version: number;
  readonly json: string;
}

export class RowTable {
  readonly #partitions = new Map<string, Map<string, StoredRow>>();

  get(partitionKey: string, sortKey: string): Row | undefined {
    const row = this.#partitions.get(partitionKey)?.get(sortKey);
    return row === undefined ? undefined : asRow(partitionKey, sortKey, row);
  }

  query(partitionKey: string, query: RowQuery = {}): readonly Row[] {
    const { sortKeyPrefix = '', descending = false, limit } = query;
    const partition = this.#partitions.get(partitionKey) ?? new Map<string, StoredRow>();
    const found = [...partition].filter(([sortKey]) => sortKey.startsWith(sortKeyPrefix));
    found.sort(([a], [b]) => (a < b === descending ? 1 : -1));
    return found.slice(0, limit).map(([sortKey, row]) => asRow(partitionKey, sortKey, row));
  }

  /** The step whose condition does not hold; otherwise the write has been applied. */
  apply(steps: readonly RowWrite[]): RowWrite | undefined {
    const refused = steps.find((step) => !this.#holds(step));
    if (refused !== undefined) return refused;
    for (const step of steps) this.#apply(step);
    return undefined;
  }

  /** Every row, by keys. */
  all(): readonly Row[] {
    return [...this.#partitions.keys()].sort().flatMap((partitionKey) => this.query(partitionKey));
  }

  /** Puts a row as {@link all} gave it. */
  restore({ partitionKey, sortKey, version, value }: Row): void {
    this.#put(partitionKey, sortKey, { version, json: JSON.stringify(value) });
  }

  #holds(step: RowWrite): boolean {
    const version = this.#versionOf(step);
    const { expectedVersion } = step;
    if (step.type === 'put' && step.atVersion !== undefined) return version <= step.atVersion;
    return expectedVersion === undefined || version === expectedVersion;
  }

  #versionOf({ partitionKey, sortKey }: RowWrite): number {
    return this.#partitions.get(partitionKey)?.get(sortKey)?.version ?? 0;
  }

  #apply(step: RowWrite): void {
    const { partitionKey, sortKey } = step;
    if (step.type === 'delete') {
      const partition = this.#partitions.get(partitionKey);
      partition?.delete(sortKey);
      if (partition?.size === 0) this.#partitions.delete(partitionKey);
    } else if (step.type === 'put') {
      const version = step.atVersion ?? this.#versionOf(step) + 1;
      this.#put(partitionKey, sortKey, { version, json: JSON.stringify(step.value) });
    }
  }

  #put(partitionKey: string, sortKey: string, row: StoredRow): void {
    const partition = this.#partitions.get(partitionKey) ?? new Map<string, StoredRow>();
    this.#partitions.set(partitionKey, partition.set(sortKey, row));
  }
}

/** What the port asks of the steps of one write. */
export function checkSteps(steps: readonly RowWrite[]): void {
  const keys = new Set(steps.map((step) => JSON.stringify([step.partitionKey, step.sortKey])));
  assert(keys.size === steps.length, 'a write has one step at most for each row');
  assert(steps.length <= MAX_STEPS, 'a write has at most 100 steps');
}

function asRow(partitionKey: string, sortKey: string, { version, json }: StoredRow): Row {
  const value: unknown = JSON.parse(json);
  return { partitionKey, sortKey, version, value };
}
