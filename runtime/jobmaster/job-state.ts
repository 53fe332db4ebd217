/**
 * The life of a job, as a pure decision: what happened, what the job is now, what to do about it.
 * Plain JSON, so that it can be kept in a row between two events.
 *
 * I1  A terminal status is reached when every region has stopped, once; nothing follows it.
 * I2  An attempt number is used by one deployment of one region. Reports of an attempt that is not
 *     the region's present one change nothing.
 * I3  A region is deployed again only after every slot of its last attempt is released or lost.
 * I4  The first failure that cannot be restarted from is the job's; later ones do not replace it.
 * I5  A job falls asleep slot by slot, and wakes as a whole: regions that have stopped for it are
 *     deployed again, those that have finished before are not.
 * I6  In BATCH no region is deployed before all that it reads has finished (`job-stages.ts`).
 *
 * @see org.apache.flink.api.common.JobStatus and DefaultScheduler, release-1.20
 */
import type { StreamErrorRecord } from '../core/index.ts';
import type { Failure, FromSlot, JobCommand, JobDecision, JobEvent } from './job-events.ts';
import {
  endedRegions,
  hasInputs,
  isStaged,
  openRegions,
  readyRegions,
  type StageSizeState,
  waitsForInputs,
  withConsumers,
  withSize,
} from './job-stages.ts';
import {
  decideRestart,
  isPlannedRestart,
  isRecoverable,
  type RestartState,
} from './restart-strategy.ts';

export type {
  JobCommand,
  JobDecision,
  JobEvent,
  SlotFailure,
} from './job-events.ts';

export type JobStatus =
  /** The state to start from is being read. */
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'RESTARTING'
  | 'FAILING'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FINISHED'
  /** Nothing of it runs, until something wakes it. */
  | 'HIBERNATED'
  /** Stopped by its cluster, which will go on with it. */
  | 'SUSPENDED'
  /** Taken over from a cluster that died. */
  | 'RECONCILING';

/** The legal transitions; everything else is a bug. */
export const JOB_TRANSITIONS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  INITIALIZING: ['CREATED', 'FAILED', 'CANCELED', 'SUSPENDED'],
  RECONCILING: ['CREATED', 'FAILED', 'CANCELED', 'SUSPENDED'],
  CREATED: ['RUNNING', 'RESTARTING', 'FAILING', 'CANCELLING', 'SUSPENDED'],
  RUNNING: ['RESTARTING', 'FAILING', 'CANCELLING', 'FINISHED', 'SUSPENDED', 'HIBERNATED'],
  RESTARTING: ['RUNNING', 'FAILING', 'CANCELLING', 'FINISHED', 'SUSPENDED'],
  HIBERNATED: ['RESTARTING', 'FAILED', 'CANCELED', 'SUSPENDED'],
  FAILING: ['FAILED'],
  CANCELLING: ['CANCELED', 'FAILING'],
  FAILED: [],
  CANCELED: [],
  FINISHED: [],
  SUSPENDED: [],
};

export type SlotStatus = 'DEPLOYING' | 'RUNNING' | 'RELEASED';

export type RegionPhase =
  | 'IDLE'
  | 'DEPLOYING'
  | 'RUNNING'
  /** Its slots were told to stop. */
  | 'STOPPING'
  /** Stopped; deployed again when its delay is over. */
  | 'WAITING'
  | 'FINISHED';

export interface RegionState {
  readonly phase: RegionPhase;
  readonly attempt: number;
  readonly slots: readonly { readonly slotIndex: number; readonly status: SlotStatus }[];
  /** While STOPPING: its restart delay is over. */
  readonly isDue: boolean;
  /** In BATCH: the regions whose results it reads. */
  readonly inputs?: readonly number[];
  /** In BATCH: whether its vertex is as parallel as that, is not decided. */
  readonly size?: StageSizeState;
}

export interface JobState {
  readonly status: JobStatus;
  /** The highest attempt used; -1 before the first deployment. */
  readonly attempt: number;
  readonly regions: readonly RegionState[];
  readonly restart: RestartState;
  readonly failure?: StreamErrorRecord;
  /** All regions stop to be deployed otherwise (rescaling). */
  readonly isReplanning: boolean;
  /** Its slots stop behind the checkpoint that it hibernates behind. */
  readonly isFallingAsleep?: true;
}

/**
 * A job before its first deployment.
 *
 * @param regions the slots of each region.
 * @param lastAttempt the highest attempt that was used before; -1: none.
 */
