import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OneInputFactory, OutputTag } from '../operators/index.ts';
import { ListStateDescriptor } from '../state/index.ts';
import { type HarnessSnapshot, OperatorHarness } from '../testing/index.ts';
import {
  ContinuousEventTimeTrigger,
  CountTrigger,
  type CustomWindowAssigner,
  EventTimeSessionWindows,
  EventTimeTrigger,
  listAggregation,
  ProcessingTimeSessionWindows,
  PurgingTrigger,
  TimeWindow,
  type Trigger,
  type WindowAssigner,
  windowOperator,
} from './index.ts';
import { type WindowEvent as Event, keySelector, spans, WindowRun } from './window-run.fixture.ts';

const runOf = <O>(factory: OneInputFactory<Event, O>) =>
  new WindowRun((restore?: HarnessSnapshot) =>
    OperatorHarness.oneInput(factory, restore === undefined ? {} : { restore }),
  );

const late = new OutputTag<Event>('late');

interface Options {
  readonly trigger?: Trigger<Event>;
  readonly allowedLatenessMs?: number;
}

function sessions(assigner: WindowAssigner<Event>, options: Options = {}) {
  const factory = windowOperator<Event, Event[], readonly Event[], string>(assigner, {
    keySelector,
    aggregation: listAggregation<Event>(),
    windowFunction: { fn: spans, single: false },
    lateOutputTag: late,
    ...options,
  });
  return runOf(factory).open();
}

const gap3s = EventTimeSessionWindows.withGap(3000);
/** Each record of value 33 is a point in time. */
const points: CustomWindowAssigner<Event> = {
  name: 'Points',
  isEventTime: true,
  assignWindows: ([, value], timestampMs) => [
    new TimeWindow(timestampMs, timestampMs + (value === 33 ? 0 : 3000)),
  ],
  getDefaultTrigger: () => EventTimeTrigger.create(),
  mergeWindows: (windows, callback) => TimeWindow.mergeWindows(windows, callback),
};

describe('windows that merge, with a trigger', () => {
  it('keep what they hold when a record comes whose own window is the merged one', async () => {
    const run = await sessions(EventTimeSessionWindows.withDynamicGap<Event>(([, gap]) => gap));
    run.add('key', 34, 8);
    run.add('key', 32, 9);
    run.add('key', 32, 10);
    assert.deepEqual(run.watermark(100), ['key-27 [32,42)@41']);
  });

  it('join as records close gaps between them, also after a restore (3)', async () => {
    const run = await sessions(gap3s, { trigger: EventTimeTrigger.create() });
    run.add('key2', 0, 1);
    run.add('key2', 1000, 2);
    run.add('key2', 2500, 3);
    run.add('key1', 10, 1);
    run.add('key1', 1000, 2);
    await run.restore('delta');
    run.add('key1', 2500, 3);
    run.add('key2', 5501, 4);
    run.add('key2', 6000, 5);
    run.add('key2', 6000, 5);
    run.add('key2', 6050, 6);
    assert.deepEqual(run.watermark(12_000), [
      'key2-6 [0,5500)@5499',
      'key1-6 [10,5500)@5499',
      'key2-20 [5501,9050)@9049',
    ]);
    run.add('key2', 15_000, 10);
    run.add('key2', 15_000, 20);
    assert.deepEqual(run.watermark(17_999), ['key2-30 [15000,18000)@17999']);
    assert.deepEqual(await run.held(), {});
  });

  it('merge the counts of a trigger, which may pass the limit at once (5)', async () => {
    const run = await sessions(gap3s, { trigger: PurgingTrigger.of(CountTrigger.of(4)) });
    run.add('key2', 0, 1);
    run.add('key2', 1000, 2);
    run.add('key2', 2500, 3);
    run.add('key2', 3500, 4);
    assert.deepEqual(run.take(), ['key2-10 [0,6500)@6499']);
    run.add('key1', 10, 1);
    run.add('key1', 1000, 2);
    await run.restore();
    run.add('key1', 2500, 3);
    run.add('key1', 6000, 1);
    run.add('key1', 6500, 2);
    run.add('key1', 7000, 3);
    assert.deepEqual(run.take(), []);
    run.add('key1', 4500, 10);
    assert.deepEqual(run.take(), ['key1-22 [10,10000)@9999']);
    assert.deepEqual(run.watermark(20_000), []);
    assert.deepEqual(await run.held(), {});
  });

  it('are those of an assigner of one’s own (7)', async () => {
    const run = await sessions(points);
    run.add('key2', 0, 1);
    run.add('key2', 1000, 33);
    await run.restore();
    run.add('key2', 2500, 33);
    run.add('key1', 10, 1);
    run.add('key1', 1000, 2);
    run.add('key1', 2500, 33);
    assert.deepEqual(run.watermark(12_000), ['key2-67 [0,3000)@2999', 'key1-36 [10,4000)@3999']);
  });

  it('keep a late record whose session goes on, not one of a gone session (19)', async () => {
    const run = await sessions(gap3s, { trigger: EventTimeTrigger.create() });
    run.add('key2', 1000);
    run.watermark(1999);
    run.add('key2', 2000);
    run.watermark(4998);
    run.add('key2', 4500);
    run.add('key2', 8500);
    run.watermark(7400);
    run.add('key2', 7000);
    assert.deepEqual(run.watermark(11_501), ['key2-5 [1000,11500)@11499']);
    run.add('key2', 11_600);
    assert.deepEqual(run.watermark(14_600), ['key2-1 [11600,14600)@14599']);
    run.add('key2', 10_000);
    assert.deepEqual(run.take(), ['late:key2=1@10000']);
    run.add('key2', 14_500);
    assert.deepEqual(run.watermark(20_000), ['key2-1 [14500,17500)@17499']);
  });

  it('fire again with each record within the lateness, joined to what fired (21)', async () => {
    const options = { trigger: EventTimeTrigger.create(), allowedLatenessMs: 10 };
    const run = await sessions(gap3s, options);
    run.watermark(11_501);
    run.add('key2', 11_600);
    assert.deepEqual(run.watermark(14_600), ['key2-1 [11600,14600)@14599']);
    run.add('key2', 10_000);
    assert.deepEqual(run.take(), ['key2-2 [10000,14600)@14599']);
    run.add('key2', 14_500);
    assert.deepEqual(run.watermark(20_000), ['key2-3 [10000,17500)@17499']);
  });

  it('merge the times at which a trigger fires early', async () => {
    const run = await sessions(gap3s, { trigger: ContinuousEventTimeTrigger.of(1000) });
    run.add('a', 4500, 1);
    run.add('a', 100, 2);
    run.add('a', 2000, 4);
    await run.restore();
    assert.deepEqual(run.watermark(1000), ['a-7 [100,7500)@7499']);
    assert.deepEqual(run.watermark(2000), ['a-7 [100,7500)@7499']);
    assert.equal(run.watermark(7499).length, 6);
    assert.deepEqual(await run.held(), {});
  });

  it('merge states of a trigger of one’s own', async () => {
    const seen = new ListStateDescriptor<number>('seen');
    const trigger: Trigger<Event> = {
      onElement: ([, value], _timestampMs, _window, ctx) => {
        ctx.getPartitionedState(seen).add(value);
        return ctx.getPartitionedState(seen).get().length === 3 ? 'FIRE_AND_PURGE' : 'CONTINUE';
      },
      onEventTime: () => 'CONTINUE',
      onProcessingTime: () => 'CONTINUE',
      canMerge: () => true,
      onMerge: (_window, ctx) => ctx.mergePartitionedState(seen),
      clear: (_window, ctx) => ctx.getPartitionedState(seen).clear(),
    };
    const run = await sessions(gap3s, { trigger });
    run.add('a', 6000);
    run.add('a', 0);
    assert.deepEqual(Object.keys(await run.held()).toSorted(), [
      'timers/event-time',
      'windows/contents',
      'windows/merged',
      'windows/trigger/seen',
    ]);
    await run.restore();
    run.add('a', 3000);
    assert.deepEqual(run.take(), ['a-3 [0,9000)@8999']);
    run.watermark(9000);
    assert.deepEqual(await run.held(), {});
  });
});

