/**
 * When a job falls asleep and wakes, as a pure decision. Plain JSON between two events.
 *
 *     AWAKE ─ all slots idle ─▶ ARMED ─ next turn ─▶ FALLING ─ released ─▶ ASLEEP ─ wake ─▶ AWAKE
 *       ▲                         │ busy, request       │ not suspended, a failure
 *       └─────────────────────────┴─────────────────────┘
 *
 * I1  What wakes the job is armed, durably, before its checkpoint begins: what a source gets after
 *     its snapshot wakes the job.
 * I2  A wake-up that comes while the job falls asleep is not lost: it wakes when it has.
 * I3  Every arming has a number of its own, and only that is disarmed: who disarms late takes
 *     nothing from a later one.
 * I4  A job does not fall asleep for less time than it has to be idle before.
 *
 * @see docs/adr/0013-hibernation.md
 */

export interface HibernationSettings {
  /** `sluice.hibernate-after` */
  readonly afterMs: number;
  /** `sluice.wake-schedule` */
  readonly wakeSchedule?: string;
}

export interface IdleSlot {
  readonly slotIndex: number;
  /** It has something to do then; absent: only for what comes from outside. */
  readonly wakeAtEpochMs?: number;
}

/** What wakes a job that is asleep, beside whoever asks for it. */
export interface WakeUps {
  /** I3. From 1. */
  readonly arming: number;
  readonly atEpochMs?: number;
  /** As of {@link HibernationSettings}. */
  readonly schedule?: string;
}

export interface HibernationState {
  readonly phase: 'AWAKE' | 'ARMED' | 'FALLING' | 'ASLEEP';
  /** Of the present attempt. */
  readonly idle: readonly IdleSlot[];
  /** Armed last. */
  readonly wakeUps?: WakeUps;
  /** I2. */
  readonly isWanted?: true;
  /** Not again before, since somebody wanted it awake, or it could not fall asleep. */
  readonly notBeforeEpochMs?: number;
  /** In `ASLEEP`. */
  readonly sinceEpochMs?: number;
}

export const AWAKE: HibernationState = { phase: 'AWAKE', idle: [] };

/** The job as it is when something happens. */
export interface HibernatingJob {
  readonly nowEpochMs: number;
  readonly status: string;
  /** Its checkpoints could begin one, and nobody waits for another. */
  readonly mayCheckpoint: boolean;
  /** Slots that are not released. */
  readonly slotIndexes: readonly number[];
}

export type HibernationEvent =
  | ({ readonly type: 'slot-idle' } & IdleSlot)
  | { readonly type: 'slot-busy'; readonly slotIndex: number }
  | { readonly type: 'deployed' }
  /** Whatever was said in the turn before has been heard. */
  | { readonly type: 'turn' }
  /** Something has come, or somebody asks. */
  | { readonly type: 'wake' }
  | { readonly type: 'not-suspended' }
  /** The job has changed, or it is time. */
  | { readonly type: 'look' };

export type HibernationCommand =
  | { readonly type: 'arm'; readonly wakeUps: WakeUps }
  | { readonly type: 'disarm'; readonly arming: number }
  /** Ask for the checkpoint behind which the tasks stop. */
  | { readonly type: 'suspend' }
  | { readonly type: 'wake' }
  | { readonly type: 'look-at'; readonly epochMs: number };

export interface HibernationDecision {
  readonly state: HibernationState;
  readonly commands: readonly HibernationCommand[];
}

/** Decides what an event does. Total. */
export function decideHibernation(
  settings: HibernationSettings,
  before: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  const state = heard(before, event);
  switch (state.phase) {
    case 'AWAKE':
      return whileAwake(settings, state, event, job);
    case 'ARMED':
      return whileArmed(settings, state, event, job);
    case 'FALLING':
      return whileFalling(settings, state, event, job);
    case 'ASLEEP':
      return whileAsleep(state, event, job);
  }
}

function heard(state: HibernationState, event: HibernationEvent): HibernationState {
  switch (event.type) {
    case 'slot-idle': {
      const { type: _, ...slot } = event;
      return { ...state, idle: [...others(state, slot.slotIndex), slot] };
    }
    case 'slot-busy':
      return { ...state, idle: others(state, event.slotIndex) };
    case 'deployed':
      return { ...state, idle: [] };
    default:
      return state;
  }
}

function others({ idle }: HibernationState, slotIndex: number): readonly IdleSlot[] {
  return idle.filter((slot) => slot.slotIndex !== slotIndex);
}

