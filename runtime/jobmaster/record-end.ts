import type { EndStatus } from '../checkpoint/index.ts';
import { toStreamError } from '../core/index.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobStatus } from './job-state.ts';

const MAX_TRIES = 10;
const RETRY_DELAY_MS = 500;

/**
 * Makes the end of a job durable, before its checkpoints go; what its stages have stored goes then.
 *
 * @returns false when somebody may go on with the job: it needs its checkpoints.
 */
export async function recordEnd(
  parts: Pick<JobMasterParts, 'jobId' | 'journal' | 'logger' | 'timers' | 'results'>,
  status: 'FINISHED' | 'CANCELED' | 'FAILED',
): Promise<boolean> {
  const { jobId, journal, logger, timers, results } = parts;
  for (let tries = 1; ; tries += 1) {
    try {
      await journal.end(status);
      await results?.clear().catch(() => {});
      return true;
    } catch (thrown) {
      const { message, kind } = toStreamError(thrown);
      logger.log('warn', 'the end of a job could not be recorded', { jobId, reason: message });
      if (kind === 'fenced' || tries === MAX_TRIES) return false;
      await new Promise<void>((resolve) => timers.schedule(RETRY_DELAY_MS, resolve));
    }
  }
}

/** The end of a job that has this status. */
export function endOf(status: JobStatus): EndStatus {
  return status === 'FINISHED' || status === 'CANCELED' || status === 'SUSPENDED'
    ? status
    : 'FAILED';
}
