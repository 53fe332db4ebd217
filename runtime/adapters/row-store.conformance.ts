/** What every row store must do; run by the tests of each adapter. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RowStore, RowWrite } from '../checkpoint/index.ts';

/** @param make an empty store. */
export function testRowStoreConformance(name: string, make: () => Promise<RowStore>): void {
  describe(`row store conformance: ${name}`, () => {
    it('counts the versions of a row from 1', async () => {
      const rows = await make();
      assert.equal(await rows.get('p', 'a'), undefined);
      for (const version of [1, 2, 3]) {
        await rows.write([put('a', { n: version })]);
        const expected = { partitionKey: 'p', sortKey: 'a', version, value: { n: version } };
        assert.deepEqual(await rows.get('p', 'a'), expected);
      }
    });

    it('keeps any JSON, and no reference to it', async () => {
      const rows = await make();
      const value = { text: 'zwei\nZeilen, ü, 🙂', list: [1, null, { a: true }], empty: {} };
      const copy = structuredClone(value);
      const written = rows.write([put('a', value)]);
      await written;
      value.list.length = 0;
      assert.deepEqual((await rows.get('p', 'a'))?.value, copy);
    });

    it('creates a row only where there is none', async () => {
      const rows = await make();
      await rows.write([put('a', 1, 0)]);
      await refused(rows, [put('a', 2, 0)]);
      assert.equal((await rows.get('p', 'a'))?.value, 1);
    });

    it('changes, deletes and checks only the expected version', async () => {
      const rows = await make();
      await rows.write([put('a', 1)]);
      await refused(rows, [put('a', 2, 2)]);
      await refused(rows, [{ type: 'delete', ...key('a'), expectedVersion: 2 }]);
      await refused(rows, [{ type: 'check', ...key('a'), expectedVersion: 0 }]);
      await refused(rows, [{ type: 'delete', ...key('missing'), expectedVersion: 1 }]);
      await rows.write([{ type: 'check', ...key('a'), expectedVersion: 1 }]);
      await rows.write([{ type: 'check', ...key('missing'), expectedVersion: 0 }]);
      assert.equal((await rows.get('p', 'a'))?.version, 1);
      await rows.write([put('a', 2, 1)]);
      await rows.write([{ type: 'delete', ...key('a'), expectedVersion: 2 }]);
      assert.equal(await rows.get('p', 'a'), undefined);
      await rows.write([{ type: 'delete', ...key('a') }]);
      await rows.write([put('a', 3, 0)]);
      assert.equal((await rows.get('p', 'a'))?.version, 1);
    });

    it('keeps the newest of writes that name their version', async () => {
      const rows = await make();
      const at = (atVersion: number, value: unknown): RowWrite => {
        return { type: 'put', ...key('a'), value, atVersion };
      };
      await rows.write([at(3, 'third')]);
      await refused(rows, [at(2, 'second')]);
      await refused(rows, [at(2, 'second'), put('b', 1)]);
      assert.deepEqual(await values(rows), { a: 'third' });
      await rows.write([at(3, 'third again')]);
      await rows.write([at(7, 'seventh'), put('b', 1)]);
      assert.deepEqual(await values(rows), { a: 'seventh', b: 1 });
      assert.equal((await rows.get('p', 'a'))?.version, 7);
      await rows.write([put('a', 'eighth', 7)]);
      await refused(rows, [at(7, 'seventh')]);
      await rows.write([{ type: 'delete', ...key('a') }]);
      await rows.write([at(2, 'new')]);
      assert.equal((await rows.get('p', 'a'))?.version, 2);
    });

    it('writes all steps or none', async () => {
      const rows = await make();
      await rows.write([put('a', 1), put('b', 1)]);
      await refused(rows, [
        put('a', 2),
        { type: 'delete', ...key('b') },
        put('c', 2),
        { type: 'check', ...key('d'), expectedVersion: 1 },
      ]);
      assert.deepEqual(await values(rows), { a: 1, b: 1 });
      await rows.write([put('a', 2, 1), { type: 'delete', ...key('b') }, put('c', 2, 0)]);
      assert.deepEqual(await values(rows), { a: 2, c: 2 });
    });

    it('finds rows of a partition by prefix, in both orders, up to a limit', async () => {
      const rows = await make();
      for (const sortKey of ['b#2', 'a', 'b#10', 'b#1', 'c']) await rows.write([put(sortKey, 1)]);
      await rows.write([{ type: 'put', partitionKey: 'q', sortKey: 'b#3', value: 1 }]);
      const find = async (query?: Parameters<RowStore['query']>[1]) =>
        (await rows.query('p', query)).map(({ sortKey }) => sortKey);
      assert.deepEqual(await find(), ['a', 'b#1', 'b#10', 'b#2', 'c']);
      assert.deepEqual(await find({ sortKeyPrefix: 'b#' }), ['b#1', 'b#10', 'b#2']);
      assert.deepEqual(await find({ sortKeyPrefix: 'b#', descending: true, limit: 2 }), [
        'b#2',
        'b#10',
      ]);
      assert.deepEqual(await find({ limit: 1 }), ['a']);
      assert.deepEqual(await find({ sortKeyPrefix: 'x' }), []);
      assert.deepEqual(await rows.query('none'), []);
    });

    it('lets one of several that write at once win', async () => {
      const rows = await make();
      const writes = await Promise.allSettled(
        [0, 1, 2, 3].map((n) => rows.write([put('a', n, 0)])),
      );
      const winners = writes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
      assert.deepEqual(winners, [(await rows.get('p', 'a'))?.value]);
    });

    it('refuses two steps for a row, and more than 100', async () => {
      const rows = await make();
      await assert.rejects(rows.write([put('a', 1), put('a', 2)]), { code: 'ASSERTION' });
      const many = Array.from({ length: 101 }, (_, n) => put(`r${n}`, n));
      await assert.rejects(rows.write(many), { code: 'ASSERTION' });
      await rows.write(many.slice(0, 100));
      assert.equal((await rows.query('p')).length, 100);
    });
  });
}

function key(sortKey: string): { readonly partitionKey: string; readonly sortKey: string } {
  return { partitionKey: 'p', sortKey };
}

function put(sortKey: string, value: unknown, expectedVersion?: number): RowWrite {
  const step = { type: 'put', ...key(sortKey), value } as const;
  return expectedVersion === undefined ? step : { ...step, expectedVersion };
}

async function refused(rows: RowStore, steps: readonly RowWrite[]): Promise<void> {
  await assert.rejects(rows.write(steps), { code: 'ROW_CONFLICT', kind: 'conflict' });
}

async function values(rows: RowStore): Promise<Record<string, unknown>> {
  return Object.fromEntries((await rows.query('p')).map(({ sortKey, value }) => [sortKey, value]));
}
