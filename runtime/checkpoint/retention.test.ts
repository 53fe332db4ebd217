import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RetainedCheckpoint, retain } from './retention.ts';

const at = (checkpointId: number): RetainedCheckpoint => ({
  checkpointId,
  path: `/chk-${checkpointId}`,
  completedAtEpochMs: 0,
  full: false,
});
const ids = (checkpoints: readonly RetainedCheckpoint[]) =>
  checkpoints.map(({ checkpointId }) => checkpointId);

describe('retain', () => {
  it('keeps the newest and drops the others, oldest first', () => {
    const { retained, dropped } = retain([at(1), at(2), at(3)], at(4), 2);
    assert.deepEqual(
      [ids(retained), ids(dropped)],
      [
        [3, 4],
        [1, 2],
      ],
    );
  });

  it('drops nothing below the number', () => {
    const { retained, dropped } = retain([at(1)], at(2), 2);
    assert.deepEqual([ids(retained), ids(dropped)], [[1, 2], []]);
  });

  it('puts one that was found late in its place', () => {
    assert.deepEqual(ids(retain([at(2)], at(1), 2).retained), [1, 2]);
    assert.deepEqual(ids(retain([at(2)], at(1), 1).dropped), [1]);
  });
});
