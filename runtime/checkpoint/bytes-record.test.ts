import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBlobStore } from '../testing/index.ts';
import { loadBytes, storeBytes } from './bytes-record.ts';

const LARGE = Buffer.alloc(30_000, 'x');

describe('storeBytes', () => {
  it('keeps few bytes inside the record', async () => {
    const blobs = new MemoryBlobStore();
    const record = await storeBytes(Buffer.from('few'), blobs, '/a');
    assert.deepEqual(record, { inlineBase64: 'ZmV3' });
    assert.deepEqual(blobs.locations, []);
  });

  it('names the location in the record at which the store has placed the blob', async () => {
    const sizes: number[] = [];
    const blobs = Object.assign(new MemoryBlobStore(), {
      inlineLimitBytes: 0,
      place: (location: string, sizeBytes: number) => {
        sizes.push(sizeBytes);
        return sizeBytes < 10 ? `${location}.small` : location;
      },
    });
    const small = await storeBytes(Buffer.from('few'), blobs, '/a');
    const large = await storeBytes(LARGE, blobs, '/b');
    assert.deepEqual(sizes, [3, LARGE.length]);
    assert.deepEqual(blobs.locations, ['/a.small', '/b']);
    assert.deepEqual(Buffer.from(await loadBytes(small, blobs)), Buffer.from('few'));
    assert.deepEqual(Buffer.from(await loadBytes(large, blobs)), LARGE);
  });
});
