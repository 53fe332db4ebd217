import type { Collector, RichFunction } from '../operators/index.ts';

/** Called for each pair of a window and key; what it returns is the result, undefined is none. */
export interface JoinFunction<A, B, O> extends RichFunction {
  join(first: A, second: B): O;
}
export type JoinLike<A, B, O> = JoinFunction<A, B, O> | ((first: A, second: B) => O);

/** As {@link JoinFunction}, with any number of results for a pair. */
export interface FlatJoinFunction<A, B, O> extends RichFunction {
  join(first: A, second: B, out: Collector<O>): void;
}
export type FlatJoinLike<A, B, O> =
  | FlatJoinFunction<A, B, O>
  | ((first: A, second: B, out: Collector<O>) => void);

/** Called for each window and key that has a record of either side: one of the two may be empty. */
export interface CoGroupFunction<A, B, O> extends RichFunction {
  /** @param first in order of arrival; the caller must not keep or change it, nor `second`. */
  coGroup(first: readonly A[], second: readonly B[], out: Collector<O>): void;
}
export type CoGroupLike<A, B, O> =
  | CoGroupFunction<A, B, O>
  | ((first: readonly A[], second: readonly B[], out: Collector<O>) => void);
