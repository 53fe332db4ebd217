import type { Logger } from '../../../core/index.ts';
import {
  latestCompleted,
  type PackedStatistics,
  type TurnRecord,
} from '../../../jobmaster/index.ts';
import type { MetricSink } from './effect-ports.ts';

export interface TurnReportParts {
  readonly metrics: MetricSink;
  readonly logger: Logger;
  readonly jobId: string;
}

/**
 * What a turn has changed, as metrics; the end of a job in the log, too. A turn that is taken again
 * is counted again.
 */
export function reportTurn(
  { metrics: sink, logger, jobId }: TurnReportParts,
  before: TurnRecord,
  after: TurnRecord,
): void {
  const [old, now] = [statisticsOf(before), statisticsOf(after)];
  if (now !== undefined) {
    const failed = now.counts.failed - (old?.counts.failed ?? 0);
    const completed = now.counts.completed - (old?.counts.completed ?? 0);
    if (failed > 0) sink.add('NumberOfFailedCheckpoints', failed);
    if (completed > 0) reportCompleted(sink, now, completed);
  }
  if (before.end !== undefined || after.end?.status !== 'FAILED') return;
  sink.add('JobFailed', 1);
  const { code, message: reason } = after.end.error ?? {};
  logger.log('error', 'the job has failed', { jobId, code, reason });
}

function reportCompleted(sink: MetricSink, now: PackedStatistics, count: number): void {
  sink.add('NumberOfCompletedCheckpoints', count);
  const newest = latestCompleted(now);
  if (newest?.completedAtEpochMs === undefined) return;
  sink.add('lastCheckpointDuration', newest.completedAtEpochMs - newest.triggeredAtEpochMs);
}

function statisticsOf({ asleep }: TurnRecord): PackedStatistics | undefined {
  return asleep?.checkpoints.statistics;
}
