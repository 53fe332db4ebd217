/** How pending checkpoints end: stored, completed, aborted. */
import type { StreamErrorRecord } from '../core/index.ts';
import { isSavepoint } from '../protocol/index.ts';
import {
  answer,
  change,
  clear,
  closePending,
  type Draft,
  pendingOf,
  replacePending,
} from './checkpoint-coordinator-draft.ts';
import type { CheckpointCommand } from './checkpoint-coordinator-records.ts';
import {
  type CheckpointFailure,
  type CheckpointFailureReason,
  checkpointFailure,
  countFailure,
  stopFailed,
  stopIncomplete,
  thresholdExceeded,
} from './checkpoint-failures.ts';
import { statsCompleted, statsDiscarded, statsFailed } from './checkpoint-statistics.ts';
import type { StorageErrorCode } from './errors.ts';
import {
  acknowledgedBy,
  isComplete,
  type PendingCheckpoint,
  partiallyFinishedUnion,
  taskKey,
  toStoreOf,
} from './pending-checkpoint.ts';
import { isDroppedAtEnd, type RetainedCheckpoint, retain } from './retention.ts';

/** A final checkpoint that failed is tried again after this time, or the interval if shorter. */
const FINAL_RETRY_MS = 1000;

/** A store failed with it: nothing of the checkpoint may be deleted. */
const OUTCOME_UNKNOWN: StorageErrorCode = 'CHECKPOINT_OUTCOME_UNKNOWN';

/** Sends complete checkpoints to be stored; checkpoints one at a time, the newest first. */
export function storeComplete(draft: Draft): void {
  const complete = draft.state.pending.filter((p) => p.phase === 'PENDING' && isComplete(p));
  for (const savepoint of complete.filter(({ type }) => isSavepoint(type))) store(draft, savepoint);
  const isBusy = draft.state.pending.some(
    ({ type, phase }) => !isSavepoint(type) && phase === 'STORING',
  );
  const newest = complete.findLast(({ type }) => !isSavepoint(type));
  if (newest !== undefined && !isBusy) store(draft, newest);
}

/** Its log row exists. */
export function completed(draft: Draft, checkpointId: number, path: string): void {
  const { state, nowEpochMs } = draft;
  const pending = pendingOf(draft, checkpointId);
  if (pending?.phase !== 'STORING') {
    existsAfterAll(draft, checkpointId, path);
    return;
  }
  closePending(draft, { checkpointId, outcome: 'COMPLETED' });
  change(draft, {
    consecutiveFailures: 0,
    statistics: statsCompleted(state.statistics, checkpointId, path, nowEpochMs),
  });
  if (pending.type === 'SAVEPOINT_SUSPEND' || pending.type === 'SAVEPOINT_TERMINATE') {
    completedStop(draft, pending, path);
    return;
  }
  if (!isSavepoint(pending.type)) completedCheckpoint(draft, pending, path);
  if (pending.type === 'CHECKPOINT_SUSPEND') suspended(draft, checkpointId, path);
  if (pending.requestId !== undefined) {
    answer(draft, pending.requestId, { checkpointId, path });
  }
}

/** Aborts checkpoints that take too long. */
export function expire(draft: Draft): void {
  const { nowEpochMs, state } = draft;
  for (const pending of state.pending) {
    if (pending.phase !== 'PENDING' || pending.deadlineEpochMs > nowEpochMs) continue;
    const { checkpointId, waitingFor, sources } = pending;
    const missing = waitingFor.slice(0, 3).join(', ') || (sources ? 'its store' : 'enumerators');
    const more = waitingFor.length > 3 ? ` and ${waitingFor.length - 3} more` : '';
    const failure = checkpointFailure(
      'CHECKPOINT_EXPIRED',
      `a checkpoint expired before it was complete; it waited for ${missing}${more}:`,
      { checkpointId, timeoutMs: state.settings.timeoutMs },
    );
    abort(draft, pending, failure);
  }
}

