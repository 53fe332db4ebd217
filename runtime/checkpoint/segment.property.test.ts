import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeKey, isStreamError, keyGroupRangeOf } from '../core/index.ts';
import { CodecCache } from '../exchange/index.ts';
import type { KeyedSegmentRecord } from '../protocol/index.ts';
import { FixtureBlobs, type FixtureEntry, FixtureTable } from './segment-fixture.ts';
import { loadSegment } from './segment-reader.ts';
import { storeSegment } from './segment-store.ts';
import { SegmentWriter } from './segment-writer.ts';

const MAX_PARALLELISM = 13;
const ALL = { start: 0, end: MAX_PARALLELISM - 1 };

const keys = fc
  .oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ maxLength: 4, unit: 'binary' }),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
    fc.boolean(),
    fc.record({ id: fc.integer() }),
  )
  .map((key) => encodeKey(key));
const values = fc.oneof(
  fc.record({ count: fc.integer(), sum: fc.double() }),
  fc.record({ name: fc.string({ unit: 'binary' }), at: fc.option(fc.date(), { nil: undefined }) }),
  fc.integer(),
  fc.array(fc.oneof(fc.integer(), fc.string({ unit: 'binary' })), { maxLength: 3 }),
  fc.constantFrom(null, true, -0, 2n ** 80n, new Map([['a', [1]]]), new Uint8Array([1, 2])),
);
const writes = fc.array(
  fc.record({
    table: fc.integer({ min: 0, max: 1 }),
    key: keys,
    subKey: fc.oneof(fc.constant(undefined), keys),
    value: fc.option(values, { nil: 'removed' }),
  }),
  { maxLength: 40 },
);
const sizes = fc.constantFrom(1, 64, 1 << 20);

interface Write extends FixtureEntry {
  readonly table: number;
}

function tables(): [FixtureTable, FixtureTable] {
  return [new FixtureTable('first'), new FixtureTable('second', 'window')];
}

function apply(target: readonly FixtureTable[], batch: readonly Write[]): void {
  for (const { table, key, subKey, value } of batch) {
    if (value === 'removed') target[table]?.delete(key, subKey);
    else target[table]?.set(key, subKey, value);
  }
}

async function restored(
  segments: readonly KeyedSegmentRecord[],
  blobs: FixtureBlobs,
  parallelism: number,
): Promise<FixtureTable[][]> {
  const codecs = new CodecCache();
  const subtasks = Array.from({ length: parallelism }, async (_, subtask) => {
    const keyGroups = keyGroupRangeOf(MAX_PARALLELISM, parallelism, subtask);
    const filled = tables();
    for (const record of segments) {
      const segment = await loadSegment(record, blobs, keyGroups);
      for (const meta of segment.states()) {
        const table = filled.find(({ meta: { name } }) => name === meta.name);
        assert.deepEqual(meta, table?.meta);
        if (table !== undefined) segment.fill(meta, table, codecs);
      }
    }
    return filled;
  });
  return Promise.all(subtasks);
}

