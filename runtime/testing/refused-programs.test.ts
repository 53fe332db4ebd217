/**
 * Goal: what contradicts itself is refused while the graph is built, with the operator's name and
 * what to do. Method: a table of programs; none of them runs.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AsyncDataStream, AsyncRetryStrategies } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { isStreamError } from '../core/index.ts';
import { MapStateDescriptor } from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from '../windowing/index.ts';
import { itRefuses, nothing, type Order, Program, type Refusal } from './refused-program.ts';

const STREAMS: readonly Refusal[] = [
  {
    what: 'a key selector that is none',
    program: ({ orders }) => orders.keyBy(nothing),
    code: 'INVALID_ARGUMENT',
    names: 'KeyBy',
    remedy: /expects a field name or a function/,
  },
  {
    what: 'a function that is none',
    program: ({ orders }) => orders.map(nothing),
    code: 'INVALID_FUNCTION',
    names: 'Map',
    remedy: /expects a function or an object with a method 'map'/,
  },
  {
    what: 'a field that is none',
    program: ({ keyed }) => keyed.sum('' as never),
    code: 'INVALID_NAME',
    names: 'Keyed Aggregation',
    remedy: /must be a text that is not empty/,
  },
  {
    what: 'a union with a keyed stream',
    program: ({ orders, keyed }) => orders.union(keyed as never),
    code: 'INVALID_ARGUMENT',
    names: 'Union',
    remedy: /expects a stream that is not keyed/,
  },
  {
    what: 'a stream of another environment',
    program: ({ orders }) => orders.union(new Program().orders),
    code: 'FOREIGN_STREAM',
    names: 'Union',
    remedy: /streams of one job come from one environment/,
  },
  {
    what: 'a keyed stream connected to one without keys',
    program: ({ keyed, other }) => keyed.connect(other as never),
    code: 'INVALID_ARGUMENT',
    names: 'Connect',
    remedy: /call keyBy, or broadcast with a MapStateDescriptor, on the other stream/,
  },
  {
    what: 'a stream without keys connected to a keyed one',
    program: ({ orders, keyed }) => orders.connect(keyed as never),
    code: 'INVALID_ARGUMENT',
    names: 'Connect',
    remedy: /expects a stream that is not keyed/,
  },
  {
    what: 'timers of a broadcast process function without keys',
    program: ({ orders, other }) =>
      orders.connect(other.broadcast(new MapStateDescriptor('rules'))).process({
        ...{ processElement: () => {}, processBroadcastElement: () => {}, onTimer: () => {} },
      } as never),
    code: 'INVALID_FUNCTION',
    names: 'Co-Process-Broadcast',
    remedy: /call keyBy before connect/,
  },
  {
    what: 'two broadcast states of one name',
    program: ({ orders }) =>
      orders.broadcast(new MapStateDescriptor('rules'), new MapStateDescriptor('rules')),
    code: 'INVALID_ARGUMENT',
    names: 'Broadcast',
    remedy: /two descriptors with one name/,
  },
  {
    what: 'broadcast state that is queryable',
    program: ({ orders }) => orders.broadcast(new MapStateDescriptor('rules').setQueryable()),
    code: 'INVALID_ARGUMENT',
    names: 'Broadcast',
    remedy: /leave queryable out of the descriptor 'rules'/,
  },
  {
    what: 'broadcast state with a time to live',
    program: ({ orders }) =>
      orders.broadcast(new MapStateDescriptor('rules', { ttl: { ttlMs: 1000 } })),
    code: 'INVALID_ARGUMENT',
    names: 'Broadcast',
    remedy: /remove entries in processBroadcastElement, and ttl from the descriptor/,
  },
  {
    what: 'watermark alignment of what is no source',
    program: ({ orders }) =>
      orders.assignTimestampsAndWatermarks(
        WatermarkStrategy.forMonotonousTimestamps<Order>().withWatermarkAlignment('all', '1 s'),
      ),
    code: 'INVALID_ARGUMENT',
    names: 'Timestamps/Watermarks',
    remedy: /give fromSource the strategy with watermark alignment/,
  },
  {
    what: 'watermark alignment with a negative drift',
    program: () => WatermarkStrategy.forMonotonousTimestamps().withWatermarkAlignment('all', -1),
    code: 'ALIGNMENT_INVALID',
    names: 'aligned watermarks',
    remedy: /must be zero or more milliseconds/,
  },
  {
    what: 'watermark alignment without watermarks',
    program: () => WatermarkStrategy.noWatermarks().withWatermarkAlignment('all', 1),
    code: 'ALIGNMENT_INVALID',
    names: 'noWatermarks',
    remedy: /choose a strategy that makes some/,
  },
  {
    what: 'a source without a strategy',
    program: ({ env }) =>
      env.fromSource(generatorSource({ generate: (n) => n, count: 1 }), nothing, 'numbers'),
    code: 'INVALID_ARGUMENT',
    names: 'Source: numbers',
    remedy: /such as WatermarkStrategy\.noWatermarks\(\)/,
  },
];

const JOINS: readonly Refusal[] = [
  {
    what: 'an interval join with a stream without keys',
    program: ({ keyed, other }) => keyed.intervalJoin(other as never),
    code: 'INVALID_ARGUMENT',
    names: 'Interval Join',
    remedy: /call keyBy on the other stream/,
  },
  {
    what: 'an interval that ends before it begins',
    program: ({ keyed, other }) => keyed.intervalJoin(other.keyBy('shop')).between('1 s', '0 s'),
    code: 'INVALID_ARGUMENT',
    names: 'Interval Join',
    remedy: /expects the lower bound first/,
  },
  {
    what: 'an interval with nothing between its bounds',
    program: ({ keyed, other }) =>
      keyed
        .intervalJoin(other.keyBy('shop'))
        .between(1, 1)
        .lowerBoundExclusive()
        .process(() => {}),
    code: 'INVALID_ARGUMENT',
    names: 'Interval Join',
    remedy: /widen them, or make one inclusive/,
  },
  {
    what: 'an interval join in processing time',
    program: ({ keyed, other }) =>
      keyed.intervalJoin(other.keyBy('shop')).inProcessingTime().between(0, 1),
    code: 'INVALID_ARGUMENT',
    names: 'Interval Join',
    remedy: /remove inProcessingTime\(\), or join windows of processing time/,
  },
  {
    what: 'lateness of a coGroup in processing time',
    program: ({ orders, other }) =>
      orders
        .coGroup(other)
        .where('shop')
        .equalTo('shop')
        .window(TumblingProcessingTimeWindows.of(1000))
        .allowedLateness('1 s'),
    code: 'INVALID_ARGUMENT',
    names: 'CoGroup',
    remedy: /needs windows of event time/,
  },
  {
    what: 'a join without a key',
    program: ({ orders, other }) => orders.join(other).where(nothing),
    code: 'INVALID_ARGUMENT',
    names: 'Join',
    remedy: /expects a field name or a function/,
  },
];

const answer = async (order: Order): Promise<Order> => order;
const ASYNC = 'async wait operator';
const ASYNC_IO: readonly Refusal[] = [
  {
    what: 'no capacity',
    program: ({ orders }) => AsyncDataStream.unorderedWait(orders, answer, '1 s', 0),
    code: 'INVALID_ARGUMENT',
    names: ASYNC,
    remedy: /must be an integer from 1/,
  },
  {
    what: 'a negative timeout',
    program: ({ orders }) => AsyncDataStream.orderedWait(orders, answer, -1),
    code: 'MALFORMED_DURATION',
    names: ASYNC,
    remedy: /a duration such as .* or a number of milliseconds/,
  },
  {
    what: 'retries without a timeout',
    program: ({ orders }) =>
      AsyncDataStream.orderedWaitWithRetry(
        ...([orders, answer, 0, 10] as const),
        AsyncRetryStrategies.fixedDelay<Order>(3, '1 s'),
      ),
    code: 'INVALID_ARGUMENT',
    names: ASYNC,
    remedy: /must be longer than 0/,
  },
  {
    what: 'a retry strategy that is none',
    program: ({ orders }) =>
      AsyncDataStream.orderedWaitWithRetry(orders, answer, '1 s', 10, nothing),
    code: 'INVALID_ARGUMENT',
    names: ASYNC,
    remedy: /such as AsyncRetryStrategies\.fixedDelay/,
  },
];

const GRAPH: readonly Refusal[] = [
  {
    what: 'no parallelism',
    program: ({ orders }) => orders.map((order) => order).setParallelism(0),
    code: 'INVALID_PARALLELISM',
    names: 'Map',
    remedy: /must be a positive integer/,
  },
  {
    what: 'a max parallelism beyond all key groups',
    program: ({ orders }) => orders.map((order) => order).setMaxParallelism(40_000),
    code: 'INVALID_MAX_PARALLELISM',
    names: 'Map',
    remedy: /must be an integer from 1 to 32768/,
  },
  {
    what: 'more subtasks than key groups',
    program: (of) => {
      of.keyed.sum('cents').name('totals').setParallelism(4).setMaxParallelism(2).print();
      of.build();
    },
    code: 'PARALLELISM_ABOVE_MAX',
    names: 'totals',
    remedy: /lower its parallelism or raise its max parallelism/,
  },
  {
    what: 'windows over all in two subtasks',
    program: ({ orders }) =>
      orders.windowAll(TumblingEventTimeWindows.of(1000)).sum('cents').setParallelism(2),
    code: 'NON_PARALLEL_OPERATOR',
    names: 'AllWindow(TumblingEventTimeWindows(1000))',
    remedy: /leave it at 1, or key the stream first/,
  },
  {
    what: 'two operators of one uid',
    program: (of) => {
      of.orders
        .map((order) => order)
        .uid('same')
        .print();
      of.other
        .filter(() => true)
        .uid('same')
        .print();
      of.build();
    },
    code: 'DUPLICATE_UID',
    names: "'Map' and 'Filter'",
    remedy: /give each its own/,
  },
  {
    what: 'forward between different parallelism',
    program: (of) => {
      of.orders
        .rebalance()
        .map((order) => order)
        .setParallelism(2)
        .forward()
        .filter(() => true)
        .setParallelism(3)
        .print();
      of.build();
    },
    code: 'FORWARD_PARALLELISM_MISMATCH',
    names: 'Filter',
    remedy: /use rebalance\(\)/,
  },
  {
    what: 'an operator without a name',
    program: ({ orders }) => orders.map((order) => order).name(' '),
    code: 'INVALID_NAME',
    names: 'Map',
    remedy: /must be a text that is not empty/,
  },
];

describe('streams and times that contradict themselves', () => {
  itRefuses(STREAMS);
});

describe('joins that contradict themselves', () => {
  itRefuses(JOINS);
});

describe('asynchronous I/O that contradicts itself', () => {
  itRefuses(ASYNC_IO);
});

describe('graphs that contradict themselves', () => {
  itRefuses(GRAPH);
});

describe('a refusal', () => {
  it('says what the operator would have read, and keeps the line of the program', () => {
    const { orders } = new Program();
    try {
      orders.map(nothing);
      assert.fail('taken');
    } catch (thrown) {
      assert.ok(isStreamError(thrown));
      const { operator, input } = thrown.details;
      assert.deepEqual([operator, input], ['Map', 'Source: orders']);
      assert.match(String(thrown.stack), /refused-programs\.test/);
    }
  });
});
