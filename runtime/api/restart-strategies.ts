/** When and how often a failed job starts again, by Flink's names. */
import type { ConfigValue, Duration } from '../core/index.ts';
import { durationMs } from './arguments.ts';

/** Made by {@link RestartStrategies}. */
export interface RestartStrategy {
  /** Options of `restart-strategy.*` by their full keys. */
  readonly settings: Readonly<Record<string, ConfigValue>>;
}

/** What is left out has the default of its option. */
export interface ExponentialDelay {
  readonly initialBackoff?: Duration;
  readonly maxBackoff?: Duration;
  readonly backoffMultiplier?: number;
  /** A run this long without failure starts the back-off anew. */
  readonly resetBackoffThreshold?: Duration;
  /** Part of the delay that is random, from 0 to 1. */
  readonly jitterFactor?: number;
  /** Restarts without such a run before the job fails. @defaultValue no limit */
  readonly attemptsBeforeResetBackoff?: number;
}

/**
 * What `env.setRestartStrategy` takes.
 *
 * @example `env.setRestartStrategy(RestartStrategies.fixedDelayRestart(3, '10 s'))`
 */
export const RestartStrategies = {
  /** The first failure is the end. */
  noRestart(): RestartStrategy {
    return strategy('none', {});
  },

  fixedDelayRestart(attempts: number, delay: Duration): RestartStrategy {
    return strategy('fixed-delay', { attempts, delay: delayMs(delay) });
  },

  /** The job fails when there are more failures than this within the interval. */
  failureRateRestart(
    maxFailureCount: number,
    failureInterval: Duration,
    delay: Duration,
  ): RestartStrategy {
    return strategy('failure-rate', {
      'max-failures-per-interval': maxFailureCount,
      'failure-rate-interval': durationMs(failureInterval, 'the interval', { positive: true }),
      delay: delayMs(delay),
    });
  },

  exponentialDelayRestart(settings: ExponentialDelay = {}): RestartStrategy {
    const { initialBackoff, maxBackoff, resetBackoffThreshold } = settings;
    return strategy('exponential-delay', {
      'initial-backoff': initialBackoff && delayMs(initialBackoff),
      'max-backoff': maxBackoff && delayMs(maxBackoff),
      'backoff-multiplier': settings.backoffMultiplier,
      'reset-backoff-threshold': resetBackoffThreshold && delayMs(resetBackoffThreshold),
      'jitter-factor': settings.jitterFactor,
      'attempts-before-reset-backoff': settings.attemptsBeforeResetBackoff,
    });
  },
} as const;

function delayMs(delay: Duration): number {
  return durationMs(delay, 'the delay of a restart', { positive: false });
}

function strategy(
  type: string,
  own: Readonly<Record<string, ConfigValue | undefined>>,
): RestartStrategy {
  const settings: Record<string, ConfigValue> = { 'restart-strategy.type': type };
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined) settings[`restart-strategy.${type}.${name}`] = value;
  }
  return { settings };
}
