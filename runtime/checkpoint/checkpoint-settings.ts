/** The settings of checkpoints and of starting from one, taken out of a configuration. */
import { ConfigOptions, type Configuration, StreamError } from '../core/index.ts';

export type CheckpointRetention =
  | 'NO_EXTERNALIZED_CHECKPOINTS'
  | 'RETAIN_ON_CANCELLATION'
  | 'DELETE_ON_CANCELLATION';

/** JSON; what {@link checkpointSettings} has checked. */
export interface CheckpointSettings {
  /** Absent: no periodic checkpoints; savepoints are taken all the same. */
  readonly intervalMs?: number;
  readonly mode: 'EXACTLY_ONCE' | 'AT_LEAST_ONCE';
  readonly timeoutMs: number;
  readonly minPauseMs: number;
  /** 1 when there is a minimum pause. */
  readonly maxConcurrentCheckpoints: number;
  /** Consecutive. */
  readonly tolerableFailedCheckpoints: number;
  readonly retention: CheckpointRetention;
  /** Absent: below the data directory. */
  readonly directory?: string;
  readonly savepointDirectory?: string;
  readonly retainedCount: number;
  /** Checkpoints hold what has changed, where that is less; false: all of the state. */
  readonly incremental: boolean;
  /** When barriers overtake records: after this time, 0 at once; -1 never. */
  readonly unalignedAfterMs: number;
  readonly afterTasksFinish: boolean;
  /** Checkpoints in the statistics. */
  readonly historyCount: number;
}

/** What a job starts from. JSON. */
export interface RecoverySettings {
  /** Absent: from nothing. */
  readonly path?: string;
  readonly ignoreUnclaimedState: boolean;
  readonly claimMode: 'CLAIM' | 'NO_CLAIM';
}

/** Below it, a job would do little but checkpoint. */
const MIN_TIME_MS = 10;

/**
 * The settings of a job's checkpoints.
 *
 * @throws {StreamError} kind `invalid`, code `INVALID_CHECKPOINT_SETTINGS`, for values and
 * combinations that Flink refuses.
 */
export function checkpointSettings(configuration: Configuration): CheckpointSettings {
  const get = configuration.get.bind(configuration);
  const intervalMs = get(ConfigOptions.CHECKPOINTING_INTERVAL_MS);
  const timeoutMs = get(ConfigOptions.CHECKPOINTING_TIMEOUT_MS);
  const minPauseMs = get(ConfigOptions.CHECKPOINTING_MIN_PAUSE_MS);
  const directory = get(ConfigOptions.CHECKPOINTING_DIR);
  const savepointDirectory = get(ConfigOptions.CHECKPOINTING_SAVEPOINT_DIR);
  const mode = get(ConfigOptions.CHECKPOINTING_MODE);
  const maxConcurrent = get(ConfigOptions.CHECKPOINTING_MAX_CONCURRENT);
  const unaligned = get(ConfigOptions.CHECKPOINTING_UNALIGNED);
  checkTime(ConfigOptions.CHECKPOINTING_INTERVAL_MS.key, intervalMs);
  checkTime(ConfigOptions.CHECKPOINTING_TIMEOUT_MS.key, timeoutMs);
  if (unaligned) checkUnaligned(mode, maxConcurrent);
  return {
    ...(intervalMs === undefined ? {} : { intervalMs }),
    mode,
    timeoutMs,
    minPauseMs,
    maxConcurrentCheckpoints: minPauseMs > 0 ? 1 : maxConcurrent,
    tolerableFailedCheckpoints: get(ConfigOptions.CHECKPOINTING_TOLERABLE_FAILURES),
    retention: get(ConfigOptions.CHECKPOINTING_RETENTION),
    ...(directory === undefined ? {} : { directory }),
    ...(savepointDirectory === undefined ? {} : { savepointDirectory }),
    retainedCount: get(ConfigOptions.CHECKPOINTING_NUM_RETAINED),
    incremental: get(ConfigOptions.CHECKPOINTING_INCREMENTAL),
    unalignedAfterMs: unaligned ? get(ConfigOptions.CHECKPOINTING_ALIGNED_TIMEOUT_MS) : -1,
    afterTasksFinish: get(ConfigOptions.CHECKPOINTING_AFTER_TASKS_FINISH),
    historyCount: get(ConfigOptions.WEB_CHECKPOINTS_HISTORY),
  };
}

/** What a job starts from. */
export function recoverySettings(configuration: Configuration): RecoverySettings {
  const path = configuration.get(ConfigOptions.STATE_RECOVERY_PATH);
  return {
    ...(path === undefined ? {} : { path }),
    ignoreUnclaimedState: configuration.get(ConfigOptions.STATE_RECOVERY_IGNORE_UNCLAIMED_STATE),
    claimMode: configuration.get(ConfigOptions.STATE_RECOVERY_CLAIM_MODE),
  };
}

function checkTime(key: string, timeMs: number | undefined): void {
  if (timeMs === undefined || timeMs >= MIN_TIME_MS) return;
  throw invalid(
    `option '${key}' must be larger than or equal to ${MIN_TIME_MS} ms: value=${timeMs} ms`,
  );
}

function checkUnaligned(mode: CheckpointSettings['mode'], maxConcurrent: number): void {
  const { key } = ConfigOptions.CHECKPOINTING_UNALIGNED;
  if (mode !== 'EXACTLY_ONCE') {
    throw invalid(
      `option '${key}' needs '${ConfigOptions.CHECKPOINTING_MODE.key}' EXACTLY_ONCE; turn one of ` +
        `the two: value=${mode}`,
    );
  }
  if (maxConcurrent > 1) {
    throw invalid(
      `option '${key}' allows one checkpoint at a time; set ` +
        `'${ConfigOptions.CHECKPOINTING_MAX_CONCURRENT.key}' to 1: value=${maxConcurrent}`,
    );
  }
}

function invalid(message: string): StreamError {
  return new StreamError({ kind: 'invalid', code: 'INVALID_CHECKPOINT_SETTINGS', message });
}
