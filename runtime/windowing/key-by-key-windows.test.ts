/** Window operators in BATCH, whose keys come one after the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_TIMESTAMP_MS, MAX_WATERMARK_MS } from '../core/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import {
  ContinuousEventTimeTrigger,
  CountTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  listAggregation,
  ProcessingTimeSessionWindows,
  type ProcessWindowLike,
  PurgingTrigger,
  SlidingEventTimeWindows,
  type Trigger,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
  windowOperator,
} from './index.ts';

type Event = readonly [key: string, n: number];

const spans: ProcessWindowLike<Event, string, string> = (key, ctx, elements, out) => {
  const values = [...elements].map(([, n]) => n).sort((left, right) => left - right);
  const { start, end } = ctx.window;
  const window = ctx.window.maxTimestamp() < MAX_TIMESTAMP_MS ? ` [${start},${end})` : '';
  out.collect(`${key}:${values.join('+')}${window}`);
};

function harnessOf(
  assigner: WindowAssigner<Event>,
  trigger?: Trigger<Event>,
  allowedLatenessMs = 0,
  jobType: 'STREAMING' | 'BATCH' = 'BATCH',
) {
  const factory = windowOperator<Event, Event[], readonly Event[], string>(assigner, {
    keySelector: ([key]) => key,
    aggregation: listAggregation<Event>(),
    // The key selector makes strings and the list holds events.
    windowFunction: { fn: spans as ProcessWindowLike<unknown, string, unknown>, single: false },
    allowedLatenessMs,
    ...(trigger === undefined ? {} : { trigger }),
  });
  const harness = OperatorHarness.oneInput(factory, { jobType, startEpochMs: 1_000 });
  void harness.operator.open();
  return harness;
}

/** `[key, n, time]`, by key. */
type Timed = readonly [key: string, n: number, ms: number];

function inBatch(harness: ReturnType<typeof harnessOf>, records: readonly Timed[]): string[] {
  let before: string | undefined;
  for (const [key, n, ms] of records) {
    if (before !== undefined && key !== before) harness.endKey();
    before = key;
    harness.operator.processElement([key, n], ms, -1);
  }
  harness.endKey();
  assert.equal(harness.endKey(), 0);
  harness.operator.processWatermark(MAX_WATERMARK_MS);
  return harness.values();
}

const records: readonly Timed[] = [
  ['a', 1, 12],
  ['a', 2, 3],
  ['a', 3, 11],
  ['b', 4, 2],
];

describe('windows in BATCH', () => {
  it('fire at the end of the key, in order of time, whatever the order of records', () => {
    const tumbling = harnessOf(TumblingEventTimeWindows.of(10));
    assert.deepEqual(inBatch(tumbling, records), ['a:2 [0,10)', 'a:1+3 [10,20)', 'b:4 [0,10)']);
    const sessions = harnessOf(EventTimeSessionWindows.withGap(5), undefined, 100);
    assert.deepEqual(inBatch(sessions, records), ['a:2 [3,8)', 'a:1+3 [11,17)', 'b:4 [2,7)']);
  });

  it('of processing time fire at the end of the key, and no earlier', () => {
    for (const assigner of [
      TumblingProcessingTimeWindows.of(1_000),
      ProcessingTimeSessionWindows.withGap(1_000),
    ]) {
      const harness = harnessOf(assigner);
      harness.operator.processElement(['a', 1], 0, -1);
      harness.setProcessingTime(90_000);
      assert.deepEqual(harness.values(), []);
      harness.operator.processElement(['a', 2], 0, -1);
      harness.endKey();
      const spans = ['a:1 [1000,2000)', 'a:2 [90000,91000)'];
      assert.deepEqual(harness.values(), spans);
      assert.equal(harness.endKey(), 0);
    }
  });

  it('with a trigger of counts fire by it, and leave nothing of an incomplete count', () => {
    const counts = harnessOf(GlobalWindows.create(), PurgingTrigger.of(CountTrigger.of(2)));
    const five: Timed[] = [...records, ['b', 5, 1], ['c', 6, 1]];
    assert.deepEqual(inBatch(counts, five), ['a:1+2', 'b:4+5']);
  });

  it('with timers of a trigger fire once more at their end, as all time has passed', () => {
    const every = harnessOf(TumblingEventTimeWindows.of(10), ContinuousEventTimeTrigger.of(4));
    const records: Timed[] = [
      ['a', 1, 1],
      ['a', 2, 6],
    ];
    // At 4, which it does not set again, and at the end.
    assert.deepEqual(inBatch(every, records), ['a:1+2 [0,10)', 'a:1+2 [0,10)']);
  });

  it('at the end of the stream fire at the end of each key', () => {
    const ends = harnessOf(GlobalWindows.createWithEndOfStreamTrigger());
    assert.deepEqual(inBatch(ends, records), ['a:1+2+3', 'b:4']);
  });

  it('hold the same in the end as in STREAMING', () => {
    const timed = fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.nat(9),
      fc.integer({ min: -9, max: 60 }),
    );
    const assigner = fc.constantFrom<WindowAssigner<Event>[]>(
      TumblingEventTimeWindows.of(7),
      SlidingEventTimeWindows.of(10, 4),
      EventTimeSessionWindows.withGap(3),
      EventTimeSessionWindows.withDynamicGap<Event>(([, n]) => n + 1),
    );
    const lateness = fc.constantFrom(0, 20);
    fc.assert(
      fc.property(fc.array(timed), assigner, lateness, (some, windows, allowedLatenessMs) => {
        const streaming = harnessOf(windows, undefined, allowedLatenessMs, 'STREAMING');
        for (const [key, n, ms] of some) streaming.operator.processElement([key, n], ms, -1);
        streaming.operator.processWatermark(MAX_WATERMARK_MS);
        const sorted = some.toSorted(([left], [right]) =>
          left < right ? -1 : left > right ? 1 : 0,
        );
        const batch = inBatch(harnessOf(windows, undefined, allowedLatenessMs), sorted);
        assert.deepEqual(batch.toSorted(), streaming.values().toSorted());
      }),
    );
  });
});
