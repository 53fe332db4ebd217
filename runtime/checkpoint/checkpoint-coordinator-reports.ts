/** What the checkpoint coordinator does when tasks and enumerators report. */
import type { StreamErrorRecord } from '../core/index.ts';
import { isSavepoint } from '../protocol/index.ts';
import { change, type Draft, pendingOf, replacePending } from './checkpoint-coordinator-draft.ts';
import type { CheckpointEvent } from './checkpoint-coordinator-records.ts';
import { abort, failJob } from './checkpoint-coordinator-settle.ts';
import { isFinalNeeded } from './checkpoint-coordinator-trigger.ts';
import { checkpointFailure, declineReason } from './checkpoint-failures.ts';
import { statsAcknowledged } from './checkpoint-statistics.ts';
import { type TrackedTask, taskKey, withAck } from './pending-checkpoint.ts';

type ReportEvent = Extract<
  CheckpointEvent,
  {
    type:
      | 'task-ended'
      | 'task-finished'
      | 'enumerators-stored'
      | 'enumerators-failed'
      | 'ack'
      | 'decline';
  }
>;

export function applyReport(draft: Draft, event: ReportEvent): void {
  switch (event.type) {
    case 'task-ended':
      taskEnded(draft, taskKey(event.task));
      break;
    case 'task-finished':
      taskFinished(draft, taskKey(event.task));
      break;
    case 'enumerators-stored': {
      const pending = pendingOf(draft, event.checkpointId);
      if (pending?.phase !== 'PENDING') break;
      replacePending(draft, { ...pending, sources: event.sources });
      break;
    }
    case 'enumerators-failed':
      enumeratorsFailed(draft, event.checkpointId, event.error);
      break;
    case 'ack':
      acknowledged(draft, event);
      break;
    case 'decline':
      declined(draft, event);
  }
}

function changeTask(draft: Draft, key: string, by: (task: TrackedTask) => TrackedTask): void {
  const { tasks } = draft.state;
  change(draft, { tasks: tasks.map((task) => (taskKey(task) === key ? by(task) : task)) });
}

function taskEnded(draft: Draft, key: string): void {
  const endedFromId = draft.state.nextCheckpointId;
  changeTask(draft, key, (task) =>
    task.status === 'RUNNING' ? { ...task, status: 'ENDED', endedFromId } : task,
  );
}

function taskFinished(draft: Draft, key: string): void {
  changeTask(draft, key, (task) => ({ ...task, status: 'FINISHED' }));
  for (const pending of draft.state.pending) {
    if (!pending.waitingFor.includes(key)) continue;
    const { checkpointId } = pending;
    const text = 'a task finished before it took part in a checkpoint:';
    const details = { checkpointId, task: key };
    abort(draft, pending, checkpointFailure('CHECKPOINT_DECLINED_TASK_CLOSING', text, details));
  }
}

function enumeratorsFailed(draft: Draft, checkpointId: number, error: StreamErrorRecord): void {
  const pending = pendingOf(draft, checkpointId);
  if (pending?.phase !== 'PENDING') return;
  const text = `a source cannot say its state: ${error.message};`;
  const failure = checkpointFailure('TRIGGER_CHECKPOINT_FAILURE', text, { checkpointId }, error);
  abort(draft, pending, failure);
  // Elsewhere it is not counted; here the job could not go on.
  if (!isSavepoint(pending.type) && isFinalNeeded(draft.state)) failJob(draft, failure.error);
}

function acknowledged(draft: Draft, event: Extract<CheckpointEvent, { type: 'ack' }>): void {
  const { checkpointId, state, stats } = event;
  const pending = pendingOf(draft, checkpointId);
  const changed = pending && withAck(pending, state);
  // Of a stranger, a duplicate, or too late: what it has stored is the collector's.
  if (changed === undefined) return;
  const { vertexId, subtaskIndex } = state;
  const ack = { task: { vertexId, subtaskIndex }, stats };
  const { statistics } = draft.state;
  replacePending(draft, changed);
  change(draft, {
    statistics: statsAcknowledged(statistics, checkpointId, ack, draft.nowEpochMs),
  });
}

function declined(draft: Draft, event: Extract<CheckpointEvent, { type: 'decline' }>): void {
  const { checkpointId, error } = event;
  const pending = pendingOf(draft, checkpointId);
  if (pending?.phase !== 'PENDING') return;
  const task = taskKey(event.task);
  const text = `a task declined a checkpoint: ${error.message};`;
  const failure = checkpointFailure(declineReason(error), text, { checkpointId, task }, error);
  abort(draft, pending, { ...failure, isOfTask: true });
}
