/** When an asynchronous call is made again, by Flink's names. */
import type { Duration } from '../core/index.ts';
import type { AsyncRetryStrategy } from '../operators/index.ts';
import { checkFunction, durationMs, invalid } from './arguments.ts';

/** What is worth another attempt. Neither: nothing is. */
export interface AsyncRetryPredicates<O> {
  /** True for results that do not count; an empty list: `(results) => results.length === 0`. */
  readonly ifResult?: (results: readonly O[]) => boolean;
  /** True for what the call was rejected with. */
  readonly ifException?: (thrown: unknown) => boolean;
}

/**
 * What `AsyncDataStream.orderedWaitWithRetry` takes. `maxAttempts` counts the calls after the
 * first one; the last of them counts, whatever it gives.
 *
 * @example `AsyncRetryStrategies.fixedDelay(3, '100 ms', { ifException: () => true })`
 */
export const AsyncRetryStrategies = {
  fixedDelay<O>(
    maxAttempts: number,
    backoff: Duration,
    predicates: AsyncRetryPredicates<O> = {},
  ): AsyncRetryStrategy<O> {
    const backoffMs = durationMs(backoff, 'the back-off of a retry', { positive: true });
    return strategy(maxAttempts, () => backoffMs, predicates);
  },

  /** Each delay is `multiplier` times the one before, up to `maxDelay`. */
  exponentialBackoff<O>(
    maxAttempts: number,
    initialDelay: Duration,
    maxDelay: Duration,
    multiplier: number,
    predicates: AsyncRetryPredicates<O> = {},
  ): AsyncRetryStrategy<O> {
    const initialMs = durationMs(initialDelay, 'the first delay of a retry', { positive: true });
    const maxMs = durationMs(maxDelay, 'the longest delay of a retry', { positive: true });
    if (!Number.isFinite(multiplier) || multiplier < 1) {
      throw invalid('INVALID_ARGUMENT', 'the multiplier of delays must be at least 1', multiplier);
    }
    const backoffMs = (attempts: number): number =>
      Math.min(maxMs, initialMs * multiplier ** (attempts - 1));
    return strategy(maxAttempts, backoffMs, predicates);
  },
} as const;

function strategy<O>(
  maxAttempts: number,
  backoffMs: (currentAttempts: number) => number,
  { ifResult, ifException }: AsyncRetryPredicates<O>,
): AsyncRetryStrategy<O> {
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    const problem = 'the attempts of a retry must be an integer from 1';
    throw invalid('INVALID_ARGUMENT', problem, maxAttempts);
  }
  if (ifResult !== undefined) checkFunction(ifResult, 'ifResult');
  if (ifException !== undefined) checkFunction(ifException, 'ifException');
  return {
    canRetry: (currentAttempts) => currentAttempts <= maxAttempts,
    getBackoffTimeMillis: backoffMs,
    resultPredicate: ifResult,
    exceptionPredicate: ifException,
  };
}
