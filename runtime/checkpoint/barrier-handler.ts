/**
 * When a subtask takes its snapshot: what barriers, announcements and ends on its channels mean.
 * One machine for aligned, at-least-once, unaligned and aligned-with-timeout checkpoints; which of
 * them, every barrier says for itself.
 *
 * I1  Snapshots are triggered in ascending order of checkpoint ids, each id once at most.
 * I2  Exactly once: a channel that has delivered a barrier is held until that checkpoint is
 *     triggered or given up. At least once: no channel is ever held, but for a hand-over: a
 *     successor has to begin at the barriers.
 * I3  An ended channel counts as one that has delivered every barrier. Where all have ended, and
 *     in a subtask without channels, the announcement triggers.
 * I4  A barrier overtakes what is on its way in queues only. Calls keep nothing on the way: they
 *     are aligned even by an unaligned checkpoint.
 * I5  A barrier that arrives gives up every earlier checkpoint that is still being aligned: the
 *     sender has skipped it. Barriers of settled checkpoints are ignored.
 *
 * @see Flink `SingleCheckpointBarrierHandler`, `CheckpointBarrierTracker`
 */
import type { CheckpointBarrier } from '../protocol/index.ts';

export interface BarrierState {
  readonly channelCount: number;
  /** Channels that are calls (I4). */
  readonly calls: ReadonlySet<number>;
  /** End of partition was delivered. */
  readonly ended: ReadonlySet<number>;
  /** The highest id that was triggered. */
  readonly lastTriggeredId: number;
  /** The highest id of a barrier that came; earlier ones do not start any more (I5). */
  readonly newestBarrierId: number;
  /** Ids above it that must not start any more. */
  readonly aborted: ReadonlySet<number>;
  /** Checkpoints from this one on are aligned, whatever their mode. */
  readonly alignFromId: number;
  /** Ascending by id. */
  readonly pending: readonly PendingBarrier[];
}

/** A checkpoint some of whose barriers are missing. */
export interface PendingBarrier {
  readonly barrier: CheckpointBarrier;
  /** When it was announced or its first barrier came, whichever was first. */
  readonly seenAtMs: number;
  readonly firstBarrierAtMs: number | undefined;
  readonly arrived: ReadonlySet<number>;
  /** It was triggered before all barriers had arrived; the others are recorded until they do. */
  readonly triggered: boolean;
}

/** Times are those of one clock, in milliseconds. */
export type BarrierEvent =
  | { readonly type: 'announced'; readonly barrier: CheckpointBarrier; readonly nowMs: number }
  | {
      readonly type: 'barrier';
      readonly channel: number;
      readonly barrier: CheckpointBarrier;
      readonly nowMs: number;
    }
  | { readonly type: 'end-of-partition'; readonly channel: number; readonly nowMs: number }
  | { readonly type: 'aborted'; readonly checkpointId: number }
  /** Comes before anything of that checkpoint. */
  | { readonly type: 'align-from'; readonly checkpointId: number }
  | { readonly type: 'time'; readonly nowMs: number };

export type BarrierCommand =
  | { readonly type: 'block'; readonly channel: number }
  | { readonly type: 'unblock'; readonly channel: number }
  | SnapshotTrigger
  /** The last frame to record of this channel has come. */
  | { readonly type: 'channel-recorded'; readonly checkpointId: number; readonly channel: number }
  /** All channels of an unaligned checkpoint are recorded. */
  | { readonly type: 'recorded'; readonly checkpointId: number; readonly alignmentMs: number }
  /** It can never be aligned: a later one came instead. */
  | { readonly type: 'subsumed'; readonly checkpointId: number; readonly byCheckpointId: number }
  /** Asks for a `time` event. */
  | { readonly type: 'alarm'; readonly atMs: number };

/** Take the snapshot now. */
export interface SnapshotTrigger {
  readonly type: 'trigger';
  readonly barrier: CheckpointBarrier;
  readonly seenAtMs: number;
  /** Undefined when no barrier came: triggered by its announcement. */
  readonly firstBarrierAtMs: number | undefined;
  /** First barrier to last; 0 for an unaligned one, whose last barrier is still to come. */
  readonly alignmentMs: number;
  readonly unaligned: boolean;
  /** Channels whose frames belong to the checkpoint until their barrier comes; ascending. */
  readonly overtaken: readonly number[];
}

export interface BarrierDecision {
  readonly state: BarrierState;
  /** In the order they are to be carried out. */
  readonly commands: readonly BarrierCommand[];
}

