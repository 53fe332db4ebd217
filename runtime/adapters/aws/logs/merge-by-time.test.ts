import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeByTime } from './merge-by-time.ts';

async function* pagesOf(name: string, pages: readonly (readonly number[])[]) {
  for (const page of pages) {
    yield page.map((timestampEpochMs) => ({ name, timestampEpochMs }));
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('mergeByTime', () => {
  it('merges pages, passes over empty ones, and keeps the order within a time', async () => {
    const merged = mergeByTime([
      pagesOf('a', [[1, 5], [], [5, 9]]),
      pagesOf('b', []),
      pagesOf('c', [[], [2, 5], [10]]),
    ]);
    const names = (await all(merged)).map((one) => `${one.name}${one.timestampEpochMs}`);
    assert.deepEqual(names, ['a1', 'c2', 'a5', 'a5', 'c5', 'a9', 'c10']);
  });

  it('gives every item once, in the order of time', async () => {
    const sequences = fc.array(fc.array(fc.array(fc.nat(50), { maxLength: 5 }), { maxLength: 4 }), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(sequences, async (lists) => {
        const sorted = lists.map((pages) => {
          const flat = pages.flat().toSorted((a, b) => a - b);
          return pages.map((page) => flat.splice(0, page.length));
        });
        const merged = await all(mergeByTime(sorted.map((pages, i) => pagesOf(`${i}`, pages))));
        const times = merged.map(({ timestampEpochMs }) => timestampEpochMs);
        assert.deepEqual(
          times,
          lists.flat(2).toSorted((a, b) => a - b),
        );
      }),
      { numRuns: 100 },
    );
  });
});
