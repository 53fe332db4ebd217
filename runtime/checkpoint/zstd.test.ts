import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compress, decompress } from './zstd.ts';

const SIZES = [0, 1, 254, 255, 256, 1000, 16 * 1024, 16 * 1024 + 1, 300_000];

function sample(sizeBytes: number): Buffer {
  return Buffer.from(Array.from({ length: sizeBytes }, (_, i) => (i * i) % 251));
}

describe('compress', () => {
  it('makes frames that zstd reads, of pieces of any size', async () => {
    for (const sizeBytes of SIZES) {
      const bytes = sample(sizeBytes);
      assert.deepEqual(zstdDecompressSync(await compress(bytes)), bytes, `${sizeBytes} bytes`);
    }
  });

  it('adds nine bytes to the smallest pieces', async () => {
    assert.equal((await compress(sample(255))).length, 255 + 9);
  });
});

describe('decompress', () => {
  it('reads back what was compressed, and what zstd has compressed', async () => {
    for (const sizeBytes of SIZES) {
      const bytes = sample(sizeBytes);
      assert.deepEqual(await decompress(await compress(bytes), sizeBytes), bytes);
      assert.deepEqual(await decompress(zstdCompressSync(bytes), sizeBytes), bytes);
    }
  });

  it('refuses small frames that are damaged or of another size', async () => {
    const stored = await compress(sample(20));
    await assert.rejects(decompress(stored, 19), RangeError);
    await assert.rejects(decompress(stored, 21), RangeError);
    await assert.rejects(decompress(stored.subarray(0, 28), 20));
    for (let at = 0; at < 9; at += 1) {
      const damaged = Buffer.from(stored);
      damaged[at] = (damaged[at] ?? 0) ^ 0x08;
      await assert.rejects(decompress(damaged, 20), `byte ${at}`);
    }
  });
});
