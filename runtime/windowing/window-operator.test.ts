import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import {
  aggregateAggregation,
  EventTimeSessionWindows,
  listAggregation,
  ProcessingTimeSessionWindows,
  type ProcessWindowLike,
  reduceAggregation,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
  windowOperator,
} from './index.ts';

type Event = readonly [key: string, value: number];
const late = new OutputTag<Event>('late');
const keySelector = (event: Event): string => event[0];
const sum = reduceAggregation<Event>((a, b) => [a[0], a[1] + b[1]]);

/** `key-sum start end`, as the session tests of Flink print it. */
const spans: ProcessWindowLike<Event, string, string> = (key, ctx, elements, out) => {
  let total = 0;
  for (const [, value] of elements) total += value;
  out.collect(`${key}-${total} [${ctx.window.start},${ctx.window.end})`);
};

interface Options {
  readonly allowedLatenessMs?: number;
  readonly lateOutputTag?: OutputTag<Event>;
}

function sums(assigner: WindowAssigner, options: Options = {}) {
  const all = { keySelector, aggregation: sum, ...options };
  return OperatorHarness.oneInput(windowOperator<Event, Event, Event, Event>(assigner, all));
}

function sessions(gapMs: number, options: Options = {}) {
  return OperatorHarness.oneInput(
    windowOperator<Event, Event[], readonly Event[], string>(
      EventTimeSessionWindows.withGap(gapMs),
      {
        keySelector,
        aggregation: listAggregation<Event>(),
        // The key selector makes strings and the list holds events.
        windowFunction: { fn: spans as ProcessWindowLike<unknown, string, unknown>, single: false },
        ...options,
      },
    ),
  );
}

function feed(harness: ReturnType<typeof sums> | ReturnType<typeof sessions>) {
  return (key: string, value: number, timestampMs: number): void =>
    harness.operator.processElement([key, value], timestampMs, -1);
}

/** Results as `key=sum@timestamp`, in order of emission. */
const shown = (harness: ReturnType<typeof sums>): string[] =>
  harness
    .take()
    .flatMap((one) =>
      one.type === 'record' ? [`${one.value[0]}=${one.value[1]}@${one.timestampMs}`] : [],
    );

const I1: readonly (readonly [string, number])[] = [
  ['key2', 3999],
  ['key2', 3000],
  ['key1', 20],
  ['key1', 0],
  ['key1', 999],
  ['key2', 1998],
  ['key2', 1999],
  ['key2', 1000],
];

