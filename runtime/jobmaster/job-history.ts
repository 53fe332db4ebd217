/** Which of the jobs that have ended a cluster still tells of. */
import { ConfigOptions, type Configuration } from '../core/index.ts';

/** @see org.apache.flink.configuration.JobManagerOptions, `jobstore.*`, release-1.20 */
export interface JobHistorySettings {
  /** `jobstore.max-capacity`. */
  readonly maxCount: number;
  /** `jobstore.expiration-time`, in ms here. */
  readonly expirationMs: number;
}

export function jobHistorySettings(configuration: Configuration): JobHistorySettings {
  return {
    maxCount: configuration.get(ConfigOptions.JOBSTORE_MAX_CAPACITY),
    expirationMs: configuration.get(ConfigOptions.JOBSTORE_EXPIRATION_S) * 1000,
  };
}

export interface EndedJob {
  readonly jobId: string;
  readonly endedAtEpochMs: number;
}

export interface HistoryDecision {
  /** Too old, or more than may be kept: the oldest go first. */
  readonly forgotten: readonly string[];
  /** When the next of those kept is too old; undefined: none is kept. */
  readonly nextEpochMs: number | undefined;
}

/** Pure. @param ended in the order of submission, which decides between those of one time. */
export function decideHistory(
  ended: readonly EndedJob[],
  { maxCount, expirationMs }: JobHistorySettings,
  nowEpochMs: number,
): HistoryDecision {
  const newestFirst = ended.toSorted((a, b) => a.endedAtEpochMs - b.endedAtEpochMs).toReversed();
  const kept = newestFirst
    .slice(0, maxCount)
    .filter(({ endedAtEpochMs }) => endedAtEpochMs + expirationMs > nowEpochMs);
  const oldest = kept.at(-1);
  return {
    forgotten: newestFirst.slice(kept.length).map(({ jobId }) => jobId),
    nextEpochMs: oldest === undefined ? undefined : oldest.endedAtEpochMs + expirationMs,
  };
}
