import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generateJobGraph } from '../graph/index.ts';
import { type CoMapFunction, OutputTag } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import { Types } from './types.ts';

const newEnv = () => new StreamExecutionEnvironment().setParallelism(2);
const strategy = WatermarkStrategy.forMonotonousTimestamps<number>();
const coMap: CoMapFunction<number, number, string> = { map1: String, map2: String };

function shape(env: StreamExecutionEnvironment): readonly string[] {
  return env.getStreamGraph().nodes.map((node) => {
    const inputs = node.inEdges.map((edge) => `${edge.sourceNodeId}:${edge.partitioner.kind}`);
    return `${node.id} ${node.name} [${inputs.join(' ')}]`;
  });
}

describe('DataStream', () => {
  it('chains one-input operators', () => {
    const env = newEnv();
    env
      .fromSequence(1, 9)
      .map((n) => n + 1)
      .flatMap((n) => [n, n])
      .filter((n) => n > 2)
      .process<number>((n, _ctx, out) => out.collect(n))
      .assignTimestampsAndWatermarks(strategy)
      .print('x');
    assert.deepEqual(
      generateJobGraph(env.getStreamGraph()).vertices.map((vertex) => vertex.name),
      [
        'Source: Sequence -> Map -> Flat Map -> Filter -> Process -> Timestamps/Watermarks -> ' +
          'Sink: print(x)',
      ],
    );
  });

  it('partitions as it is told', () => {
    const env = newEnv();
    const s = env.fromSequence(1, 9);
    for (const stream of [
      s.rebalance(),
      s.rescale(),
      s.shuffle(),
      s.broadcast(),
      s.global(),
      s.forward(),
      s.partitionCustom(
        (key: number, count) => key % count,
        (n) => n,
      ),
    ]) {
      stream.print();
    }
    s.keyBy((n) => n % 2).print();
    const edges = env.getStreamGraph().nodes.flatMap((node) => node.inEdges);
    assert.deepEqual(
      edges.map((edge) => edge.partitioner.kind),
      ['REBALANCE', 'RESCALE', 'SHUFFLE', 'BROADCAST', 'GLOBAL', 'FORWARD', 'CUSTOM', 'HASH'],
    );
  });

  it('reads the field of keyBy and partitionCustom', () => {
    const env = newEnv();
    env.fromData({ a: 'x' }).keyBy('a').print();
    const partitioner = env.getStreamGraph().nodes[1]?.inEdges[0]?.partitioner;
    assert.ok(partitioner?.kind === 'HASH');
    assert.equal(partitioner.keySelector({ a: 'x' }), 'x');
  });

  it('unites streams, itself too, and connects two', () => {
    const env = newEnv();
    const [a, b] = [env.fromSequence(1, 2), env.fromSequence(3, 4)];
    a.union(b, a).map((n) => n);
    a.connect(b).map(coMap);
    a.connect(b)
      .keyBy(
        (n) => n,
        (n) => n,
      )
      .map(coMap);
    a.keyBy((n) => n)
      .connect(b.keyBy((n) => n))
      .map(coMap);
    assert.deepEqual(shape(env).slice(2), [
      '3 Map [1:FORWARD 2:FORWARD 1:FORWARD]',
      '4 Co-Map [1:FORWARD 2:FORWARD]',
      '5 Co-Map [1:HASH 2:HASH]',
      '6 Co-Map [1:HASH 2:HASH]',
    ]);
    const nodes = env.getStreamGraph().nodes;
    assert.deepEqual(
      nodes[3]?.inEdges.map((edge) => edge.inputIndex),
      [0, 1],
    );
    assert.deepEqual(
      nodes.map((node) => node.keyed === true),
      [false, false, false, false, true, true],
    );
  });

  it('reads side outputs of the operator that made the stream', () => {
    const env = newEnv();
    const tag = new OutputTag<string>('odd');
    env
      .fromSequence(1, 9)
      .process((n, ctx) => ctx.output(tag, `${n}`))
      .getSideOutput(tag)
      .print();
    const edge = env.getStreamGraph().nodes.at(-1)?.inEdges[0];
    assert.deepEqual([edge?.sourceNodeId, edge?.sideOutputTag], [2, 'odd']);
  });

  it('carries declared types to the edges, through filters and keys but not side outputs', () => {
    const env = newEnv();
    const rows = env.fromData({ id: 1 }).returns(Types.row({ id: Types.long }));
    rows
      .filter((row) => row.id > 0)
      .keyBy('id')
      .sum('id')
      .print();
    rows.map((row) => row.id).print();
    const types = env.getStreamGraph().nodes.map((node) => node.inEdges[0]?.type?.type.kind);
    assert.deepEqual(types, [undefined, 'row', 'row', 'row', 'row', undefined]);
  });

  it('applies settings to the operator that made the stream', () => {
    const env = newEnv();
    env
      .fromSequence(1, 9)
      .uid('numbers')
      .map((n) => n)
      .name('double')
      .uid('double')
      .setParallelism(3)
      .setMaxParallelism(10)
      .slotSharingGroup('big')
      .startNewChain()
      .print()
      .name('out')
      .uid('out')
      .setParallelism(1)
      .disableChaining();
    const [source, map, sink] = env.getStreamGraph().nodes;
    assert.equal(source?.uid, 'numbers');
    assert.deepEqual(
      [map?.name, map?.uid, map?.parallelism, map?.maxParallelism],
      ['double', 'double', 3, 10],
    );
    assert.deepEqual([map?.slotSharingGroup, map?.chaining], ['big', 'HEAD']);
    assert.deepEqual([sink?.name, sink?.parallelism, sink?.chaining], ['Sink: out', 1, 'NEVER']);
  });
});