describe('windowOperator with aligned windows', () => {
  it('fires sliding windows of out-of-order records, keys by first insertion', () => {
    const harness = sums(SlidingEventTimeWindows.of(3000, 1000));
    for (const [key, ms] of I1) feed(harness)(key, 1, ms);
    const at = (ms: number): string[] => {
      harness.operator.processWatermark(ms);
      return shown(harness);
    };
    assert.deepEqual(at(999), ['key1=3@999']);
    assert.deepEqual(at(1999), ['key1=3@1999', 'key2=3@1999']);
    assert.deepEqual(at(2999), ['key1=3@2999', 'key2=3@2999']);
    assert.deepEqual(at(3999), ['key2=5@3999']);
    assert.deepEqual(at(4999), ['key2=2@4999']);
    assert.deepEqual(at(5999), ['key2=2@5999']);
    assert.deepEqual(at(6999), []);
  });

  it('forwards the watermark after the results that it releases', () => {
    const harness = sums(TumblingEventTimeWindows.of(1000));
    feed(harness)('a', 1, 5);
    harness.operator.processWatermark(5000);
    harness.operator.processIdle(true);
    assert.deepEqual(
      harness.emitted.map((one) => one.type),
      ['record', 'watermark', 'idle'],
    );
  });

  it('assigns records by size and offset, before 1970 too', () => {
    const harness = sums(TumblingEventTimeWindows.of(5000, 100));
    for (const ms of [100, 5099, 5100, 99, -4901, -1]) feed(harness)('k', 1, ms);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(shown(harness), ['k=1@-4901', 'k=2@99', 'k=2@5099', 'k=1@10099']);
  });

  it('covers a part of the bucket when the size is no multiple of the slide', () => {
    const harness = sums(SlidingEventTimeWindows.of(5, 3));
    for (const ms of [3, 4, 5]) feed(harness)('k', 1, ms);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(shown(harness), ['k=2@4', 'k=3@7']);
  });

  it('counts in no window what falls between windows with a slide above the size', () => {
    const harness = sums(SlidingEventTimeWindows.of(2, 5));
    for (const ms of [0, 1, 2, 4, 5]) feed(harness)('k', 1, ms);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(shown(harness), ['k=2@1', 'k=1@6']);
    assert.equal(harness.metrics().numLateRecordsDropped, 0);
  });

  it('drops a late record from the windows that have fired and keeps it in the others', () => {
    const harness = sums(SlidingEventTimeWindows.of(3000, 1000), { lateOutputTag: late });
    harness.operator.processWatermark(3000);
    feed(harness)('key2', 1, 2400);
    harness.operator.processWatermark(6000);
    feed(harness)('key1', 1, 3001);
    assert.deepEqual(harness.records(), [
      [['key2', 1], 3999],
      [['key2', 1], 4999],
    ]);
    assert.deepEqual(harness.side('late'), [[['key1', 1], 3001]]);
  });

  it('counts late records that have no side output', () => {
    const harness = sums(TumblingEventTimeWindows.of(1000));
    harness.operator.processWatermark(999);
    feed(harness)('k', 1, 999);
    feed(harness)('k', 1, 1000);
    assert.equal(harness.metrics().numLateRecordsDropped, 1);
  });

  it('fires again for each record within the allowed lateness, with everything so far', () => {
    const harness = sums(TumblingEventTimeWindows.of(2000), {
      allowedLatenessMs: 500,
      lateOutputTag: late,
    });
    const add = feed(harness);
    add('key2', 1, 500);
    harness.operator.processWatermark(1500);
    add('key2', 1, 1300);
    harness.operator.processWatermark(2300);
    assert.deepEqual(shown(harness), ['key2=2@1999']);
    add('key2', 1, 1997);
    add('key1', 1, 1);
    assert.deepEqual(shown(harness), ['key2=3@1999', 'key1=1@1999']);
    harness.operator.processWatermark(2499);
    add('key2', 1, 1998);
    assert.deepEqual(harness.side('late'), [[['key2', 1], 1998]]);
    assert.deepEqual(shown(harness), []);
  });

  it('keeps a window made late for its lateness', () => {
    const harness = sums(TumblingEventTimeWindows.of(2000), { allowedLatenessMs: 500 });
    harness.operator.processWatermark(2100);
    feed(harness)('a', 1, 10);
    feed(harness)('a', 1, 11);
    assert.deepEqual(shown(harness), ['a=1@1999', 'a=2@1999']);
    harness.operator.processWatermark(2499);
    feed(harness)('a', 1, 12);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(shown(harness), []);
  });

  it('fires sliding windows of processing time and lets pending ones go at the end', async () => {
    const harness = sums(SlidingProcessingTimeWindows.of(3000, 1000));
    const add = (key: string, count: number): void => {
      for (let i = 0; i < count; i++) feed(harness)(key, 1, MAX_WATERMARK_MS);
    };
    harness.setProcessingTime(3);
    add('key2', 1);
    harness.setProcessingTime(1000);
    assert.deepEqual(shown(harness), ['key2=1@999']);
    add('key2', 2);
    harness.setProcessingTime(2000);
    assert.deepEqual(shown(harness), ['key2=3@1999']);
    add('key1', 2);
    harness.setProcessingTime(3000);
    assert.deepEqual(shown(harness), ['key2=3@2999', 'key1=2@2999']);
    add('key1', 3);
    harness.setProcessingTime(7000);
    assert.deepEqual(shown(harness), ['key2=2@3999', 'key1=5@3999', 'key1=5@4999', 'key1=3@5999']);
    add('key1', 1);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    await harness.finish(harness.operator);
    harness.setProcessingTime(99_000);
    assert.deepEqual(shown(harness), []);
  });

  it('takes a record in the last millisecond of a processing-time window', () => {
    const harness = sums(TumblingProcessingTimeWindows.of(1000));
    harness.setProcessingTime(500);
    feed(harness)('k', 1, 0);
    harness.setProcessingTime(999);
    feed(harness)('k', 1, 0);
    harness.setProcessingTime(1000);
    assert.deepEqual(shown(harness), ['k=2@999']);
  });

  it('refuses records without timestamp in event time', () => {
    const harness = sums(TumblingEventTimeWindows.of(1000));
    assert.throws(() => feed(harness)('k', 1, -(2 ** 63)), {
      kind: 'user',
      code: 'RECORD_WITHOUT_TIMESTAMP',
      message: /call assignTimestampsAndWatermarks/,
    });
  });
});

