import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputTag } from '../operators/index.ts';
import type { AggregateFunction } from '../state/index.ts';
import {
  EventTimeSessionWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from '../windowing/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import { Types } from './types.ts';

const count: AggregateFunction<{ key: string; n: number }, number, number> = {
  createAccumulator: () => 0,
  add: (_value, sum) => sum + 1,
  getResult: (sum) => sum,
};

function program() {
  const env = new StreamExecutionEnvironment().setParallelism(2);
  const stream = env.fromData({ key: 'a', n: 1 });
  return { env, stream, keyed: stream.keyBy('key') };
}

describe('WindowedStream', () => {
  it('names the operator by its assigner and hashes by key', () => {
    const { env, keyed } = program();
    const windows = keyed.window(TumblingEventTimeWindows.of(1000));
    windows.allowedLateness('5 s').sideOutputLateData(new OutputTag('late')).sum('n').print();
    windows.aggregate(count, (_key, { window }, _counts) => void window.start);
    const [, node] = env.getStreamGraph().nodes;
    assert.equal(node?.name, 'Window(TumblingEventTimeWindows(1000))');
    assert.deepEqual(
      [node?.parallelism, node?.keyed, node?.inEdges[0]?.partitioner.kind],
      [2, true, 'HASH'],
    );
  });

  it('refuses lateness of processing time, negative lateness and wrong functions', () => {
    const { keyed } = program();
    const processing = keyed.window(TumblingProcessingTimeWindows.of(1000));
    const noLateness = { code: 'INVALID_ARGUMENT', message: /windows of event time/ };
    assert.throws(() => processing.allowedLateness(1), noLateness);
    assert.throws(() => processing.sideOutputLateData(new OutputTag('late')), noLateness);
    const windows = keyed.window(TumblingEventTimeWindows.of(1000));
    assert.throws(() => windows.allowedLateness(-1), { code: 'MALFORMED_DURATION' });
    assert.throws(() => windows.allowedLateness({} as never), { code: 'INVALID_ARGUMENT' });
    assert.throws(() => windows.process({} as never), { code: 'INVALID_FUNCTION' });
    assert.throws(() => windows.aggregate({} as never), { message: /createAccumulator/ });
    assert.throws(() => windows.reduce((a) => a, {} as never), { message: /process/ });
    assert.throws(() => windows.sideOutputLateData('x' as never), { message: /OutputTag/ });
  });

  it('refuses sessions over an aggregate function that cannot merge', () => {
    const sessions = program().keyed.window(EventTimeSessionWindows.withGap(1000));
    assert.throws(() => sessions.aggregate(count), { code: 'AGGREGATE_NEEDS_MERGE' });
  });
});

describe('AllWindowedStream', () => {
  it('runs in one subtask whatever the environment says, and in no other number', () => {
    const { env, stream } = program();
    const result = stream.windowAll(TumblingEventTimeWindows.of(1000)).maxBy('n');
    const node = env.getStreamGraph().nodes[1];
    assert.deepEqual(
      [node?.name, node?.parallelism],
      ['AllWindow(TumblingEventTimeWindows(1000))', 1],
    );
    assert.throws(() => result.setParallelism(2), { code: 'NON_PARALLEL_OPERATOR' });
  });
});

describe('Types', () => {
  it('describes rows field by field, in order', () => {
    const row = Types.row({ b: Types.int, a: Types.nullable(Types.array(Types.date)) });
    assert.deepEqual(row.type, {
      kind: 'row',
      fields: [
        { name: 'b', type: { kind: 'int' } },
        {
          name: 'a',
          type: { kind: 'nullable', inner: { kind: 'array', element: { kind: 'date' } } },
        },
      ],
    });
  });

  it('refuses what is no type', () => {
    const wrong = { kind: 'invalid', code: 'INVALID_TYPE' };
    assert.throws(() => Types.row({}), wrong);
    assert.throws(() => Types.row({ a: 'long' as never }), { ...wrong, message: /field 'a'/ });
    assert.throws(() => Types.array(undefined as never), wrong);
    assert.throws(() => Types.nullable({} as never), wrong);
  });
});
