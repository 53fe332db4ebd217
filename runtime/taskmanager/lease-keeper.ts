/**
 * Claims and leaves a lease by conditional writes; see `lease.ts`.
 *
 * I1  A store that does not answer is asked again until it does, or until nobody waits any more:
 *     whether the write had happened, the row tells.
 */
import { leaseKey, type RowKey, type RowStore } from '../checkpoint/index.ts';
import { isStreamError, StreamError } from '../core/index.ts';
import type { LeaveRecord } from '../protocol/index.ts';
import {
  decideClaim,
  decideLeave,
  type LeaseClaim,
  type LeaseDecision,
  type LeaseRow,
} from './lease.ts';

export interface LeaseKeeperParts {
  readonly rows: RowStore;
  readonly jobId: string;
  /** Which TaskManager of the job, from 0. */
  readonly taskManager: number;
  readonly claim: LeaseClaim;
  /** Before a store is asked again; rejects when it is too late for that. */
  readonly pause: () => Promise<void>;
}

export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts;

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts;
  }

  /**
   * The first thing a TaskManager does. Gives what the lease before has left; undefined for the
   * first lease of an attempt.
   *
   * @throws {StreamError} kind `fenced`: `LEASE_FENCED`, `LEASE_HELD`, `LEASE_NOT_LEFT`; kind
   * `data`: `LEASE_ROW_CORRUPT`.
   */
  async claim(): Promise<LeaveRecord | undefined> {
    const { claim } = this.#parts;
    let left: LeaveRecord | undefined;
    await this.#settle((found) => {
      const decision = decideClaim(found, claim);
      // Once it is written over, only who has read it knows.
      if (decision.type === 'write' && claim.lease > 0) left = found?.left;
      return decision;
    });
    return left;
  }

  /**
   * The last thing it does: from now on another process may claim the next lease.
   *
   * @throws {StreamError} kind `fenced`: `LEASE_FENCED`; kind `data`: `LEASE_ROW_CORRUPT`.
   */
  async leave(left: LeaveRecord): Promise<void> {
    await this.#settle((found) => decideLeave(found, this.#parts.claim, left));
  }

  /** I1. */
  async #settle(decide: (found: LeaseRow | undefined) => LeaseDecision): Promise<void> {
    const { rows, jobId, taskManager, pause } = this.#parts;
    const key = leaseKey(jobId, taskManager);
    for (;;) {
      try {
        const row = await rows.get(key.partitionKey, key.sortKey);
        const decision = decide(row === undefined ? undefined : leaseRow(row.value, key));
        if (decision.type === 'done') return;
        if (decision.type === 'refused') throw decision.error;
        const expectedVersion = row?.version ?? 0;
        await rows.write([{ type: 'put', ...key, value: decision.row, expectedVersion }]);
        return;
      } catch (thrown) {
        const isOpen = isStreamError(thrown) && /^(unavailable|conflict)$/.test(thrown.kind);
        if (!isOpen) throw thrown;
      }
      await pause();
    }
  }
}

function leaseRow(value: unknown, { sortKey, partitionKey }: RowKey): LeaseRow {
  const { attempt, lease, holder, left } = (value ?? {}) as Partial<LeaseRow>;
  const isNamed =
    Number.isInteger(attempt) && Number.isInteger(lease) && typeof holder === 'string';
  if (isNamed && (left === undefined || isLeaveRecord(left))) return value as LeaseRow;
  throw new StreamError({
    kind: 'data',
    code: 'LEASE_ROW_CORRUPT',
    message: `a lease row does not read as one; run the job again, from its newest checkpoint: row=${partitionKey}/${sortKey}`,
    details: { partitionKey, sortKey },
  });
}

function isLeaveRecord(left: unknown): left is LeaveRecord {
  const { checkpointId, slots, links } = (left ?? {}) as Partial<LeaveRecord>;
  const hasLinks = typeof links === 'object' && links !== null && !Array.isArray(links);
  return Number.isInteger(checkpointId) && Array.isArray(slots) && hasLinks;
}