function sorted(table: FixtureTable | undefined): unknown[] {
  return [...(table?.entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The same entries, each in one subtask. */
function assertSame(subtasks: readonly FixtureTable[][], expected: readonly FixtureTable[]): void {
  for (const [i, table] of expected.entries()) {
    const merged = new FixtureTable(table.meta.name);
    let count = 0;
    for (const subtask of subtasks) {
      for (const [id, entry] of subtask[i]?.entries ?? []) {
        merged.entries.set(id, entry);
        count++;
      }
    }
    assert.equal(count, table.size);
    assert.deepEqual(sorted(merged), sorted(table));
  }
}

describe('segments', () => {
  it('give each entry to one subtask at any parallelism, bases and deltas (fact 89)', async () => {
    const parallelism = fc.integer({ min: 1, max: MAX_PARALLELISM });
    await fc.assert(
      fc.asyncProperty(
        fc.array(writes, { minLength: 1, maxLength: 4 }),
        sizes,
        parallelism,
        async (batches, chunkRawBytes, p) => {
          const live = tables();
          const blobs = new FixtureBlobs();
          const writer = new SegmentWriter();
          const segments: KeyedSegmentRecord[] = [];
          for (const [i, batch] of batches.entries()) {
            apply(live, batch);
            const mode = i === 0 ? 'BASE' : 'DELTA';
            const options = { mode, maxParallelism: MAX_PARALLELISM, keyGroups: ALL } as const;
            const serialized = writer.serialize(live, { ...options, chunkRawBytes });
            segments.push(await storeSegment(serialized, i, blobs, `${i}.seg`));
          }
          assertSame(await restored(segments, blobs, p), live);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are the same bytes whatever the order entries came in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(keys, { minLength: 1, maxLength: 60 }),
        fc.boolean(),
        async (unique, sub) => {
          const bytesOf = (order: readonly (typeof unique)[number][]): Buffer[] => {
            const table = new FixtureTable('t');
            for (const key of order) {
              table.set(key, undefined, { count: String(key).length, sum: 1 });
              if (sub) for (const subKey of unique.slice(0, 3)) table.set(key, subKey, null);
            }
            const writer = new SegmentWriter();
            const serialize = () =>
              writer.serialize([table], {
                mode: 'BASE',
                maxParallelism: MAX_PARALLELISM,
                keyGroups: ALL,
              });
            serialize();
            return serialize().chunks.map(({ bytes }) => Buffer.from(bytes));
          };
          const reversed = unique.toReversed();
          assert.deepEqual(bytesOf(unique), bytesOf(reversed));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('with a byte changed anywhere are refused, never misread', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (position, flip, inline) => {
          const { blobs, record } = await storedTable(inline);
          const damaged = damage(record, blobs, (bytes) => {
            const at = position % bytes.length;
            bytes[at] = (bytes[at] ?? 0) ^ flip;
            return bytes;
          });
          const error = await loadSegment(damaged, blobs, ALL).catch((thrown: unknown) => thrown);
          assert.ok(isStreamError(error), 'refused');
          assert.equal(error.kind, 'data');
          assert.equal(error.code, 'SEGMENT_CORRUPT');
        },
      ),
      { numRuns: 150 },
    );
  });

  it('cut short anywhere are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.boolean(), async (length, inline) => {
        const { blobs, record } = await storedTable(inline);
        const cut = damage(record, blobs, (bytes) => bytes.subarray(0, length % bytes.length));
        await assert.rejects(loadSegment(cut, blobs, ALL), { code: 'SEGMENT_CORRUPT' });
      }),
      { numRuns: 50 },
    );
  });
});

async function storedTable(
  inline: boolean,
): Promise<{ blobs: FixtureBlobs; record: KeyedSegmentRecord }> {
  const table = new FixtureTable('t');
  let random = 1;
  for (let i = 0; i < (inline ? 50 : 3000); i++) {
    random = (Math.imul(random, 1664525) + 1013904223) | 0;
    table.set(i, undefined, { a: random, b: random * Math.PI });
  }
  const options = { mode: 'BASE', maxParallelism: MAX_PARALLELISM, keyGroups: ALL } as const;
  const serialized = new SegmentWriter().serialize([table], { ...options, chunkRawBytes: 20_000 });
  const blobs = new FixtureBlobs();
  const record = await storeSegment(serialized, 1, blobs, 't.seg');
  assert.equal('inlineBase64' in record.bytes, inline);
  return { blobs, record };
}

function damage(
  record: KeyedSegmentRecord,
  blobs: FixtureBlobs,
  change: (bytes: Uint8Array) => Uint8Array,
): KeyedSegmentRecord {
  if ('inlineBase64' in record.bytes) {
    const bytes = Buffer.from(record.bytes.inlineBase64, 'base64');
    const changed = Buffer.from(change(bytes));
    return { ...record, bytes: { inlineBase64: changed.toString('base64') } };
  }
  const { location } = record.bytes;
  const bytes = new Uint8Array(blobs.blobs.get(location) ?? []);
  blobs.blobs.set(location, change(bytes));
  return record;
}
