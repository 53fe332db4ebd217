import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamExecutionEnvironment } from './environment.ts';
import { statefulOperatorsWithoutUid } from './stateful-operators.ts';

describe('statefulOperatorsWithoutUid', () => {
  it('names sources and keyed operators, and nothing that has a uid or no state', () => {
    const env = new StreamExecutionEnvironment();
    const letters = env.fromData('a', 'b').name('letters').uid('letters');
    const more = env.fromData('c').name('more letters');
    const counted = letters
      .union(more)
      .map((letter) => ({ letter, n: 1 }))
      .keyBy('letter')
      .sum('n');
    counted.name('count').print();
    assert.deepEqual(statefulOperatorsWithoutUid(env.getStreamGraph()), [
      'Source: more letters',
      'count',
    ]);
    counted.uid('count');
    assert.deepEqual(statefulOperatorsWithoutUid(env.getStreamGraph()), ['Source: more letters']);
  });
});
