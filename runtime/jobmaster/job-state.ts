/**
 * The life of a job, as a pure decision: what happened, what the job is now, what to do about it.
 *
 * I1  A terminal state (FINISHED, FAILED, CANCELED) is reached when every slot is released, once.
 * I2  The first failure is the job's root cause; later ones do not replace it.
 *
 * @see org.apache.flink.api.common.JobStatus, release-1.20
 */
import type { StreamErrorRecord } from '../core/index.ts';

export type JobStatus =
  | 'CREATED'
  | 'RUNNING'
  | 'FAILING'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FINISHED';

/** The legal transitions; everything else is a bug. */
export const JOB_TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  CREATED: ['RUNNING', 'FAILING', 'CANCELLING'],
  RUNNING: ['FAILING', 'CANCELLING', 'FINISHED'],
  FAILING: ['FAILED'],
  CANCELLING: ['CANCELED', 'FAILING'],
  FAILED: [],
  CANCELED: [],
  FINISHED: [],
};

export interface JobState {
  readonly status: JobStatus;
  /** By slot index. */
  readonly slots: readonly SlotStatus[];
  readonly failure?: StreamErrorRecord;
}

export type SlotStatus = 'DEPLOYING' | 'RUNNING' | 'RELEASED';

export type JobEvent =
  | { readonly type: 'slot-running'; readonly slotIndex: number }
  | { readonly type: 'slot-released'; readonly slotIndex: number }
  /** The slot's thread is gone: nothing more comes from it. */
  | { readonly type: 'slot-lost'; readonly slotIndex: number; readonly error: StreamErrorRecord }
  /** A task, or a source's enumerator. */
  | { readonly type: 'failed'; readonly error: StreamErrorRecord }
  | { readonly type: 'cancel' };

export type JobCommand =
  | { readonly type: 'start-sources' }
  /** To every slot that is not released. */
  | { readonly type: 'cancel-slots' }
  | { readonly type: 'end' };

export interface JobDecision {
  readonly state: JobState;
  readonly commands: readonly JobCommand[];
}

/** The state of a job whose slots are being deployed. */
export function createdJob(slotCount: number): JobState {
  return { status: 'CREATED', slots: Array.from({ length: slotCount }, () => 'DEPLOYING') };
}

/** Decides what an event does to a job. Total: an event that changes nothing answers no commands. */
export function decideJob(state: JobState, event: JobEvent): JobDecision {
  switch (event.type) {
    case 'slot-running': {
      const next = withSlot(state, event.slotIndex, 'RUNNING');
      const all = next.slots.every((slot) => slot === 'RUNNING');
      if (state.status !== 'CREATED' || !all) return { state: next, commands: [] };
      return { state: { ...next, status: 'RUNNING' }, commands: [{ type: 'start-sources' }] };
    }
    case 'slot-released': {
      // Sources start when every slot runs, so no slot is through before that.
      const early = state.status === 'CREATED' ? fail(state, RELEASED_EARLY) : undefined;
      const next = withSlot(early?.state ?? state, event.slotIndex, 'RELEASED');
      return endWhenReleased(next, early?.commands ?? []);
    }
    case 'slot-lost': {
      if (state.slots[event.slotIndex] === 'RELEASED') return { state, commands: [] };
      const failing = fail(state, event.error);
      return endWhenReleased(
        withSlot(failing.state, event.slotIndex, 'RELEASED'),
        failing.commands,
      );
    }
    case 'failed':
      return fail(state, event.error);
    case 'cancel': {
      if (state.status !== 'CREATED' && state.status !== 'RUNNING') return { state, commands: [] };
      return { state: { ...state, status: 'CANCELLING' }, commands: [{ type: 'cancel-slots' }] };
    }
  }
}

/** Whether nothing of the job will change any more. */
export function isTerminal(status: JobStatus): boolean {
  return JOB_TRANSITIONS[status].length === 0;
}

const RELEASED_EARLY: StreamErrorRecord = {
  kind: 'internal',
  code: 'SLOT_RELEASED_EARLY',
  message: 'a slot was released before the job ran',
  details: {},
};

function fail(state: JobState, error: StreamErrorRecord): JobDecision {
  switch (state.status) {
    case 'CREATED':
    case 'RUNNING':
      return {
        state: { ...state, status: 'FAILING', failure: error },
        commands: [{ type: 'cancel-slots' }],
      };
    case 'CANCELLING':
      return { state: { ...state, status: 'FAILING', failure: error }, commands: [] };
    default:
      return { state, commands: [] };
  }
}

function withSlot(state: JobState, slotIndex: number, status: SlotStatus): JobState {
  return { ...state, slots: state.slots.map((slot, i) => (i === slotIndex ? status : slot)) };
}

function endWhenReleased(state: JobState, commands: readonly JobCommand[]): JobDecision {
  if (isTerminal(state.status) || state.slots.some((slot) => slot !== 'RELEASED')) {
    return { state, commands };
  }
  const ends = { FAILING: 'FAILED', CANCELLING: 'CANCELED' } as const;
  const status =
    state.status === 'FAILING' || state.status === 'CANCELLING' ? ends[state.status] : 'FINISHED';
  return { state: { ...state, status }, commands: [...commands, { type: 'end' }] };
}