export function createdJob(
  regions: readonly (readonly number[])[],
  restart: RestartState,
  from: {
    readonly status: 'INITIALIZING' | 'RECONCILING';
    readonly lastAttempt: number;
    /** In BATCH: what each region reads. */
    readonly inputs?: readonly (readonly number[])[];
    /** In BATCH: regions of which some may be left out. */
    readonly open?: ReadonlySet<number>;
  },
): JobState {
  return {
    status: from.status,
    attempt: from.lastAttempt,
    regions: regions.map((slots, at) => {
      const inputs = from.inputs?.[at];
      const size = from.open?.has(at) === true ? ({ size: 'OPEN' } as const) : {};
      return { ...idleRegion(slots), ...(inputs === undefined ? {} : { inputs }), ...size };
    }),
    restart,
    isReplanning: false,
  };
}

/** Decides what an event does to a job. Total: an event that changes nothing answers no commands. */
export function decideJob(state: JobState, event: JobEvent): JobDecision {
  if (isTerminal(state.status)) return unchanged(state);
  switch (event.type) {
    case 'initialized':
      if (!isStarting(state)) return unchanged(state);
      return deploy({ ...state, status: 'CREATED' }, readyRegions(state));
    case 'slot-running':
      return slotRunning(state, event);
    case 'slot-released':
      return slotGone(state, event);
    case 'slot-lost':
      return slotLost(state, event);
    case 'task-failed': {
      const at = regionOf(state, event);
      if (at === undefined) return unchanged(state);
      return failRegion(state, [at, ...(event.unreadable ?? [])], event);
    }
    case 'failed':
      return fail(state, allRegions(state), event);
    case 'restart-due':
      return restartDue(state, event.regionIndexes);
    case 'cancel':
      if (isStarting(state)) return end({ ...state, status: 'CANCELED' });
      if (isStopping(state)) return unchanged(state);
      return stopAll({ ...awake(state), status: 'CANCELLING', isReplanning: false });
    case 'suspend':
      if (isStarting(state)) return end({ ...state, status: 'SUSPENDED' });
      return isStopping(state) ? unchanged(state) : suspend(state);
    case 'hibernate':
      return state.status === 'RUNNING'
        ? unchanged({ ...state, isFallingAsleep: true })
        : unchanged(state);
    case 'wake':
      return state.status === 'HIBERNATED' ? wake(state) : unchanged(state);
    case 'sized':
      return settle({ ...state, regions: withSize(state, event) });
    case 'replan':
      if (isStarting(state) || isStopping(state) || state.isReplanning) return unchanged(state);
      return stopAll({ ...awake(state), status: 'RESTARTING', isReplanning: true });
    case 'replanned': {
      if (!state.isReplanning) return unchanged(state);
      const regions = event.regions.map(idleRegion);
      const next = { ...state, regions, isReplanning: false };
      return deploy(next, allRegions(next));
    }
    case 'replan-failed':
      return state.isReplanning ? replanFailed(state, event) : unchanged(state);
  }
}

/** Whether nothing of the job will change any more. */
export function isTerminal(status: JobStatus): boolean {
  return JOB_TRANSITIONS[status].length === 0;
}

/** Slots that are not released. */
export function liveSlots({ regions }: JobState): readonly number[] {
  return regions.flatMap(({ slots }) =>
    slots.filter(({ status }) => status !== 'RELEASED').map(({ slotIndex }) => slotIndex),
  );
}

function isStarting({ status }: JobState): boolean {
  return status === 'INITIALIZING' || status === 'RECONCILING';
}

function isStopping({ status }: JobState): boolean {
  return status === 'FAILING' || status === 'CANCELLING';
}

function idleRegion(slots: readonly number[]): RegionState {
  return {
    phase: 'IDLE',
    attempt: -1,
    slots: slots.map((slotIndex) => ({ slotIndex, status: 'RELEASED' })),
    isDue: false,
  };
}

function unchanged(state: JobState): JobDecision {
  return { state, commands: [] };
}

function end(state: JobState): JobDecision {
  return { state, commands: [{ type: 'end' }] };
}

function allRegions(state: JobState): readonly number[] {
  return state.regions.map((_, index) => index);
}

/** I2. The region whose present attempt the report is of. */
function regionOf(state: JobState, { slotIndex, attempt }: FromSlot): number | undefined {
  const at = state.regions.findIndex(
    (region) => region.attempt === attempt && region.slots.some((s) => s.slotIndex === slotIndex),
  );
  return at === -1 ? undefined : at;
}

function withRegion(state: JobState, at: number, change: Partial<RegionState>): JobState {
  const regions = state.regions.map((region, i) => (i === at ? { ...region, ...change } : region));
  return { ...state, regions };
}

function withSlot(state: JobState, at: number, slotIndex: number, status: SlotStatus): JobState {
  const slots = state.regions[at]?.slots.map((slot) =>
    slot.slotIndex === slotIndex ? { slotIndex, status } : slot,
  );
  return slots === undefined ? state : withRegion(state, at, { slots });
}

