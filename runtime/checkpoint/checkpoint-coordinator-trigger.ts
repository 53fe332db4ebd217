/** Which checkpoint begins next, and when to look again. */
import { type CheckpointType, isSavepoint } from '../protocol/index.ts';
import { answer, change, clear, type Draft } from './checkpoint-coordinator-draft.ts';
import type { CheckpointRequest, CheckpointsState } from './checkpoint-coordinator-records.ts';
import { checkpointFailure } from './checkpoint-failures.ts';
import { statsFailedBeforeTrigger, statsTriggered } from './checkpoint-statistics.ts';
import { acknowledgedBy, type TrackedTask, taskKey, tasksToTrigger } from './pending-checkpoint.ts';

interface Beginning {
  readonly type: CheckpointType;
  readonly directory: string;
  readonly full: boolean;
  readonly requestId?: string;
}

/** Triggers all that may begin now: a stop, requests, the final checkpoint, a periodic one. */
export function triggerDue(draft: Draft): void {
  if (draft.state.status !== 'RUNNING' || isClosing(draft.state)) return;
  if (draft.state.stop !== undefined) {
    triggerStop(draft);
    return;
  }
  while (triggerRequest(draft));
  if (isFinalNeeded(draft.state)) triggerFinal(draft);
  else triggerPeriodic(draft);
}

/** The next periodic checkpoint begins as soon as it may; also where there are none. */
export function makeDue(draft: Draft): void {
  const { nextPeriodicEpochMs = Number.POSITIVE_INFINITY } = draft.state;
  change(draft, { nextPeriodicEpochMs: Math.min(nextPeriodicEpochMs, draft.nowEpochMs) });
}

/** Every task that is left has ended and some wait for a checkpoint that has not begun. */
export function isFinalNeeded({ settings, tasks, pending }: CheckpointsState): boolean {
  if (!settings.afterTasksFinish || tasks.some(({ status }) => status === 'RUNNING')) return false;
  const left = tasks.filter(({ status }) => status === 'ENDED');
  const covering = pending
    .filter(({ type }) => type !== 'SAVEPOINT')
    .map(({ checkpointId, ...one }) => ({ checkpointId, acknowledged: acknowledgedBy(one) }));
  return left.some(
    (task) =>
      task.isCovered !== true &&
      !covering.some(({ checkpointId, acknowledged }) => {
        const ack = acknowledged.get(taskKey(task));
        return ack === undefined ? checkpointId >= (task.endedFromId ?? 0) : ack.finished;
      }),
  );
}

/** Asks for a tick at the next time that something is due, when that has changed. */
export function wakeUp(draft: Draft): void {
  const { state } = draft;
  const times = state.pending
    .filter(({ phase }) => phase === 'PENDING')
    .map((p) => p.deadlineEpochMs);
  const mayTrigger = state.status === 'RUNNING' && state.stop === undefined && !isClosing(state);
  if (mayTrigger && hasRoom(state)) {
    const at = isFinalNeeded(state) ? state.finalNotBeforeEpochMs : state.nextPeriodicEpochMs;
    if (at !== undefined) times.push(at);
  }
  if (times.length === 0) {
    clear(draft, 'wakeUpEpochMs');
    return;
  }
  const epochMs = Math.min(...times);
  if (epochMs === state.wakeUpEpochMs) return;
  change(draft, { wakeUpEpochMs: epochMs });
  draft.commands.push({ type: 'tick-at', epochMs });
}

/** Tasks are about to finish: a barrier might not reach them any more. */
function isClosing({ tasks }: CheckpointsState): boolean {
  return tasks.some(({ status, isCovered }) => status === 'ENDED' && isCovered === true);
}

function hasRoom({ pending, settings }: CheckpointsState): boolean {
  return pending.length < settings.maxConcurrentCheckpoints;
}

function triggerStop(draft: Draft): void {
  const { pending, settings, stop, tasks } = draft.state;
  if (stop?.phase !== 'WAITING') return;
  const { requestId, type, directory } = stop;
  if (type === 'SAVEPOINT_TERMINATE' && tasks.some(({ status }) => status === 'RUNNING')) return;
  if (type === 'CHECKPOINT_SUSPEND') {
    if (pending.length > 0) return;
    change(draft, { stop: { ...stop, phase: 'SNAPSHOT' } });
    if (trigger(draft, { type, directory, full: !settings.incremental })) return;
    clear(draft, 'stop');
    draft.commands.push({ type: 'not-suspended' });
    return;
  }
  change(draft, { stop: { ...stop, phase: 'SNAPSHOT' } });
  if (!trigger(draft, { type, directory, full: true, requestId })) clear(draft, 'stop');
}