/** @param resume behind which checkpoint to begin, and the channels that have ended by then. */
export function initialBarrierState(
  channelCount: number,
  calls: Iterable<number> = [],
  resume?: { readonly checkpointId: number; readonly endedChannels: readonly number[] },
): BarrierState {
  return {
    channelCount,
    calls: new Set(calls),
    ended: new Set(resume?.endedChannels),
    lastTriggeredId: resume?.checkpointId ?? 0,
    newestBarrierId: resume?.checkpointId ?? 0,
    aborted: new Set(),
    alignFromId: Number.POSITIVE_INFINITY,
    pending: [],
  };
}

/** Channels that must deliver nothing now; ascending (I2). */
export function blockedChannels(state: BarrierState): readonly number[] {
  const blocked = new Set<number>();
  for (const { barrier, arrived, triggered } of state.pending) {
    if (triggered || !isAligned(state, barrier)) continue;
    for (const channel of arrived) if (!state.ended.has(channel)) blocked.add(channel);
  }
  return [...blocked].toSorted((a, b) => a - b);
}

function isAligned({ alignFromId }: BarrierState, barrier: CheckpointBarrier): boolean {
  return barrier.mode === 'EXACTLY_ONCE' || barrier.checkpointId >= alignFromId;
}

/** When a checkpoint stops waiting for its barriers; undefined when it never does. */
export function unalignedAtMs(barrier: CheckpointBarrier, seenAtMs: number): number | undefined {
  if (barrier.mode === 'AT_LEAST_ONCE' || barrier.unalignedAfterMs < 0) return undefined;
  return seenAtMs + barrier.unalignedAfterMs;
}

export function decideBarrier(state: BarrierState, event: BarrierEvent): BarrierDecision {
  const commands: BarrierCommand[] = [];
  const taken = take(state, event, commands);
  const settled = 'nowMs' in event ? settle(taken, event.nowMs, commands) : taken;
  if (settled === state) return { state, commands };
  return { state: settled, commands: [...blockingChanges(state, settled), ...commands] };
}

function take(state: BarrierState, event: BarrierEvent, commands: BarrierCommand[]): BarrierState {
  switch (event.type) {
    case 'announced':
      return isOver(state, event.barrier)
        ? state
        : withPending(state, event.barrier, event.nowMs, commands);
    case 'barrier':
      return takeBarrier(state, event.channel, event.barrier, event.nowMs, commands);
    case 'end-of-partition':
      return endChannel(state, event.channel, commands);
    case 'aborted':
      return abort(state, event.checkpointId);
    case 'align-from':
      return { ...state, alignFromId: event.checkpointId };
    case 'time':
      return state;
  }
}

function isOver(state: BarrierState, { checkpointId }: CheckpointBarrier): boolean {
  if (checkpointId <= state.lastTriggeredId || checkpointId < state.newestBarrierId) return true;
  return state.aborted.has(checkpointId);
}

function takeBarrier(
  state: BarrierState,
  channel: number,
  barrier: CheckpointBarrier,
  nowMs: number,
  commands: BarrierCommand[],
): BarrierState {
  const { checkpointId } = barrier;
  const newestBarrierId = Math.max(state.newestBarrierId, checkpointId);
  // I5.
  const earlier = isAligned(state, barrier) ? giveUpBefore(state, checkpointId, commands) : state;
  const kept = { ...earlier, newestBarrierId };
  const known = kept.pending.some((p) => p.barrier.checkpointId === checkpointId);
  if (!known && isOver(kept, barrier)) return kept;
  const { pending } = withPending(kept, barrier, nowMs, commands);
  return {
    ...kept,
    pending: pending.map((p) => {
      if (p.barrier.checkpointId !== checkpointId || p.arrived.has(channel)) return p;
      if (p.triggered) commands.push({ type: 'channel-recorded', checkpointId, channel });
      return {
        ...p,
        firstBarrierAtMs: p.firstBarrierAtMs ?? nowMs,
        arrived: new Set([...p.arrived, channel]),
      };
    }),
  };
}

function withPending(
  state: BarrierState,
  barrier: CheckpointBarrier,
  nowMs: number,
  commands: BarrierCommand[],
): BarrierState {
  const { checkpointId } = barrier;
  if (state.pending.some((p) => p.barrier.checkpointId === checkpointId)) return state;
  const atMs = unalignedAtMs(barrier, nowMs);
  if (atMs !== undefined && atMs > nowMs) commands.push({ type: 'alarm', atMs });
  const added: PendingBarrier = {
    barrier,
    seenAtMs: nowMs,
    firstBarrierAtMs: undefined,
    arrived: new Set(),
    triggered: false,
  };
  const pending = [...state.pending, added].toSorted(
    (a, b) => a.barrier.checkpointId - b.barrier.checkpointId,
  );
  return { ...state, pending };
}

