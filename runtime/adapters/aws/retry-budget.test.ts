import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_RETRY_BUDGET, decideRetry, type RetryFacts } from './retry-budget.ts';

const BUDGET = {
  budgetMs: 1_000,
  maxAttempts: 5,
  throttledDelayMs: 100,
  failedDelayMs: 10,
  maxDelayMs: 300,
};
const FAILED: RetryFacts = { attempts: 1, elapsedMs: 0, isThrottled: false, mayPass: true };

describe('decideRetry', () => {
  it('waits up to twice as long with each attempt, and longer when throttled', () => {
    const delays = (isThrottled: boolean) =>
      [1, 2, 3, 4].map((attempts) => {
        const decision = decideRetry({ ...FAILED, attempts, isThrottled }, BUDGET, 0.5);
        return decision.type === 'retry' ? decision.delayMs : decision.reason;
      });
    assert.deepEqual(delays(false), [5, 10, 20, 40]);
    assert.deepEqual(delays(true), [50, 100, 150, 150]);
  });

  it('gives up what lasts, after the last attempt, and when the pause would end too late', () => {
    const reasonOf = (facts: Partial<RetryFacts>) => {
      const decision = decideRetry({ ...FAILED, ...facts }, BUDGET, 0.5);
      return decision.type === 'give-up' ? decision.reason : decision.type;
    };
    assert.equal(reasonOf({ mayPass: false }), 'lasting');
    assert.equal(reasonOf({ attempts: 5 }), 'attempts');
    assert.equal(reasonOf({ elapsedMs: 995 }), 'budget');
    assert.equal(reasonOf({ elapsedMs: 994 }), 'retry');
  });

  it('never begins an attempt after the budget, nor pauses longer than it may', () => {
    const facts = fc.record({
      attempts: fc.integer({ min: 1, max: 100 }),
      elapsedMs: fc.double({ min: 0, max: 30_000, noNaN: true }),
      isThrottled: fc.boolean(),
      mayPass: fc.boolean(),
    });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(facts, random, (given, drawn) => {
        const decision = decideRetry(given, DEFAULT_RETRY_BUDGET, drawn);
        if (decision.type === 'give-up') return;
        assert.ok(given.mayPass && given.attempts < DEFAULT_RETRY_BUDGET.maxAttempts);
        assert.ok(decision.delayMs >= 0 && decision.delayMs < DEFAULT_RETRY_BUDGET.maxDelayMs);
        assert.ok(given.elapsedMs + decision.delayMs < DEFAULT_RETRY_BUDGET.budgetMs);
      }),
    );
  });
});