/** The next request that need not wait; false: there is none. Savepoints come first. */
function triggerRequest(draft: Draft): boolean {
  const { directory, requests, settings } = draft.state;
  const request =
    requests.find(({ type }) => isSavepoint(type)) ??
    (hasRoom(draft.state) ? requests[0] : undefined);
  if (request === undefined) return false;
  change(draft, { requests: requests.filter((other) => other !== request) });
  trigger(draft, {
    type: request.type,
    directory: request.type === 'CHECKPOINT' ? directory : request.directory,
    full: isFull(request, settings.incremental),
    requestId: request.requestId,
  });
  return true;
}

function isFull(request: CheckpointRequest, incremental: boolean): boolean {
  if (request.type !== 'CHECKPOINT') return true;
  return request.kind === 'CONFIGURED' ? !incremental : request.kind === 'FULL';
}

function triggerFinal(draft: Draft): void {
  const { directory, settings, finalNotBeforeEpochMs } = draft.state;
  if (!hasRoom(draft.state)) return;
  if (finalNotBeforeEpochMs !== undefined && finalNotBeforeEpochMs > draft.nowEpochMs) return;
  trigger(draft, { type: 'CHECKPOINT', directory, full: !settings.incremental });
}

function triggerPeriodic(draft: Draft): void {
  const { nowEpochMs, state } = draft;
  const { settings, nextPeriodicEpochMs: dueEpochMs, lastCompletedEpochMs } = state;
  if (dueEpochMs === undefined || dueEpochMs > nowEpochMs || !hasRoom(state)) return;
  const earliestEpochMs = (lastCompletedEpochMs ?? -Infinity) + settings.minPauseMs;
  if (earliestEpochMs > nowEpochMs) {
    change(draft, { nextPeriodicEpochMs: earliestEpochMs });
    return;
  }
  if (settings.intervalMs === undefined) {
    clear(draft, 'nextPeriodicEpochMs');
  } else {
    const intervalMs = Math.max(settings.intervalMs, settings.minPauseMs);
    const next = dueEpochMs + intervalMs;
    const nextPeriodicEpochMs = next > nowEpochMs ? next : nowEpochMs + intervalMs;
    change(draft, { nextPeriodicEpochMs });
  }
  const { directory } = state;
  trigger(draft, { type: 'CHECKPOINT', directory, full: !settings.incremental });
}

/** Begins a checkpoint; false: the tasks do not allow it, and it has failed. */
function trigger(draft: Draft, { requestId, ...beginning }: Beginning): boolean {
  const { nowEpochMs, state } = draft;
  const { settings, nextCheckpointId: checkpointId, tasks } = state;
  const request = requestId === undefined ? {} : { requestId };
  if (!mayBegin(state)) {
    const text = 'a checkpoint needs running tasks; of the job, some or all have finished';
    const failure = checkpointFailure('NOT_ALL_REQUIRED_TASKS_RUNNING', text, {});
    if (requestId !== undefined) answer(draft, requestId, { error: failure.error });
    change(draft, { statistics: statsFailedBeforeTrigger(state.statistics) });
    return false;
  }
  const { type, directory } = beginning;
  const full = beginning.full || state.forceFull;
  const begun = { checkpointId, type, full, directory, triggeredAtEpochMs: nowEpochMs };
  const waitingFor = tasks.filter(({ status }) => status !== 'FINISHED').map(taskKey);
  const deadlineEpochMs = nowEpochMs + settings.timeoutMs;
  change(draft, {
    nextCheckpointId: checkpointId + 1,
    pending: [
      ...state.pending,
      { ...begun, ...request, deadlineEpochMs, phase: 'PENDING', waitingFor, acknowledged: [] },
    ],
    statistics: statsTriggered(state.statistics, { ...begun, tasks: tasks.map(taskToCount) }),
  });
  const unalignedAfterMs = type === 'CHECKPOINT' ? settings.unalignedAfterMs : -1;
  draft.commands.push({
    type: 'trigger',
    barrier: { ...begun, mode: settings.mode, unalignedAfterMs },
    tasks: tasksToTrigger(tasks, draft.inputsOf),
  });
  return true;
}

function mayBegin({ tasks, settings }: CheckpointsState): boolean {
  const finished = tasks.filter(({ status }) => status === 'FINISHED').length;
  return settings.afterTasksFinish ? finished < tasks.length : finished === 0;
}

function taskToCount({ vertexId, subtaskIndex, status }: TrackedTask): {
  vertexId: string;
  subtaskIndex: number;
  isFinished: boolean;
} {
  return { vertexId, subtaskIndex, isFinished: status === 'FINISHED' };
}
