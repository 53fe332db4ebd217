import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { RowStore, RowWrite } from '../../checkpoint/index.ts';
import { testRowStoreConformance } from '../row-store.conformance.ts';
import { LogRowStore } from './log-row-store.ts';
import { closedLater, temporaryDirectory } from './temporary-directory.conformance.ts';

testRowStoreConformance('log', async () => openStore(await temporaryDirectory()));

testRowStoreConformance('log, written here and there in turn', async () => {
  const directory = await temporaryDirectory();
  const stores = [await openStore(directory), await openStore(directory)] as const;
  let calls = 0;
  const next = (): RowStore => stores[calls++ % 2 === 0 ? 0 : 1];
  return {
    get: (partitionKey, sortKey) => next().get(partitionKey, sortKey),
    query: (partitionKey, query) => next().query(partitionKey, query),
    write: (steps) => next().write(steps),
  };
});

describe('LogRowStore', () => {
  it('finds its rows again', async () => {
    const directory = await temporaryDirectory();
    const before = await openStore(directory);
    for (const value of ['a', 'b']) await before.write([put('x', value)]);
    await before.close();
    const after = await openStore(directory);
    assert.deepEqual(await after.query('p'), [row('x', 2, 'b')]);
  });

  it('shows a write to other instances at once, and lets one of two win', async () => {
    const directory = await temporaryDirectory();
    const [a, b] = [await openStore(directory), await openStore(directory)];
    await a.write([put('x', 'a', 0)]);
    assert.deepEqual(await b.get('p', 'x'), row('x', 1, 'a'));
    for (let round = 1; round <= 50; round++) {
      const results = await Promise.allSettled([
        a.write([put('x', `a${round}`, round)]),
        b.write([put('x', `b${round}`, round)]),
      ]);
      const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? ['ab'[i]] : []));
      const expected = row('x', round + 1, `${winners[0]}${round}`);
      assert.equal(winners.length, 1);
      assert.deepEqual([await a.get('p', 'x'), await b.get('p', 'x')], [expected, expected]);
    }
  });

  it('goes on after an append was cut off at any byte', async () => {
    const directory = await temporaryDirectory();
    const first = await openStore(directory);
    await first.write([put('x', 'one')]);
    const whole = (await readFile(`${directory}/rows.log`)).length;
    await first.write([put('x', 'zwei ü'), put('y', 'two')]);
    await first.close();
    const bytes = await readFile(`${directory}/rows.log`);
    for (let length = whole; length <= bytes.length; length++) {
      const torn = await temporaryDirectory();
      await writeFile(`${torn}/rows.log`, bytes.subarray(0, length));
      const [a, b] = [await openStore(torn), await openStore(torn)];
      // All but the line's end is enough.
      const isThere = length >= bytes.length - 1;
      const expected = isThere ? [row('x', 2, 'zwei ü'), row('y', 1, 'two')] : [row('x', 1, 'one')];
      assert.deepEqual(await a.query('p'), expected, `cut at ${length}`);
      await a.write([put('z', 'three', 0)]);
      assert.deepEqual(await b.query('p'), [...expected, row('z', 1, 'three')]);
      const reopened = await openStore(torn);
      assert.deepEqual(await reopened.query('p'), [...expected, row('z', 1, 'three')]);
      for (const store of [a, b, reopened]) await store.close();
    }
  });

  it('skips lines that are damaged, and keeps the others', async () => {
    const directory = await temporaryDirectory();
    const first = await openStore(directory);
    for (const name of ['a', 'b', 'c']) await first.write([put(name, name)]);
    await first.close();
    const text = await readFile(`${directory}/rows.log`, 'utf8');
    await writeFile(`${directory}/rows.log`, text.replace('"value":"b"', '"value":"X"'));
    await appendFile(`${directory}/rows.log`, '\0\0\0\nnonsense\n\n');
    const second = await openStore(directory);
    assert.deepEqual(await second.query('p'), [row('a', 1, 'a'), row('c', 1, 'c')]);
  });

  it('waits for the rest of a line that another process is writing', async () => {
    const directory = await temporaryDirectory();
    const writer = await openStore(directory);
    await writer.write([put('x', 'one')]);
    await writer.close();
    const bytes = await readFile(`${directory}/rows.log`);
    await truncate(`${directory}/rows.log`, 10);
    const reader = await openStore(directory);
    assert.deepEqual(await reader.query('p'), []);
    await appendFile(`${directory}/rows.log`, bytes.subarray(10));
    assert.deepEqual(await reader.query('p'), [row('x', 1, 'one')]);
  });

  it('says that a directory is not there', async () => {
    const directory = await temporaryDirectory();
    await assert.rejects(LogRowStore.open(`${directory}/missing`), {
      code: 'ROW_STORE_NOT_READABLE',
      message: /reason=ENOENT$/,
    });
  });

  it('fails writes after it was closed', async () => {
    const store = await openStore(await temporaryDirectory());
    await store.close();
    await assert.rejects(store.write([put('x', 1)]), { code: 'ROW_STORE_NOT_WRITABLE' });
    await assert.rejects(store.get('p', 'x'), { code: 'ROW_STORE_NOT_READABLE' });
  });
});

