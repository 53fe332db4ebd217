import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPartitioner } from './create-partitioner.ts';
import type { PartitionerSpec } from './stream-graph.ts';

const rng = { next: () => 0 };

function picks(spec: PartitionerSpec, values: readonly unknown[]): readonly number[] {
  const partitioner = createPartitioner(spec, { channelCount: 3, maxParallelism: 128, rng });
  return values.map((value) => partitioner.select(value, 0));
}

describe('createPartitioner', () => {
  it('goes round all channels for rebalance and rescale', () => {
    assert.deepEqual(picks({ kind: 'REBALANCE' }, [1, 2, 3, 4]), [0, 1, 2, 0]);
    assert.deepEqual(picks({ kind: 'RESCALE' }, [1, 2, 3, 4]), [0, 1, 2, 0]);
  });

  it('stays on one channel for forward and global, takes chance for shuffle', () => {
    for (const kind of ['FORWARD', 'GLOBAL', 'SHUFFLE'] as const) {
      assert.deepEqual(picks({ kind }, [1, 2]), [0, 0]);
    }
  });

  it('sends equal keys to one channel', () => {
    const keySelector = (value: unknown) => String(value);
    const [a, b, again] = picks({ kind: 'HASH', keySelector }, ['key1', 'hello', 'key1']);
    assert.equal(a, again);
    // Key groups 41 and 35 of 128 over three subtasks.
    assert.deepEqual([a, b], [0, 0]);
  });

  it("asks the job's own function and marks broadcast", () => {
    const spec = { kind: 'CUSTOM', partition: Number, keySelector: (v: unknown) => v } as const;
    assert.deepEqual(picks(spec, [2, 0]), [2, 0]);
    const place = { channelCount: 3, maxParallelism: 128, rng };
    assert.equal(createPartitioner({ kind: 'BROADCAST' }, place).broadcast, true);
  });
});
