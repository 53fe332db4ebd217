/** A row: two keys, a JSON value, and a version that grows by one with each write but `atVersion`. */
export interface Row {
  readonly partitionKey: string;
  readonly sortKey: string;
  /** From 1. */
  readonly version: number;
  readonly value: unknown;
}

/** One step of a write. */
export type RowWrite =
  | {
      readonly type: 'put';
      readonly partitionKey: string;
      readonly sortKey: string;
      readonly value: unknown;
      /** 0: there must be no such row; undefined: whatever is there. */
      readonly expectedVersion?: number;
      /**
       * The row gets this version, unless it has a larger one: of writes that arrive in any order
       * the newest stays. Instead of `expectedVersion`; from 1.
       */
      readonly atVersion?: number;
      /**
       * It is garbage from then on: the store may delete it, some time. Absent: never, also when
       * the row had such a time before.
       */
      readonly expiresAtEpochMs?: number;
    }
  | {
      readonly type: 'delete';
      readonly partitionKey: string;
      readonly sortKey: string;
      readonly expectedVersion?: number;
    }
  /** Changes nothing: the others happen only if this row has this version. */
  | {
      readonly type: 'check';
      readonly partitionKey: string;
      readonly sortKey: string;
      readonly expectedVersion: number;
    };

export interface RowQuery {
  readonly sortKeyPrefix?: string;
  readonly descending?: boolean;
  readonly limit?: number;
}

/**
 * Port: small rows with conditional writes; DynamoDB's shape.
 *
 * Needs: writes are linearisable and durable when settled; reads are strongly consistent. A write
 * that failed with another error than `ROW_CONFLICT` may have happened.
 */
export interface RowStore {
  get(partitionKey: string, sortKey: string): Promise<Row | undefined>;
  /** Rows of a partition in the order of their sort keys. */
  query(partitionKey: string, query?: RowQuery): Promise<readonly Row[]>;
  /**
   * All of it or nothing; at most 100 steps, one at most a row.
   *
   * @throws {StreamError} `ROW_CONFLICT`, kind `conflict`, when a row has not the expected version.
   */
  write(steps: readonly RowWrite[]): Promise<void>;
}
