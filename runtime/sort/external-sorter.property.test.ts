import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import { compareKeys } from './index.ts';
import { addAll, type TestRecord, takeAll, testSorter } from './sorter.conformance.ts';

const key = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.string({ maxLength: 3 }),
  fc.bigInt({ min: -2n, max: 2n }),
  fc.boolean(),
);
const value = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.record({ name: fc.string({ unit: 'binary' }), amount: fc.double() }),
  fc.record({ name: fc.option(fc.string()), tags: fc.array(fc.string()) }),
  fc.constant(undefined),
);
const timestampMs = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(NO_TIMESTAMP_MS));
const record: fc.Arbitrary<TestRecord> = fc
  .tuple(fc.integer({ min: 0, max: 1 }), key, timestampMs, value)
  .map(([input, key, timestampMs, value]) => ({ input, key, timestampMs, value }));

function sorted(records: readonly TestRecord[]): TestRecord[] {
  return records.toSorted(
    (left, right) =>
      compareKeys(left.key, right.key) ||
      left.timestampMs - right.timestampMs ||
      left.input - right.input,
  );
}

describe('ExternalSorter', () => {
  it('sorts by key, timestamp, input and arrival, whatever its memory and fan-in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 300 }),
        fc.constantFrom(1, 40, 400),
        fc.constantFrom(4_096, 16_384, 1_000_000),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 1, max: 50 }),
        async (some, times, memoryBytes, maxFanIn, maxRecords) => {
          const records = Array.from({ length: some.length === 0 ? 0 : times }, () => some).flat();
          const { sorter, fileSystem, failures } = testSorter({ memoryBytes, maxFanIn });
          await addAll(sorter, records.slice(0, 3_000));
          const taken = await takeAll(sorter, maxRecords);
          await sorter.close();
          assert.deepEqual(taken, sorted(records.slice(0, 3_000)));
          assert.deepEqual([fileSystem.paths(), fileSystem.openFiles, failures], [[], 0, []]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('orders keys so that equal ones are together and the order is total', () => {
    fc.assert(
      fc.property(key, key, key, (a, b, c) => {
        assert.equal(compareKeys(a, b) === 0, a === b);
        assert.equal(Math.sign(compareKeys(a, b)) + Math.sign(compareKeys(b, a)), 0);
        if (compareKeys(a, b) <= 0 && compareKeys(b, c) <= 0) assert.ok(compareKeys(a, c) <= 0);
      }),
    );
  });
});
