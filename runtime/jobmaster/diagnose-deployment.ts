/** Tasks on their way up or down, and the places a job waits for. Pure. */
import type { DiagnosedJob } from './diagnosed-job.ts';
import type { Finding } from './diagnosis.ts';
import { countText, listText, spanText, subtaskText } from './diagnosis-text.ts';
import type { ExecutionState } from './execution-states.ts';
import type { SubtaskExecution } from './job-executions.ts';

/** So long a task may take to start. */
const DEPLOYMENT_MS = 20_000;

const COMING_UP: readonly string[] = ['INITIALIZING', 'CREATED', 'RUNNING', 'RESTARTING'];
const WAITING: readonly string[] = ['CREATED', 'RECONCILING'];

interface TaskInState {
  readonly vertexId: string;
  readonly vertexName: string;
  readonly subtask: SubtaskExecution;
  /** For people. */
  readonly who: string;
  readonly sinceMs: number;
}

/** Those of a job in that state, the longest first. */
function tasksIn(job: DiagnosedJob, state: ExecutionState): readonly TaskInState[] {
  const { executions, graph, nowEpochMs } = job;
  const tasks = executions.flatMap(({ vertexId, subtasks }) => {
    const vertex = graph?.vertices.find(({ id }) => id === vertexId);
    const vertexName = vertex?.name ?? vertexId;
    const parallelism = vertex?.parallelism ?? subtasks.length;
    return subtasks
      .filter((subtask) => subtask.state === state)
      .map((subtask): TaskInState => {
        const who = subtaskText(vertexName, subtask.subtaskIndex, parallelism);
        const sinceMs = Math.max(0, nowEpochMs - (subtask.times[state] ?? nowEpochMs));
        return { vertexId, vertexName, subtask, who, sinceMs };
      });
  });
  return tasks.toSorted((a, b) => b.sinceMs - a.sinceMs);
}

export function diagnoseSlots({ status, slots }: DiagnosedJob): Finding | undefined {
  if (!WAITING.includes(status) || slots === undefined) return undefined;
  const { required, total, available } = slots;
  const isTooFew = required > total;
  const more = 'start the cluster with more slots (--slots)';
  return {
    code: 'WAITS_FOR_SLOTS',
    severity: 'error',
    sentence:
      `the job waits for slots: it needs ${countText(required)} of the cluster's ` +
      `${countText(total)}, and ` +
      `${isTooFew ? 'there are not so many' : `${countText(available)} are free`}.`,
    advice: isTooFew
      ? `It cannot run here: ${more}.`
      : `Cancel a job that is not needed, lower the parallelism (-p), or ${more}; jobs that were ` +
        'submitted before it go first.',
    evidence: { required, total, available },
  };
}

/** Some task does not come up, and no task takes input before all have. */
export function diagnoseDeployment(job: DiagnosedJob): Finding | undefined {
  if (!COMING_UP.includes(job.status)) return undefined;
  // Tasks of slots that are up wait for these.
  const coming = tasksIn(job, 'DEPLOYING').filter(({ sinceMs }) => sinceMs > DEPLOYMENT_MS);
  const [first] = coming;
  if (first === undefined) return undefined;
  for (const task of coming) {
    const operator = openingOf(job, task);
    if (operator !== undefined) return opens(task, operator, coming.length);
  }
  const isHeard = coming.some(({ subtask }) => subtask.metrics !== undefined);
  return {
    ...common(first, coming.length),
    sentence:
      `${first.who} has been starting for ${spanText(first.sinceMs)}, and no task takes input ` +
      'before all run.',
    advice: isHeard
      ? 'One of the tasks of its slot is being opened: see its log and thread dump.'
      : 'No process has taken it yet, its state is being restored, or an open() blocks its ' +
        'thread: see the TaskManagers, their logs, and the thread dump.',
  };
}

