import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { VertexSnapshot } from '../../../jobmaster/index.ts';
import type { AccumulatorRecord } from '../../../protocol/index.ts';
import { boundedAccumulators, MAX_SHOWN_CHARS } from './bounded-accumulators.ts';

const vertexOf = (...accumulators: AccumulatorRecord[]) =>
  ({ id: 'v', accumulators }) as unknown as VertexSnapshot;
const list = (name: string, chars: number): AccumulatorRecord => ({
  ...{ name, type: 'ListAccumulator', values: ['x'.repeat(chars)] },
});
const count: AccumulatorRecord = { name: 'n', type: 'IntCounter', value: 1 };

describe('boundedAccumulators', () => {
  it('keeps what fits into a row, and says of the rest that it does not', () => {
    const half = MAX_SHOWN_CHARS / 2;
    const vertices = [
      vertexOf(list('a', half), count),
      vertexOf(list('b', half), list('c', 9), count),
    ];
    const bounded = boundedAccumulators(vertices);
    const types = bounded.map(({ accumulators = [] }) => accumulators.map(({ type }) => type));
    assert.deepEqual(types, [
      ['ListAccumulator', 'IntCounter'],
      ['Failed', 'ListAccumulator', 'IntCounter'],
    ]);
    assert.ok(JSON.stringify(bounded).length < MAX_SHOWN_CHARS + 1024);
  });

  it('leaves vertices alone that count nothing', () => {
    const vertex = { id: 'v' } as unknown as VertexSnapshot;
    assert.deepEqual(boundedAccumulators([vertex]), [vertex]);
  });
});