function deploy(state: JobState, regionIndexes: readonly number[]): JobDecision {
  let next = state;
  const commands: JobCommand[] = [];
  for (const regionIndex of regionIndexes) {
    const attempt = next.attempt + 1;
    const slots = (next.regions[regionIndex]?.slots ?? []).map(({ slotIndex }) => ({
      slotIndex,
      status: 'DEPLOYING' as const,
    }));
    next = { ...next, attempt };
    next = withRegion(next, regionIndex, { phase: 'DEPLOYING', attempt, slots, isDue: false });
    commands.push({ type: 'deploy', regionIndex, attempt });
  }
  return { state: next, commands };
}

function slotRunning(state: JobState, event: FromSlot): JobDecision {
  const at = regionOf(state, event);
  if (at === undefined || state.regions[at]?.phase !== 'DEPLOYING') return unchanged(state);
  const next = withSlot(state, at, event.slotIndex, 'RUNNING');
  if (next.regions[at]?.slots.some(({ status }) => status !== 'RUNNING')) return unchanged(next);
  const running = withRegion(next, at, { phase: 'RUNNING' });
  const all = running.regions.every((region) => isSettled(running, region));
  const status = all && !isStopping(state) ? 'RUNNING' : state.status;
  return { state: { ...running, status }, commands: [{ type: 'start-region', regionIndex: at }] };
}

function slotGone(state: JobState, event: FromSlot): JobDecision {
  const at = regionOf(state, event);
  if (at === undefined) return unchanged(state);
  const next = withSlot(state, at, event.slotIndex, 'RELEASED');
  const region = next.regions[at];
  if (region === undefined || region.slots.some(({ status }) => status !== 'RELEASED')) {
    return unchanged(next);
  }
  if (region.phase === 'STOPPING') return settle(withRegion(next, at, { phase: 'WAITING' }));
  if (region.phase !== 'RUNNING') return unchanged(next);
  // I5.
  const phase = state.isFallingAsleep === true ? 'WAITING' : 'FINISHED';
  return settle(withRegion(next, at, { phase }));
}

function slotLost(state: JobState, event: FromSlot & Failure): JobDecision {
  const at = regionOf(state, event);
  const slot = state.regions[at ?? -1]?.slots.find((s) => s.slotIndex === event.slotIndex);
  if (at === undefined || slot === undefined || slot.status === 'RELEASED') return unchanged(state);
  const failing = failRegion(state, [at], event);
  const gone = slotGone(failing.state, event);
  return { state: gone.state, commands: [...failing.commands, ...gone.commands] };
}

/** A task that fails while it is being cancelled counts as cancelled, as in Flink. */
function failRegion(
  state: JobState,
  [at, ...unreadable]: readonly number[],
  failure: Failure,
): JobDecision {
  if (at === undefined || state.status === 'CANCELLING') return unchanged(state);
  if (unreadable.length === 0) return fail(state, [at], failure);
  return fail(state, [...new Set([at, ...withConsumers(state, unreadable)])], failure);
}

/** A failure of some regions: restart them, or fail the job. */
function fail(state: JobState, affected: readonly number[], failure: Failure): JobDecision {
  if (isStarting(state)) return end({ ...state, status: 'FAILED', failure: failure.error });
  if (state.status === 'FAILING') return unchanged(state);
  if (state.status === 'CANCELLING') {
    return unchanged({ ...state, status: 'FAILING', failure: failure.error });
  }
  const live = affected.filter((at) => isLive(state.regions[at]));
  const isPermanent = !isRecoverable(failure.error);
  // What stops the whole job counts between two attempts, too.
  const isOfJob = affected.length === state.regions.length;
  if (live.length === 0 && !(isPermanent && isOfJob)) return unchanged(state);
  if (isPermanent) return failForGood(state, failure.error);
  // What has finished runs again where its results are of no use.
  const isAgain = isStaged(state) && affected.length > 1;
  const again = isAgain ? endedRegions(state, affected) : [];
  if (isPlannedRestart(failure.error)) return restart(state, live, 0, again);
  const decision = decideRestart(state.restart, failure);
  const next = { ...state, restart: decision.state };
  if (decision.type === 'give-up') return failForGood(awake(next), failure.error);
  return restart(next, live, decision.delayMs, again);
}

function restart(
  state: JobState,
  live: readonly number[],
  delayMs: number,
  again: readonly number[],
): JobDecision {
  const { state: stopping, commands } = stop({ ...awake(state), status: 'RESTARTING' }, live);
  // I5.
  const asleep = state.isFallingAsleep === true ? waitingRegions(state) : [];
  const regionIndexes = [...live, ...again, ...asleep];
  const stopped = again.reduce(
    (next, at) => withRegion(next, at, { phase: 'WAITING', isDue: false }),
    stopping,
  );
  return {
    state: stopped,
    commands: [...commands, { type: 'restart-after', delayMs, regionIndexes }],
  };
}

