/**
 * In which state every task of a job is, and since when: what people are shown. Decides nothing.
 * Tasks of one slot are deployed and stopped together, so what is kept is per slot; a task that
 * finishes or fails by itself has an entry of its own. Pure. Plain JSON.
 *
 * I1  A slot that ended in an attempt stays as it ended until the next attempt of its region.
 * I2  Times of one attempt never go back.
 *
 * @see org.apache.flink.runtime.execution.ExecutionState, release-1.20
 */
import type { SubtaskRef } from '../protocol/index.ts';
import type { JobState, RegionState, SlotStatus } from './job-state.ts';

export const EXECUTION_STATES = [
  'CREATED',
  'SCHEDULED',
  'DEPLOYING',
  'INITIALIZING',
  'RUNNING',
  'FINISHED',
  'CANCELING',
  'CANCELED',
  'FAILED',
  'RECONCILING',
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

/** When a task entered each state that it was in. Epoch milliseconds. */
export type StateTimes = Readonly<Partial<Record<ExecutionState, number>>>;

/** One attempt of the tasks of a slot. */
export interface SlotExecution {
  /** How often the slot was deployed before: 0 for the first time. */
  readonly attemptNumber: number;
  /** Of its region: -1 before the first deployment. */
  readonly attempt: number;
  readonly state: ExecutionState;
  readonly times: StateTimes;
}

/** A task that ended apart from its slot. */
export interface TaskEnd {
  readonly state: 'FINISHED' | 'FAILED';
  readonly atEpochMs: number;
  readonly attempt: number;
}

export interface ExecutionStates {
  /** Indexed by slot. */
  readonly slots: readonly SlotExecutions[];
  /** By {@link executionKey}. Of attempts that are still told of. */
  readonly ends: Readonly<Record<string, readonly TaskEnd[]>>;
}

export interface SlotExecutions {
  readonly current: SlotExecution;
  /** Newest first. */
  readonly prior: readonly SlotExecution[];
}

export const NO_EXECUTIONS: ExecutionStates = { slots: [], ends: {} };

/** Attempts of a slot that are told of when they are over. */
const MAX_PRIOR_ATTEMPTS = 16;

export function executionKey({ vertexId, subtaskIndex }: SubtaskRef): string {
  return `${vertexId}:${subtaskIndex}`;
}

/** Follows a change of the job's state. */
export function followJob(
  states: ExecutionStates,
  job: JobState,
  nowEpochMs: number,
): ExecutionStates {
  const slots: SlotExecutions[] = [];
  for (const region of job.regions) {
    for (const { slotIndex, status } of region.slots) {
      const state = slotStateOf(job, region, status);
      slots[slotIndex] = followSlot(states.slots[slotIndex], region.attempt, state, nowEpochMs);
    }
  }
  const isSame =
    slots.length === states.slots.length && slots.every((slot, i) => slot === states.slots[i]);
  return isSame ? states : { ...states, slots };
}

/** A task has ended by itself. */
export function withTaskEnd(states: ExecutionStates, ref: SubtaskRef, end: TaskEnd) {
  const key = executionKey(ref);
  const before = states.ends[key] ?? [];
  if (before[0]?.attempt === end.attempt) return states;
  const ends = { ...states.ends, [key]: [end, ...before].slice(0, MAX_PRIOR_ATTEMPTS + 1) };
  return { ...states, ends };
}

/** The attempts of one task, the present one first. Empty: its slot is not known. */
export function executionsOf(
  { slots, ends }: ExecutionStates,
  slotIndex: number,
  ref: SubtaskRef,
): readonly SlotExecution[] {
  const slot = slots[slotIndex];
  if (slot === undefined) return [];
  const own = ends[executionKey(ref)] ?? [];
  return [slot.current, ...slot.prior].map((execution) => {
    const end = own.find(({ attempt }) => attempt === execution.attempt);
    return end === undefined ? execution : endedAlone(execution, end);
  });
}

function endedAlone(execution: SlotExecution, { state, atEpochMs }: TaskEnd): SlotExecution {
  const { CANCELED: _, CANCELING: __, FINISHED: ___, ...times } = execution.times;
  return { ...execution, state, times: { ...times, [state]: atEpochMs } };
}

function followSlot(
  slot: SlotExecutions | undefined,
  attempt: number,
  state: ExecutionState,
  nowEpochMs: number,
): SlotExecutions {
  if (slot === undefined || slot.current.attempt !== attempt) {
    const isFirst = slot === undefined || slot.current.attempt < 0;
    const attemptNumber = isFirst ? 0 : slot.current.attemptNumber + 1;
    // It is made, given its slot, and deployed in one decision.
    const created = isFirst ? slot?.current.times.CREATED : undefined;
    const times = { ...entered({ CREATED: created ?? nowEpochMs }, state, nowEpochMs) };
    const current = { attemptNumber, attempt, state, times };
    if (isFirst) return { current, prior: [] };
    return { current, prior: [slot.current, ...slot.prior].slice(0, MAX_PRIOR_ATTEMPTS) };
  }
  const { current } = slot;
  // I1.
  if (current.state === state || (isEnd(current.state) && state !== 'CREATED')) return slot;
  const times = entered(current.times, state, nowEpochMs);
  return { ...slot, current: { ...current, state, times } };
}

function entered(times: StateTimes, state: ExecutionState, nowEpochMs: number): StateTimes {
  if (state === 'CREATED') return { CREATED: times.CREATED ?? nowEpochMs };
  const scheduled = state === 'DEPLOYING' ? { SCHEDULED: nowEpochMs } : {};
  return { ...times, ...scheduled, [state]: nowEpochMs };
}

/** Nothing of this attempt follows. */
export function isEnd(state: ExecutionState): boolean {
  return state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED';
}

function slotStateOf(job: JobState, region: RegionState, status: SlotStatus): ExecutionState {
  const isReleased = status === 'RELEASED';
  switch (region.phase) {
    case 'IDLE':
      return 'CREATED';
    case 'DEPLOYING':
      return status === 'RUNNING' ? 'INITIALIZING' : 'DEPLOYING';
    case 'RUNNING':
      if (!isReleased) return 'RUNNING';
      return job.isFallingAsleep === true ? 'CREATED' : 'FINISHED';
    case 'STOPPING':
      return isReleased ? 'CANCELED' : 'CANCELING';
    case 'WAITING':
      // Asleep, it will be deployed again where it stopped.
      return job.status === 'HIBERNATED' || job.isFallingAsleep === true ? 'CREATED' : 'CANCELED';
    case 'FINISHED':
      return 'FINISHED';
  }
}
