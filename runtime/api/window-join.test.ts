import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Collector, OutputTag } from '../operators/index.ts';
import { runJob } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  CountEvictor,
  CountTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
} from '../windowing/index.ts';
import type { DataStream } from './data-stream.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import type { TaggedUnion } from './tagged-union.ts';

interface Ev {
  readonly key: string;
  readonly ms: number;
}
interface Other {
  readonly of: string;
  readonly ms: number;
}
type Group = readonly [first: readonly number[], second: readonly number[]];

/** The watermark follows each record; one at the end of the other side lets it go on. */
function byTime<T extends { readonly ms: number }>() {
  return WatermarkStrategy.forGenerator<T>(() => ({
    onEvent: (_event, ms, output) => output.emitWatermark(ms - 1),
    onPeriodicEmit: () => {},
  })).withTimestampAssigner(({ ms }) => ms);
}

const LEFT: readonly Ev[] = [1, 4, 12, 13, 31].map((ms, i) => ({ key: i === 1 ? 'b' : 'a', ms }));
const RIGHT: readonly Other[] = [2, 3, 14, 22].map((ms) => ({ of: 'a', ms }));

function streams(env: StreamExecutionEnvironment, left = LEFT, right = RIGHT) {
  return {
    left: env.fromData(...left).assignTimestampsAndWatermarks(byTime()),
    right: env.fromData(...right).assignTimestampsAndWatermarks(byTime()),
  };
}

async function printedBy<O>(
  build: (s: ReturnType<typeof streams>) => DataStream<O>,
  parallelism = 1,
  right = RIGHT,
): Promise<string[]> {
  const job = (env: StreamExecutionEnvironment): void => {
    build(streams(env, LEFT, right))
      .map((value) => JSON.stringify(value))
      .print();
  };
  const { result, printed } = await runJob(job, { parallelism });
  assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
  const lines = printed.trim().split('\n');
  return lines.map((line) => line.replace(/^\d+> /, '')).sort();
}

/** Several subtasks may have sent them. */
const sorted = (side: readonly { readonly ms: number }[]): number[] =>
  side.map(({ ms }) => ms).sort((a, b) => a - b);

const groupsIn =
  (assigner: WindowAssigner) =>
  ({ left, right }: ReturnType<typeof streams>): DataStream<Group> =>
    left
      .coGroup(right)
      .where('key')
      .equalTo('of')
      .window(assigner)
      .apply<Group>((first, second, out) => out.collect([sorted(first), sorted(second)]));

describe('coGroup', () => {
  it('gives all records of a key and window to the function, also without partner', async () => {
    for (const parallelism of [1, 3]) {
      assert.deepEqual(await printedBy(groupsIn(TumblingEventTimeWindows.of(10)), parallelism), [
        '[[12,13],[14]]',
        '[[1],[2,3]]',
        '[[31],[]]',
        '[[4],[]]',
        '[[],[22]]',
      ]);
    }
  });

  it('groups in sliding windows and in sessions that both sides make', async () => {
    assert.deepEqual(await printedBy(groupsIn(SlidingEventTimeWindows.of(20, 10))), [
      '[[1,12,13],[2,3,14]]',
      '[[12,13],[14,22]]',
      '[[1],[2,3]]',
      '[[31],[22]]',
      '[[31],[]]',
      '[[4],[]]',
      '[[4],[]]',
    ]);
    assert.deepEqual(await printedBy(groupsIn(EventTimeSessionWindows.withGap(10))), [
      '[[1,12,13,31],[2,3,14,22]]',
      '[[4],[]]',
    ]);
    assert.deepEqual(await printedBy(groupsIn(EventTimeSessionWindows.withGap(8))), [
      '[[12,13],[14,22]]',
      '[[1],[2,3]]',
      '[[31],[]]',
      '[[4],[]]',
    ]);
  });
});

