/**
 * Deletes the inboxes that jobs have left behind: settle failed, or was never reached.
 *
 * I1  An inbox goes only if its job has ended, or is not known, and the inbox is old. A job's row
 *     is written before its inboxes are made, and its id is never used twice; the age is for what
 *     the listing of queues shows late, and for who is just now clearing up.
 * I2  A queue whose name does not read as an inbox's is nobody's to delete.
 */
import type { Clock, Logger } from '../../runtime/core/index.ts';

/** The queues of a cluster. */
export interface InboxQueues {
  urls(namePrefix: string): Promise<readonly string[]>;
  createdAtEpochMs(url: string): Promise<number | undefined>;
  delete(url: string): Promise<void>;
}

/** Of a job's row. */
export interface JobStatuses {
  get(jobId: string): Promise<{ readonly job: { readonly status: string } } | undefined>;
}

export interface SweepParts {
  readonly queues: InboxQueues;
  readonly jobs: JobStatuses;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `<prefix>-i-` */
  readonly inboxPrefix: string;
  /** Of an inbox that may go. */
  readonly minAgeMs: number;
  /** Of this invocation; a sweep ends before it is over, and the next one goes on. */
  readonly remainingMs: () => number;
}

export interface SweepResult {
  readonly inboxes: number;
  readonly deleted: number;
  /** Could not be looked at or deleted; the next sweep tries again. */
  readonly failed: number;
  /** Not looked at: the time was up. */
  readonly unseen: number;
}

/** Longer than planning a job takes, with all its retries, and than settling it. */
export const USUAL_MIN_AGE_MS = 3_600_000;
const STOP_BEFORE_END_MS = 15_000;
const QUEUES_AT_ONCE = 8;
const ENDED = new Set(['FINISHED', 'FAILED', 'CANCELED']);

export function hasEnded(status: string): boolean {
  return ENDED.has(status);
}

/** What to do about an inbox. Pure. */
export function decideSweep(facts: {
  /** Absent: there is no row of the job. */
  readonly status: string | undefined;
  /** Absent: the queue is gone. */
  readonly ageMs: number | undefined;
  readonly minAgeMs: number;
}): 'delete' | 'keep' {
  const { status, ageMs, minAgeMs } = facts;
  const isInUse = status !== undefined && !hasEnded(status);
  return isInUse || ageMs === undefined || ageMs < minAgeMs ? 'keep' : 'delete';
}

/** What whoever invokes the function asks for; the schedule asks for nothing. */
export function minAgeOf(event: unknown): number {
  const { olderThanSeconds } = (event ?? {}) as { readonly olderThanSeconds?: unknown };
  const isGiven = typeof olderThanSeconds === 'number' && olderThanSeconds >= 0;
  return isGiven ? olderThanSeconds * 1_000 : USUAL_MIN_AGE_MS;
}

/** The job of an inbox, by its URL; undefined for any other queue (I2). */
export function jobOfInbox(url: string, inboxPrefix: string): string | undefined {
  const name = url.slice(url.lastIndexOf('/') + 1);
  if (!name.startsWith(inboxPrefix)) return undefined;
  return /^([0-9a-f]{32})-\d+$/.exec(name.slice(inboxPrefix.length))?.[1];
}

export async function sweep(parts: SweepParts): Promise<SweepResult> {
  const { queues, inboxPrefix, remainingMs } = parts;
  const inboxes = (await queues.urls(inboxPrefix)).flatMap((url) => {
    const jobId = jobOfInbox(url, inboxPrefix);
    return jobId === undefined ? [] : [{ url, jobId }];
  });
  let [deleted, failed, seen] = [0, 0, 0];
  while (seen < inboxes.length && remainingMs() > STOP_BEFORE_END_MS) {
    const some = inboxes.slice(seen, seen + QUEUES_AT_ONCE);
    const outcomes = await Promise.all(some.map(({ url, jobId }) => sweepOne(parts, url, jobId)));
    deleted += outcomes.filter((outcome) => outcome === 'deleted').length;
    failed += outcomes.filter((outcome) => outcome === 'failed').length;
    seen += some.length;
  }
  const result = { inboxes: inboxes.length, deleted, failed, unseen: inboxes.length - seen };
  parts.logger.log(failed === 0 ? 'info' : 'warn', 'inboxes of ended jobs were deleted', result);
  return result;
}

async function sweepOne(
  { queues, jobs, clock, logger, minAgeMs }: SweepParts,
  url: string,
  jobId: string,
): Promise<'deleted' | 'kept' | 'failed'> {
  try {
    const status = (await jobs.get(jobId))?.job.status;
    // Most inboxes are in use: one question less.
    if (decideSweep({ status, ageMs: Number.POSITIVE_INFINITY, minAgeMs }) === 'keep')
      return 'kept';
    const createdAtEpochMs = await queues.createdAtEpochMs(url);
    const ageMs =
      createdAtEpochMs === undefined ? undefined : clock.nowEpochMs() - createdAtEpochMs;
    if (decideSweep({ status, ageMs, minAgeMs }) === 'keep') return 'kept';
    await queues.delete(url);
    logger.log('info', 'an inbox was left behind', { jobId, url, status: status ?? 'UNKNOWN' });
    return 'deleted';
  } catch (error) {
    logger.log('error', 'an inbox could not be looked at or deleted', { jobId, url, error });
    return 'failed';
  }
}
