import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../core/index.ts';
import {
  broadcastPartitioner,
  customPartitioner,
  forwardPartitioner,
  globalPartitioner,
  hashPartitioner,
  rebalancePartitioner,
  shufflePartitioner,
} from './index.ts';

const rng = (...draws: number[]) => ({ next: () => draws.shift() ?? 0 });

describe('partitioners', () => {
  it('forward and global take the first channel, broadcast all', () => {
    assert.equal(forwardPartitioner().select('x', 0), 0);
    assert.equal(globalPartitioner().select('x', 0), 0);
    assert.equal(globalPartitioner().broadcast, false);
    assert.equal(broadcastPartitioner().broadcast, true);
  });

  it('rebalance goes round from a drawn channel', () => {
    const partitioner = rebalancePartitioner(3, rng(0.4));
    const channels = [1, 2, 3, 4].map((value) => partitioner.select(value, 0));
    assert.deepEqual(channels, [1, 2, 0, 1]);
    assert.equal(partitioner.keyGroup, -1);
  });

  it('shuffle draws each channel', () => {
    const partitioner = shufflePartitioner(4, rng(0, 0.99, 0.5));
    assert.deepEqual(
      [1, 2, 3].map((value) => partitioner.select(value, 0)),
      [0, 3, 2],
    );
  });

  it('hash takes the owner of the key group and tells the key group', () => {
    const partitioner = hashPartitioner((value) => value, 2, 128);
    const select = (key: unknown) => [partitioner.select(key, 0), partitioner.keyGroup];
    assert.deepEqual(select('key1'), [0, 41]);
    assert.deepEqual(select(1), [1, 86]);
    assert.deepEqual(select({ a: 1, b: 2 }), select({ b: 2, a: 1 }));
  });

  it('hash refuses a record without a key', () => {
    const partitioner = hashPartitioner(() => undefined, 2, 128);
    assert.throws(
      () => partitioner.select({}, 0),
      (error) => isStreamError(error) && error.code === 'KEY_UNDEFINED',
    );
  });

  it('custom refuses a channel that does not exist', () => {
    for (const returned of [2, -1, 0.5, Number.NaN, '0', undefined]) {
      const partitioner = customPartitioner(() => returned as number, String, 2);
      assert.throws(
        () => partitioner.select('x', 0),
        (error) =>
          isStreamError(error) &&
          error.kind === 'user' &&
          error.code === 'PARTITION_OUT_OF_RANGE' &&
          error.message.endsWith(`returned=${String(returned)} numPartitions=2`),
      );
    }
    assert.equal(
      customPartitioner(
        (key, n) => Number(key) % n,
        (v) => v,
        3,
      ).select(5, 0),
      2,
    );
  });
});
