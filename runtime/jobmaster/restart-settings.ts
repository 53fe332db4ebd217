/** The restart strategy of a job, taken out of its configuration. */
import { ConfigOptions, type Configuration, StreamError } from '../core/index.ts';

/** JSON; what {@link restartSettings} has checked. */
export type RestartSettings =
  | { readonly type: 'none' }
  /** `attempts` restarts, each after `delayMs`. */
  | { readonly type: 'fixed-delay'; readonly attempts: number; readonly delayMs: number }
  /** At most `maxFailures` restarts in any `intervalMs`. */
  | {
      readonly type: 'failure-rate';
      readonly maxFailures: number;
      readonly intervalMs: number;
      readonly delayMs: number;
    }
  | {
      readonly type: 'exponential-delay';
      readonly initialBackoffMs: number;
      readonly maxBackoffMs: number;
      readonly backoffMultiplier: number;
      /** Part of the backoff, 0 to 1, by which it varies either way. */
      readonly jitterFactor: number;
      /** After running this long the backoff begins anew. */
      readonly resetBackoffThresholdMs: number;
      /** Restarts without such a reset; 2^31 - 1: without end. */
      readonly attemptsBeforeResetBackoff: number;
    };

/**
 * The strategy that is configured; when none is, `exponential-delay` for a job that checkpoints
 * and `none` for one that does not.
 *
 * @throws {StreamError} kind `invalid`, code `INVALID_RESTART_SETTINGS`, for combinations that
 * Flink refuses.
 */
export function restartSettings(configuration: Configuration): RestartSettings {
  const isCheckpointing = configuration.get(ConfigOptions.CHECKPOINTING_INTERVAL_MS) !== undefined;
  const type = configuration.get(ConfigOptions.RESTART_STRATEGY_TYPE);
  switch (type ?? (isCheckpointing ? 'EXPONENTIAL_DELAY' : 'NONE')) {
    case 'FIXED_DELAY':
    case 'FIXEDDELAY':
      return {
        type: 'fixed-delay',
        attempts: configuration.get(ConfigOptions.RESTART_FIXED_DELAY_ATTEMPTS),
        delayMs: configuration.get(ConfigOptions.RESTART_FIXED_DELAY_MS),
      };
    case 'FAILURE_RATE':
    case 'FAILURERATE':
      return {
        type: 'failure-rate',
        maxFailures: configuration.get(ConfigOptions.RESTART_FAILURE_RATE_MAX_FAILURES),
        intervalMs: configuration.get(ConfigOptions.RESTART_FAILURE_RATE_INTERVAL_MS),
        delayMs: configuration.get(ConfigOptions.RESTART_FAILURE_RATE_DELAY_MS),
      };
    case 'EXPONENTIAL_DELAY':
    case 'EXPONENTIALDELAY':
      return exponentialDelay(configuration);
    case 'NONE':
    case 'OFF':
    case 'DISABLE':
      return { type: 'none' };
  }
}

function exponentialDelay(configuration: Configuration): RestartSettings {
  const initialBackoffMs = configuration.get(ConfigOptions.RESTART_EXPONENTIAL_INITIAL_BACKOFF_MS);
  const maxBackoffMs = configuration.get(ConfigOptions.RESTART_EXPONENTIAL_MAX_BACKOFF_MS);
  const backoffMultiplier = configuration.get(ConfigOptions.RESTART_EXPONENTIAL_MULTIPLIER);
  const resetBackoffThresholdMs = configuration.get(
    ConfigOptions.RESTART_EXPONENTIAL_RESET_THRESHOLD_MS,
  );
  const { key } = ConfigOptions.RESTART_EXPONENTIAL_INITIAL_BACKOFF_MS;
  if (initialBackoffMs < 1) throw invalid(`option '${key}' must be at least 1 ms`);
  if (initialBackoffMs > maxBackoffMs) {
    const maxKey = ConfigOptions.RESTART_EXPONENTIAL_MAX_BACKOFF_MS.key;
    throw invalid(
      `option '${key}' must not be above '${maxKey}': ` +
        `initialBackoffMs=${initialBackoffMs} maxBackoffMs=${maxBackoffMs}`,
    );
  }
  if (backoffMultiplier < 1) {
    throw invalid(
      `option '${ConfigOptions.RESTART_EXPONENTIAL_MULTIPLIER.key}' must be at least 1: ` +
        `value=${backoffMultiplier}`,
    );
  }
  if (resetBackoffThresholdMs < 1) {
    throw invalid(
      `option '${ConfigOptions.RESTART_EXPONENTIAL_RESET_THRESHOLD_MS.key}' must be at least 1 ms`,
    );
  }
  return {
    type: 'exponential-delay',
    initialBackoffMs,
    maxBackoffMs,
    backoffMultiplier,
    jitterFactor: configuration.get(ConfigOptions.RESTART_EXPONENTIAL_JITTER_FACTOR),
    resetBackoffThresholdMs,
    attemptsBeforeResetBackoff: configuration.get(ConfigOptions.RESTART_EXPONENTIAL_ATTEMPTS),
  };
}

function invalid(message: string): StreamError {
  return new StreamError({ kind: 'invalid', code: 'INVALID_RESTART_SETTINGS', message });
}