function opens(task: TaskInState, operator: string, waiting: number): Finding {
  return {
    ...common(task, waiting),
    sentence:
      `open() of "${operator}" has not returned for ${spanText(task.sinceMs)} (${task.who}), and ` +
      'no task takes input before all run.',
    advice:
      'See what its open() waits for: a connection that is not accepted, a lock, a promise that ' +
      'nobody settles. Give that wait a timeout that throws.',
    operator,
  };
}

function common({ vertexId, vertexName, subtask, sinceMs }: TaskInState, waiting: number) {
  return {
    code: 'DEPLOYMENT_HANGS',
    severity: 'error',
    evidence: { waiting, forMs: sinceMs, state: subtask.state },
    ...{ vertexId, vertexName, subtaskIndex: subtask.subtaskIndex },
  } as const;
}

/** The operator whose `open()` is under way. */
function openingOf({ graph }: DiagnosedJob, { vertexId, subtask }: TaskInState) {
  const facts = subtask.metrics?.operators?.find(({ isOpening }) => isOpening === true);
  if (facts === undefined) return undefined;
  const vertex = graph?.vertices.find(({ id }) => id === vertexId);
  return vertex?.operators.find(({ operatorId }) => operatorId === facts.operatorId)?.name;
}

/** Tasks that were told to stop, and have not. */
export interface StoppingTasks {
  /** For people; empty: there is none. */
  readonly text: string;
  readonly evidence: Readonly<Record<string, number>>;
  readonly sinceMs: number;
}

export function stoppingTasks(job: DiagnosedJob): StoppingTasks {
  const stopping = tasksIn(job, 'CANCELING');
  const [first] = stopping;
  if (first === undefined) return { text: '', evidence: {}, sinceMs: 0 };
  const all = job.executions.reduce((sum, { subtasks }) => sum + subtasks.length, 0);
  const { cancellationTimeoutMs } = job;
  const names = listText(stopping.map(({ who }) => who));
  const leftMs = (cancellationTimeoutMs ?? 0) - first.sinceMs;
  const end =
    cancellationTimeoutMs === undefined
      ? ''
      : cancellationTimeoutMs === 0
        ? '; it waits without end (task.cancellation.timeout is 0)'
        : `; what does not stop is ended ${leftMs > 0 ? `in ${spanText(leftMs)}` : 'now'} ` +
          `(task.cancellation.timeout: ${spanText(cancellationTimeoutMs)})`;
  return {
    text:
      `it waits for ${countText(stopping.length)} of its ${countText(all)} tasks to stop ` +
      `(${names}), since ${spanText(first.sinceMs)}${end}`,
    evidence: {
      ...{ stopping: stopping.length, tasks: all, stoppingForMs: first.sinceMs },
      ...(cancellationTimeoutMs === undefined ? {} : { cancellationTimeoutMs }),
    },
    sinceMs: first.sinceMs,
  };
}

/** It ends because somebody said so. */
export function diagnoseCancellation(job: DiagnosedJob): Finding | undefined {
  if (job.status !== 'CANCELLING') return undefined;
  const { text, evidence, sinceMs } = stoppingTasks(job);
  return {
    code: 'IS_CANCELED',
    severity: 'info',
    sentence: `the job is being canceled${text === '' ? '' : `: ${text}`}.`,
    advice:
      sinceMs < 5_000
        ? 'Nothing need be done: it ends when its tasks have stopped.'
        : 'Nothing need be done, it ends by itself. A task does not stop while a call of one of ' +
          'its functions has not returned, or its process does not answer; a shorter ' +
          'task.cancellation.timeout waits less for it.',
    evidence: { status: job.status, ...evidence },
  };
}

/** How far a job is that comes up. */
export function startText({ executions }: DiagnosedJob): string {
  const states = executions.flatMap(({ subtasks }) => subtasks.map(({ state }) => state));
  const up = states.filter((state) => ['INITIALIZING', 'RUNNING', 'FINISHED'].includes(state));
  if (states.length === 0 || up.length === states.length) {
    return 'The job is starting: too little is known of it yet.';
  }
  const rest = `${countText(up.length)} of its ${countText(states.length)} tasks are up`;
  return `The job is starting: ${rest}.`;
}
