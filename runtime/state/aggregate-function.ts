/**
 * Combines two values of a type into one. Must not change them: they may be in other windows, or on
 * their way downstream.
 */
export interface ReduceFunction<T> {
  reduce(left: T, right: T): T;
}

/** A {@link ReduceFunction}, or its method alone. */
export type ReduceLike<T> = ReduceFunction<T> | ((left: T, right: T) => T);

/** Folds values into an accumulator and reads a result out of it. */
export interface AggregateFunction<I, A, O> {
  createAccumulator(): A;
  /** May change and return `accumulator`. */
  add(value: I, accumulator: A): A;
  getResult(accumulator: A): O;
  /** Joins two accumulators, the earlier first; session windows need it. */
  merge?(left: A, right: A): A;
}
