import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS } from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { type HarnessOptions, type HarnessSnapshot, OperatorHarness } from '../testing/index.ts';
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountTrigger,
  DeltaTrigger,
  EventTimeTrigger,
  GlobalWindows,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  ProcessingTimeTrigger,
  PurgingTrigger,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TimeWindow,
  type Trigger,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
  windowOperator,
} from './index.ts';
import {
  type WindowEvent as Event,
  I1,
  keySelector,
  sum,
  WindowRun,
} from './window-run.fixture.ts';

const late = new OutputTag<Event>('late');
const MAX = String(MAX_WATERMARK_MS);

interface Options {
  readonly trigger?: Trigger<Event>;
  readonly allowedLatenessMs?: number;
  readonly lateOutputTag?: OutputTag<Event>;
}

function sums(assigner: WindowAssigner<Event>, options: Options = {}, harness?: HarnessOptions) {
  const all = { keySelector, aggregation: sum, ...options };
  const factory = windowOperator<Event, Event, Event, Event>(assigner, all);
  return new WindowRun((restore?: HarnessSnapshot) =>
    OperatorHarness.oneInput(factory, restore === undefined ? (harness ?? {}) : { restore }),
  ).open();
}

describe('windows with a trigger of event time', () => {
  it('fire sliding windows one by one, also after a restore (1)', async () => {
    const assigner = SlidingEventTimeWindows.of(3000, 1000);
    const run = await sums(assigner, { trigger: EventTimeTrigger.create() });
    run.addAll(I1);
    assert.deepEqual(run.watermark(999), ['key1=3@999']);
    assert.deepEqual(run.watermark(1999).sort(), ['key1=3@1999', 'key2=3@1999']);
    assert.deepEqual(run.watermark(2999).sort(), ['key1=3@2999', 'key2=3@2999']);
    await run.restore();
    assert.deepEqual(run.watermark(3999), ['key2=5@3999']);
    assert.deepEqual(run.watermark(4999), ['key2=2@4999']);
    assert.deepEqual(run.watermark(5999), ['key2=2@5999']);
    assert.deepEqual(run.watermark(7999), []);
    assert.deepEqual(await run.held(), {}, 'nothing is left of windows that are gone');
  });

  it('purge what fired: a late record fires alone, a later one goes aside (15)', async () => {
    const trigger = PurgingTrigger.of(EventTimeTrigger.create());
    const options = { trigger, allowedLatenessMs: 500, lateOutputTag: late };
    const run = await sums(TumblingEventTimeWindows.of(2000), options);
    run.add('key2', 500);
    assert.deepEqual(run.watermark(1500), []);
    run.add('key2', 1300);
    assert.deepEqual(run.watermark(2300), ['key2=2@1999']);
    await run.restore();
    run.watermark(2300);
    run.add('key2', 1997);
    assert.deepEqual(run.take(), ['key2=1@1999']);
    assert.deepEqual(run.watermark(6000), []);
    run.add('key2', 1998);
    assert.deepEqual(run.take(), ['late:key2=1@1998']);
  });

  it('add a late record to what fired where the trigger does not purge', async () => {
    const options = { trigger: EventTimeTrigger.create(), allowedLatenessMs: 500 };
    const run = await sums(TumblingEventTimeWindows.of(2000), options);
    run.add('key2', 500);
    assert.deepEqual(run.watermark(2300), ['key2=1@1999']);
    run.add('key2', 1997);
    assert.deepEqual(run.take(), ['key2=2@1999']);
    assert.deepEqual(run.watermark(2499), []);
    assert.deepEqual(await run.held(), {});
    run.add('key2', 1997);
    assert.equal(run.harness.metrics().numLateRecordsDropped, 1);
  });

  it('send aside only what is late for all its windows (17)', async () => {
    const options = { trigger: EventTimeTrigger.create(), lateOutputTag: late };
    const run = await sums(SlidingEventTimeWindows.of(3000, 1000), options);
    run.watermark(3000);
    run.add('key2', 2400);
    assert.deepEqual(run.take(), []);
    assert.deepEqual(run.watermark(3999), ['key2=1@3999']);
    assert.deepEqual(run.watermark(6000), ['key2=1@4999']);
    run.add('key1', 3001);
    assert.deepEqual(run.take(), ['late:key1=1@3001']);
  });
});

