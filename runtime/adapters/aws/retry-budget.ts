/**
 * When a failed call is made again: with full jitter, inside a budget of time that all attempts
 * and pauses of the call share. Pure; `aws-calls.ts` carries it out.
 *
 * @see "Exponential Backoff And Jitter", AWS Architecture Blog: of the kinds of jitter, full jitter
 * ends contention with the fewest calls.
 */

/** How long, and how hard, a call is tried. */
export interface RetryBudget {
  /** From the first attempt; no attempt begins later. */
  readonly budgetMs: number;
  readonly maxAttempts: number;
  /** Upper end of the first pause after a throttled call. */
  readonly throttledDelayMs: number;
  /** Upper end of the first pause after any other failure. */
  readonly failedDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * 20 s outlast a split of a hot partition and a fail-over behind an endpoint, and leave most of a
 * checkpoint's ten minutes; a throttled table gets its first pauses about as long as its buckets
 * take to fill again.
 */
export const DEFAULT_RETRY_BUDGET: RetryBudget = {
  budgetMs: 20_000,
  maxAttempts: 12,
  throttledDelayMs: 100,
  failedDelayMs: 25,
  maxDelayMs: 3_000,
};

export interface RetryFacts {
  /** Made so far, with the failed one. */
  readonly attempts: number;
  readonly elapsedMs: number;
  readonly isThrottled: boolean;
  /** Whether the failure is one that may pass. */
  readonly mayPass: boolean;
}

export type RetryDecision =
  | { readonly type: 'retry'; readonly delayMs: number }
  | { readonly type: 'give-up'; readonly reason: 'lasting' | 'budget' | 'attempts' };

/** @param random uniform in [0, 1), of an `Rng`. */
export function decideRetry(facts: RetryFacts, budget: RetryBudget, random: number): RetryDecision {
  const { attempts, elapsedMs, isThrottled, mayPass } = facts;
  if (!mayPass) return { type: 'give-up', reason: 'lasting' };
  if (attempts >= budget.maxAttempts) return { type: 'give-up', reason: 'attempts' };
  const firstDelayMs = isThrottled ? budget.throttledDelayMs : budget.failedDelayMs;
  const ceilingMs = Math.min(budget.maxDelayMs, firstDelayMs * 2 ** (attempts - 1));
  const delayMs = random * ceilingMs;
  if (elapsedMs + delayMs >= budget.budgetMs) return { type: 'give-up', reason: 'budget' };
  return { type: 'retry', delayMs };
}
