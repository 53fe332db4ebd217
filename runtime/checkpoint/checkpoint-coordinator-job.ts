/** What the checkpoint coordinator does when the job changes, or is asked to. */
import type { StreamErrorRecord } from '../core/index.ts';
import { answer, change, clear, type Draft } from './checkpoint-coordinator-draft.ts';
import type { CheckpointEvent, CheckpointRequest } from './checkpoint-coordinator-records.ts';
import { abortAll } from './checkpoint-coordinator-settle.ts';
import {
  type CheckpointFailureReason,
  checkpointFailure,
  stopIncomplete,
} from './checkpoint-failures.ts';
import { statsFailedBeforeTrigger } from './checkpoint-statistics.ts';
import { type CheckpointTask, type TrackedTask, taskKey } from './pending-checkpoint.ts';
import type { EndStatus } from './retention.ts';

/** Requests that wait; more are refused. */
const MAX_QUEUED_REQUESTS = 1000;

type JobEvent = Extract<
  CheckpointEvent,
  { type: 'job-deployed' | 'job-running' | 'job-stopping' | 'job-ended' }
>;

export function applyJobEvent(draft: Draft, event: JobEvent): void {
  switch (event.type) {
    case 'job-deployed':
      jobDeployed(draft, event.tasks);
      break;
    case 'job-running':
      jobRunning(draft);
      break;
    case 'job-stopping':
      jobStopping(draft, event.error);
      break;
    case 'job-ended':
      jobEnded(draft, event.status, event.error);
  }
}

function jobDeployed(draft: Draft, tasks: readonly CheckpointTask[]): void {
  abortAll(draft, 'CHECKPOINT_COORDINATOR_SUSPEND', 'the job is being deployed again:');
  const known = new Map(draft.state.tasks.map((task) => [taskKey(task), task]));
  change(draft, {
    status: 'PAUSED',
    tasks: tasks.map((task): TrackedTask => {
      const before = known.get(taskKey(task));
      return before?.attempt === task.attempt
        ? { ...before, ...task }
        : { ...task, status: 'RUNNING' };
    }),
  });
}

function jobRunning(draft: Draft): void {
  if (draft.state.status !== 'PAUSED') return;
  change(draft, { status: 'RUNNING' });
  const { intervalMs, minPauseMs } = draft.state.settings;
  if (intervalMs === undefined) return;
  change(draft, { nextPeriodicEpochMs: draft.nowEpochMs + Math.max(intervalMs, minPauseMs) });
}

function jobStopping(draft: Draft, error: StreamErrorRecord | undefined): void {
  if (draft.state.status === 'ENDING') return;
  const { stop } = draft.state;
  if (stop?.type === 'CHECKPOINT_SUSPEND') {
    giveUpHibernation(draft);
  } else if (stop?.phase === 'STOPPING') {
    const incomplete = stopIncomplete(stop.path ?? '', { isRestarted: false }, error);
    clear(draft, 'stop');
    answer(draft, stop.requestId, { error: incomplete });
    if (error !== undefined) draft.commands.push({ type: 'fail-job', error: incomplete });
  }
  change(draft, { status: 'PAUSED' });
  clear(draft, 'nextPeriodicEpochMs');
  refuseAll(
    draft,
    'CHECKPOINT_COORDINATOR_SUSPEND',
    'the tasks of the job are being stopped',
    error,
  );
}

function jobEnded(draft: Draft, status: EndStatus, error: StreamErrorRecord | undefined): void {
  if (draft.state.status === 'ENDING') return;
  change(draft, { status: 'ENDING', endStatus: status });
  const { stop } = draft.state;
  if (stop?.type === 'CHECKPOINT_SUSPEND') {
    giveUpHibernation(draft);
  } else if (stop?.phase === 'STOPPING') {
    const { requestId, checkpointId = 0, path = '' } = stop;
    const outcome =
      status === 'FINISHED'
        ? { checkpointId, path }
        : { error: stopIncomplete(path, { isRestarted: false }, error) };
    clear(draft, 'stop');
    answer(draft, requestId, outcome);
  }
  const text = `the job has ended: status=${status}`;
  refuseAll(draft, 'CHECKPOINT_COORDINATOR_SHUTDOWN', text, error);
}