describe('windows with a trigger of processing time', () => {
  it('fire as the clock passes them (13)', async () => {
    const trigger = ProcessingTimeTrigger.create();
    const run = await sums(SlidingProcessingTimeWindows.of(3000, 1000), { trigger });
    run.time(3);
    run.add('key2', MAX_WATERMARK_MS);
    assert.deepEqual(run.time(1000), ['key2=1@999']);
    run.add('key2', 1);
    run.add('key2', 1);
    assert.deepEqual(run.time(2000), ['key2=3@1999']);
    await run.restore();
    run.time(2000);
    run.add('key1', 1);
    run.add('key1', 1);
    assert.deepEqual(run.time(3000).sort(), ['key1=2@2999', 'key2=3@2999']);
    for (let i = 0; i < 3; i++) run.add('key1', 1);
    const fired = ['key2=2@3999', 'key1=5@3999', 'key1=5@4999', 'key1=3@5999'];
    assert.deepEqual(run.time(7000), fired);
    assert.deepEqual(await run.held(), {});
  });

  it('take a record of the last millisecond before they fire', async () => {
    const trigger = ProcessingTimeTrigger.create();
    const run = await sums(TumblingProcessingTimeWindows.of(1000), { trigger });
    run.add('a', 1);
    assert.deepEqual(run.time(999), []);
    run.add('a', 1);
    assert.deepEqual(run.time(1000), ['a=2@999']);
  });

  it('fire early over windows of event time, and go on when those are long past', async () => {
    const trigger = ContinuousProcessingTimeTrigger.of(1000);
    const run = await sums(TumblingEventTimeWindows.of(500), { trigger });
    run.time(10_500);
    run.add('a', 100);
    assert.deepEqual(run.time(11_001), ['a=1@499']);
    run.add('a', 100);
    assert.deepEqual(run.time(12_001), ['a=2@499']);
    assert.deepEqual(run.watermark(499), []);
    assert.deepEqual(await run.held(), {});
  });

  it('fire every interval and at the end of a window of processing time', async () => {
    const trigger = ContinuousProcessingTimeTrigger.of(1000);
    const run = await sums(TumblingProcessingTimeWindows.of(2500), { trigger });
    run.time(100);
    run.add('a', 1);
    assert.deepEqual(run.time(1001), ['a=1@2499']);
    await run.restore();
    run.add('a', 1);
    assert.deepEqual(run.time(2001), ['a=2@2499']);
    assert.deepEqual(run.time(2500), ['a=2@2499']);
    assert.deepEqual(await run.held(), {});
  });

  it('begin at a time of their own where they are staggered (25)', async () => {
    const assigner = TumblingProcessingTimeWindows.of(5000, 0, 'NATURAL');
    const run = await sums(assigner, {}, { startEpochMs: 150 });
    run.add('a', 1);
    assert.deepEqual(run.time(5149), []);
    run.add('a', 1);
    assert.deepEqual(run.time(5150), ['a=2@5149']);
    run.time(5300);
    run.add('a', 1);
    assert.deepEqual(run.time(10_150), ['a=1@10149']);
  });

  it('begin at a random time where that is asked for', async () => {
    // The harness draws a half.
    const run = await sums(TumblingEventTimeWindows.of(1000, 0, 'RANDOM'));
    run.addAll([
      ['a', 499],
      ['a', 500],
      ['a', 1499],
    ]);
    assert.deepEqual(run.watermark(2000), ['a=1@499', 'a=2@1499']);
  });
});

describe('global windows', () => {
  it('fire every interval of event time from the first record on, accumulating (9)', async () => {
    const trigger = ContinuousEventTimeTrigger.of(3000);
    const run = await sums(GlobalWindows.create(), { trigger });
    run.addAll([
      ['key1', 0],
      ['key1', 20],
      ['key1', 999],
      ['key2', 3000],
      ['key2', 3999],
      ['key2', 1998],
      ['key2', 1999],
      ['key2', 1000],
    ]);
    assert.deepEqual(run.watermark(1000), []);
    assert.deepEqual(run.watermark(2000), []);
    assert.deepEqual(run.watermark(3000), [`key1=3@${MAX}`]);
    await run.restore();
    assert.deepEqual(run.watermark(6000).sort(), [`key1=3@${MAX}`, `key2=5@${MAX}`]);
    assert.deepEqual(run.watermark(7000), []);
    assert.deepEqual(run.watermark(8000), []);
  });

  it('fire once more, not without end, when the input of such a window ends', async () => {
    const run = await sums(GlobalWindows.create(), {
      trigger: ContinuousEventTimeTrigger.of(1000),
    });
    run.add('a', 500);
    assert.deepEqual(run.watermark(MAX_WATERMARK_MS), [`a=1@${MAX}`, `a=1@${MAX}`]);
  });

  it('fire when the input ends, if asked to (11)', async () => {
    const run = await sums(GlobalWindows.createWithEndOfStreamTrigger());
    run.addAll(I1);
    assert.deepEqual(run.watermark(100_000), []);
    await run.restore('delta');
    assert.deepEqual(run.watermark(MAX_WATERMARK_MS).sort(), [`key1=3@${MAX}`, `key2=5@${MAX}`]);
  });

  it('fire with every so many records, and hold the rest (count windows)', async () => {
    const trigger = PurgingTrigger.of(CountTrigger.of(3));
    const run = await sums(GlobalWindows.create(), { trigger });
    run.addAll([...I1]);
    assert.deepEqual(run.take(), [`key1=3@${MAX}`, `key2=3@${MAX}`]);
    await run.restore();
    run.add('key2', 5);
    assert.deepEqual(run.take(), [`key2=3@${MAX}`]);
    assert.deepEqual(await run.held(), {});
  });

  it('never fire with the trigger that never does', async () => {
    const run = await sums(GlobalWindows.create(), { trigger: NeverTrigger.create() });
    run.addAll(I1);
    assert.deepEqual(run.watermark(MAX_WATERMARK_MS), []);
  });

  it('fire with a record that is far enough from the last that fired', async () => {
    const trigger = DeltaTrigger.of<Event>(2, (a, b) => b[1] - a[1]);
    const run = await sums(GlobalWindows.create(), { trigger });
    for (const value of [1, 2, 3]) run.add('a', 0, value);
    assert.deepEqual(run.take(), [], 'a distance of the threshold is not over it');
    await run.restore();
    run.add('a', 0, 4);
    assert.deepEqual(run.take(), [`a=10@${MAX}`]);
    run.add('a', 0, 6);
    assert.deepEqual(run.take(), []);
  });
});