/** Aborts every checkpoint that may be aborted. */
export function abortAll(
  draft: Draft,
  reason: CheckpointFailureReason,
  text: string,
  cause?: StreamErrorRecord,
): void {
  for (const pending of draft.state.pending) {
    if (pending.phase === 'STORING') continue;
    const { checkpointId } = pending;
    abort(draft, pending, checkpointFailure(reason, text, { checkpointId }, cause));
  }
}

/** Ends a checkpoint in failure, with all that follows from it. */
export function abort(draft: Draft, pending: PendingCheckpoint, failure: CheckpointFailure): void {
  const { state, nowEpochMs } = draft;
  const { checkpointId, requestId, type } = pending;
  const { cause } = failure.error;
  const mayExist = cause !== undefined && 'code' in cause && cause.code === OUTCOME_UNKNOWN;
  closePending(draft, { checkpointId, outcome: 'ABORTED' });
  change(draft, {
    statistics: statsFailed(state.statistics, checkpointId, failure.error, nowEpochMs),
  });
  if (state.status !== 'ENDING') draft.commands.push({ type: 'notify-aborted', checkpointId });
  if (!mayExist) draft.commands.push(discardOf(pending));
  if (requestId !== undefined) answer(draft, requestId, { error: failure.error });
  const isLate = checkpointId < (state.retained.at(-1)?.checkpointId ?? 0);
  const tolerable = state.settings.tolerableFailedCheckpoints;
  const count = countFailure(state.consecutiveFailures, tolerable, { type, isLate }, failure);
  change(draft, { consecutiveFailures: count.consecutiveFailures });
  const retryMs = Math.min(state.settings.intervalMs ?? FINAL_RETRY_MS, FINAL_RETRY_MS);
  if (
    failure.reason !== 'CHECKPOINT_SUBSUMED' &&
    failure.reason !== 'CHECKPOINT_DECLINED_TASK_CLOSING'
  ) {
    change(draft, { finalNotBeforeEpochMs: nowEpochMs + retryMs });
  }
  const isHibernating = state.stop?.type === 'CHECKPOINT_SUSPEND';
  if (type === 'CHECKPOINT_SUSPEND' && isHibernating) {
    // Nobody was let go: who was told that it has failed goes on.
    clear(draft, 'stop');
    draft.commands.push({ type: 'not-suspended' });
  }
  if (type === 'SAVEPOINT_SUSPEND' || type === 'SAVEPOINT_TERMINATE') {
    clear(draft, 'stop');
    failJob(draft, stopFailed(failure.error));
  } else if (count.isExceeded) {
    failJob(draft, thresholdExceeded(tolerable, failure.error));
  }
}

/** Fails the job, unless it ends or restarts already. No checkpoint begins until it runs again. */
export function failJob(draft: Draft, error: StreamErrorRecord): void {
  const { status, stop } = draft.state;
  if (status !== 'RUNNING' || stop?.phase === 'STOPPING') return;
  change(draft, { status: 'PAUSED' });
  draft.commands.push({ type: 'fail-job', error });
}

/** Once nothing is being stored any more, applies the retention. */
export function finishEnding(draft: Draft): void {
  const { endStatus, pending, retained, settings, status } = draft.state;
  if (status !== 'ENDING' || endStatus === undefined || pending.length > 0) return;
  if (isDroppedAtEnd(settings.retention, endStatus)) {
    change(draft, { retained: [] });
    drop(draft, retained);
  }
  change(draft, { status: 'ENDED' });
}

function store(draft: Draft, pending: PendingCheckpoint): void {
  const { checkpointId } = pending;
  const completed = { ...pending, completedAtEpochMs: draft.nowEpochMs };
  const checkpoint = toStoreOf(completed, draft.state.tasks);
  const vertexId = partiallyFinishedUnion(checkpoint.subtasks, pending);
  if (vertexId !== undefined) {
    const text =
      'a vertex has finished in part and keeps a union list state, whose finished part would be ' +
      'lost; use another state, or let all of it finish together:';
    abort(
      draft,
      pending,
      checkpointFailure('FINALIZE_CHECKPOINT_FAILURE', text, { checkpointId, vertexId }),
    );
    return;
  }
  replacePending(draft, { ...completed, phase: 'STORING' });
  draft.commands.push({ type: 'store', checkpoint });
}

