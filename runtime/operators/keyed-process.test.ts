import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { type ValueState, ValueStateDescriptor } from '../state/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  coFlatMapOperator,
  coMapOperator,
  coProcessOperator,
  type KeyedProcessFunction,
  keyedCoProcessOperator,
  keyedProcessOperator,
  timestampsAndWatermarksOperator,
} from './index.ts';

type Ev = readonly [key: string, n: number];
const byKey = (event: Ev): string => event[0];

describe('keyedProcessOperator', () => {
  const timers = (): KeyedProcessFunction<string, Ev, string> => ({
    processElement: (event, ctx) => {
      const { timerService } = ctx;
      if (event[1] === 0) timerService.registerProcessingTimeTimer(5);
      else timerService.registerEventTimeTimer(timerService.currentWatermark() + event[1]);
    },
    onTimer: (timestampMs, ctx, out) => {
      assert.equal(ctx.timestamp, timestampMs);
      out.collect(`${ctx.timeDomain} ${ctx.getCurrentKey()}`);
    },
  });

  it('fires event-time timers before it forwards the watermark', () => {
    const harness = OperatorHarness.oneInput(keyedProcessOperator(timers(), byKey));
    harness.operator.processWatermark(0);
    harness.operator.processElement(['k', 5], 42, -1);
    harness.operator.processWatermark(4);
    harness.operator.processWatermark(5);
    assert.deepEqual(harness.emitted, [
      { type: 'watermark', watermarkMs: 0 },
      { type: 'watermark', watermarkMs: 4 },
      { type: 'record', value: 'EVENT_TIME k', timestampMs: 5 },
      { type: 'watermark', watermarkMs: 5 },
    ]);
  });

  it('emits without timestamp from processing-time timers, and drops pending ones', async () => {
    const harness = OperatorHarness.oneInput(keyedProcessOperator(timers(), byKey));
    harness.operator.processElement(['a', 0], 42, -1);
    harness.setProcessingTime(5);
    assert.deepEqual(harness.take(), [{ type: 'record', value: 'PROCESSING_TIME a' }]);
    harness.operator.processElement(['b', 0], 42, -1);
    await harness.finish(harness.operator);
    harness.setProcessingTime(100);
    assert.deepEqual(harness.take(), []);
  });

  it('keeps state by key, in records and in timers', async () => {
    let state: ValueState<number, number>;
    const fn: KeyedProcessFunction<string, Ev, string> = {
      open: (ctx) => {
        state = ctx.getState(new ValueStateDescriptor('sum', 0));
      },
      processElement: (event, ctx) => {
        state.update(state.value() + event[1]);
        ctx.timerService.registerEventTimeTimer(10);
        ctx.timerService.registerEventTimeTimer(20);
        ctx.timerService.deleteEventTimeTimer(20);
      },
      onTimer: (_ms, ctx, out) => {
        out.collect(`${ctx.getCurrentKey()}=${state.value()}`);
        state.clear();
      },
    };
    const harness = await OperatorHarness.oneInput(keyedProcessOperator(fn, byKey)).open();
    for (const event of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as Ev[]) {
      harness.operator.processElement(event, 0, -1);
    }
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(harness.records(), [
      ['a=4', 10],
      ['b=2', 10],
    ]);
  });

  it('refuses timers without onTimer and times that are none', () => {
    const plain = keyedProcessOperator<string, Ev, string>(
      (_event, ctx) => ctx.timerService.registerEventTimeTimer(5),
      byKey,
    );
    const nan = keyedProcessOperator<string, Ev, string>(
      (_event, ctx) => ctx.timerService.registerEventTimeTimer(Number.NaN),
      byKey,
    );
    const process = (factory: typeof plain) => () =>
      OperatorHarness.oneInput(factory).operator.processElement(['a', 1], 0, -1);
    assert.throws(process(plain), { kind: 'invalid', code: 'TIMERS_NEED_ON_TIMER' });
    assert.throws(process(nan), { kind: 'invalid', code: 'TIMER_TIME_INVALID' });
  });

  it('names the process function and the timer when onTimer throws', () => {
    const fn = timers();
    const failing = { ...fn, onTimer: () => assert.fail('boom') };
    const harness = OperatorHarness.oneInput(keyedProcessOperator(failing, byKey));
    harness.operator.processWatermark(0);
    harness.operator.processElement(['k', 7], 1, -1);
    assert.throws(() => harness.operator.processWatermark(7), {
      code: 'USER_FUNCTION_FAILED',
      message: /process function failed.*boom; record=\{"timer":7,"key":"k"\}/,
    });
  });
});