describe('sessions whose gap each record says', () => {
  it('end after the gap of their last record, in event time', async () => {
    const run = await sessions(EventTimeSessionWindows.withDynamicGap(([, value]) => value));
    run.add('a', 0, 10);
    run.add('a', 5, 100);
    run.add('a', 104, 1);
    await run.restore();
    run.add('a', 106, 7);
    assert.deepEqual(run.watermark(200), ['a-111 [0,105)@104', 'a-7 [106,113)@112']);
  });

  it('end by the clock in processing time', async () => {
    const extractor = { extract: ([, value]: Event) => value };
    const run = await sessions(ProcessingTimeSessionWindows.withDynamicGap(extractor));
    run.time(1000);
    run.add('a', 0, 50);
    run.time(1040);
    run.add('a', 0, 20);
    await run.restore();
    run.time(1059);
    assert.deepEqual(run.take(), []);
    run.add('a', 0, 1);
    assert.deepEqual(run.time(1060), ['a-71 [1000,1060)@1059']);
    assert.deepEqual(await run.held(), {});
  });

  it('refuse a gap that is not over 0', async () => {
    const run = await sessions(EventTimeSessionWindows.withDynamicGap(() => 0));
    assert.throws(() => run.add('a', 0), { code: 'SESSION_GAP_INVALID', message: /gapMs=0/ });
    const none = (): unknown => EventTimeSessionWindows.withDynamicGap(undefined as never);
    assert.throws(none, { code: 'WINDOW_INVALID' });
  });
});

describe('mergeWindows of one’s own', () => {
  it('is refused windows it was not given', async () => {
    const run = await sessions({
      ...points,
      mergeWindows: ([one], callback) => {
        if (one !== undefined) callback([new TimeWindow(1, 2)], new TimeWindow(0, 9));
      },
    });
    run.add('a', 0);
    assert.throws(() => run.add('a', 5000), { code: 'WINDOW_MERGE_INVALID', message: /Points/ });
  });

  it('is refused a result that has ended already', async () => {
    const run = await sessions({
      ...points,
      mergeWindows: (windows, callback) => callback(windows, new TimeWindow(0, 10)),
    });
    run.add('a', 4000);
    run.watermark(2000);
    assert.throws(() => run.add('a', 5000), { code: 'WINDOW_MERGE_INVALID', message: /ended/ });
  });
});