function completedCheckpoint(draft: Draft, pending: PendingCheckpoint, path: string): void {
  const { nowEpochMs, state } = draft;
  const { checkpointId, full } = pending;
  change(draft, {
    lastCompletedEpochMs: nowEpochMs,
    forceFull: state.forceFull && !full,
  });
  clear(draft, 'finalNotBeforeEpochMs');
  notifyComplete(draft, pending);
  const dropped = keep(draft, { checkpointId, path, full, completedAtEpochMs: nowEpochMs });
  for (const older of draft.state.pending) {
    if (isSavepoint(older.type) || older.phase === 'STORING') continue;
    if (older.checkpointId > checkpointId) continue;
    const details = { checkpointId: older.checkpointId, by: checkpointId };
    abort(
      draft,
      older,
      checkpointFailure('CHECKPOINT_SUBSUMED', 'a newer checkpoint has completed:', details),
    );
  }
  drop(draft, dropped);
}

/** The tasks go behind it, if they have not been stopped meanwhile. */
function suspended(draft: Draft, checkpointId: number, path: string): void {
  const { stop, status } = draft.state;
  if (stop?.type !== 'CHECKPOINT_SUSPEND' || status !== 'RUNNING') return;
  change(draft, { stop: { ...stop, phase: 'STOPPING', checkpointId, path } });
  draft.commands.push({ type: 'suspended', checkpointId });
}

function completedStop(draft: Draft, pending: PendingCheckpoint, path: string): void {
  const { stop, status } = draft.state;
  if (stop === undefined) return;
  const { checkpointId } = pending;
  if (status === 'RUNNING') {
    change(draft, { stop: { ...stop, phase: 'STOPPING', checkpointId, path } });
    notifyComplete(draft, pending);
    return;
  }
  clear(draft, 'stop');
  answer(draft, stop.requestId, { error: stopIncomplete(path, { isRestarted: true }) });
}

/** A store whose outcome was not known did happen: the log is right. */
function existsAfterAll(draft: Draft, checkpointId: number, path: string): void {
  const { closed, retained, status } = draft.state;
  const isAborted = closed.some((c) => c.checkpointId === checkpointId && c.outcome === 'ABORTED');
  if (!isAborted || retained.some((r) => r.checkpointId === checkpointId)) return;
  if (status === 'ENDING') return;
  const completedAtEpochMs = draft.nowEpochMs;
  drop(draft, keep(draft, { checkpointId, path, full: false, completedAtEpochMs }));
}

function notifyComplete(draft: Draft, pending: PendingCheckpoint): void {
  const { checkpointId, type } = pending;
  if (draft.state.status === 'ENDING') return;
  const shares = acknowledgedBy(pending);
  const tasks = draft.state.tasks.map((task) =>
    task.status === 'ENDED' && shares.get(taskKey(task))?.finished === true
      ? { ...task, isCovered: true }
      : task,
  );
  change(draft, { tasks });
  draft.commands.push({ type: 'notify-complete', checkpointId, checkpointType: type });
}

function keep(draft: Draft, completed: RetainedCheckpoint): readonly RetainedCheckpoint[] {
  const { retained, settings } = draft.state;
  const next = retain(retained, completed, settings.retainedCount);
  change(draft, { retained: next.retained });
  return next.dropped;
}

function drop(draft: Draft, checkpoints: readonly RetainedCheckpoint[]): void {
  if (checkpoints.length === 0) return;
  const ids = checkpoints.map(({ checkpointId }) => checkpointId);
  change(draft, { statistics: statsDiscarded(draft.state.statistics, ids) });
  draft.commands.push({ type: 'drop', checkpoints });
}

function discardOf({ type, directory }: PendingCheckpoint): CheckpointCommand {
  return isSavepoint(type)
    ? { type: 'discard', savepointDirectory: directory }
    : { type: 'discard' };
}