describe('two-input operators', () => {
  it('emit the lower watermark, and forget about a side that is idle', () => {
    const harness = OperatorHarness.twoInput(
      coMapOperator({ map1: (n: number) => `n${n}`, map2: (s: string) => `s${s}` }),
    );
    const { first, second } = harness.operator;
    first.processElement(1, 3, -1);
    second.processElement('x', 4, -1);
    first.processWatermark(10);
    second.processWatermark(7);
    second.processIdle(true);
    first.processIdle(true);
    second.processIdle(false);
    second.processWatermark(12);
    first.processIdle(false);
    first.processWatermark(11);
    assert.deepEqual(harness.records(), [
      ['n1', 3],
      ['sx', 4],
    ]);
    assert.deepEqual(
      harness.emitted.flatMap((one): (number | boolean)[] =>
        one.type === 'watermark' ? [one.watermarkMs] : one.type === 'idle' ? [one.idle] : [],
      ),
      [7, 10, true, false, 12],
    );
  });

  it('keep the final watermark back while the other side is idle', () => {
    const harness = OperatorHarness.twoInput(
      coMapOperator({ map1: (n: number) => n, map2: (n: number) => n }),
    );
    const { first, second } = harness.operator;
    second.processIdle(true);
    first.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(harness.take(), [{ type: 'idle', idle: true }]);
    second.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(harness.watermarks(), [MAX_WATERMARK_MS]);
  });

  it('flat-map either side', () => {
    const harness = OperatorHarness.twoInput(
      coFlatMapOperator<number, string, unknown>({
        flatMap1: (n, out) => out.collect(n),
        flatMap2: (text) => text.split(','),
      }),
    );
    harness.operator.first.processElement(1, 1, -1);
    harness.operator.second.processElement('a,b', 2, -1);
    assert.deepEqual(harness.values(), [1, 'a', 'b']);
  });

  it('process either side and name the function that throws', () => {
    const harness = OperatorHarness.twoInput(
      coProcessOperator<number, string, number | undefined>({
        processElement1: (_n, ctx, out) => out.collect(ctx.timestamp),
        processElement2: () => assert.fail('no'),
      }),
    );
    harness.operator.first.processElement(1, 9, -1);
    assert.deepEqual(harness.values(), [9]);
    assert.throws(() => harness.operator.second.processElement('x', 1, -1), {
      message: 'coProcess function failed in operator "Test" (subtask 1/1): no; record="x"',
    });
  });

  it('share keyed state and timers between the sides', async () => {
    let state: ValueState<number, number>;
    const harness = await OperatorHarness.twoInput(
      keyedCoProcessOperator<string, Ev, Ev, string>(
        {
          open: (ctx) => {
            state = ctx.getState(new ValueStateDescriptor('n', 0));
          },
          processElement1: (event) => state.update(state.value() + event[1]),
          processElement2: (event, ctx) => ctx.timerService.registerEventTimeTimer(event[1]),
          onTimer: (_ms, ctx, out) => out.collect(`${ctx.getCurrentKey()}=${state.value()}`),
        },
        { first: byKey, second: byKey },
      ),
    ).open();
    const { first, second } = harness.operator;
    for (const n of [1, 2]) first.processElement(['a', n], 0, -1);
    second.processElement(['a', 5], 0, -1);
    first.processWatermark(9);
    second.processWatermark(5);
    assert.deepEqual(harness.emitted, [
      { type: 'record', value: 'a=3', timestampMs: 5 },
      { type: 'watermark', watermarkMs: 5 },
    ]);
  });
});

describe('timestampsAndWatermarksOperator', () => {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<number>(10).withTimestampAssigner(
    (n) => n + 0.5,
  );

  it('assigns whole timestamps and emits periodic watermarks, swallowing those upstream', () => {
    const harness = OperatorHarness.oneInput(timestampsAndWatermarksOperator(strategy), {
      autoWatermarkIntervalMs: 200,
    });
    void harness.open();
    harness.operator.processElement(100, 1, -1);
    harness.operator.processWatermark(5000);
    harness.operator.processIdle(true);
    assert.deepEqual(harness.take(), [{ type: 'record', value: 100, timestampMs: 100 }]);
    harness.setProcessingTime(400);
    assert.deepEqual(harness.take(), [{ type: 'watermark', watermarkMs: 89 }]);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(harness.watermarks(), [MAX_WATERMARK_MS]);
  });

  it('passes watermarks of a punctuated generator at once, after the record', () => {
    const punctuated = WatermarkStrategy.forGenerator<number>(() => ({
      onEvent: (n, _ms, output) => output.emitWatermark(n - 4),
      onPeriodicEmit: () => {},
    })).withTimestampAssigner((n) => n);
    const harness = OperatorHarness.oneInput(timestampsAndWatermarksOperator(punctuated));
    for (const n of [10, 8, 12]) harness.operator.processElement(n, 0, -1);
    assert.deepEqual(
      harness.emitted.map((one) => (one.type === 'watermark' ? one.watermarkMs : one.type)),
      ['record', 6, 'record', 'record', 8],
    );
  });

  it('tells of idleness and of activity', () => {
    const idle = WatermarkStrategy.noWatermarks<number>().withIdleness(100);
    const harness = OperatorHarness.oneInput(timestampsAndWatermarksOperator(idle), {
      autoWatermarkIntervalMs: 50,
    });
    void harness.open();
    harness.setProcessingTime(500);
    harness.operator.processElement(1, 1, -1);
    assert.deepEqual(
      harness.emitted.map((one) => (one.type === 'idle' ? one.idle : one.type)),
      [true, 'record', false],
    );
  });

  it('refuses timestamps that are no number', () => {
    const assigning = (timestamp: unknown) =>
      OperatorHarness.oneInput(
        timestampsAndWatermarksOperator(strategy.withTimestampAssigner(() => timestamp as number)),
      );
    const refused = (timestamp: unknown, message: RegExp): void =>
      assert.throws(() => assigning(timestamp).operator.processElement(1, 0, -1), {
        kind: 'user',
        code: 'TIMESTAMP_INVALID',
        message,
      });
    refused(new Date(0), /timestamp assigner in operator "Test".* returned a Date.*getTime/);
    refused(Number.NaN, /returned NaN/);
    refused(undefined, /returned undefined where/);
    refused('2020', /returned a string/);
  });
});
