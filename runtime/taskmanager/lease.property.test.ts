import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { leaseKey, type Row, type RowStore, type RowWrite } from '../checkpoint/index.ts';
import { isStreamError, StreamError } from '../core/index.ts';
import type { LeaveRecord } from '../protocol/index.ts';
import type { LeaseClaim, LeaseRow } from './lease.ts';
import { LeaseKeeper } from './lease-keeper.ts';

const LEFT: LeaveRecord = { checkpointId: 1, slots: [], links: {} };

/** What becomes of a call to the store. */
type Fate = 'done' | 'lost' | 'ambiguous' | 'late';

/** One row, whose calls wait until the schedule lets them happen. */
class ScheduledRow implements RowStore {
  row: Row | undefined;
  readonly waiting: ((fate: Fate) => void)[] = [];
  readonly late: (() => void)[] = [];
  readonly history: LeaseRow[] = [];

  get(): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push((fate) => (fate === 'lost' ? reject(noAnswer()) : resolve(this.row)));
    });
  }

  query(): Promise<readonly Row[]> {
    return Promise.reject(new Error('nobody asks'));
  }

  write([step]: readonly RowWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push((fate) => {
        if (fate === 'late') this.late.push(() => void this.#apply(step));
        const isDone = fate === 'done' || fate === 'ambiguous';
        if (isDone && !this.#apply(step)) reject(conflict());
        else if (fate === 'done') resolve();
        else reject(noAnswer());
      });
    });
  }

  #apply(step: RowWrite | undefined): boolean {
    assert.ok(step?.type === 'put');
    const version = this.row?.version ?? 0;
    if (step.expectedVersion !== version) return false;
    const { partitionKey, sortKey, value } = step;
    this.row = { partitionKey, sortKey, version: version + 1, value };
    this.history.push(value as LeaseRow);
    return true;
  }
}

function noAnswer(): StreamError {
  return new StreamError({ kind: 'unavailable', code: 'TIMED_OUT', message: 'no answer' });
}

function conflict(): StreamError {
  return new StreamError({ kind: 'conflict', code: 'ROW_CONFLICT', message: 'another version' });
}

function keeperOf(rows: RowStore, claim: LeaseClaim): LeaseKeeper {
  const jobId = 'a'.repeat(32);
  return new LeaseKeeper({ rows, jobId, taskManager: 0, claim, pause: () => Promise.resolve() });
}

/** A process that claims, has the lease for a while, and leaves. */
class Claimant {
  readonly claim: LeaseClaim;
  state: 'claiming' | 'holding' | 'leaving' | 'left' | 'refused' = 'claiming';
  found: LeaveRecord | undefined;
  readonly #keeper: LeaseKeeper;

  constructor(rows: RowStore, claim: LeaseClaim) {
    this.claim = claim;
    this.#keeper = keeperOf(rows, claim);
    this.#keeper.claim().then(
      (left) => {
        this.found = left;
        this.state = 'holding';
      },
      (thrown: unknown) => this.#refuse(thrown),
    );
  }

  leave(): void {
    if (this.state !== 'holding') return;
    this.state = 'leaving';
    this.#keeper.leave({ ...LEFT, checkpointId: this.claim.lease }).then(
      () => {
        this.state = 'left';
      },
      (thrown: unknown) => this.#refuse(thrown),
    );
  }

  #refuse(thrown: unknown): void {
    assert.ok(isStreamError(thrown) && thrown.kind === 'fenced', String(thrown));
    this.state = 'refused';
  }
}

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      attempt: fc.integer({ min: 0, max: 1 }),
      lease: fc.nat(3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), which: fc.nat(20) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('store' as const),
      which: fc.nat(20),
      fate: fc.constantFrom<Fate>('done', 'done', 'done', 'lost', 'ambiguous', 'late'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('late' as const), which: fc.nat(20) }) },
);

async function settled(): Promise<void> {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
}

/** Each row written may follow the one before it. */
function checkHistory(rows: readonly LeaseRow[]): void {
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1];
    if (before === undefined || row.attempt > before.attempt) {
      assert.deepEqual([row.lease, row.left], [0, undefined]);
      continue;
    }
    assert.equal(row.attempt, before.attempt, 'I3');
    if (row.lease === before.lease) {
      assert.equal(row.holder, before.holder, 'I1');
      assert.ok(before.left === undefined, 'what was left stays as it is');
    } else {
      assert.equal(row.lease, before.lease + 1);
      assert.ok(before.left !== undefined && row.left === undefined, 'I2');
    }
  }
}

