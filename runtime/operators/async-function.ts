/** What users write for asynchronous I/O: a function that answers later, and when to ask again. */
import type { RichFunction } from './functions.ts';

/** An array is a list of results, undefined is none, anything else is one result. */
export type AsyncResults<O> = O | readonly O[] | undefined;

/**
 * Asks the world about a record. Many records are under way at once, so a call must not rely on
 * what another one leaves in the fields of the function.
 *
 * After a failure the calls that had no result yet are made again: what they do must bear that.
 */
export interface AsyncFunction<I, O> extends RichFunction {
  /** A rejection that no retry and no timeout answers fails the task. */
  asyncInvoke(value: I): PromiseLike<AsyncResults<O>>;
  /**
   * Answers for a record whose result did not come in time; that result no longer counts.
   *
   * @defaultValue the task fails
   */
  timeout?(value: I): AsyncResults<O> | PromiseLike<AsyncResults<O>>;
}

export type AsyncLike<I, O> = AsyncFunction<I, O> | ((value: I) => PromiseLike<AsyncResults<O>>);

/** When a call is made again. Attempts count from 1, the first call. */
export interface AsyncRetryStrategy<O> {
  canRetry(currentAttempts: number): boolean;
  /** In ms. */
  getBackoffTimeMillis(currentAttempts: number): number;
  /** True for results that do not count. Undefined: all count. */
  readonly resultPredicate?: ((results: readonly O[]) => boolean) | undefined;
  /** True for a rejection after which to try again. Undefined: none. */
  readonly exceptionPredicate?: ((thrown: unknown) => boolean) | undefined;
}

/** `unordered`: results leave as they come, though never past a watermark. */
export type AsyncOutputMode = 'ordered' | 'unordered';

export interface AsyncWaitOptions<O> {
  readonly mode: AsyncOutputMode;
  /** Of all attempts for one record together; 0: none. */
  readonly timeoutMs: number;
  /** Records that are asked about at once, or whose results wait for those before them. */
  readonly capacity: number;
  readonly retry?: AsyncRetryStrategy<O> | undefined;
}
