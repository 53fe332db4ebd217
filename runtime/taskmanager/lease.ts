/**
 * Leases: one process's turn at being a TaskManager of a job. Which process has it, one row says.
 * Pure decisions; `lease-keeper.ts` reads and writes.
 *
 * I1  A lease has one holder. It is claimed before the holder reads or does anything else.
 * I2  Within an attempt a lease begins only when the one before it was left. Who disappears
 *     without leaving has no successor: the job restarts with the next attempt.
 * I3  A newer attempt takes the row from whoever has it; who had it can neither claim nor leave.
 * I4  Deciding again after a write whose outcome is unknown is safe: the row names its writer.
 */
import { StreamError } from '../core/index.ts';
import type { LeaveRecord } from '../protocol/index.ts';

/** Persisted: fields are only ever added. */
export interface LeaseRow {
  readonly attempt: number;
  /** From 0 in every attempt. */
  readonly lease: number;
  /** Names one process, for ever. */
  readonly holder: string;
  /** When the holder began. Absent: by a release that did not say. For people. */
  readonly claimedAtEpochMs?: number;
  /** Present once the holder has left. */
  readonly left?: LeaveRecord;
}

/** Who wants to be a TaskManager. */
export interface LeaseClaim {
  readonly attempt: number;
  readonly lease: number;
  readonly holder: string;
  readonly claimedAtEpochMs?: number;
}

export type LeaseDecision =
  | { readonly type: 'write'; readonly row: LeaseRow }
  /** The row says already what is to be written. */
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly error: StreamError };

/** May it begin? `left` of the row found is what it begins with, unless its attempt is new. */
export function decideClaim(found: LeaseRow | undefined, claim: LeaseClaim): LeaseDecision {
  const row: LeaseRow = { ...claim };
  if (found === undefined || found.attempt < claim.attempt) {
    return claim.lease === 0 ? { type: 'write', row } : refuse('LEASE_NOT_LEFT', claim, found);
  }
  if (found.attempt > claim.attempt || found.lease > claim.lease) {
    return refuse('LEASE_FENCED', claim, found);
  }
  if (found.lease === claim.lease) {
    const isOwn = found.holder === claim.holder && found.left === undefined;
    return isOwn ? { type: 'done' } : refuse('LEASE_HELD', claim, found);
  }
  const isNext = found.lease === claim.lease - 1 && found.left !== undefined;
  return isNext ? { type: 'write', row } : refuse('LEASE_NOT_LEFT', claim, found);
}

/** May it leave? Only who has claimed it asks. */
export function decideLeave(
  found: LeaseRow | undefined,
  claim: LeaseClaim,
  left: LeaveRecord,
): LeaseDecision {
  const isOfAttempt = found?.attempt === claim.attempt;
  // I2, I4: its successor is there, so it has left.
  if (isOfAttempt && found.lease > claim.lease) return { type: 'done' };
  const isOwn = isOfAttempt && found.lease === claim.lease && found.holder === claim.holder;
  if (!isOwn) return refuse('LEASE_FENCED', claim, found);
  return found.left === undefined ? { type: 'write', row: { ...claim, left } } : { type: 'done' };
}

type LeaseErrorCode =
  /** A newer attempt or lease exists. */
  | 'LEASE_FENCED'
  /** Another process has this very lease. */
  | 'LEASE_HELD'
  /** The lease before it was not left in order. */
  | 'LEASE_NOT_LEFT';

const REASONS: Readonly<Record<LeaseErrorCode, string>> = {
  LEASE_FENCED: 'a newer attempt or lease of this TaskManager exists',
  LEASE_HELD: 'another process has this lease',
  LEASE_NOT_LEFT: 'the lease before this one was not handed over; the job has to restart',
};

function refuse(
  code: LeaseErrorCode,
  { attempt, lease, holder }: LeaseClaim,
  found: LeaseRow | undefined,
): LeaseDecision {
  const other = found === undefined ? 'none' : `${found.attempt}.${found.lease} ${found.holder}`;
  const message = `${REASONS[code]}: claimed=${attempt}.${lease} by=${holder} found=${other}`;
  const details = { attempt, lease, holder };
  return {
    type: 'refused',
    error: new StreamError({ kind: 'fenced', code, message, details }),
  };
}

/** How long leases are, and how early they are left. */
export interface LeaseLength {
  readonly lengthMs: number;
  /** What a hand-over takes at most: a checkpoint, and the writes after it. */
  readonly marginMs: number;
}

/** How much earlier than it must a hand-over may begin, as a part of the time before the margin. */
const SPREAD = 0.25;

/**
 * When to begin the hand-over, counted from the start of the lease: before the margin, and not
 * when all other TaskManagers of the job do.
 *
 * @param random in [0, 1).
 */
export function handOverAfterMs({ lengthMs, marginMs }: LeaseLength, random: number): number {
  return Math.max(0, lengthMs - marginMs) * (1 - SPREAD * random);
}
