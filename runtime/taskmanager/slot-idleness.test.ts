import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport } from '../protocol/index.ts';
import { type SlotActivity, SlotIdleness } from './slot-idleness.ts';

const AFTER_MS = 10_000;
const NEVER = Number.POSITIVE_INFINITY;

class Watched {
  nowEpochMs = 1_000_000;
  seen: SlotActivity = { done: [0], isQuiet: true, dueAtEpochMs: NEVER };
  readonly reports: SlotReport[] = [];
  readonly idleness: SlotIdleness;

  constructor(resumed?: {
    readonly idle?: { readonly sinceEpochMs?: number; readonly round: number };
  }) {
    this.idleness = new SlotIdleness({
      afterMs: AFTER_MS,
      nowEpochMs: () => this.nowEpochMs,
      activity: () => this.seen,
      report: (report) => this.reports.push(report),
      resumed,
    });
    this.idleness.begin();
  }

  after(ms: number, change: Partial<SlotActivity> = {}, hasWorked = false): this {
    this.nowEpochMs += ms;
    this.seen = { ...this.seen, ...change };
    this.idleness.look(hasWorked);
    return this;
  }

  get types(): readonly string[] {
    return this.reports.map(({ type }) => type);
  }
}

describe('SlotIdleness', () => {
  it('tells once that nothing has come for the whole time, and when it wants to look', () => {
    const slot = new Watched().after(0);
    assert.equal(slot.idleness.lookAtEpochMs, 1_010_000);
    slot.after(AFTER_MS - 1);
    assert.deepEqual(slot.reports, []);
    slot.after(1).after(5_000).after(AFTER_MS);
    assert.deepEqual(slot.reports, [{ type: 'idle', round: 0 }]);
    assert.equal(slot.idleness.lookAtEpochMs, undefined);
  });

  it('takes it back at the first record, and begins to count anew', () => {
    const slot = new Watched()
      .after(0)
      .after(AFTER_MS)
      .after(100, { done: [1] }, true);
    assert.deepEqual(slot.types, ['idle', 'busy']);
    slot.after(AFTER_MS - 1);
    assert.deepEqual(slot.types, ['idle', 'busy']);
    slot.after(AFTER_MS);
    assert.deepEqual(slot.types, ['idle', 'busy', 'idle']);
  });

  it('does not take a checkpoint for something that has come', () => {
    const slot = new Watched().after(0).after(AFTER_MS).after(10, {}, true);
    assert.deepEqual(slot.types, ['idle']);
  });

  it('is not idle while something waits in it, as in a checkpoint, which costs it no time', () => {
    const slot = new Watched().after(0).after(AFTER_MS, { isQuiet: false });
    assert.deepEqual(slot.types, []);
    slot.after(1, { isQuiet: true });
    assert.deepEqual(slot.types, ['idle']);
  });

  it('tells when it is due, unless that is so soon that sleep is not worth it', () => {
    const soon = new Watched().after(0).after(AFTER_MS, { dueAtEpochMs: 1_010_000 + AFTER_MS - 1 });
    assert.deepEqual(soon.reports, []);
    // It need not look again before that: the thread would never sleep.
    assert.equal(soon.idleness.lookAtEpochMs, undefined);
    const later = new Watched().after(0).after(AFTER_MS, { dueAtEpochMs: 2_000_000 });
    assert.deepEqual(later.reports, [{ type: 'idle', round: 0, wakeAtEpochMs: 2_000_000 }]);
  });

  it('tells again when it is due at another time, but for what clocks do', () => {
    const slot = new Watched().after(0).after(AFTER_MS, { dueAtEpochMs: 2_000_000 });
    slot.after(1, { dueAtEpochMs: 2_000_003 });
    assert.equal(slot.reports.length, 1);
    slot.after(1, { dueAtEpochMs: 1_500_000 });
    assert.deepEqual(slot.reports.at(-1), { type: 'idle', round: 0, wakeAtEpochMs: 1_500_000 });
  });

  it('begins anew when it is roused, and tells again', () => {
    const slot = new Watched().after(0).after(AFTER_MS);
    slot.idleness.rouse(1);
    slot.after(1).after(AFTER_MS - 1);
    assert.equal(slot.reports.length, 1);
    slot.after(1);
    assert.deepEqual(slot.reports.at(-1), { type: 'idle', round: 1 });
  });

  it('goes on with the time of the slot whose place it takes', () => {
    const slot = new Watched({ idle: { sinceEpochMs: 1_000_000 - AFTER_MS + 1, round: 2 } }).after(
      0,
    );
    assert.deepEqual(slot.types, []);
    slot.after(1);
    assert.deepEqual(slot.types, ['idle']);
    assert.deepEqual(slot.idleness.left, { sinceEpochMs: 1_000_000 - AFTER_MS + 1, round: 2 });
    assert.deepEqual(slot.reports, [{ type: 'idle', round: 2 }]);
  });

  it('takes back what the slot whose place it takes may have told', () => {
    const slot = new Watched({ idle: { sinceEpochMs: 0, round: 0 } });
    slot.after(0, { done: [4] }, true);
    assert.deepEqual(slot.types, ['busy']);
    slot.after(1, { done: [5] }, true);
    assert.deepEqual(slot.types, ['busy']);
  });
});
