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
}

/** Writes what clients are shown of a job, if that has changed. */
export async function showJob(
  inCharge: JobInCharge,
  job: JobRecord,
  turned: ShownTurn,
  { views, clock }: { readonly views: JobViews; readonly clock: Clock },
): Promise<void> {
  const known = { job, ...turned, ...(await inCharge.describe(job)) };
  const view = await viewBehind(known, views, clock);
  if (view === undefined) return;
  const shown = { view: JSON.stringify(view), summary: JSON.stringify(summaryOf(view)) };
  if (shown.view === inCharge.shown.view) return;
  await views.put(view, shown.summary !== inCharge.shown.summary);
  inCharge.shown = shown;
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
