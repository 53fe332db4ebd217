import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { turnKey } from '../../../checkpoint/index.ts';
import { NEW_TURN_RECORD } from '../../../jobmaster/index.ts';
import { MemoryBlobStore } from '../../memory/memory-blob-store.ts';
import { MemoryRowStore } from '../../memory/memory-row-store.ts';
import { US_EAST_1_PRICES } from '../prices.ts';
import { objectThresholdBytes, TurnStore } from './turn-store.ts';

const FENCE = { partitionKey: 'job#j', sortKey: 'coordinator' } as const;

async function worldOf(objectAboveBytes = 100) {
  const rows = new MemoryRowStore();
  const blobs = new MemoryBlobStore();
  await rows.write([{ type: 'put', ...FENCE, value: {} }]);
  const parts = { rows, blobs, objectAboveBytes, directory: 's3://b/c', onLeftBehind: () => {} };
  const by = { term: 1, fence: [{ type: 'check', ...FENCE, expectedVersion: 1 }] } as const;
  return { rows, blobs, store: new TurnStore(parts), by };
}

const LARGE = {
  ...NEW_TURN_RECORD,
  heard: Array.from({ length: 2000 }, (_, i) => `${i} ${i * 7}`),
};

describe('TurnStore', () => {
  it('gives a new record to a job that has none', async () => {
    const { store } = await worldOf();
    assert.deepEqual(await store.read('j', undefined), {
      version: 0,
      term: 0,
      record: NEW_TURN_RECORD,
    });
  });

  it('reads back small and large records, and keeps one object', async () => {
    const { store, by, blobs } = await worldOf();
    let stored = await store.read('j', undefined);
    for (const record of [NEW_TURN_RECORD, LARGE, LARGE, NEW_TURN_RECORD]) {
      stored = await store.write('j', record, stored, by);
      assert.deepEqual(await store.read('j', undefined), stored);
      assert.equal(await store.read('j', stored), stored);
      assert.equal(blobs.locations.length, record === LARGE ? 1 : 0);
    }
  });

  it('writes nothing over the turn of another, nor without the right to', async () => {
    const { store, by, rows, blobs } = await worldOf();
    const stored = await store.read('j', undefined);
    await store.write('j', NEW_TURN_RECORD, stored, by);
    await assert.rejects(store.write('j', LARGE, stored, by), {
      code: 'TURN_FENCED',
      kind: 'fenced',
    });
    const now = await store.read('j', undefined);
    await rows.write([{ type: 'put', ...FENCE, value: {} }]);
    await assert.rejects(store.write('j', LARGE, now, by), { code: 'TURN_FENCED' });
    assert.deepEqual(blobs.locations, []);
  });

  it('says that a record does not read', async () => {
    const { store, by, rows, blobs } = await worldOf();
    const { location = '' } = await store.write('j', LARGE, await store.read('j', undefined), by);
    await blobs.delete(location);
    await blobs.put(location, Buffer.from('garbage'));
    await assert.rejects(store.read('j', undefined), { code: 'TURN_CORRUPT', kind: 'data' });
    await rows.write([{ type: 'put', ...turnKey('j'), value: { term: 1 } }]);
    await assert.rejects(store.read('j', undefined), { code: 'TURN_CORRUPT' });
  });
});

describe('objectThresholdBytes', () => {
  it('is where a put costs what the units of a row do, twice in a transaction', () => {
    assert.equal(objectThresholdBytes(US_EAST_1_PRICES), 4096);
  });
});
