/**
 * Asks storage again that does not answer. Only errors of kind `unavailable` are waited for: what
 * is wrong with a job or its bytes does not become right by asking again.
 */
import { type Clock, isStreamError, type StreamError, type Timers } from '../core/index.ts';

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 10_000;

/**
 * How long a job waits for storage that has not run yet: whoever submitted it had better hear of
 * it. A job that ran waits without end: it can run again once storage answers.
 */
export const NEW_JOB_WAIT_MS = 60_000;

export interface StorageRetryOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Aborted: nothing more is tried. */
  readonly signal: AbortSignal;
  /** No try begins later than this after the first. @defaultValue without end */
  readonly maxWaitMs?: number;
  /** It did not answer, and is asked again after the delay. */
  readonly onRetry: (error: StreamError, delayMs: number) => void;
}

/**
 * The answer of the first try that gets one, after delays that double from 1 s to 10 s.
 *
 * @throws what the last try threw.
 */
export async function retryStorage<T>(
  act: () => Promise<T>,
  { clock, timers, signal, maxWaitMs = Number.POSITIVE_INFINITY, onRetry }: StorageRetryOptions,
): Promise<T> {
  const startedAtMs = clock.monotonicMs();
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
    try {
      return await act();
    } catch (thrown) {
      const isUnavailable = isStreamError(thrown) && thrown.kind === 'unavailable';
      const isLate = clock.monotonicMs() - startedAtMs + delayMs > maxWaitMs;
      if (!isUnavailable || isLate || signal.aborted) throw thrown;
      onRetry(thrown, delayMs);
      await pause(timers, delayMs, signal);
      if (signal.aborted) throw thrown;
    }
  }
}

async function pause(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  const paused = Promise.withResolvers<void>();
  const cancel = timers.schedule(delayMs, paused.resolve);
  const end = (): void => paused.resolve();
  signal.addEventListener('abort', end);
  await paused.promise;
  signal.removeEventListener('abort', end);
  cancel();
}
