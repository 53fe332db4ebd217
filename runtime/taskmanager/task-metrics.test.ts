import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import { withEarlier } from './task-metrics.ts';

const metrics = (changed: Partial<TaskMetricsRecord>): TaskMetricsRecord => ({
  ...{ vertexId: 'v', subtaskIndex: 0, numRecordsIn: 1, numRecordsOut: 1, numBytesIn: 1 },
  ...{ numBytesOut: 1, numRecordsFallback: 0, maxPendingBytes: 0, currentInputWatermarkMs: 0 },
  ...{ busyTimeMs: 1, backPressuredTimeMs: 1, idleTimeMs: 1, operatorMetrics: {} },
  ...changed,
});

describe('withEarlier', () => {
  it('adds what the subtask has counted in an earlier lease, accumulators too', () => {
    const before = metrics({ accumulators: [{ name: 'n', type: 'LongCounter', value: 5 }] });
    const other = metrics({ ...before, subtaskIndex: 1 });
    const now = metrics({
      numRecordsIn: 4,
      accumulators: [
        { name: 'n', type: 'LongCounter', value: 2 },
        { name: 'm', type: 'IntMaximum', value: 9 },
      ],
    });
    const { numRecordsIn, accumulators } = withEarlier(now, [other, before]);
    assert.equal(numRecordsIn, 5);
    assert.deepEqual(accumulators, [
      { name: 'n', type: 'LongCounter', value: 7 },
      { name: 'm', type: 'IntMaximum', value: 9 },
    ]);
    assert.equal('accumulators' in withEarlier(metrics({}), [metrics({})]), false);
  });

  it('adds what its operators have taken, where they tell it', () => {
    const operators = (numRecordsIn: number) => [
      { operatorId: 'a', numRecordsIn, numRecordsOut: 1 },
      { operatorId: 'b', numRecordsOut: 1 },
    ];
    const now = metrics({ operators: operators(4) });
    const added = withEarlier(now, [metrics({ operators: operators(3) })]).operators;
    assert.deepEqual(added, [
      { operatorId: 'a', numRecordsIn: 7, numRecordsOut: 2 },
      { operatorId: 'b', numRecordsOut: 2 },
    ]);
  });
});