describe('DataStream: refusals', () => {
  const stream = newEnv().fromData({ n: 1 });
  const cases: readonly (readonly [string, () => unknown, string, RegExp])[] = [
    ['no function', () => stream.map(1 as never), 'INVALID_FUNCTION', /map expects a function/],
    ['no method', () => stream.filter({} as never), 'INVALID_FUNCTION', /method 'filter'/],
    ['no key', () => stream.keyBy(undefined as never), 'INVALID_ARGUMENT', /field name/],
    ['no stream', () => stream.union({} as never), 'INVALID_ARGUMENT', /union expects a stream/],
    ['no other stream', () => stream.union(), 'INVALID_ARGUMENT', /another stream/],
    ['no sink', () => stream.sinkTo({} as never), 'INVALID_FUNCTION', /createWriter/],
    ['no tag', () => stream.getSideOutput('x' as never), 'INVALID_ARGUMENT', /OutputTag/],
    ['no type', () => stream.returns({} as never), 'INVALID_TYPE', /Types\.long/],
    ['an empty name', () => stream.name(''), 'INVALID_NAME', /name of an operator/],
    ['an empty uid', () => stream.uid(' '), 'INVALID_NAME', /uid/],
    ['no subtask', () => stream.setParallelism(-1), 'INVALID_PARALLELISM', /positive integer/],
    ['no field', () => stream.keyBy('n').sum('' as never), 'INVALID_NAME', /field of sum/],
    ['no window', () => stream.windowAll({} as never), 'INVALID_ARGUMENT', /windowAll/],
    [
      'a stream of another environment',
      () => stream.union(newEnv().fromData({ n: 1 })),
      'FOREIGN_STREAM',
      /one environment/,
    ],
    [
      'a keyed stream connected to one that is not',
      () => stream.keyBy('n').connect(stream as never),
      'INVALID_ARGUMENT',
      /keyed stream/,
    ],
    [
      'a sink of methods',
      () => stream.connect(stream).map({} as never),
      'INVALID_FUNCTION',
      /map1/,
    ],
  ];
  for (const [what, call, code, message] of cases) {
    it(`refuses ${what}`, () => assert.throws(call, { kind: 'invalid', code, message }));
  }
});