async function lateRecords(latenessMs: number): Promise<string[]> {
  const tag = new OutputTag<TaggedUnion<Ev, Other>>('late');
  const job = (env: StreamExecutionEnvironment): void => {
    // One source for both sides, so that one watermark follows each record.
    const all = env
      .fromData(...['l1', 'r2', 'l20', 'r3', 'l4', 'l30'])
      .map((text) => ({ key: 'a', of: 'a', side: text[0] ?? '', ms: Number(text.slice(1)) }))
      .assignTimestampsAndWatermarks(byTime());
    const left = all.filter(({ side }) => side === 'l').map(({ key, ms }): Ev => ({ key, ms }));
    const right = all.filter(({ side }) => side === 'r').map(({ of, ms }): Other => ({ of, ms }));
    const groups = left
      .coGroup(right)
      .where(({ key }) => key)
      .equalTo(({ of }) => of)
      .window(TumblingEventTimeWindows.of(10))
      .allowedLateness(latenessMs)
      .sideOutputLateData(tag)
      .apply<string>({
        coGroup: (first, second, out) =>
          out.collect(`${first.map(({ ms }) => ms)}|${second.map(({ ms }) => ms)}`),
      });
    groups.print('group');
    groups
      .getSideOutput(tag)
      .map(({ isOne, value }) => `${isOne} ${value.ms}`)
      .print('late');
  };
  const { result, printed } = await runJob(job, { parallelism: 1 });
  assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
  return printed.trim().split('\n').sort();
}

describe('late records of two streams in windows', () => {
  it('go to the side output, each saying of which side it is', async () => {
    assert.deepEqual(await lateRecords(0), [
      'group> 1|2',
      'group> 20|',
      'group> 30|',
      'late> false 3',
      'late> true 4',
    ]);
  });

  it('make their window fire again within the allowed lateness', async () => {
    assert.deepEqual(await lateRecords(100), [
      'group> 1,4|2,3',
      'group> 1|2',
      'group> 1|2,3',
      'group> 20|',
      'group> 30|',
    ]);
  });
});

describe('join', () => {
  const joined = ({ left, right }: ReturnType<typeof streams>) =>
    left.join(right).where('key').equalTo('of').window(TumblingEventTimeWindows.of(10));

  it('pairs each record with each of its window and key, and leaves out those alone', async () => {
    const pairs = await printedBy((s) => joined(s).apply((l, r) => [l.ms, r.ms]));
    assert.deepEqual(pairs, ['[1,2]', '[1,3]', '[12,14]', '[13,14]']);
    const objects = await printedBy((s) => joined(s).apply({ join: (l, r) => [l.ms, r.ms] }));
    assert.deepEqual(objects, pairs);
  });

  it('takes any number of results for a pair by the collector', async () => {
    const flat = await printedBy((s) =>
      joined(s).apply((l: Ev, r: Other, out: Collector<number>) => {
        if (r.ms === 14) for (const ms of [l.ms, r.ms]) out.collect(ms);
      }),
    );
    assert.deepEqual(flat, ['12', '13', '14', '14']);
    const never = await printedBy((s) =>
      joined(s).apply((l, r) => (l.ms + r.ms === 3 ? 'three' : undefined)),
    );
    assert.deepEqual(never, ['"three"']);
  });

  it('opens and closes a function that has a life cycle', async () => {
    const calls: string[] = [];
    const { result } = await runJob((env) => {
      let index: number | undefined;
      joined(streams(env))
        .apply({
          open: ({ taskInfo }) => {
            index = taskInfo.index;
          },
          join: (l, r) => `${index} ${l.ms} ${r.ms}`,
          close: () => void calls.push(`closed ${index}`),
        })
        .print();
    });
    assert.deepEqual([result.status, calls], ['FINISHED', ['closed 0']]);
  });

  it('fails the job when a function returns a promise', async () => {
    const promise = (() => Promise.resolve()) as () => void;
    for (const fn of ['join', 'coGroup'] as const) {
      const { result } = await runJob((env) => {
        const { left, right } = streams(env);
        const windows = TumblingEventTimeWindows.of(10);
        if (fn === 'join') joined({ left, right }).apply(promise).print();
        else left.coGroup(right).where('key').equalTo('of').window(windows).apply(promise).print();
      });
      assert.deepEqual([result.status, result.error?.code], ['FAILED', 'ASYNC_FUNCTION']);
    }
  });
});

