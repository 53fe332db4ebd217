/**
 * How a job is checkpointed, by Flink's setters: each writes one setting of the environment.
 */
import type { ConfigValue, Duration } from '../core/index.ts';
import { durationMs, invalid } from './arguments.ts';

/** `AT_LEAST_ONCE` holds back no channel: records may count twice after a failure. */
export type CheckpointingMode = 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';

/** What becomes of the newest checkpoints when a job is cancelled. */
export type ExternalizedCheckpointRetention =
  | 'RETAIN_ON_CANCELLATION'
  | 'DELETE_ON_CANCELLATION'
  | 'NO_EXTERNALIZED_CHECKPOINTS';

/** Takes settings by key; `origin` is what errors name. */
export type WriteSettings = (
  settings: Readonly<Record<string, ConfigValue>>,
  origin: string,
) => void;

const PREFIX = 'execution.checkpointing.';
const MIN_INTERVAL_MS = 10;

/** Got from `env.getCheckpointConfig()`. Setters may be chained. */
export class CheckpointConfig {
  readonly #write: WriteSettings;

  /** @internal */
  constructor(write: WriteSettings) {
    this.#write = write;
  }

  /**
   * Turns checkpoints on; the next begins this long after the last began.
   *
   * @throws {StreamError} `INVALID_ARGUMENT` below 10 ms.
   */
  setCheckpointInterval(interval: Duration): this {
    const intervalMs = durationMs(interval, 'the checkpoint interval', { positive: true });
    if (intervalMs >= MIN_INTERVAL_MS) {
      return this.#set('interval', intervalMs, 'setCheckpointInterval');
    }
    throw invalid(
      'INVALID_ARGUMENT',
      `the checkpoint interval must be ${MIN_INTERVAL_MS} ms or longer`,
      interval,
    );
  }

  setCheckpointingMode(mode: CheckpointingMode): this {
    return this.#set('mode', mode, 'setCheckpointingMode');
  }

  /** Time without a checkpoint between the end of one and the start of the next. */
  setMinPauseBetweenCheckpoints(pause: Duration): this {
    const pauseMs = durationMs(pause, 'the pause between checkpoints', { positive: false });
    return this.#set('min-pause', pauseMs, 'setMinPauseBetweenCheckpoints');
  }

  /** A checkpoint that takes longer is given up. */
  setCheckpointTimeout(timeout: Duration): this {
    const timeoutMs = durationMs(timeout, 'the checkpoint timeout', { positive: true });
    return this.#set('timeout', timeoutMs, 'setCheckpointTimeout');
  }

  setMaxConcurrentCheckpoints(count: number): this {
    return this.#set('max-concurrent-checkpoints', count, 'setMaxConcurrentCheckpoints');
  }

  /** So many checkpoints in a row may fail; one more fails the job, which then restarts. */
  setTolerableCheckpointFailureNumber(count: number): this {
    const key = 'tolerable-failed-checkpoints';
    return this.#set(key, count, 'setTolerableCheckpointFailureNumber');
  }

  setExternalizedCheckpointRetention(retention: ExternalizedCheckpointRetention): this {
    const key = 'externalized-checkpoint-retention';
    return this.#set(key, retention, 'setExternalizedCheckpointRetention');
  }

  /** Barriers overtake records under back-pressure; the records become part of the checkpoint. */
  enableUnalignedCheckpoints(enabled = true): this {
    return this.#set('unaligned.enabled', enabled, 'enableUnalignedCheckpoints');
  }

  /** Barriers are aligned for this long before they overtake; 0 overtakes at once. */
  setAlignedCheckpointTimeout(timeout: Duration): this {
    const timeoutMs = durationMs(timeout, 'the aligned timeout', { positive: false });
    return this.#set('aligned-checkpoint-timeout', timeoutMs, 'setAlignedCheckpointTimeout');
  }

  /** The directory below which checkpoints are written, each job in its own. */
  setCheckpointStorage(directory: string): this {
    return this.#set('dir', directory, 'setCheckpointStorage');
  }

  /** How many completed checkpoints are kept. */
  setNumRetainedCheckpoints(count: number): this {
    return this.#set('num-retained', count, 'setNumRetainedCheckpoints');
  }

  #set(key: string, value: ConfigValue, method: string): this {
    this.#write({ [`${PREFIX}${key}`]: value }, `checkpointConfig.${method}`);
    return this;
  }
}