describe('LogRowStore, when its file has grown', () => {
  it('goes on in a smaller file, and so do others that have it open', async () => {
    const directory = await temporaryDirectory();
    const old = await openStore(directory);
    for (let n = 1; n <= 40; n++) await old.write([put('x', n)]);
    const opened = await openStore(directory, 1000);
    assert.match(
      (await readdir(directory)).sort().join(' '),
      /^rows-2-[0-9a-f-]{36}\.log rows\.log$/,
    );
    assert.deepEqual(await opened.get('p', 'x'), row('x', 40, 40));
    await old.write([put('x', 41, 40)]);
    assert.deepEqual(await opened.get('p', 'x'), row('x', 41, 41));
    await opened.write([put('x', 42, 41)]);
    assert.deepEqual(await old.get('p', 'x'), row('x', 42, 42));
    const third = await openStore(directory);
    assert.deepEqual(await third.get('p', 'x'), row('x', 42, 42));
  });

  it('does so again and again, and deletes what is replaced', async () => {
    const directory = await temporaryDirectory();
    const asleep = await openStore(directory);
    let version = 0;
    for (let generation = 2; generation <= 5; generation++) {
      const store = await openStore(directory, 1000);
      for (let n = 0; n < 30; n++) await store.write([put('x', 'v', version++)]);
      await store.close();
    }
    const names = (await readdir(directory)).sort();
    assert.match(names.join(' '), /^rows-4-[0-9a-f-]{36}\.log rows\.log$/);
    // It wakes up, and its file has moved to one that is deleted.
    await asleep.write([put('x', 'awake', version)]);
    const store = await openStore(directory);
    assert.deepEqual(await store.get('p', 'x'), row('x', version + 1, 'awake'));
  });

  it('says which file is missing when one was deleted by hand', async () => {
    const directory = await temporaryDirectory();
    const old = await openStore(directory);
    for (let n = 1; n <= 40; n++) await old.write([put('x', n)]);
    await (await openStore(directory, 1000)).close();
    const name = (await readdir(directory)).find((file) => file !== 'rows.log');
    await unlink(`${directory}/${name}`);
    const lost = { code: 'ROW_LOG_LOST', kind: 'data', details: { path: `${directory}/${name}` } };
    await assert.rejects(LogRowStore.open(directory), lost);
    await assert.rejects(old.write([put('x', 41)]), lost);
  });

  it('ignores a new file that was not adopted before a crash', async () => {
    const directory = await temporaryDirectory();
    const old = await openStore(directory);
    await old.write([put('x', 1)]);
    await writeFile(`${directory}/rows-2-0f8fad5b-d9cb-469f-a165-70867728950e.log`, '\nhalf');
    const store = await openStore(directory);
    assert.deepEqual(await store.get('p', 'x'), row('x', 1, 1));
  });
});

function openStore(directory: string, compactAboveBytes?: number): Promise<LogRowStore> {
  return closedLater(LogRowStore.open(directory, compactAboveBytes));
}

function put(sortKey: string, value: unknown, expectedVersion?: number): RowWrite {
  const step = { type: 'put', partitionKey: 'p', sortKey, value } as const;
  return expectedVersion === undefined ? step : { ...step, expectedVersion };
}

function row(sortKey: string, version: number, value: unknown): unknown {
  return { partitionKey: 'p', sortKey, version, value };
}