describe('windowOperator with sessions', () => {
  it('fires sessions by key with their span', () => {
    const harness = sessions(3000);
    const add = feed(harness);
    for (const [v, ms] of [
      [1, 0],
      [2, 1000],
      [3, 2500],
    ] as const)
      add('key2', v, ms);
    for (const [v, ms] of [
      [1, 10],
      [2, 1000],
      [3, 2500],
    ] as const)
      add('key1', v, ms);
    for (const [v, ms] of [
      [4, 5501],
      [5, 6000],
      [5, 6000],
      [6, 6050],
    ] as const)
      add('key2', v, ms);
    harness.operator.processWatermark(12_000);
    add('key2', 10, 15_000);
    add('key2', 20, 15_000);
    harness.operator.processWatermark(17_999);
    assert.deepEqual(harness.records(), [
      ['key2-6 [0,5500)', 5499],
      ['key1-6 [10,5500)', 5499],
      ['key2-20 [5501,9050)', 9049],
      ['key2-30 [15000,18000)', 17_999],
    ]);
  });

  it('joins sessions that touch and sends records late for all to the side output', () => {
    const harness = sessions(3000, { lateOutputTag: late });
    const add = (ms: number): void => feed(harness)('key2', 1, ms);
    const watermark = (ms: number): void => harness.operator.processWatermark(ms);
    add(1000);
    watermark(1999);
    add(2000);
    watermark(4998);
    add(4500);
    add(8500);
    watermark(7400);
    add(7000);
    watermark(11_501);
    assert.deepEqual(harness.records(), [['key2-5 [1000,11500)', 11_499]]);
    add(11_600);
    watermark(14_600);
    add(10_000);
    add(14_500);
    watermark(20_000);
    assert.deepEqual(harness.records().slice(1), [
      ['key2-1 [11600,14600)', 14_599],
      ['key2-1 [14500,17500)', 17_499],
    ]);
    assert.deepEqual(harness.side('late'), [[['key2', 1], 10_000]]);
  });

  it('fires a session again when a record within the lateness extends it', () => {
    const harness = sessions(3000, { allowedLatenessMs: 10, lateOutputTag: late });
    const add = (ms: number): void => feed(harness)('key2', 1, ms);
    add(11_600);
    harness.operator.processWatermark(14_600);
    add(10_000);
    add(14_500);
    harness.operator.processWatermark(20_000);
    assert.deepEqual(harness.records(), [
      ['key2-1 [11600,14600)', 14_599],
      ['key2-2 [10000,14600)', 14_599],
      ['key2-3 [10000,17500)', 17_499],
    ]);
    assert.deepEqual(harness.side('late'), []);
  });

  it('merges a record exactly at the end of a session', () => {
    const harness = sessions(10);
    feed(harness)('k', 1, 0);
    feed(harness)('k', 2, 10);
    feed(harness)('k', 4, 21);
    harness.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(harness.values(), ['k-3 [0,20)', 'k-4 [21,31)']);
  });

  it('keeps sessions of processing time apart by the gap', () => {
    const harness = sums(ProcessingTimeSessionWindows.withGap(100));
    for (const ms of [0, 50, 149, 250]) {
      harness.setProcessingTime(ms);
      feed(harness)('k', 1, 0);
    }
    assert.deepEqual(shown(harness), ['k=3@248']);
    harness.setProcessingTime(1000);
    assert.deepEqual(shown(harness), ['k=1@349']);
  });

  it('refuses an aggregate function without merge', () => {
    const aggregation = aggregateAggregation<Event, number, number>({
      createAccumulator: () => 0,
      add: (event, n) => n + event[1],
      getResult: (n) => n,
    });
    assert.throws(
      () => windowOperator(EventTimeSessionWindows.withGap(5), { keySelector, aggregation }),
      {
        kind: 'invalid',
        code: 'AGGREGATE_NEEDS_MERGE',
        message: /give the aggregate function merge/,
      },
    );
  });
});

