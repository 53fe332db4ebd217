/**
 * Ticks that a job has asked for and that are still to come. Pure.
 *
 * A tick costs two messages and a turn. One that is due before the next is needed does for it: when
 * it comes, it asks for what is needed then. So the limit of a checkpoint's time, which almost
 * always is over before, does not cost each checkpoint a tick of its own.
 */

/** Part of a job's record. Persisted: fields are only ever added. */
export interface AskedTicks {
  /** The earliest. */
  readonly tickAtEpochMs?: number;
  /** The others, ascending. */
  readonly laterTicksAtEpochMs?: readonly number[];
}

/** What is asked for now. */
export interface TickDecision {
  readonly asked: AskedTicks;
  /** Absent: none is needed, or one that does is under way. */
  readonly sendAtEpochMs?: number;
}

export interface TickFacts {
  readonly before: AskedTicks;
  /** Times of those that have come; one that has come too early is over, too. */
  readonly arrivedAtEpochMs: readonly number[];
  readonly nowEpochMs: number;
  /** Absent: nothing is to be done at any time. */
  readonly neededAtEpochMs: number | undefined;
}

/** A tick that comes this much too early is not sent again. */
const TICK_TOLERANCE_MS = 1;
/** One that is forgotten only comes for nothing. */
const MAX_ASKED = 8;

/** A tick is sent if none is on its way that comes in time. */
export function decideTick(facts: TickFacts): TickDecision {
  const { before, arrivedAtEpochMs, nowEpochMs, neededAtEpochMs } = facts;
  if (neededAtEpochMs === undefined) return { asked: {} };
  const newestEpochMs = Math.max(Number.NEGATIVE_INFINITY, ...arrivedAtEpochMs);
  const coming = ticksOf(before).filter((at) => at > nowEpochMs && at > newestEpochMs);
  const isAsked = coming.some((at) => at <= neededAtEpochMs + TICK_TOLERANCE_MS);
  if (isAsked) return { asked: askedTicks(coming) };
  return {
    asked: askedTicks([neededAtEpochMs, ...coming]),
    sendAtEpochMs: neededAtEpochMs,
  };
}

function ticksOf({ tickAtEpochMs, laterTicksAtEpochMs = [] }: AskedTicks): readonly number[] {
  return tickAtEpochMs === undefined ? [] : [tickAtEpochMs, ...laterTicksAtEpochMs];
}

function askedTicks(ascending: readonly number[]): AskedTicks {
  const [tickAtEpochMs, ...later] = ascending.slice(0, MAX_ASKED);
  if (tickAtEpochMs === undefined) return {};
  return { tickAtEpochMs, ...(later.length === 0 ? {} : { laterTicksAtEpochMs: later }) };
}
