import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputTag } from '../operators/index.ts';
import { runJob } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';

interface Ev {
  readonly key: string;
  readonly ms: number;
}

const byTime = () =>
  WatermarkStrategy.forMonotonousTimestamps<Ev>().withTimestampAssigner(({ ms }) => ms);

function streams(env = new StreamExecutionEnvironment()) {
  const left = env.fromData<Ev>({ key: 'a', ms: 1 }, { key: 'b', ms: 5 }, { key: 'a', ms: 9 });
  const right = env.fromData<Ev>({ key: 'a', ms: 2 }, { key: 'b', ms: 4 }, { key: 'a', ms: 9 });
  return {
    env,
    left: left.assignTimestampsAndWatermarks(byTime()).keyBy('key'),
    right: right.assignTimestampsAndWatermarks(byTime()).keyBy('key'),
  };
}

describe('an interval join', () => {
  const pairsOf = async (
    build: (s: ReturnType<typeof streams>) => { print(): unknown },
  ): Promise<string[]> => {
    const job = (env: StreamExecutionEnvironment): void => void build(streams(env)).print();
    const { result, printed } = await runJob(job, { parallelism: 1 });
    assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
    return printed.trim().split('\n').sort();
  };
  const text = (l: Ev, r: Ev, _ctx: unknown, out: { collect(pair: string): void }): void =>
    out.collect(`${l.key} ${l.ms}-${r.ms}`);

  it('pairs two keyed streams in a job', async () => {
    const all = await pairsOf(({ left, right }) =>
      left.intervalJoin(right).between(-1, '1 ms').process(text),
    );
    assert.deepEqual(all, ['a 1-2', 'a 9-9', 'b 5-4']);
  });

  it('leaves out what is at an exclusive bound', async () => {
    const withoutLower = await pairsOf(({ left, right }) =>
      left.intervalJoin(right).between('-1 ms', 1).lowerBoundExclusive().process(text),
    );
    assert.deepEqual(withoutLower, ['a 1-2', 'a 9-9']);
    const withoutUpper = await pairsOf(({ left, right }) =>
      left.intervalJoin(right).between(-1, 1).upperBoundExclusive().process(text),
    );
    assert.deepEqual(withoutUpper, ['a 9-9', 'b 5-4']);
  });

  it('has side outputs for late records', () => {
    const { env, left, right } = streams();
    const tag = new OutputTag<Ev>('late');
    const joined = left.intervalJoin(right).inProcessingTime().inEventTime().between(0, 1);
    const pairs = joined.sideOutputLeftLateData(tag).sideOutputRightLateData(tag).process(text);
    pairs.getSideOutput(tag).print();
    const node = env.getStreamGraph().nodes.find(({ name }) => name === 'Interval Join');
    assert.equal(node?.keyed, true);
    assert.deepEqual(
      node.inEdges.map(({ partitioner }) => partitioner.kind),
      ['HASH', 'HASH'],
    );
  });

  it('refuses what cannot work when the graph is built', () => {
    const { left, right } = streams();
    const refused = (build: () => unknown, code: string, message: RegExp): void =>
      void assert.throws(build, { kind: 'invalid', code, message });
    const join = left.intervalJoin(right);
    const invalid = 'INVALID_ARGUMENT';
    const eventTime = /event time only: remove inProcessingTime/;
    refused(() => left.intervalJoin(right).inProcessingTime().between(0, 1), invalid, eventTime);
    refused(() => join.between(2, 1), invalid, /lowerBoundMs=2 upperBoundMs=1/);
    refused(() => join.between(0.5, 1), invalid, /lower bound.*whole number of ms value=0\.5/);
    refused(() => join.between(0, Number.NaN), invalid, /upper bound.*whole number/);
    refused(() => join.between(0, undefined as never), invalid, /upper bound.*text like/);
    refused(() => join.between('soon', 1), 'MALFORMED_DURATION', /soon/);
    refused(() => join.between('--5 s', 1), 'MALFORMED_DURATION', /-5 s/);
    const empty = join.between(0, 1).lowerBoundExclusive().upperBoundExclusive();
    refused(() => empty.process(text), invalid, /no pair is between.*make one inclusive/);
    const joined = join.between(0, 1);
    refused(() => joined.process(5 as never), 'INVALID_FUNCTION', /process of an interval join/);
    refused(
      () => joined.sideOutputLeftLateData('late' as never),
      invalid,
      /LeftLateData.*OutputTag/,
    );
    refused(() => joined.sideOutputRightLateData('x' as never), invalid, /RightLateData/);
    const plain = left.map((value) => value) as unknown as typeof right;
    refused(() => left.intervalJoin(plain), invalid, /call keyBy on the other stream/);
    refused(() => left.intervalJoin(streams().right), 'FOREIGN_STREAM', /intervalJoin/);
  });
});
