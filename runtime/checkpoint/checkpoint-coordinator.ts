/**
 * The checkpoints of a job, as a pure decision: what happened, what is known now, what to do.
 * It owns ids, what is pending and what is retained; it does no I/O and reads no clock.
 *
 * I1  Ids grow and are never used twice, across restarts too.
 * I2  Checkpoints complete in the order of their ids; one that completes subsumes the older ones
 *     that are pending. Savepoints neither subsume nor are subsumed.
 * I3  A request is answered once.
 * I4  What is being stored is never aborted: it ends as the log says.
 * I5  Nothing is commanded once the state is `ENDED`.
 *
 * @see org.apache.flink.runtime.checkpoint.CheckpointCoordinator, release-1.20
 */
import type { StreamErrorRecord } from '../core/index.ts';
import { answer, change, clear, type Draft, pendingOf } from './checkpoint-coordinator-draft.ts';
import { applyHibernate, applyJobEvent, applyRequest } from './checkpoint-coordinator-job.ts';
import type {
  CheckpointDecision,
  CheckpointEvent,
  CheckpointsState,
} from './checkpoint-coordinator-records.ts';
import { applyReport } from './checkpoint-coordinator-reports.ts';
import {
  abort,
  completed,
  expire,
  finishEnding,
  storeComplete,
} from './checkpoint-coordinator-settle.ts';
import { makeDue, triggerDue, wakeUp } from './checkpoint-coordinator-trigger.ts';
import { checkpointFailure } from './checkpoint-failures.ts';
import type { CheckpointSettings } from './checkpoint-settings.ts';
import {
  emptyStatistics,
  type RestoredCheckpointRecord,
  statsRestored,
} from './checkpoint-statistics.ts';
import type { TaskInputs } from './pending-checkpoint.ts';
import type { RetainedCheckpoint } from './retention.ts';

/** What a job's checkpoints begin with. */
export interface CheckpointsInit {
  readonly settings: CheckpointSettings;
  /** Takes the segments of checkpoints: `<dir>/<jobId>/shared`. */
  readonly directory: string;
  /** One more than the highest id used or restored from; 1 for a new job. */
  readonly nextCheckpointId: number;
  /** Oldest first; with what was claimed. */
  readonly retained: readonly RetainedCheckpoint[];
  /** Restored with NO_CLAIM and nothing of its own retained yet. */
  readonly forceFull: boolean;
}

/** The state before the first deployment. */
export function createdCheckpoints(init: CheckpointsInit): CheckpointsState {
  return {
    settings: init.settings,
    directory: init.directory,
    status: 'PAUSED',
    nextCheckpointId: init.nextCheckpointId,
    tasks: [],
    pending: [],
    retained: init.retained,
    requests: [],
    answered: [],
    closed: [],
    forceFull: init.forceFull,
    consecutiveFailures: 0,
    statistics: emptyStatistics(init.settings.historyCount),
  };
}

/** Adds to the statistics what the job was restored from. */
export function withRestored(
  state: CheckpointsState,
  restored: RestoredCheckpointRecord,
): CheckpointsState {
  return { ...state, statistics: statsRestored(state.statistics, restored) };
}

/**
 * Decides what an event does. Total: an event that changes nothing answers no commands.
 *
 * @param inputsOf of the layout that is deployed; asked for tasks of the state only.
 */
export function decideCheckpoint(
  state: CheckpointsState,
  event: CheckpointEvent,
  inputsOf: TaskInputs,
): CheckpointDecision {
  if (state.status === 'ENDED') return { state, commands: [] };
  const draft: Draft = { nowEpochMs: event.nowEpochMs, inputsOf, commands: [], state };
  apply(draft, event);
  if (draft.state.status !== 'ENDED') {
    storeComplete(draft);
    expire(draft);
    triggerDue(draft);
    finishEnding(draft);
    wakeUp(draft);
  }
  return { state: draft.state, commands: draft.commands };
}

function apply(draft: Draft, event: CheckpointEvent): void {
  switch (event.type) {
    case 'job-deployed':
    case 'job-running':
    case 'job-stopping':
    case 'job-ended':
      applyJobEvent(draft, event);
      break;
    case 'restored':
      draft.state = withRestored(draft.state, event.restored);
      break;
    case 'tick':
      if (event.epochMs === undefined || event.epochMs === draft.state.wakeUpEpochMs) {
        clear(draft, 'wakeUpEpochMs');
      }
      break;
    case 'request':
      applyRequest(draft, event.request);
      break;
    case 'hibernate':
      applyHibernate(draft);
      break;
    case 'wanted':
      makeDue(draft);
      break;
    case 'stored':
      completed(draft, event.checkpointId, event.path);
      break;
    case 'store-failed':
      storeFailed(draft, event.checkpointId, event.error);
      break;
    default:
      applyReport(draft, event);
  }
}

/** The log has no row of it, or cannot tell. */
function storeFailed(draft: Draft, checkpointId: number, error: StreamErrorRecord): void {
  if (error.kind === 'fenced') {
    fenced(draft, error);
    return;
  }
  const pending = pendingOf(draft, checkpointId);
  if (pending === undefined) return;
  const text = `a checkpoint cannot be stored: ${error.message};`;
  const failure = checkpointFailure('FINALIZE_CHECKPOINT_FAILURE', text, { checkpointId }, error);
  abort(draft, pending, failure);
}

/** Another owner took the job: answer whoever waits, delete nothing, do nothing more. */
function fenced(draft: Draft, error: StreamErrorRecord): void {
  const { pending, requests, stop } = draft.state;
  const waiting = [...pending, ...requests, ...(stop === undefined ? [] : [stop])];
  for (const { requestId } of waiting) {
    if (requestId !== undefined) answer(draft, requestId, { error });
  }
  change(draft, { status: 'ENDED', pending: [], requests: [] });
  clear(draft, 'stop');
  draft.commands.push({ type: 'fail-job', error });
}
