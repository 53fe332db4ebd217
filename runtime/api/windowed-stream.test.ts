import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputTag } from '../operators/index.ts';
import type { AggregateFunction } from '../state/index.ts';
import {
  ContinuousEventTimeTrigger,
  CountEvictor,
  CountTrigger,
  DeltaEvictor,
  DeltaTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  PurgingTrigger,
  TimeEvictor,
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

describe('triggers and evictors of a windowed stream', () => {
  it('are in the name of the operator', () => {
    const { env, stream, keyed } = program();
    keyed.countWindow(3).sum('n').print();
    keyed.countWindow(4, 2).sum('n').print();
    stream.countWindowAll(5).sum('n').print();
    const trigger = ContinuousEventTimeTrigger.of('1 s');
    stream.windowAll(TumblingEventTimeWindows.of(1000)).trigger(trigger).sum('n').print();
    const names = env.getStreamGraph().nodes.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => name.includes('Window(')),
      [
        'Window(GlobalWindows(), PurgingTrigger(CountTrigger(3)))',
        'Window(GlobalWindows(), CountTrigger(2), CountEvictor(4))',
        'AllWindow(GlobalWindows(), PurgingTrigger(CountTrigger(5)))',
        'AllWindow(TumblingEventTimeWindows(1000), ContinuousEventTimeTrigger(1000))',
      ],
    );
  });

  it('refuse counts that are no whole numbers over 0', () => {
    const { stream, keyed } = program();
    const wrong = { kind: 'invalid', code: 'WINDOW_INVALID' };
    const size = { ...wrong, message: /countWindow needs a whole number over 0: size=0/ };
    assert.throws(() => keyed.countWindow(0), size);
    assert.throws(() => keyed.countWindow(2.5), wrong);
    assert.throws(() => keyed.countWindow(2, -1), { ...wrong, message: /slide=-1/ });
    assert.throws(() => stream.countWindowAll('3' as never), wrong);
    assert.throws(() => CountTrigger.of(Number.NaN), wrong);
    assert.throws(() => CountEvictor.of(0), wrong);
    assert.throws(() => TimeEvictor.of(0), wrong);
    assert.throws(() => ContinuousEventTimeTrigger.of(-5), wrong);
    assert.throws(() => DeltaEvictor.of(1, undefined as never), wrong);
    assert.throws(() => DeltaTrigger.of(Number.NaN, () => 0), wrong);
    assert.throws(() => TumblingEventTimeWindows.of(10, 0, 'SOME' as never), wrong);
    assert.throws(() => EventTimeSessionWindows.withGap(0), wrong);
  });

  it('refuse a trigger that cannot merge over windows that do, with the operator and a way', () => {
    const sessions = program().keyed.window(EventTimeSessionWindows.withGap(1000));
    const trigger = DeltaTrigger.of<{ n: number }>(1, (a, b) => b.n - a.n);
    assert.throws(() => sessions.trigger(trigger), {
      code: 'WINDOW_INVALID',
      message:
        /canMerge.*trigger=DeltaTrigger\(1\) operator=Window\(EventTimeSessionWindows\(1000\)\)/,
    });
    const timeout = ProcessingTimeoutTrigger.of(CountTrigger.of(2), 10);
    assert.throws(() => sessions.trigger(PurgingTrigger.of(timeout)), { code: 'WINDOW_INVALID' });
    sessions.trigger(PurgingTrigger.of(CountTrigger.of(2))).sum('n');
  });

  it('refuse global windows that nothing fires, and lateness of those', () => {
    const globals = program().keyed.window(GlobalWindows.create());
    assert.throws(() => globals.sum('n'), {
      code: 'WINDOW_INVALID',
      message: /never fire.*call trigger.*operator=Window\(GlobalWindows\(\)\)/,
    });
    assert.throws(() => globals.allowedLateness(1), { message: /windows of event time/ });
    globals.trigger(NeverTrigger.create()).sum('n');
    program().keyed.window(GlobalWindows.createWithEndOfStreamTrigger()).sum('n');
  });

  it('refuse what is no trigger, no evictor and no assigner', () => {
    const { keyed } = program();
    const windows = keyed.window(TumblingEventTimeWindows.of(1000));
    const wrong = { code: 'WINDOW_INVALID' };
    assert.throws(() => windows.trigger({} as never), { ...wrong, message: /onElement/ });
    assert.throws(() => windows.trigger(undefined as never), wrong);
    assert.throws(() => windows.evictor({} as never), { ...wrong, message: /evictBefore/ });
    assert.throws(() => PurgingTrigger.of(undefined as never), wrong);
    const assigner = { isEventTime: true } as never;
    assert.throws(() => keyed.window(assigner), { message: /assignWindows/ });
  });

  it('refuse an evictor of what is folded as it comes, but not of sliding count windows', () => {
    const { keyed } = program();
    const evicted = keyed.window(TumblingEventTimeWindows.of(1000)).evictor(CountEvictor.of(2));
    const refused = { code: 'WINDOW_INVALID', message: /use process or apply/ };
    assert.throws(() => evicted.aggregate(count), refused);
    assert.throws(() => evicted.reduce((a) => a, { process: () => {} }), refused);
    evicted.reduce((a) => a);
    evicted.sum('n');
    keyed.countWindow(4, 2).aggregate(count);
    keyed
      .countWindow(4, 2)
      .evictor(CountEvictor.of(2))
      .reduce((a) => a);
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
