import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AccumulatorRecord, mergeAccumulators } from './accumulator-records.ts';

const integer = fc.integer({ min: -1000, max: 1000 });
const entries = fc.dictionary(fc.constantFrom('1', '2', '3'), fc.integer({ min: 1, max: 9 }));

/** Of one of three names, of any type: names clash, too. */
const record: fc.Arbitrary<AccumulatorRecord> = fc.oneof(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    type: fc.constantFrom('IntCounter' as const, 'IntMinimum' as const, 'LongMaximum' as const),
    value: integer,
  }),
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    type: fc.constant('Histogram' as const),
    entries: entries.map((of) => Object.entries(of).map(([k, n]) => [Number(k), n] as const)),
  }),
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    type: fc.constant('AverageAccumulator' as const),
    count: fc.integer({ min: 0, max: 9 }),
    sum: integer,
  }),
);
const records = fc.array(record, { maxLength: 6 });

/** Without what may depend on the order: that of names, and which clash was seen first. */
function comparable(merged: readonly AccumulatorRecord[]): object[] {
  return merged
    .map((one) => (one.type === 'Failed' ? { name: one.name, type: one.type } : one))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

describe('mergeAccumulators', () => {
  it('gives the same however subtasks are grouped and ordered', () => {
    fc.assert(
      fc.property(records, records, records, (a, b, c) => {
        const all = comparable(mergeAccumulators([a, b, c]));
        const left = mergeAccumulators([mergeAccumulators([a, b]), c]);
        const turned = mergeAccumulators([c, mergeAccumulators([b, a])]);
        assert.deepEqual(comparable(left), all);
        assert.deepEqual(comparable(turned), all);
      }),
    );
  });
});
