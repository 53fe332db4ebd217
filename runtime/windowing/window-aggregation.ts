/**
 * What a window keeps for a key, and how records get into it.
 */

import { StreamError } from '../core/index.ts';
import type { FieldAggregation } from '../operators/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import { type AggregateFunction, flattenStrings, type ReduceLike } from '../state/index.ts';
import { WINDOW_CONTENTS } from './window-contents.ts';

export type WindowContentsKind = 'reduced' | 'accumulator' | 'records' | 'timestamped records';

/** `A` is what a pane holds for a key, `R` what the window function or the output gets. */
export interface WindowAggregation<T, A, R> {
  /** How errors call the user's function, e.g. `aggregate function`. */
  readonly what: string;
  /** What windows hold: snapshots of one are none of another. */
  readonly contents: WindowContentsKind;
  /** What an empty accumulator is (`number`, `object`, …), where there is one. */
  defaultKind?(): string;
  first(value: T): A;
  /** May change and return `accumulator`. */
  add(value: T, accumulator: A): A;
  result(accumulator: A): R;
  /** What a window without records holds. Undefined: there is no result without records. */
  empty?(): A;
  /** Joins two sessions, the earlier first. Undefined: sessions are refused. */
  readonly merge: ((left: A, right: A) => A) | undefined;
}

export function reduceAggregation<T>(fn: ReduceLike<T>): WindowAggregation<T, T, T> {
  const reduce = typeof fn === 'function' ? fn : (left: T, right: T): T => fn.reduce(left, right);
  const check = 'check' in fn ? (fn as FieldAggregation<T>).check : undefined;
  return {
    what: 'reduce function',
    contents: 'reduced',
    first: (value) => {
      check?.(value);
      return flattenStrings(value);
    },
    add: (value, held) => {
      const next = reduce(held, value);
      return next === held || typeof next === 'number' ? next : flattenStrings(next, held);
    },
    result: (held) => held,
    merge: reduce,
  };
}

export function aggregateAggregation<T, A, R>(
  fn: AggregateFunction<T, A, R>,
): WindowAggregation<T, A, R> {
  return {
    what: 'aggregate function',
    contents: 'accumulator',
    defaultKind: () => typeof fn.createAccumulator(),
    first: (value) => flattenStrings(fn.add(value, fn.createAccumulator())),
    add: (value, held) => {
      const next = fn.add(value, held);
      return next === held || typeof next === 'number' ? next : flattenStrings(next, held);
    },
    result: (held) => fn.getResult(held),
    empty: () => fn.createAccumulator(),
    merge: fn.merge === undefined ? undefined : fn.merge.bind(fn),
  };
}

/** Keeps every record, in order of arrival, for a window function that needs them all. */
export function listAggregation<T>(): WindowAggregation<T, T[], readonly T[]> {
  return {
    what: 'window function',
    contents: 'records',
    first: (value) => [flattenStrings(value)],
    add: (value, held) => {
      held.push(flattenStrings(value));
      return held;
    },
    result: (held) => held,
    empty: () => [],
    merge: (left, right) => {
      for (const value of right) left.push(value);
      return left;
    },
  };
}

/** @throws {StreamError} kind `invalid`, code `AGGREGATE_NEEDS_MERGE`. */
export function assertMergeable<T, A, R>(
  aggregation: WindowAggregation<T, A, R>,
): (left: A, right: A) => A {
  if (aggregation.merge !== undefined) return aggregation.merge;
  throw new StreamError({
    kind: 'invalid',
    code: 'AGGREGATE_NEEDS_MERGE',
    message: 'session windows join when a record closes the gap, give the aggregate function merge',
  });
}

/** How snapshots call what windows of this kind hold. */
export function contentsMeta<T, A, R>(
  windows: 'window' | 'session-window' | 'triggered-window' | 'merging-window',
  aggregation: Pick<WindowAggregation<T, A, R>, 'contents' | 'defaultKind'>,
): KeyedStateMetaRecord {
  const defaultKind = aggregation.defaultKind?.();
  return {
    name: WINDOW_CONTENTS,
    kind: `${windows} of ${aggregation.contents}`,
    version: 1,
    ...(defaultKind === undefined ? {} : { defaultKind }),
  };
}