function whileAwake(
  settings: HibernationSettings,
  state: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  if (event.type === 'wake') return stayAwake(settings, state, job);
  if (!mayFallAsleep(settings, state, job)) return { state, commands: [] };
  const { notBeforeEpochMs = 0 } = state;
  if (notBeforeEpochMs > job.nowEpochMs) {
    return { state, commands: [{ type: 'look-at', epochMs: notBeforeEpochMs }] };
  }
  const wakeUps = wakeUpsOf(settings, state);
  return {
    state: { phase: 'ARMED', idle: state.idle, wakeUps },
    commands: [{ type: 'arm', wakeUps }],
  };
}

function whileArmed(
  settings: HibernationSettings,
  state: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  if (event.type === 'wake') return disarmed(settings, state, job);
  const isWorthIt = mayFallAsleep(settings, state, job) && isArmedFor(state);
  if (!isWorthIt) return disarmed(settings, state, job);
  if (event.type !== 'turn') return { state, commands: [] };
  // I1.
  return { state: { ...state, phase: 'FALLING' }, commands: [{ type: 'suspend' }] };
}

function whileFalling(
  settings: HibernationSettings,
  state: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  if (event.type === 'not-suspended') return disarmed(settings, state, job);
  // I2.
  const next: HibernationState = event.type === 'wake' ? { ...state, isWanted: true } : state;
  if (job.status === 'RUNNING') return { state: next, commands: [] };
  if (job.status !== 'HIBERNATED') return disarmed(settings, next, job);
  if (next.isWanted === true) return wakeUp(next);
  return { state: { ...next, phase: 'ASLEEP', sinceEpochMs: job.nowEpochMs }, commands: [] };
}

function whileAsleep(
  state: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  if (job.status !== 'HIBERNATED') return { ...withoutWakeUps(state), state: awake(state) };
  return event.type === 'wake' ? wakeUp(state) : { state, commands: [] };
}

function wakeUp(state: HibernationState): HibernationDecision {
  const { commands } = withoutWakeUps(state);
  return { state: awake(state), commands: [...commands, { type: 'wake' }] };
}

/** Its slots begin anew, and with them the time in which they are idle. */
function awake({ wakeUps }: HibernationState): HibernationState {
  return { ...AWAKE, ...(wakeUps === undefined ? {} : { wakeUps }) };
}

/** The slots run on: somebody wants them, or they could not be stopped. */
function stayAwake(
  { afterMs }: HibernationSettings,
  state: HibernationState,
  { nowEpochMs }: HibernatingJob,
): HibernationDecision {
  const epochMs = nowEpochMs + afterMs;
  return {
    state: { ...awake(state), idle: state.idle, notBeforeEpochMs: epochMs },
    commands: [{ type: 'look-at', epochMs }],
  };
}

function disarmed(
  settings: HibernationSettings,
  state: HibernationState,
  job: HibernatingJob,
): HibernationDecision {
  const { state: next, commands } = stayAwake(settings, state, job);
  return { state: next, commands: [...withoutWakeUps(state).commands, ...commands] };
}

/** I3. The number stays known: the next one is higher. */
function withoutWakeUps(state: HibernationState): HibernationDecision {
  const { wakeUps } = state;
  return {
    state,
    commands: wakeUps === undefined ? [] : [{ type: 'disarm', arming: wakeUps.arming }],
  };
}

function mayFallAsleep(
  { afterMs }: HibernationSettings,
  { idle }: HibernationState,
  { status, mayCheckpoint, slotIndexes, nowEpochMs }: HibernatingJob,
): boolean {
  if (status !== 'RUNNING' || !mayCheckpoint || slotIndexes.length === 0) return false;
  const known = new Map(idle.map((slot) => [slot.slotIndex, slot]));
  if (!slotIndexes.every((slotIndex) => known.has(slotIndex))) return false;
  // I4.
  return wakeAtOf(idle) - nowEpochMs >= afterMs;
}

function wakeUpsOf(
  { wakeSchedule }: HibernationSettings,
  { idle, wakeUps }: HibernationState,
): WakeUps {
  const atEpochMs = wakeAtOf(idle);
  return {
    arming: (wakeUps?.arming ?? 0) + 1,
    ...(Number.isFinite(atEpochMs) ? { atEpochMs } : {}),
    ...(wakeSchedule === undefined ? {} : { schedule: wakeSchedule }),
  };
}

/** What slots want has not changed since. */
function isArmedFor({ idle, wakeUps }: HibernationState): boolean {
  const { atEpochMs = Number.POSITIVE_INFINITY } = wakeUps ?? {};
  return wakeAtOf(idle) === atEpochMs;
}

function wakeAtOf(idle: readonly IdleSlot[]): number {
  return Math.min(
    ...idle.map(({ wakeAtEpochMs = Number.POSITIVE_INFINITY }) => wakeAtEpochMs),
    Number.POSITIVE_INFINITY,
  );
}
