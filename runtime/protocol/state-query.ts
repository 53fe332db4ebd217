/** What is asked of a keyed state from outside of its job, and what is answered. Plain JSON. */

export const QUERY_KEY_TYPES = ['string', 'number', 'boolean', 'bigint', 'date', 'json'] as const;

/** How the text of a key is read: `1` is a string or a number, and these are two keys. */
export type QueryKeyType = (typeof QUERY_KEY_TYPES)[number];

export interface QueryKeyRecord {
  readonly type: QueryKeyType;
  readonly text: string;
}

/** One key of one state of one operator. */
export interface StateQueryRecord {
  /** The name under which the state is queryable. */
  readonly name: string;
  readonly key: QueryKeyRecord;
  /** One entry of a map state. Absent: all of them. */
  readonly mapKey?: QueryKeyRecord;
  /** Of a state per window: `start,end` in epoch milliseconds, the end exclusive. */
  readonly window?: string;
  /** Also what an aggregating state folds into. */
  readonly withAccumulator?: true;
}

/** What a state holds for a key. */
export interface StateValueRecord {
  /** `value`, `list`, `map`, `reducing`, `aggregating`. */
  readonly kind: string;
  /** As {@link https://www.rfc-editor.org/rfc/rfc8259 JSON}, see `docs/guide/queryable-state.md`. */
  readonly value?: unknown;
  readonly accumulator?: unknown;
}