describe('a window join', () => {
  it('fires by its trigger and keeps what its evictor leaves of both sides', async () => {
    const tagged = (env: StreamExecutionEnvironment) => {
      const all = env
        .fromData('l1', 'r2', 'l3', 'r4', 'l5')
        .map((text) => ({ k: 0, side: text[0], text }));
      return [
        all.filter(({ side }) => side === 'l'),
        all.filter(({ side }) => side === 'r'),
      ] as const;
    };
    const { result, printed } = await runJob(
      (env) => {
        const [left, right] = tagged(env);
        const texts = (side: readonly { readonly text: string }[]): string =>
          side.map(({ text }) => text).join();
        left
          .coGroup(right)
          .where('k')
          .equalTo('k')
          .window(GlobalWindows.create())
          .trigger(CountTrigger.of(5))
          .evictor(CountEvictor.of(4))
          .apply<string>((first, second, out) => out.collect(`${texts(first)}|${texts(second)}`))
          .print();
        left
          .join(right)
          .where('k')
          .equalTo('k')
          .window(GlobalWindows.create())
          .trigger(CountTrigger.of(5))
          .evictor(CountEvictor.of(4))
          .apply((one, two) => `${one.text}${two.text}`)
          .print();
      },
      { parallelism: 1 },
    );
    assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
    const [group = '', ...pairs] = printed
      .trim()
      .split('\n')
      .sort((a) => (a.includes('|') ? -1 : 1));
    const [first = '', second = ''] = group
      .split('|')
      .map((side) => side.split(',').filter(Boolean));
    assert.equal(first.length + second.length, 4);
    assert.equal(pairs.length, first.length * second.length);
  });

  it('keeps the parallelism of each input up to its windows, so that records stay in order', () => {
    const env = new StreamExecutionEnvironment();
    env.setParallelism(4);
    const left = env.fromSequence(1, 9).setParallelism(2);
    const right = env.fromData(1, 2).union(env.fromSequence(1, 5));
    const windows = left
      .coGroup(right)
      .where((n) => n)
      .equalTo((n) => n);
    windows
      .window(TumblingEventTimeWindows.of(5))
      .apply(() => {})
      .print();
    const { nodes } = env.getStreamGraph();
    const tags = nodes.filter(({ name }) => name === 'Map');
    assert.deepEqual(
      tags.map((node) => [node.parallelism, node.inEdges.map((e) => e.partitioner.kind)]),
      [
        [2, ['FORWARD']],
        [1, ['FORWARD']],
        [4, ['FORWARD']],
      ],
    );
    const window = nodes.find(({ name }) => name === 'Window(TumblingEventTimeWindows(5))');
    assert.deepEqual(
      window?.inEdges.map((edge) => edge.partitioner.kind),
      ['HASH', 'HASH', 'HASH'],
    );
  });

  it('refuses what cannot work when the graph is built', () => {
    const { left, right } = streams(new StreamExecutionEnvironment());
    const refused = (build: () => unknown, code: string, message: RegExp): void =>
      void assert.throws(build, { kind: 'invalid', code, message });
    const invalid = 'INVALID_ARGUMENT';
    const keyed = left.keyBy('key') as unknown as typeof right;
    refused(() => left.join(keyed), invalid, /join expects a stream that is not keyed/);
    refused(() => left.coGroup(keyed), invalid, /coGroup expects a stream that is not keyed/);
    const foreign = streams(new StreamExecutionEnvironment()).right;
    refused(() => left.join(foreign), 'FOREIGN_STREAM', /join meets/);
    refused(() => left.coGroup(foreign), 'FOREIGN_STREAM', /coGroup meets/);
    refused(() => left.join(right).where(5 as never), invalid, /where expects a field name/);
    const where = left.join(right).where('key');
    refused(() => where.equalTo(undefined as never), invalid, /equalTo expects a field name/);
    const equal = where.equalTo('of');
    refused(() => equal.window('1 s' as never), invalid, /window of a join expects a window/);
    const processing = equal.window(TumblingProcessingTimeWindows.of(5));
    refused(() => processing.allowedLateness(5), invalid, /needs windows of event time/);
    const tag = new OutputTag<TaggedUnion<Ev, Other>>('late');
    refused(() => processing.sideOutputLateData(tag), invalid, /needs windows of event time/);
    const windows = equal.window(TumblingEventTimeWindows.of(5));
    refused(() => windows.allowedLateness(-1), 'MALFORMED_DURATION', /-1/);
    refused(() => windows.sideOutputLateData('x' as never), invalid, /expects an OutputTag/);
    refused(() => windows.apply({} as never), 'INVALID_FUNCTION', /apply of a join.*'join'/);
    const groups = left.coGroup(right).where('key').equalTo('of');
    const none = groups.window(TumblingEventTimeWindows.of(5));
    refused(() => none.apply({} as never), 'INVALID_FUNCTION', /apply of a coGroup.*'coGroup'/);
  });

  it('names the call and the field when a record has no key', async () => {
    const { result } = await runJob((env) => {
      const { left, right } = streams(env, [{ ms: 1 } as Ev]);
      left
        .join(right)
        .where('key')
        .equalTo('of')
        .window(TumblingEventTimeWindows.of(5))
        .apply(() => 1)
        .print();
    });
    assert.equal(result.error?.code, 'KEY_UNDEFINED');
    assert.match(result.error.message, /key field "key" of where is undefined/);
  });
});