function checkClaimants(claimants: readonly Claimant[], rows: readonly LeaseRow[]): void {
  const owners = new Map<string, Claimant>();
  for (const claimant of claimants) {
    const { attempt, lease, holder } = claimant.claim;
    const mine = rows.filter((row) => row.holder === holder);
    if (claimant.state === 'left') assert.ok(mine.at(-1)?.left !== undefined, 'it has left');
    if (claimant.state === 'claiming' || claimant.state === 'refused') continue;
    assert.ok(mine.length > 0, 'I1: it is in the row before it does anything');
    const other = owners.get(`${attempt}.${lease}`);
    assert.equal(other, undefined, `I1: ${holder} and ${other?.claim.holder}`);
    owners.set(`${attempt}.${lease}`, claimant);
    assert.equal(claimant.found?.checkpointId, lease === 0 ? undefined : lease - 1, 'it is told');
  }
}

describe('leases, however claims, leaves and the fates of their writes interleave', () => {
  it('have one holder each, and a successor only after they were left', async () => {
    const total = { left: 0, followed: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
        const rows = new ScheduledRow();
        const claimants: Claimant[] = [];
        const take = async (next: (typeof steps)[number]) => {
          if (next.do === 'claim') {
            const { attempt, lease } = next;
            claimants.push(new Claimant(rows, { attempt, lease, holder: `p${claimants.length}` }));
          } else if (next.do === 'leave') {
            claimants[next.which % Math.max(1, claimants.length)]?.leave();
          } else if (next.do === 'store') {
            const index = next.which % Math.max(1, rows.waiting.length);
            rows.waiting.splice(index, 1)[0]?.(next.fate);
          } else {
            rows.late.splice(next.which % Math.max(1, rows.late.length), 1)[0]?.();
          }
          await settled();
        };
        for (const next of steps) {
          await take(next);
          checkHistory(rows.history);
          checkClaimants(claimants, rows.history);
        }
        while (rows.waiting.length > 0) await take({ do: 'store', which: 0, fate: 'done' });
        checkHistory(rows.history);
        checkClaimants(claimants, rows.history);
        assert.ok(claimants.every(({ state }) => state !== 'claiming' && state !== 'leaving'));
        for (const { state, claim } of claimants) {
          if (state === 'left') total.left += 1;
          if (claim.lease > 0 && state !== 'refused') total.followed += 1;
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(total.left > 20 && total.followed > 5, JSON.stringify(total));
  });
});

describe('LeaseKeeper', () => {
  const corrupt = async (value: unknown) => {
    const rows = new ScheduledRow();
    const key = leaseKey('a'.repeat(32), 0);
    rows.row = { ...key, version: 1, value };
    const claimed = keeperOf(rows, { attempt: 0, lease: 1, holder: 'me' }).claim();
    rows.waiting.splice(0)[0]?.('done');
    await assert.rejects(claimed, (thrown) => {
      assert.ok(isStreamError(thrown) && thrown.kind === 'data');
      assert.equal(thrown.code, 'LEASE_ROW_CORRUPT');
      assert.match(thrown.message, /row=job#a+\/lease#00000$/);
      return true;
    });
  };

  it('refuses a row that does not read as a lease', async () => {
    const row = { attempt: 0, lease: 0, holder: 'other' };
    await corrupt(null);
    await corrupt({ ...row, attempt: '0' });
    await corrupt({ ...row, holder: 7 });
    await corrupt({ ...row, left: 'gone' });
    await corrupt({ ...row, left: { ...LEFT, slots: {} } });
    await corrupt({ ...row, left: { ...LEFT, links: null } });
  });

  it('gives up when nobody waits any more', async () => {
    const rows = new ScheduledRow();
    const late = new Error('too late');
    const claimed = new LeaseKeeper({
      ...{ rows, jobId: 'a'.repeat(32), taskManager: 0 },
      claim: { attempt: 0, lease: 0, holder: 'me' },
      pause: () => Promise.reject(late),
    }).claim();
    rows.waiting.splice(0)[0]?.('lost');
    await assert.rejects(claimed, late);
  });
});