describe('windowOperator with functions', () => {
  it('gives an aggregated result, the key and the context to the window function', async () => {
    const side = new OutputTag<string>('side');
    const seen: unknown[] = [];
    const harness = OperatorHarness.oneInput(
      windowOperator<Event, { n: number }, number, string>(TumblingEventTimeWindows.of(10), {
        keySelector: (event) => ({ id: event[0] }),
        aggregation: aggregateAggregation({
          createAccumulator: () => ({ n: 0 }),
          add: (event, acc) => {
            acc.n += event[1];
            return acc;
          },
          getResult: (acc) => acc.n,
        }),
        windowFunction: {
          single: true,
          fn: {
            open: (ctx) => void seen.push(ctx.taskInfo.taskName),
            process: (key, ctx, elements, out) => {
              out.collect(`${JSON.stringify(key)} ${[...elements]}`);
              ctx.output(side, `${ctx.window.start} ${ctx.currentWatermark()}`);
            },
            close: () => void seen.push('closed'),
          },
        },
      }),
    );
    await harness.open();
    feed(harness as never)('a', 2, 3);
    feed(harness as never)('a', 3, 4);
    harness.operator.processWatermark(12);
    await harness.finish(harness.operator);
    assert.deepEqual(harness.records(), [['{"id":"a"} 5', 9]]);
    assert.deepEqual(harness.side('side'), [['0 12', 9]]);
    assert.deepEqual(seen, ['Test', 'closed']);
  });

  it('cleans up windows whose function emits nothing', () => {
    const harness = OperatorHarness.oneInput(
      windowOperator<Event, Event[], readonly Event[], string>(TumblingEventTimeWindows.of(2000), {
        keySelector,
        aggregation: listAggregation<Event>(),
        windowFunction: { fn: () => {}, single: false },
        allowedLatenessMs: 1,
      }),
    );
    feed(harness as never)('k', 1, 1000);
    harness.operator.processWatermark(1999);
    feed(harness as never)('k', 1, 1000);
    harness.operator.processWatermark(2000);
    feed(harness as never)('k', 1, 1000);
    assert.deepEqual(harness.values(), []);
    assert.equal(harness.metrics().numLateRecordsDropped, 1);
  });

  it('names the function, the operator and the record when it throws', () => {
    const harness = OperatorHarness.oneInput(
      windowOperator<Event, Event, Event, Event>(TumblingEventTimeWindows.of(10), {
        keySelector,
        aggregation: reduceAggregation<Event>(() => {
          throw new TypeError('boom');
        }),
      }),
      { operatorName: 'Window', subtaskIndex: 1, parallelism: 4 },
    );
    feed(harness)('k', 1, 1);
    assert.throws(() => feed(harness)('k', 2, 2), {
      kind: 'user',
      code: 'USER_FUNCTION_FAILED',
      message: 'reduce function failed in operator "Window" (subtask 2/4): boom; record=["k",2]',
    });
  });
});

describe('window assigners', () => {
  it('refuse a size that is not positive and an offset as large as the size', () => {
    const invalid = (make: () => unknown, message: RegExp): void =>
      assert.throws(make, { kind: 'invalid', code: 'WINDOW_INVALID', message });
    invalid(() => TumblingEventTimeWindows.of(0), /size > 0/);
    invalid(() => TumblingEventTimeWindows.of(5, 5), /abs\(offset\) < size.*offsetMs=5/);
    invalid(() => SlidingEventTimeWindows.of(5, 2, -2), /abs\(offset\) < slide/);
    invalid(() => SlidingEventTimeWindows.of(5, Number.NaN), /slide > 0/);
    invalid(() => EventTimeSessionWindows.withGap(-1), /gap > 0/);
    assert.equal(TumblingEventTimeWindows.of(5).name, 'TumblingEventTimeWindows(5)');
  });

  it('refuse a negative lateness', () => {
    assert.throws(() => sums(TumblingEventTimeWindows.of(5), { allowedLatenessMs: -1 }), {
      kind: 'invalid',
      code: 'ALLOWED_LATENESS_INVALID',
    });
  });
});

describe('window assigners', () => {
  it('take lengths as text or milliseconds', () => {
    assert.deepEqual(
      TumblingEventTimeWindows.of('1 min', '10 s'),
      TumblingEventTimeWindows.of(60_000, 10_000),
    );
    assert.deepEqual(
      SlidingEventTimeWindows.of('10 s', '2 s'),
      SlidingEventTimeWindows.of(10_000, 2_000),
    );
    assert.deepEqual(
      EventTimeSessionWindows.withGap('1 h'),
      EventTimeSessionWindows.withGap(3_600_000),
    );
  });

  it('refuse text that is no duration', () => {
    assert.throws(() => TumblingEventTimeWindows.of('soon'), { code: 'MALFORMED_DURATION' });
  });
});
