import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeldRecord } from '../protocol/index.ts';
import { OperatorPaces } from './operator-paces.ts';

function facts(numRecordsOut: number, untilMs?: number) {
  const held: HeldRecord = { what: 'windows', count: 1, time: 'event', untilMs: untilMs ?? 0 };
  return [{ operatorId: 'o', numRecordsOut, ...(untilMs === undefined ? {} : { held }) }];
}

describe('OperatorPaces', () => {
  it('keeps when something was put out first and last, and the longest pause between', () => {
    const paces = new OperatorPaces();
    paces.take(facts(0), 0);
    assert.deepEqual(paces.paces, [{ momentCount: 0 }]);
    for (const [count, atMs] of [
      [5, 1000],
      [5, 2000],
      [9, 9000],
      [10, 10_000],
      [10, 60_000],
    ] as const) {
      paces.take(facts(count), atMs);
    }
    const expected = { firstAtEpochMs: 1000, lastAtEpochMs: 10_000, longestGapMs: 8000 };
    assert.deepEqual(paces.paces, [{ momentCount: 3, ...expected }]);
  });

  it('keeps what was due first since the last output', () => {
    const paces = new OperatorPaces();
    paces.take(facts(0, 5000), 0);
    paces.take(facts(0, 9000), 1000);
    assert.equal(paces.paces[0]?.dueMs, 5000);
    paces.take(facts(1, 12_000), 2000);
    assert.equal(paces.paces[0]?.dueMs, 12_000);
  });
});
