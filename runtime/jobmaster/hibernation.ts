/**
 * When a job falls asleep and wakes, as a pure decision. Plain JSON between two events.
 *
 *     AWAKE ─ idle ─▶ ARMED ─ next turn: roused ─ idle again ─▶ FALLING ─ released ─▶ ASLEEP
 *       ▲               │ busy, wake, request                     │ not suspended, a failure │ wake
 *       └───────────────┴─────────────────────────────────────────┴──────────────────────────┘
 *
 * I1  What wakes the job is armed, durably, before its slots are roused: they look once more. What
 *     a source got before that it finds then; what it gets later wakes the job.
 * I2  A wake-up that comes while the job falls asleep is not lost: it wakes when it has. One that
 *     comes before rouses the slots: they look once more, too.
 * I3  Every arming has a number of its own, and only that is disarmed: who disarms late takes
 *     nothing from a later one.
 * I4  A job does not fall asleep for less time than it has to be idle before.
 * I5  What a slot said before it was roused does not count.
 *
 * @see docs/adr/0014-hibernation.md
 */

export interface HibernationSettings {
  /** `sluice.hibernate-after` */
  readonly afterMs: number;
  /** `sluice.wake-schedule` */
  readonly wakeSchedule?: string;
  /** Those of sources, beside that. */
  readonly wakeSchedules?: readonly string[];
  /** `sluice.wake-events`, and those of sources: one event pattern, as JSON. */
  readonly wakeEvents?: string;
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
  readonly schedules?: readonly string[];
  readonly events?: string;
}

export interface HibernationState {
  readonly phase: 'AWAKE' | 'ARMED' | 'FALLING' | 'ASLEEP';
  /** Of the present attempt, since they were roused last. */
  readonly idle: readonly IdleSlot[];
  /** I5. How often they were roused. */
  readonly round: number;
  /** In `ARMED`: since. */
  readonly isRoused?: true;
  /** Armed last. */
  readonly wakeUps?: WakeUps;
  /** I2. */
  readonly isWanted?: true;
  /** In `ASLEEP`. */
  readonly sinceEpochMs?: number;
}

const CLOCK_JITTER_MS = 1000;

export const AWAKE: HibernationState = { phase: 'AWAKE', idle: [], round: 0 };

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
  | ({ readonly type: 'slot-idle'; readonly round: number } & IdleSlot)
  | { readonly type: 'slot-busy'; readonly slotIndex: number }
  | { readonly type: 'deployed' }
  /** Whatever was said in the turn before has been heard. */
  | { readonly type: 'turn' }
  /** Something has come, or somebody asks. */
  | { readonly type: 'wake' }
  | { readonly type: 'not-suspended' }
  /** The job has changed. */
  | { readonly type: 'look' };

export type HibernationCommand =
  | { readonly type: 'arm'; readonly wakeUps: WakeUps }
  | { readonly type: 'disarm'; readonly arming: number }
  /** Ask for the checkpoint behind which the tasks stop. */
  | { readonly type: 'suspend' }
  | { readonly type: 'wake' }
  /** Slots look anew whether they are idle. */
  | { readonly type: 'rouse'; readonly round: number };

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
      return whileFalling(state, event, job);
    case 'ASLEEP':
      return whileAsleep(state, event, job);
  }
}

