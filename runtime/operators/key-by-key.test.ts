/** Operators in BATCH, whose keys come one after the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_TIMESTAMP_MS, MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import { MapStateDescriptor, ValueStateDescriptor } from '../state/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import {
  fieldAggregation,
  intervalJoinOperator,
  type KeyedProcessFunction,
  keyedCoBroadcastOperator,
  keyedProcessOperator,
  reduceOperator,
} from './index.ts';

type Ev = readonly [key: string, n: number];
const byKey = (event: Ev): string => event[0];
const batch = { jobType: 'BATCH' } as const;

describe('timers in BATCH', () => {
  it('fire at the end of their key, those of event time first, and none before', () => {
    const fn: KeyedProcessFunction<string, Ev, string> = {
      processElement: ([, n], { timerService: timers }) => {
        assert.equal(timers.currentWatermark(), MIN_TIMESTAMP_MS);
        timers.registerProcessingTimeTimer(10 * n);
        timers.registerEventTimeTimer(n);
        if (n === 7) timers.deleteEventTimeTimer(3);
      },
      onTimer: (ms, ctx, out) => {
        assert.equal(ctx.timerService.currentWatermark(), MAX_WATERMARK_MS);
        out.collect(`${ctx.getCurrentKey()} ${ctx.timeDomain} ${ms}`);
      },
    };
    const harness = OperatorHarness.oneInput(keyedProcessOperator(fn, byKey), batch);
    for (const n of [5, 3, 7, 5]) harness.operator.processElement(['a', n], n, -1);
    harness.setProcessingTime(1_000);
    assert.deepEqual(harness.values(), []);
    harness.endKey();
    assert.deepEqual(harness.values(), [
      ...['a EVENT_TIME 5', 'a EVENT_TIME 7'],
      ...['a PROCESSING_TIME 30', 'a PROCESSING_TIME 50', 'a PROCESSING_TIME 70'],
    ]);
    harness.take();
    harness.operator.processElement(['b', 1], 1, -1);
    harness.endKey();
    assert.deepEqual(harness.values(), ['b EVENT_TIME 1', 'b PROCESSING_TIME 10']);
  });

  it('registered while a key ends are ignored, which is said once', () => {
    const fn: KeyedProcessFunction<string, Ev, number> = {
      processElement: (_event, ctx) => ctx.timerService.registerEventTimeTimer(1),
      onTimer: (ms, ctx, out) => {
        out.collect(ms);
        ctx.timerService.registerEventTimeTimer(ms + 1);
        ctx.timerService.registerProcessingTimeTimer(ms + 1);
      },
    };
    const harness = OperatorHarness.oneInput(keyedProcessOperator(fn, byKey), batch);
    for (const key of ['a', 'b']) {
      harness.operator.processElement([key, 0], 0, -1);
      harness.endKey();
    }
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(harness.values(), [1, 1]);
    const message = 'a timer registered at the end of its key is ignored in BATCH';
    assert.deepEqual(harness.logged, [{ level: 'warn', message }]);
  });
});

describe('keyed state in BATCH', () => {
  it('is of one key: the next one finds nothing, and nothing is left', () => {
    const count = new ValueStateDescriptor<number>('count', 0);
    const seen = new MapStateDescriptor<number, number>('seen');
    let read: () => string = () => '';
    const fn: KeyedProcessFunction<string, Ev, string> = {
      open: (ctx) => {
        const [state, map] = [ctx.getState(count), ctx.getMapState(seen)];
        read = () => {
          state.update(state.value() + 1);
          map.put(state.value(), 1);
          return `${state.value()} of ${[...map.keys()].length}`;
        };
      },
      processElement: (_event, _ctx, out) => out.collect(read()),
    };
    const harness = OperatorHarness.oneInput(keyedProcessOperator(fn, byKey), batch);
    void harness.operator.open();
    const left: number[] = [];
    for (const key of ['a', 'b']) {
      for (const n of [1, 2]) harness.operator.processElement([key, n], 0, -1);
      left.push(harness.endKey(), harness.endKey());
    }
    assert.deepEqual(harness.values(), ['1 of 1', '2 of 2', '1 of 1', '2 of 2']);
    assert.deepEqual(left, [3, 0, 3, 0]);
  });

  it('has no keys for applyToKeyedState, since the broadcast side comes first', () => {
    const state = new ValueStateDescriptor<number>('n', 0);
    const operator = keyedCoBroadcastOperator<string, Ev, string, string>(
      {
        processElement: ([key], _ctx, out) => out.collect(key),
        processBroadcastElement: (_value, ctx, out) => {
          assert.equal(ctx.currentWatermark(), MIN_TIMESTAMP_MS);
          ctx.applyToKeyedState(state, () => out.collect('visited'));
        },
      },
      byKey,
      [],
    );
    const harness = OperatorHarness.twoInput(operator, batch);
    harness.operator.second.processElement('rule', 0, -1);
    harness.operator.first.processElement(['a', 1], 0, -1);
    assert.deepEqual(harness.values(), ['a']);
  });
});

describe('reduce in BATCH', () => {
  it('emits the last value of each key, at the largest timestamp', () => {
    const sum = fieldAggregation<Ev>('sum', 1);
    const harness = OperatorHarness.oneInput(reduceOperator(sum, byKey), batch);
    for (const [key, n] of [
      ['a', 1],
      ['a', 2],
      ['b', 5],
    ] as const) {
      if (key === 'b') harness.endKey();
      harness.operator.processElement([key, n], n, -1);
    }
    harness.endKey();
    assert.deepEqual(harness.records(), [
      [['a', 3], MAX_TIMESTAMP_MS],
      [['b', 5], MAX_TIMESTAMP_MS],
    ]);
  });
});

describe('an interval join in BATCH', () => {
  it('joins out of order in time, calls nothing late, and forgets a key that ended', () => {
    const join = intervalJoinOperator<string, Ev, Ev, string>(
      (left, right, _ctx, out) => out.collect(`${left[1]}-${right[1]}`),
      { keys: { first: byKey, second: byKey }, lowerBoundMs: -1, upperBoundMs: 1 },
    );
    const harness = OperatorHarness.twoInput(join, batch);
    const { first, second } = harness.operator;
    for (const n of [9, 1]) first.processElement(['a', n], n, -1);
    for (const n of [2, 8, 5]) second.processElement(['a', n], n, -1);
    harness.endKey();
    first.processElement(['b', 3], 3, -1);
    second.processElement(['b', 3], 3, -1);
    assert.equal(harness.endKey() > 0, true);
    assert.equal(harness.endKey(), 0);
    assert.deepEqual(harness.values(), ['1-2', '9-8', '3-3']);
    assert.equal(harness.metrics().numLateRecordsDropped, 0);
  });
});
