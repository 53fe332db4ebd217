import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accumulatorLines } from './accumulator-text.ts';

describe('accumulatorLines', () => {
  it('writes values as Flink does, and of lists how long they are', () => {
    const lines = accumulatorLines([
      { name: 'seen', type: 'IntCounter', value: 5 },
      { name: 'kept', type: 'ListAccumulator', values: ['a', 'b'] },
      { name: 'sizes', type: 'Histogram', entries: [[1, 2]] },
    ]);
    assert.deepEqual(lines?.split('\n'), [
      'Accumulator Results: ',
      '- seen (IntCounter): 5',
      '- kept (ListAccumulator) [2 elements]',
      '- sizes (Histogram): {1=2}',
    ]);
    assert.equal(accumulatorLines([]), undefined);
  });
});