function heard(state: HibernationState, event: HibernationEvent): HibernationState {
  switch (event.type) {
    case 'slot-idle': {
      const { type: _, round, ...slot } = event;
      // I5.
      if (round !== state.round) return state;
      return { ...state, idle: [...others(state, slot.slotIndex), slot] };
    }
    case 'slot-busy':
      return { ...state, idle: others(state, event.slotIndex) };
    case 'deployed':
      return { ...state, idle: [], round: 0 };
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
  // I2.
  if (event.type === 'wake') return stayAwake(state, job);
  if (!mayFallAsleep(job) || !isIdle(settings, state, job)) return { state, commands: [] };
  const wakeUps = wakeUpsOf(settings, state);
  return { state: { ...state, phase: 'ARMED', wakeUps }, commands: [{ type: 'arm', wakeUps }] };
}

function whileArmed(
  settings: HibernationSettings,
  state: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  const isDisturbed = event.type === 'wake' || event.type === 'slot-busy';
  if (isDisturbed || !mayFallAsleep(job)) return disarmed(state, job);
  if (state.isRoused !== true) {
    if (event.type !== 'turn') return { state, commands: [] };
    // I1.
    const next = roused(state);
    return { ...next, state: { ...next.state, isRoused: true } };
  }
  if (!areAllIdle(state, job)) return { state, commands: [] };
  if (!isIdle(settings, state, job) || !isArmedFor(state)) return disarmed(state, job);
  return { state: { ...state, phase: 'FALLING' }, commands: [{ type: 'suspend' }] };
}

function whileFalling(
  state: HibernationState,
  event: HibernationEvent,
  job: HibernatingJob,
): HibernationDecision {
  if (event.type === 'not-suspended') return disarmed(state, job);
  // I2.
  const next: HibernationState = event.type === 'wake' ? { ...state, isWanted: true } : state;
  if (job.status === 'RUNNING') return { state: next, commands: [] };
  if (job.status !== 'HIBERNATED') return disarmed(next, job);
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
function stayAwake(state: HibernationState, job: HibernatingJob): HibernationDecision {
  const next = { ...awake(state), idle: state.idle, round: state.round };
  return job.status === 'RUNNING' ? roused(next) : { state: next, commands: [] };
}

function disarmed(state: HibernationState, job: HibernatingJob): HibernationDecision {
  const { state: next, commands } = stayAwake(state, job);
  return { state: next, commands: [...withoutWakeUps(state).commands, ...commands] };
}

/** I5. */
function roused(state: HibernationState): HibernationDecision {
  const round = state.round + 1;
  return { state: { ...state, idle: [], round }, commands: [{ type: 'rouse', round }] };
}

/** I3. The number stays known: the next one is higher. */
function withoutWakeUps(state: HibernationState): HibernationDecision {
  const { wakeUps } = state;
  return {
    state,
    commands: wakeUps === undefined ? [] : [{ type: 'disarm', arming: wakeUps.arming }],
  };
}

function mayFallAsleep({ status, mayCheckpoint, slotIndexes }: HibernatingJob): boolean {
  return status === 'RUNNING' && mayCheckpoint && slotIndexes.length > 0;
}

function areAllIdle({ idle }: HibernationState, { slotIndexes }: HibernatingJob): boolean {
  const known = new Set(idle.map((slot) => slot.slotIndex));
  return slotIndexes.every((slotIndex) => known.has(slotIndex));
}

/** I4. */
function isIdle(
  { afterMs }: HibernationSettings,
  state: HibernationState,
  job: HibernatingJob,
): boolean {
  return areAllIdle(state, job) && wakeAtOf(state.idle) - job.nowEpochMs >= afterMs;
}

function wakeUpsOf(
  { wakeSchedule, wakeSchedules, wakeEvents }: HibernationSettings,
  { idle, wakeUps }: HibernationState,
): WakeUps {
  const atEpochMs = wakeAtOf(idle);
  return {
    arming: (wakeUps?.arming ?? 0) + 1,
    ...(Number.isFinite(atEpochMs) ? { atEpochMs } : {}),
    ...(wakeSchedule === undefined ? {} : { schedule: wakeSchedule }),
    ...(wakeSchedules === undefined ? {} : { schedules: wakeSchedules }),
    ...(wakeEvents === undefined ? {} : { events: wakeEvents }),
  };
}

/** What slots want has not changed since, but for what clocks do. */
function isArmedFor({ idle, wakeUps }: HibernationState): boolean {
  const { atEpochMs = Number.POSITIVE_INFINITY } = wakeUps ?? {};
  const wakeAtEpochMs = wakeAtOf(idle);
  return wakeAtEpochMs === atEpochMs || Math.abs(wakeAtEpochMs - atEpochMs) <= CLOCK_JITTER_MS;
}

function wakeAtOf(idle: readonly IdleSlot[]): number {
  return Math.min(
    ...idle.map(({ wakeAtEpochMs = Number.POSITIVE_INFINITY }) => wakeAtEpochMs),
    Number.POSITIVE_INFINITY,
  );
}
