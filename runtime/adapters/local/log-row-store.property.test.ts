import assert from 'node:assert/strict';
import { appendFile, readdir } from 'node:fs/promises';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isErrorWithCode, type RowWrite } from '../../checkpoint/index.ts';
import { MemoryRowStore } from '../memory/memory-row-store.ts';
import { LogRowStore } from './log-row-store.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

/** One step of a history over a few instances on one directory. */
type Step =
  | { readonly type: 'write'; readonly instance: number; readonly steps: readonly RowWrite[] }
  | { readonly type: 'reopen'; readonly instance: number; readonly compactAboveBytes: number }
  | { readonly type: 'tear'; readonly text: string };

const rowWrite: fc.Arbitrary<RowWrite> = fc
  .record({
    type: fc.constantFrom('put', 'put', 'delete', 'check'),
    sortKey: fc.constantFrom('a', 'b', 'c'),
    value: fc.nat(9),
    expectedVersion: fc.option(fc.nat(3), { nil: undefined }),
  })
  .map(({ type, sortKey, value, expectedVersion }): RowWrite => {
    const key = { partitionKey: 'p', sortKey };
    const condition = expectedVersion === undefined ? {} : { expectedVersion };
    if (type === 'put') return { type, ...key, value, ...condition };
    if (type === 'delete') return { type, ...key, ...condition };
    return { type: 'check', ...key, expectedVersion: expectedVersion ?? 0 };
  });
const instance = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('write' as const),
      instance,
      steps: fc.uniqueArray(rowWrite, { minLength: 1, maxLength: 3, selector: (s) => s.sortKey }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('reopen' as const),
      instance,
      compactAboveBytes: fc.constantFrom(0, 500, 1_000_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('tear' as const), text: fc.string({ maxLength: 5 }) }),
  },
);

describe('LogRowStore, random histories', () => {
  it('answers as one table does, whoever writes, reopens, compacts or crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (history) => {
        const directory = await temporaryDirectory();
        const model = new MemoryRowStore();
        const stores = [];
        for (let i = 0; i < 3; i++) stores.push(await LogRowStore.open(directory));
        for (const next of history) {
          if (next.type === 'tear') {
            // In each file: which is the current one, only the store knows.
            for (const name of await readdir(directory)) {
              await appendFile(`${directory}/${name}`, next.text);
            }
            continue;
          }
          if (next.type === 'reopen') {
            await stores[next.instance]?.close();
            stores[next.instance] = await LogRowStore.open(directory, next.compactAboveBytes);
            continue;
          }
          const store = stores[next.instance] as LogRowStore;
          const outcomes = [await outcomeOf(store, next.steps), await outcomeOf(model, next.steps)];
          assert.equal(outcomes[0], outcomes[1]);
        }
        const expected = await model.query('p');
        for (const store of stores) {
          assert.deepEqual(await store.query('p'), expected);
          await store.close();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('adds up what all instances wrote at once, while others compact', async () => {
    const directory = await temporaryDirectory();
    const stores = [await LogRowStore.open(directory), await LogRowStore.open(directory)];
    const increment = async (store: LogRowStore): Promise<void> => {
      for (;;) {
        const row = await store.get('p', 'sum');
        const value = Number(row?.value ?? 0) + 1;
        const key = { partitionKey: 'p', sortKey: 'sum' };
        const expectedVersion = row?.version ?? 0;
        try {
          return await store.write([{ type: 'put', ...key, value, expectedVersion }]);
        } catch (thrown) {
          if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
        }
      }
    };
    const work = stores.map(async (store) => {
      for (let n = 0; n < 60; n++) await increment(store);
    });
    let isWorking = true;
    const compact = async (): Promise<void> => {
      while (isWorking) await (await LogRowStore.open(directory, 300)).close();
    };
    const compacting = [compact(), compact()];
    await Promise.all(work).finally(() => {
      isWorking = false;
    });
    await Promise.all(compacting);
    const fresh = await LogRowStore.open(directory);
    for (const store of [...stores, fresh]) {
      assert.deepEqual((await store.get('p', 'sum'))?.value, 120);
      await store.close();
    }
  });
});

async function outcomeOf(
  store: LogRowStore | MemoryRowStore,
  steps: readonly RowWrite[],
): Promise<string> {
  try {
    await store.write(steps);
    return 'written';
  } catch (thrown) {
    if (isErrorWithCode(thrown, 'ROW_CONFLICT')) return 'conflict';
    throw thrown;
  }
}
