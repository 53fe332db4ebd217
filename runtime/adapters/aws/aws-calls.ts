/**
 * Calls to AWS: bounded in flight, tried again inside a budget, given up when told to.
 *
 * - I1: the SDK itself retries nothing (`clients.ts`); every attempt is made, and known, here.
 * - I2: a call that has settled leaves no timer behind.
 */
import type { Clock, Rng, Timers } from '../../core/index.ts';
import { type AwsFailure, awsFailure } from './aws-failure.ts';
import { DEFAULT_RETRY_BUDGET, decideRetry, type RetryBudget } from './retry-budget.ts';

export interface AwsCallsParts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly timers: Timers;
  readonly budget?: RetryBudget;
  /**
   * Calls under way at once; others wait.
   *
   * @defaultValue 64, as many as a client has sockets
   */
  readonly maxInFlight?: number;
  /** Ends calls and pauses: when the invocation does. */
  readonly signal?: AbortSignal;
  /** For logs and metrics. */
  readonly onRetry?: (operation: string, failure: AwsFailure, delayMs: number) => void;
}

/** What an attempt knows of those before it. */
export interface AwsAttempt {
  /** From 1. */
  readonly number: number;
  /** An earlier one got no answer, or one that does not say: it may have happened, or may yet. */
  readonly mayHaveHappened: boolean;
  /** To be given to the client's `send`. */
  readonly options: { readonly abortSignal?: AbortSignal };
}

export interface AwsOperation {
  /** As IAM names it, `s3:PutObject`. */
  readonly permission: string;
  /**
   * A call that may have happened is not made again.
   *
   * @defaultValue false
   */
  readonly isOnceOnly?: boolean;
}

/** The last failure of a call that was given up. */
export class AwsCallFailed extends Error {
  readonly failure: AwsFailure;
  /** Of any attempt. */
  readonly mayHaveHappened: boolean;
  readonly attempts: number;

  constructor(failure: AwsFailure, mayHaveHappened: boolean, attempts: number, cause: unknown) {
    super(`a call failed awsCode=${failure.awsCode} attempts=${attempts}`, { cause });
    this.failure = failure;
    this.mayHaveHappened = mayHaveHappened;
    this.attempts = attempts;
  }
}

export class AwsCalls {
  readonly #parts: AwsCallsParts;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(parts: AwsCallsParts) {
    this.#parts = parts;
    this.#free = parts.maxInFlight ?? 64;
  }

  /**
   * @param send one attempt. Answers it knows how to take, such as a refused condition, it returns.
   * @throws {AwsCallFailed}
   */
  async call<T>(operation: AwsOperation, send: (attempt: AwsAttempt) => Promise<T>): Promise<T> {
    const { clock, rng, signal, budget = DEFAULT_RETRY_BUDGET } = this.#parts;
    const startMs = clock.monotonicMs();
    const options = signal === undefined ? {} : { abortSignal: signal };
    let mayHaveHappened = false;
    for (let number = 1; ; number++) {
      try {
        return await this.#bounded(() => send({ number, mayHaveHappened, options }));
      } catch (thrown) {
        const failure = awsFailure(thrown, operation.permission);
        mayHaveHappened ||= failure.mayHaveHappened;
        const isOver = signal?.aborted === true || (operation.isOnceOnly && mayHaveHappened);
        const facts = {
          attempts: number,
          elapsedMs: clock.monotonicMs() - startMs,
          isThrottled: failure.reason === 'throttled',
          mayPass: failure.mayPass && !isOver,
        };
        const decision = decideRetry(facts, budget, rng.next());
        if (decision.type === 'give-up') {
          throw new AwsCallFailed(failure, mayHaveHappened, number, thrown);
        }
        this.#parts.onRetry?.(operation.permission, failure, decision.delayMs);
        await this.#pause(decision.delayMs);
      }
    }
  }

  async #bounded<T>(run: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      // The place goes to the next one as it is.
      else next();
    }
  }

  /** Ends early when the calls are given up; the next attempt then fails at once. */
  #pause(delayMs: number): Promise<void> {
    const { timers, signal } = this.#parts;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = timers.schedule(delayMs, end);
      signal?.addEventListener('abort', end);
    });
  }
}