/** Plans again after the restart's delay, or gives up. */
function replanFailed(state: JobState, failure: Failure): JobDecision {
  if (!isRecoverable(failure.error)) return failForGood(state, failure.error);
  const decision = decideRestart(state.restart, failure);
  const next = { ...state, restart: decision.state };
  if (decision.type === 'give-up') return failForGood(next, failure.error);
  const { delayMs } = decision;
  return { state: next, commands: [{ type: 'restart-after', delayMs, regionIndexes: [] }] };
}

function failForGood(state: JobState, failure: StreamErrorRecord): JobDecision {
  return stopAll({ ...awake(state), status: 'FAILING', failure, isReplanning: false });
}

function isLive(region: RegionState | undefined): boolean {
  return region?.phase === 'DEPLOYING' || region?.phase === 'RUNNING';
}

function stop(state: JobState, regionIndexes: readonly number[]): JobDecision {
  let next = state;
  const commands: JobCommand[] = [];
  for (const regionIndex of regionIndexes) {
    if (!isLive(next.regions[regionIndex])) continue;
    next = withRegion(next, regionIndex, { phase: 'STOPPING', isDue: false });
    commands.push({ type: 'stop-region', regionIndex });
  }
  return { state: next, commands };
}

function stopAll(state: JobState): JobDecision {
  const stopped = stop(state, allRegions(state));
  const settled = settle(stopped.state);
  return { state: settled.state, commands: [...stopped.commands, ...settled.commands] };
}

/** Its regions stop, and the job with them; its state stays for the next cluster. */
function suspend(state: JobState): JobDecision {
  const stopped = stop(state, allRegions(state));
  const ended = end({ ...stopped.state, status: 'SUSPENDED' });
  return { state: ended.state, commands: [...stopped.commands, ...ended.commands] };
}

function restartDue(state: JobState, regionIndexes: readonly number[]): JobDecision {
  let next = state;
  for (const at of regionIndexes) {
    const phase = next.regions[at]?.phase;
    if (phase === 'STOPPING' || phase === 'WAITING') next = withRegion(next, at, { isDue: true });
  }
  return settle(next);
}

/** It does not fall asleep any more. */
function awake({ isFallingAsleep: _, ...state }: JobState): JobState {
  return state;
}

function waitingRegions(state: JobState): readonly number[] {
  return allRegions(state).filter((at) => state.regions[at]?.phase === 'WAITING');
}

/** I5. */
function wake(state: JobState): JobDecision {
  return deploy({ ...state, status: 'RESTARTING' }, waitingRegions(state));
}

/** What follows when regions have stopped: end, another plan, or deployments that are due. */
function settle(state: JobState): JobDecision {
  const isOver = ({ phase }: RegionState): boolean =>
    phase === 'WAITING' || phase === 'FINISHED' || phase === 'IDLE';
  if (isStopping(state) || state.isReplanning) {
    if (!state.regions.every(isOver)) return unchanged(state);
    if (state.isReplanning) return { state, commands: [{ type: 'plan' }] };
    return end({ ...state, status: state.status === 'FAILING' ? 'FAILED' : 'CANCELED' });
  }
  if (state.isFallingAsleep === true) {
    return unchanged(
      state.regions.every(isOver) ? { ...awake(state), status: 'HIBERNATED' } : state,
    );
  }
  if (state.regions.every(({ phase }) => phase === 'FINISHED')) {
    return end({ ...state, status: 'FINISHED' });
  }
  const due = allRegions(state).filter((at) => {
    const region = state.regions[at];
    // I6.
    return region?.phase === 'WAITING' && region.isDue && hasInputs(state, region);
  });
  const ready = isStarting(state) ? [] : readyRegions(state);
  const open = isStarting(state) ? [] : openRegions(state);
  if (open.length > 0) return sizing(state, open);
  if (due.length + ready.length > 0) return deploy(state, [...due, ...ready]);
  const settled = state.regions.every((region) => isSettled(state, region));
  return unchanged(settled ? { ...state, status: 'RUNNING' } : state);
}

function sizing(state: JobState, regionIndexes: readonly number[]): JobDecision {
  const asked = regionIndexes.reduce((next, at) => withRegion(next, at, { size: 'ASKED' }), state);
  const { state: next, commands } = settle(asked);
  return { state: next, commands: [{ type: 'size', regionIndexes }, ...commands] };
}

/** It needs nothing to be done for the job to run. */
function isSettled(state: JobState, region: RegionState): boolean {
  const { phase } = region;
  return phase === 'RUNNING' || phase === 'FINISHED' || waitsForInputs(state, region);
}
