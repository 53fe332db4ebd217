import type { JobRecord } from '../../../checkpoint/index.ts';
import type { Clock } from '../../../core/index.ts';
import type { DispatchedJob, JobMaster, TurnRecord } from '../../../jobmaster/index.ts';
import type { JobInCharge } from './job-in-charge.ts';
import {
  endedView,
  isEnded,
  type JobViews,
  summaryOf,
  type TurnedJob,
  viewOf,
} from './job-views.ts';

/** A job behind a turn. */
export interface ShownTurn {
  /** Undefined: the turn needed none, for the job was over before. */
  readonly master: JobMaster | undefined;
  readonly end: TurnRecord['end'];
  /** As of `TurnJournal`. */
  readonly turnNumber: number;
}

/** Reports of a large job take a hundred turns; people need not see each. */
const MIN_INTERVAL_MS = 1_000;

/**
 * Writes what clients are shown of a job, if that has changed. Progress alone is shown once a
 * second at most: what of it a turn leaves out, the next one that comes later shows.
 */
export async function showJob(
  inCharge: JobInCharge,
  job: JobRecord,
  turned: ShownTurn,
  { views, clock }: { readonly views: JobViews; readonly clock: Clock },
): Promise<void> {
  const { shown } = inCharge;
  const known = { job, ...turned, ...(await inCharge.describe(job)) };
  const nowEpochMs = clock.nowEpochMs();
  const state = stateOf(known);
  const isEarly = Math.abs(nowEpochMs - shown.atEpochMs) < MIN_INTERVAL_MS;
  if (isEarly && state === shown.state) return;
  const view = await viewBehind(known, views, clock);
  if (view === undefined) return;
  // Its time alone, and ages that it tells of, are no change.
  const { diagnosis: _, ...lasting } = view;
  const texts = { view: JSON.stringify(lasting), summary: JSON.stringify(summaryOf(view)) };
  if (texts.view === shown.view) return;
  await views.put(view, texts.summary !== shown.summary, turned.turnNumber);
  inCharge.shown = { ...texts, state, atEpochMs: nowEpochMs };
}

/** What is shown at once when it changes. */
function stateOf({ job, master, end, vertices }: TurnedJob): string {
  const { status, exceptions, checkpointStatistics } = master ?? {};
  const { counts, latest } = checkpointStatistics ?? {};
  const ids = [latest?.completed, latest?.savepoint, latest?.failed].map((r) => r?.checkpointId);
  const [newest] = exceptions?.entries ?? [];
  const problem = [newest?.timestampEpochMs, newest?.concurrentExceptions.length];
  const running = master?.snapshot().vertices.map(({ parallelism }) => parallelism);
  const layout = [job.parallelism, vertices.length, running];
  return JSON.stringify([status, end, counts, ids, problem, layout]);
}

async function viewBehind(
  known: TurnedJob,
  views: JobViews,
  clock: Clock,
): Promise<DispatchedJob | undefined> {
  const { job, master, end } = known;
  if (master !== undefined || end === undefined) return viewOf(known, clock);
  // It has ended in an earlier turn, or before it had a master at all.
  const shown = await views.get(job.jobId);
  if (shown === undefined) return viewOf(known, clock);
  return isEnded(shown) ? undefined : endedView(shown, end, clock.nowEpochMs());
}
