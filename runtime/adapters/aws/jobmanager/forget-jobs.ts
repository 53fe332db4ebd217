/**
 * Forgets jobs that ended long ago: Flink's `jobstore.expiration-time`. The API does not tell of
 * them from that time on; what they have left is deleted here, once a day.
 *
 * I1  What goes is the job's program, its attempts and turns, and its rows. Checkpoints that were
 *     retained and savepoints stay: they are the user's.
 * I2  A job's row stays until the name of its executions is free again: until then nothing of the
 *     same id could be started, and a submission that is sent again is still known.
 * I3  The row goes last, or is marked last: what was begun is repeated by the next sweep.
 */
import {
  type BlobStore,
  deleteAll,
  type JobRecord,
  type JobStore,
  jobPartition,
  type RowStore,
  type StoredJob,
  SUMMARIES_PARTITION,
  summaryKey,
} from '../../../checkpoint/index.ts';
import { type Clock, type Logger, StreamError, toStreamError } from '../../../core/index.ts';
import type { DispatchedJob } from '../../../jobmaster/index.ts';
import { isEnded } from './job-views.ts';

export interface ForgetJobsParts {
  readonly jobs: JobStore;
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  /** Below it, `<directory>/<jobId>/…`. */
  readonly jobsDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `jobstore.expiration-time` */
  readonly expirationMs: number;
  /** Of this invocation. */
  readonly remainingMs: () => number;
}

export interface ForgetResult {
  readonly forgotten: number;
  /** The next sweep tries again. */
  readonly failedToForget: number;
}

/** Step Functions does not take a name again for 90 days after an execution. */
export const NAME_RESTS_MS = 91 * 86_400_000;
const STOP_BEFORE_END_MS = 15_000;
/** Of one write. */
const MAX_STEPS = 100;

/** In place of what the coordinator knew. Persisted. */
interface ForgottenMark {
  readonly forgotten: true;
  readonly endedAtEpochMs: number;
}

/** What to do about a job. Pure. */
export function decideForget(facts: {
  readonly isEnded: boolean;
  readonly isForgotten: boolean;
  readonly endedAtEpochMs: number;
  readonly expirationMs: number;
  readonly nowEpochMs: number;
}): 'keep' | 'forget' | 'remove' {
  const { endedAtEpochMs, expirationMs, nowEpochMs } = facts;
  const ageMs = nowEpochMs - endedAtEpochMs;
  if (!facts.isEnded || ageMs <= expirationMs) return 'keep';
  if (ageMs > Math.max(expirationMs, NAME_RESTS_MS)) return 'remove';
  return facts.isForgotten ? 'keep' : 'forget';
}

/** Whether only its row is left of a job (I2). */
export function isForgotten({ coordinator }: Pick<JobRecord, 'coordinator'>): boolean {
  return ((coordinator ?? {}) as Partial<ForgottenMark>).forgotten === true;
}

export async function forgetJobs(parts: ForgetJobsParts): Promise<ForgetResult> {
  const { jobs, rows, logger, remainingMs } = parts;
  const summaries = await rows.query(SUMMARIES_PARTITION);
  const shown = new Map(summaries.map(({ sortKey, value }) => [sortKey, value as DispatchedJob]));
  let [forgotten, failedToForget] = [0, 0];
  for (const stored of await jobs.list()) {
    if (remainingMs() <= STOP_BEFORE_END_MS) break;
    const { jobId } = stored.job;
    try {
      const decision = decisionOf(parts, stored, shown.get(jobId));
      if (decision.type === 'keep') continue;
      await forget(parts, stored, decision);
      forgotten += 1;
      logger.log('info', 'a job that ended long ago is forgotten', { jobId, how: decision.type });
    } catch (thrown) {
      failedToForget += 1;
      const { code, message: reason } = toStreamError(thrown);
      logger.log('error', 'a job that ended could not be forgotten', { jobId, code, reason });
    }
  }
  return { forgotten, failedToForget };
}

interface Decision {
  readonly type: 'keep' | 'forget' | 'remove';
  readonly endedAtEpochMs: number;
}

function decisionOf(
  { expirationMs, clock }: ForgetJobsParts,
  { job }: StoredJob,
  summary: DispatchedJob | undefined,
): Decision {
  const { endedAtEpochMs: markedEpochMs } = (job.coordinator ?? {}) as Partial<ForgottenMark>;
  // Without both, nobody has seen its end.
  const endedAtEpochMs = summary?.endedAtEpochMs ?? markedEpochMs ?? job.submittedAtEpochMs;
  const type = decideForget({
    isEnded: isEnded(job as Pick<DispatchedJob, 'status'>),
    // A turn that came late has shown it again.
    isForgotten: isForgotten(job) && summary === undefined,
    ...{ endedAtEpochMs, expirationMs, nowEpochMs: clock.nowEpochMs() },
  });
  return { type, endedAtEpochMs };
}

async function forget(
  { jobs, rows, blobs, jobsDirectory }: ForgetJobsParts,
  { job, version }: StoredJob,
  { type, endedAtEpochMs }: Decision,
): Promise<void> {
  const { jobId } = job;
  const found = await blobs.list(`${jobsDirectory}/${jobId}`);
  const { failed } = await deleteAll(
    blobs,
    found.map(({ location }) => location),
  );
  if (failed.length > 0) throw objectsLeft(jobId, failed, found.length);
  await rows.write([{ type: 'delete', ...summaryKey(jobId) }]);
  // I2, I3.
  if (type === 'remove') {
    await jobs.remove(jobId, version);
    return;
  }
  const left = await rows.query(jobPartition(jobId));
  for (let from = 0; from < left.length; from += MAX_STEPS) {
    const steps = left
      .slice(from, from + MAX_STEPS)
      .map(({ partitionKey, sortKey }) => ({ type: 'delete', partitionKey, sortKey }) as const);
    await rows.write(steps);
  }
  const mark: ForgottenMark = { forgotten: true, endedAtEpochMs };
  await jobs.update({ ...job, coordinator: mark }, version);
}

/** I3: the next sweep finds the job, and them. */
function objectsLeft(jobId: string, failed: readonly string[], of: number): StreamError {
  const details = { jobId, left: failed.length, of, example: failed[0] ?? '' };
  return new StreamError({
    kind: 'unavailable',
    code: 'JOB_OBJECTS_LEFT',
    message:
      'objects of a job could not be deleted: the next sweep tries again; if this is said each ' +
      `day, see what the bucket denies: jobId=${jobId} left=${details.left} of=${of} ` +
      `example=${details.example}`,
    details,
  });
}