describe('ProcessingTimeoutTrigger', () => {
  const nested = CountTrigger.of(3);

  it('fires with the trigger within, or so long after the first record', async () => {
    const trigger = PurgingTrigger.of(ProcessingTimeoutTrigger.of(nested, 100));
    const run = await sums(GlobalWindows.create(), { trigger });
    for (let i = 0; i < 3; i++) run.add('a', 0);
    assert.deepEqual(run.take(), [`a=3@${MAX}`]);
    assert.deepEqual(run.time(200), [], 'it fired: the time is forgotten');
    run.add('a', 0);
    run.time(250);
    run.add('a', 0);
    await run.restore();
    assert.deepEqual(run.time(300), []);
    assert.deepEqual(run.time(301), [`a=2@${MAX}`]);
    run.add('a', 0);
    run.add('a', 0);
    assert.deepEqual(run.take(), [], 'the count began anew');
  });

  it('begins anew with each record if asked to', async () => {
    const trigger = ProcessingTimeoutTrigger.of(nested, 100, true);
    const run = await sums(GlobalWindows.create(), { trigger });
    run.add('a', 0);
    run.time(60);
    run.add('a', 0);
    assert.deepEqual(run.time(120), []);
    assert.deepEqual(run.time(161), [`a=2@${MAX}`]);
  });

  it('leaves the trigger within as it is if asked to', async () => {
    const trigger = ProcessingTimeoutTrigger.of(nested, 100, false, false);
    const run = await sums(GlobalWindows.create(), { trigger });
    run.add('a', 0);
    run.add('a', 0);
    assert.deepEqual(run.time(101), [`a=2@${MAX}`]);
    run.add('a', 0);
    assert.deepEqual(run.take(), [`a=3@${MAX}`], 'the count went on');
  });
});

describe('windows of one’s own', () => {
  it('take an assigner and a trigger as they are, and blame them for what they throw', async () => {
    const halves: WindowAssigner<Event> = {
      isEventTime: true,
      assignWindows: ([, value], timestampMs) => {
        if (value < 0) throw new Error('negative');
        return [new TimeWindow(timestampMs, timestampMs + value)];
      },
      getDefaultTrigger: () => EventTimeTrigger.create(),
    };
    const run = await sums(halves);
    run.add('a', 0, 10);
    run.add('a', 0, 20);
    assert.deepEqual(run.watermark(9), ['a=10@9']);
    assert.throws(() => run.add('a', 10, -1), {
      code: 'USER_FUNCTION_FAILED',
      message: /window assigner failed in operator "Test".*negative/,
    });
    const trigger: Trigger = { ...NeverTrigger.create(), onElement: () => 'MAYBE' as never };
    const wrong = await sums(GlobalWindows.create(), { trigger });
    assert.throws(() => wrong.add('a', 0), { code: 'TRIGGER_RESULT_INVALID' });
  });

  it('refuse a record without a timestamp in event time', async () => {
    const run = await sums(TumblingEventTimeWindows.of(10), { trigger: CountTrigger.of(1) });
    assert.throws(() => run.add('a', -MAX_WATERMARK_MS), { code: 'RECORD_WITHOUT_TIMESTAMP' });
  });

  it('tell how many wait, and for what', async () => {
    const trigger = EventTimeTrigger.create();
    const run = await sums(TumblingEventTimeWindows.of(10), { trigger });
    run.add('a', 0);
    run.add('b', 0);
    const held = { what: 'windows', time: 'event', count: 2, untilMs: 9 };
    assert.deepEqual(run.harness.operator.facts?.(), { held, numLateRecordsDropped: 0 });
    const counting = await sums(GlobalWindows.create(), { trigger: CountTrigger.of(5) });
    counting.add('a', 0);
    assert.deepEqual(counting.harness.operator.facts?.(), { numLateRecordsDropped: 0 });
  });
});