function endChannel(
  state: BarrierState,
  channel: number,
  commands: BarrierCommand[],
): BarrierState {
  if (state.ended.has(channel)) return state;
  for (const { barrier, arrived, triggered } of state.pending) {
    if (!triggered || arrived.has(channel)) continue;
    commands.push({ type: 'channel-recorded', checkpointId: barrier.checkpointId, channel });
  }
  return { ...state, ended: new Set([...state.ended, channel]) };
}

function abort(state: BarrierState, checkpointId: number): BarrierState {
  const pending = state.pending.filter((p) => p.barrier.checkpointId !== checkpointId);
  const later = checkpointId > state.lastTriggeredId;
  if (!later && pending.length === state.pending.length) return state;
  const aborted = later ? new Set([...state.aborted, checkpointId]) : state.aborted;
  return { ...state, pending, aborted };
}

function giveUpBefore(
  state: BarrierState,
  checkpointId: number,
  commands: BarrierCommand[],
): BarrierState {
  const pending = state.pending.filter((p) => {
    if (p.barrier.checkpointId >= checkpointId) return true;
    commands.push({
      type: 'subsumed',
      checkpointId: p.barrier.checkpointId,
      byCheckpointId: checkpointId,
    });
    return false;
  });
  return pending.length === state.pending.length ? state : { ...state, pending };
}

/** Triggers what is complete or has waited long enough, oldest first (I1). */
function settle(state: BarrierState, nowMs: number, commands: BarrierCommand[]): BarrierState {
  let now = newestTrackedOnly(state, commands);
  for (const p of now.pending) {
    const missing = missingChannels(now, p);
    const { checkpointId } = p.barrier;
    const without = now.pending.filter((other) => other !== p);
    if (missing.length === 0) {
      const alignmentMs = nowMs - (p.firstBarrierAtMs ?? nowMs);
      commands.push(
        p.triggered
          ? { type: 'recorded', checkpointId, alignmentMs }
          : triggerOf(p, alignmentMs, undefined),
      );
      now = triggered({ ...now, pending: without }, checkpointId);
    } else if (!p.triggered && mayOvertake(now, p, missing, nowMs)) {
      const earlier = giveUpBefore(now, checkpointId, commands);
      commands.push(triggerOf(p, 0, missing));
      const pending = earlier.pending.map((o) => (o === p ? { ...p, triggered: true } : o));
      now = triggered({ ...earlier, pending }, checkpointId);
    }
  }
  return now;
}

/** At least once: of several that are complete the newest counts, as in Flink's tracker. */
function newestTrackedOnly(state: BarrierState, commands: BarrierCommand[]): BarrierState {
  const newest = state.pending.findLast(
    (p) => !isAligned(state, p.barrier) && missingChannels(state, p).length === 0,
  );
  return newest === undefined ? state : giveUpBefore(state, newest.barrier.checkpointId, commands);
}

function missingChannels(state: BarrierState, { arrived }: PendingBarrier): readonly number[] {
  const missing: number[] = [];
  for (let channel = 0; channel < state.channelCount; channel += 1) {
    if (!arrived.has(channel) && !state.ended.has(channel)) missing.push(channel);
  }
  return missing;
}

/** I4. */
function mayOvertake(
  state: BarrierState,
  { barrier, seenAtMs }: PendingBarrier,
  missing: readonly number[],
  nowMs: number,
): boolean {
  const atMs = unalignedAtMs(barrier, seenAtMs);
  if (atMs === undefined || nowMs < atMs) return false;
  return !missing.some((channel) => state.calls.has(channel));
}

function triggerOf(
  { barrier, seenAtMs, firstBarrierAtMs }: PendingBarrier,
  alignmentMs: number,
  overtaken: readonly number[] | undefined,
): SnapshotTrigger {
  return {
    type: 'trigger',
    barrier,
    seenAtMs,
    firstBarrierAtMs,
    alignmentMs,
    unaligned: overtaken !== undefined,
    overtaken: overtaken ?? [],
  };
}

function triggered(state: BarrierState, checkpointId: number): BarrierState {
  const lastTriggeredId = Math.max(state.lastTriggeredId, checkpointId);
  const aborted = new Set([...state.aborted].filter((id) => id > lastTriggeredId));
  return { ...state, lastTriggeredId, aborted };
}

function blockingChanges(before: BarrierState, after: BarrierState): BarrierCommand[] {
  const was = new Set(blockedChannels(before));
  const is = new Set(blockedChannels(after));
  return [
    ...[...was].filter((c) => !is.has(c)).map((channel) => ({ type: 'unblock', channel }) as const),
    ...[...is].filter((c) => !was.has(c)).map((channel) => ({ type: 'block', channel }) as const),
  ];
}