/** Behind its checkpoint the tasks have stopped as they should; before, nothing comes of it. */
function giveUpHibernation(draft: Draft): void {
  const isComplete = draft.state.stop?.phase === 'STOPPING';
  clear(draft, 'stop');
  if (!isComplete) draft.commands.push({ type: 'not-suspended' });
}

/** The job is to hibernate: see {@link CheckpointEvent}. */
export function applyHibernate(draft: Draft): void {
  const { status, stop, requests, directory } = draft.state;
  if (status !== 'RUNNING' || stop !== undefined || requests.length > 0) {
    draft.commands.push({ type: 'not-suspended' });
    return;
  }
  const type = 'CHECKPOINT_SUSPEND';
  change(draft, { stop: { requestId: '', type, directory, phase: 'WAITING' } });
}

/** Aborts what is pending and answers whoever waits, but for what is being stored. */
function refuseAll(
  draft: Draft,
  reason: CheckpointFailureReason,
  text: string,
  cause?: StreamErrorRecord,
): void {
  const { requests, stop } = draft.state;
  abortAll(draft, reason, text, cause);
  change(draft, { requests: [] });
  for (const { requestId } of requests) refuse(draft, requestId, reason, text, cause);
  if (stop?.phase !== 'WAITING') return;
  clear(draft, 'stop');
  refuse(draft, stop.requestId, reason, text, cause);
}

/** A request fails before its checkpoint has an id. */
function refuse(
  draft: Draft,
  requestId: string,
  reason: CheckpointFailureReason,
  text: string,
  cause?: StreamErrorRecord,
): void {
  change(draft, { statistics: statsFailedBeforeTrigger(draft.state.statistics) });
  answer(draft, requestId, { error: checkpointFailure(reason, text, {}, cause).error });
}

/** Somebody asks for a checkpoint, a savepoint, or a stop. */
export function applyRequest(draft: Draft, request: CheckpointRequest): void {
  const { answered, pending, requests, status, stop } = draft.state;
  const { requestId } = request;
  const waiting = [...pending, ...requests, ...(stop === undefined ? [] : [stop])];
  if (answered.includes(requestId) || waiting.some((other) => other.requestId === requestId))
    return;
  if (status !== 'RUNNING') {
    const text = 'a checkpoint needs running tasks; the job is not running, try again';
    refuse(draft, requestId, 'NOT_ALL_REQUIRED_TASKS_RUNNING', text);
    return;
  }
  if (stop !== undefined) {
    const text = 'the job is being stopped with a savepoint';
    refuse(draft, requestId, 'PERIODIC_SCHEDULER_SHUTDOWN', text);
    return;
  }
  if (requests.length >= MAX_QUEUED_REQUESTS) {
    const text = `${MAX_QUEUED_REQUESTS} requests wait already; try again later`;
    refuse(draft, requestId, 'TOO_MANY_CHECKPOINT_REQUESTS', text);
    return;
  }
  if (request.type === 'CHECKPOINT' || request.type === 'SAVEPOINT') {
    change(draft, { requests: [...requests, request] });
    return;
  }
  const text = 'the job is being stopped with a savepoint';
  for (const other of requests) {
    refuse(draft, other.requestId, 'PERIODIC_SCHEDULER_SHUTDOWN', text);
  }
  const { type, directory } = request;
  change(draft, { requests: [], stop: { requestId, type, directory, phase: 'WAITING' } });
  if (type === 'SAVEPOINT_TERMINATE') draft.commands.push({ type: 'drain' });
}
