/** What the log says of a job's life: its states, its checkpoints. Pure but for the logger. */
import {
  type CheckpointStatistics,
  checkpointTotals,
  endToEndDurationMs,
} from '../checkpoint/index.ts';
import { failureTrace, type Logger } from '../core/index.ts';
import type { JobState } from './job-state.ts';

/** The line of a job that has failed. */
export const JOB_FAILED = 'the job is FAILED';

/** A line for each change of the job's status; what it has failed of, with the trace. */
export function tellOfJob(logger: Logger, before: JobState, after: JobState): void {
  if (before.status === after.status) return;
  const { status, attempt, failure } = after;
  const why = failure === undefined ? {} : { code: failure.code, reason: failure.message };
  const fields = { ...(attempt < 0 ? {} : { attempt }), ...why };
  if (status !== 'FAILED' || failure === undefined) {
    logger.log('info', `the job is ${status}`, fields);
    return;
  }
  logger.log('error', JOB_FAILED, { ...fields, stack: failureTrace(failure) });
}

/** A line for each checkpoint that has begun, is complete, or has failed. */
export function tellOfCheckpoints(
  logger: Logger,
  before: CheckpointStatistics,
  after: CheckpointStatistics,
): void {
  if (before === after) return;
  for (const record of after.history) {
    const { checkpointId: checkpoint, status, type, error } = record;
    const known = before.history.find((one) => one.checkpointId === checkpoint);
    if (known?.status === status) continue;
    if (known === undefined) logger.log('info', 'a checkpoint begins', { checkpoint, type });
    if (status === 'COMPLETED') {
      const { checkpointedSizeBytes, stateSizeBytes } = checkpointTotals(record);
      const durationMs = endToEndDurationMs(record, record.completedAtEpochMs ?? 0);
      const sizes = { durationMs, checkpointedSizeBytes, stateSizeBytes };
      logger.log('info', 'a checkpoint is complete', { checkpoint, type, ...sizes });
    }
    if (status === 'FAILED') {
      const why = { code: error?.code, reason: error?.message };
      logger.log('info', 'a checkpoint has failed', { checkpoint, type, ...why });
    }
  }
}
