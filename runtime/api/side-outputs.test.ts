/** Every kind of function that has a context sends to a side output, timers included. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_TIMESTAMP_MS } from '../core/index.ts';
import { type KeyedProcessContext, OutputTag, type ProcessContext } from '../operators/index.ts';
import { MapStateDescriptor } from '../state/index.ts';
import { runJob } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows } from '../windowing/index.ts';
import type { DataStream, SingleOutputStreamOperator } from './data-stream.ts';
import type { StreamExecutionEnvironment } from './environment.ts';

interface Ev {
  readonly k: string;
  readonly ms: number;
}

const side = new OutputTag<string>('side');
const RULES = new MapStateDescriptor<string, number>('rules');

const timed = (env: StreamExecutionEnvironment): DataStream<Ev> =>
  env
    .fromData<Ev>({ k: 'a', ms: 1 }, { k: 'b', ms: 2 })
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forMonotonousTimestamps<Ev>().withTimestampAssigner(({ ms }) => ms),
    );
const send =
  (side1: string) =>
  ({ k }: Ev, ctx: Pick<ProcessContext, 'output'>): void =>
    ctx.output(side, `${side1} ${k}`);
const sendAndWait =
  (side1: string) =>
  (event: Ev, ctx: KeyedProcessContext<string>): void => {
    send(side1)(event, ctx);
    ctx.timerService.registerEventTimeTimer(MAX_TIMESTAMP_MS);
  };
const onTimer = (_ms: number, ctx: KeyedProcessContext<string>): void =>
  ctx.output(side, `timer ${ctx.getCurrentKey()}`);

type Build = (a: DataStream<Ev>, b: DataStream<Ev>) => SingleOutputStreamOperator<never>;
const timers = ['timer a', 'timer b'];

const CASES: readonly (readonly [name: string, build: Build, expected: readonly string[]])[] = [
  ['a process function', (a) => a.process<never>(send('1')), ['1 a', '1 b']],
  [
    'a keyed process function',
    (a) => a.keyBy('k').process<never>({ processElement: sendAndWait('1'), onTimer }),
    ['1 a', '1 b', ...timers],
  ],
  [
    'a coProcess function',
    (a, b) =>
      a.connect(b).process<never>({ processElement1: send('1'), processElement2: send('2') }),
    ['1 a', '1 b', '2 a', '2 b'],
  ],
  [
    'a keyed coProcess function',
    (a, b) =>
      a
        .keyBy('k')
        .connect(b.keyBy('k'))
        .process<never>({ processElement1: send('1'), processElement2: sendAndWait('2'), onTimer }),
    ['1 a', '1 b', '2 a', '2 b', ...timers],
  ],
  [
    'a broadcast process function',
    (a, b) =>
      a
        .connect(b.broadcast(RULES))
        .process<never>({ processElement: send('1'), processBroadcastElement: send('2') }),
    ['1 a', '1 b', '2 a', '2 b'],
  ],
  [
    'a keyed broadcast process function',
    (a, b) =>
      a
        .keyBy('k')
        .connect(b.broadcast(RULES))
        .process<never>({
          processElement: sendAndWait('1'),
          processBroadcastElement: send('2'),
          onTimer,
        }),
    ['1 a', '1 b', '2 a', '2 b', ...timers],
  ],
  [
    'the function of an interval join',
    (a, b) =>
      a
        .keyBy('k')
        .intervalJoin(b.keyBy('k'))
        .between(0, 0)
        .process<never>((left, right, ctx) => ctx.output(side, `${left.ms} ${right.ms}`)),
    ['1 1', '2 2'],
  ],
  [
    'a process window function',
    (a) =>
      a
        .keyBy('k')
        .window(TumblingEventTimeWindows.of(10))
        .process<never>((key, ctx) => ctx.output(side, `window ${key}`)),
    ['window a', 'window b'],
  ],
];

describe('getSideOutput', () => {
  for (const [name, build, expected] of CASES) {
    it(`answers what ${name} has sent`, async () => {
      const { result, printed } = await runJob(
        (env) => {
          build(timed(env), timed(env)).getSideOutput(side).print();
        },
        { parallelism: 1 },
      );
      assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
      assert.deepEqual(printed.trim().split('\n').sort(), [...expected].sort());
    });
  }
});
