import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashKey, keyGroupOf, MAX_WATERMARK_MS, operatorIndexOfKeyGroup } from '../core/index.ts';
import type { RuntimeContext } from '../operators/index.ts';
import { compareStateMeta, type ValueState, ValueStateDescriptor } from '../state/index.ts';
import {
  type HarnessOptions,
  type HarnessSnapshot,
  OperatorHarness,
  restoreAt,
} from '../testing/index.ts';
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
  type WindowAssigner,
  windowOperator,
} from './index.ts';
import { contentsMeta } from './window-aggregation.ts';

type Event = readonly [key: string, value: number];
const keySelector = (event: Event): string => event[0];
const sum = reduceAggregation<Event>((a, b) => [a[0], a[1] + b[1]]);

/** A window operator of sums; `feed`, `at` and `shown` as short as Flink's tests. */
function sums(assigner: WindowAssigner, options: HarnessOptions = {}, allowedLatenessMs = 0) {
  const harness = OperatorHarness.oneInput(
    windowOperator<Event, Event, Event, Event>(assigner, {
      keySelector,
      aggregation: sum,
      allowedLatenessMs,
    }),
    options,
  );
  void harness.operator.open();
  const shown = (): string[] =>
    harness
      .take()
      .flatMap((one) =>
        one.type === 'record' ? [`${one.value[0]}=${one.value[1]}@${one.timestampMs}`] : [],
      );
  return {
    harness,
    shown,
    feed: (key: string, value: number, timestampMs: number): void =>
      harness.operator.processElement([key, value], timestampMs, -1),
    /** What a watermark releases. */
    at: (watermarkMs: number): string[] => {
      harness.operator.processWatermark(watermarkMs);
      return shown();
    },
    /** What passing time releases. */
    until: (epochMs: number): string[] => {
      harness.setProcessingTime(epochMs);
      return shown();
    },
  };
}

/** `key-sum [start,end)`, and how often the key fired. */
class Spans {
  #firings: ValueState<number, number> | undefined;

  open(ctx: RuntimeContext): void {
    this.#firings = ctx.getState(new ValueStateDescriptor('firings', 0));
  }

  process: Exclude<ProcessWindowLike<Event, string, string>, { process: unknown }> = (
    key,
    { window },
    elements,
    out,
  ) => {
    const firings = (this.#firings?.value() ?? 0) + 1;
    this.#firings?.update(firings);
    let total = 0;
    for (const [, value] of elements) total += value;
    out.collect(`${key}-${total} [${window.start},${window.end}) #${firings}`);
  };
}

function spans(assigner: WindowAssigner, options: HarnessOptions = {}, allowedLatenessMs = 0) {
  const fn = new Spans() as unknown as ProcessWindowLike<unknown, string, unknown>;
  const harness = OperatorHarness.oneInput(
    windowOperator<Event, Event[], readonly Event[], string>(assigner, {
      keySelector,
      aggregation: listAggregation<Event>(),
      windowFunction: { fn, single: false },
      allowedLatenessMs,
    }),
    options,
  );
  void harness.operator.open();
  return {
    harness,
    feed: (key: string, value: number, timestampMs: number): void =>
      harness.operator.processElement([key, value], timestampMs, -1),
    at: (watermarkMs: number): string[] => {
      harness.emitted.length = 0;
      harness.operator.processWatermark(watermarkMs);
      return harness.values();
    },
  };
}

const I1: readonly Event[] = [
  ['key2', 3999],
  ['key2', 3000],
  ['key1', 20],
  ['key1', 0],
  ['key1', 999],
  ['key2', 1998],
  ['key2', 1999],
  ['key2', 1000],
];

describe('aligned windows, restored', () => {
  it('go on where the snapshot was taken (fact 1)', () => {
    const assigner = SlidingEventTimeWindows.of(3000, 1000);
    const first = sums(assigner);
    for (const [key, ms] of I1) first.feed(key, 1, ms);
    assert.deepEqual(first.at(999), ['key1=3@999']);
    assert.deepEqual(first.at(1999), ['key1=3@1999', 'key2=3@1999']);
    assert.deepEqual(first.at(2999), ['key1=3@2999', 'key2=3@2999']);
    const second = sums(assigner, { restore: first.harness.snapshotSync() });
    assert.deepEqual(second.at(3999), ['key2=5@3999']);
    assert.deepEqual(second.at(4999), ['key2=2@4999']);
    assert.deepEqual(second.at(5999), ['key2=2@5999']);
    assert.deepEqual([...second.at(6999), ...second.at(7999)], []);
  });

  it('write what has changed, and the removal of what a snapshot knows', () => {
    const { harness, feed, at } = sums(TumblingEventTimeWindows.of(10));
    for (let i = 0; i < 100; i++) feed(`k${i}`, 1, i % 20);
    assert.deepEqual(harness.snapshotSync('delta').written, { puts: 100, removes: 0 });
    assert.deepEqual(harness.snapshotSync('delta').written, { puts: 0, removes: 0 });
    // A window that one snapshot knows is written again as a whole, one that two know is not.
    feed('k11', 1, 11);
    feed('k11', 1, 11);
    feed('late key', 1, 25);
    assert.deepEqual(harness.snapshotSync('delta').written, { puts: 51, removes: 0 });
    feed('k13', 1, 13);
    feed('k13', 1, 13);
    assert.deepEqual(harness.snapshotSync('delta').written, { puts: 1, removes: 0 });
    // What comes after the only snapshot that knows a window leaves nothing to remove.
    feed('unknown', 1, 9);
    feed('unknown', 1, 19);
    assert.equal(at(9).length, 51);
    feed('x', 1, 31);
    // A window that no snapshot knows comes and goes without a trace.
    assert.equal(at(39).length, 53);
    assert.deepEqual(harness.snapshotSync('delta').written, { puts: 0, removes: 101 });
    assert.deepEqual(harness.snapshotSync().keyedStates[0]?.entries, []);
  });

  it('mutate accumulators in place and still tell a delta of it', () => {
    const first = spans(TumblingEventTimeWindows.of(10));
    first.feed('a', 1, 1);
    first.harness.snapshotSync('delta');
    first.feed('a', 2, 2);
    const second = spans(TumblingEventTimeWindows.of(10), {
      restore: first.harness.snapshotSync('delta'),
    });
    assert.deepEqual(second.at(9), ['a-3 [0,10) #1']);
  });

  it('keep the state of the window function beside their contents', () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const first = spans(assigner);
    first.feed('a', 1, 1);
    first.at(9);
    first.feed('a', 2, 11);
    const snapshot = first.harness.snapshotSync();
    assert.deepEqual(
      snapshot.keyedStates.map(({ meta, entries }) => [meta.name, meta.kind, entries.length]),
      [
        ['windows/contents', 'window of records', 1],
        ['firings', 'value', 1],
      ],
    );
    assert.deepEqual(spans(assigner, { restore: snapshot }).at(19), ['a-2 [10,20) #2']);
  });

  it('do not fire again what had fired, unless a record came since', () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const first = sums(assigner, {}, 5);
    for (const key of ['a', 'b', 'c']) first.feed(key, 1, 1);
    assert.deepEqual(first.at(9), ['a=1@9', 'b=1@9', 'c=1@9']);
    const second = sums(assigner, { restore: first.harness.snapshotSync() }, 5);
    second.feed('b', 10, 2);
    second.feed('new', 1, 2);
    assert.deepEqual(second.shown(), []);
    assert.deepEqual(second.at(8), []);
    assert.deepEqual(second.at(10), ['b=11@9', 'new=1@9']);
    second.feed('a', 100, 3);
    assert.deepEqual(second.shown(), ['a=101@9']);
    assert.deepEqual(second.at(14), []);
    assert.deepEqual(second.harness.snapshotSync().keyedStates[0]?.entries, []);
  });

  it('remember what must fire again over a second restore', () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const first = sums(assigner, {}, 5);
    for (const key of ['a', 'b', 'c']) first.feed(key, 1, 1);
    first.at(9);
    const second = sums(assigner, { restore: first.harness.snapshotSync('delta') }, 5);
    second.feed('b', 10, 2);
    assert.deepEqual(second.at(4), []);
    const third = sums(assigner, { restore: second.harness.snapshotSync('delta') }, 5);
    third.feed('c', 100, 2);
    assert.deepEqual(third.at(9), ['b=11@9', 'c=101@9']);
    const fourth = sums(assigner, { restore: third.harness.snapshotSync('delta') }, 5);
    assert.deepEqual(fourth.at(12), []);
  });

  it('keep what had fired apart when the parallelism changes', () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const names = Array.from({ length: 20 }, (_, i) => `key${i}`);
    // The two subtasks are at different watermarks: one has fired, the other has not.
    const snapshots = [0, 1].map((subtaskIndex) => {
      const one = sums(assigner, { subtaskIndex, parallelism: 2 }, 5);
      const own = names.filter((_, i) => ownedBy(subtaskIndex, 2, names[i] ?? ''));
      for (const name of own) one.feed(name, 1, 1);
      const fired = subtaskIndex === 0 ? one.at(12) : one.at(8);
      assert.equal(fired.length, subtaskIndex === 0 ? own.length : 0);
      return one.harness.snapshotSync();
    });
    for (const parallelism of [1, 3]) {
      const fired = [];
      for (let subtaskIndex = 0; subtaskIndex < parallelism; subtaskIndex++) {
        const one = sums(assigner, restoreAt(snapshots, subtaskIndex, parallelism), 5);
        const again = restoreAt([one.harness.snapshotSync()], subtaskIndex, parallelism);
        fired.push(...sums(assigner, again, 5).at(10));
      }
      const expected = names.filter((name) => ownedBy(1, 2, name)).map((name) => `${name}=1@9`);
      assert.deepEqual(fired.sort(), expected.sort());
    }
  });

  it('know for every range of key groups how far it had fired, restore after restore', () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const names = Array.from({ length: 20 }, (_, i) => `key${i}`);
    const pair = (snapshots: readonly HarnessSnapshot[]) =>
      [0, 1].map((i) => sums(assigner, restoreAt(snapshots, i, 2), 5));
    const taken = (subtasks: readonly ReturnType<typeof sums>[]) =>
      subtasks.map(({ harness }) => harness.snapshotSync());
    const first = pair([]);
    for (const name of names) first[ownedBy(0, 2, name) ? 0 : 1]?.feed(name, 1, 1);
    first[0]?.at(13);
    first[1]?.at(8);
    const second = pair(taken(first));
    assert.deepEqual(second[0]?.at(11), []);
    const third = pair(taken(second));
    assert.deepEqual(third[0]?.at(10), []);
    const unfired = names.filter((name) => ownedBy(1, 2, name)).map((name) => `${name}=1@9`);
    assert.deepEqual(third[1]?.at(10).sort(), unfired.sort());
  });

  it('take records again that the watermark before the restore had made late', () => {
    const assigner = TumblingEventTimeWindows.of(10);
    const first = sums(assigner);
    first.at(100);
    first.feed('a', 1, 5);
    const second = sums(assigner, { restore: first.harness.snapshotSync() });
    second.feed('a', 2, 5);
    assert.deepEqual(second.at(100), ['a=2@9']);
    second.feed('a', 3, 5);
    assert.deepEqual(second.at(MAX_WATERMARK_MS), []);
  });

  it('finish the windows that were open when the size changed', () => {
    const first = sums(TumblingEventTimeWindows.of(10));
    first.feed('a', 1, 11);
    const second = sums(TumblingEventTimeWindows.of(20), {
      restore: first.harness.snapshotSync(),
    });
    second.feed('a', 5, 12);
    assert.deepEqual(second.at(19), ['a=1@19', 'a=5@19']);
  });

  it('ask for their processing time again, and fire what passed meanwhile (fact 13)', () => {
    const assigner = SlidingProcessingTimeWindows.of(3000, 1000);
    const first = sums(assigner, { startEpochMs: 3 });
    first.feed('key2', 1, 0);
    assert.deepEqual(first.until(1000), ['key2=1@999']);
    first.feed('key2', 2, 0);
    const restore = first.harness.snapshotSync();
    const second = sums(assigner, { restore, startEpochMs: 1500 });
    assert.deepEqual(second.until(2000), ['key2=3@1999']);
    const late = sums(assigner, { restore, startEpochMs: 2500 });
    assert.deepEqual(late.until(2500), ['key2=3@1999']);
    assert.deepEqual(late.until(9000), ['key2=3@2999', 'key2=2@3999']);
  });
});

const ownedBy = (subtaskIndex: number, parallelism: number, key: string): boolean =>
  operatorIndexOfKeyGroup(128, parallelism, keyGroupOf(hashKey(key), 128)) === subtaskIndex;

describe('session windows, restored', () => {
  it('grow on from where they were (fact 3)', () => {
    const gap = EventTimeSessionWindows.withGap(3000);
    const first = spans(gap);
    first.feed('key2', 1, 0);
    first.feed('key2', 2, 1000);
    first.feed('key2', 3, 2500);
    first.feed('key1', 1, 10);
    first.feed('key1', 2, 1000);
    const second = spans(gap, { restore: first.harness.snapshotSync() });
    second.feed('key1', 3, 2500);
    second.feed('key2', 4, 5501);
    second.feed('key2', 5, 6000);
    second.feed('key2', 5, 6000);
    second.feed('key2', 6, 6050);
    assert.deepEqual(second.at(12_000).sort(), [
      'key1-6 [10,5500) #1',
      'key2-20 [5501,9050) #2',
      'key2-6 [0,5500) #1',
    ]);
    second.feed('key2', 10, 15_000);
    second.feed('key2', 20, 15_000);
    const third = spans(gap, { restore: second.harness.snapshotSync('delta') });
    assert.deepEqual(third.at(17_999), ['key2-30 [15000,18000) #3']);
  });

  it('tell a delta of sessions that grew, joined, fired and went', () => {
    const gap = EventTimeSessionWindows.withGap(10);
    const { harness, feed, at } = spans(gap);
    const written = () => {
      const { puts, removes } = harness.snapshotSync('delta').written;
      return `${puts} ${removes}`;
    };
    feed('a', 1, 0);
    feed('a', 1, 20);
    feed('b', 1, 5);
    assert.equal(written(), '3 0');
    feed('b', 1, 6);
    assert.equal(written(), '1 0');
    feed('a', 1, 10);
    assert.equal(written(), '1 1');
    feed('c', 1, 12);
    // b goes, its firing count comes; c came and went unseen.
    assert.deepEqual(at(21), ['b-2 [5,16) #1', 'c-1 [12,22) #1']);
    assert.equal(written(), '2 1');
    assert.equal(written(), '0 0');
  });

  it('fire once more for a record that came after the restore', () => {
    const gap = EventTimeSessionWindows.withGap(10);
    const first = sums(gap, {}, 20);
    first.feed('a', 1, 0);
    first.feed('b', 1, 0);
    assert.deepEqual(first.at(9), ['a=1@9', 'b=1@9']);
    const second = sums(gap, { restore: first.harness.snapshotSync() }, 20);
    assert.deepEqual(second.at(5), []);
    second.feed('a', 10, 0);
    assert.deepEqual(second.at(10), ['a=11@9']);
    second.feed('b', 10, 0);
    assert.deepEqual(second.shown(), ['b=11@9']);
    assert.deepEqual(second.at(29), []);
    assert.deepEqual(second.harness.snapshotSync().keyedStates[0]?.entries, []);
  });

  it('keep their order of creation, also among sessions that come later', () => {
    const gap = EventTimeSessionWindows.withGap(10);
    const first = sums(gap);
    for (const key of ['b', 'a']) first.feed(key, 1, 0);
    const second = sums(gap, { restore: first.harness.snapshotSync() });
    second.feed('0', 1, 0);
    assert.deepEqual(second.at(9), ['b=1@9', 'a=1@9', '0=1@9']);
  });

  it('ask for their processing time again', () => {
    const gap = ProcessingTimeSessionWindows.withGap(100);
    const first = sums(gap, { startEpochMs: 1000 });
    first.feed('a', 1, 0);
    const restore = first.harness.snapshotSync();
    const second = sums(gap, { restore, startEpochMs: 1050 });
    second.feed('a', 2, 0);
    assert.deepEqual(second.until(1149), []);
    assert.deepEqual(second.until(1150), ['a=3@1149']);
    const late = sums(gap, { restore, startEpochMs: 5000 });
    assert.deepEqual(late.until(5000), ['a=1@1099']);
  });

  it('are not what other windows can start from', () => {
    const first = sums(EventTimeSessionWindows.withGap(10));
    first.feed('a', 1, 0);
    const options = { restore: first.harness.snapshotSync() };
    assert.throws(() => sums(TumblingEventTimeWindows.of(10), options), {
      code: 'STATE_INCOMPATIBLE',
      message: /windows\/contents.*stored=session-window of reduced declared=window of reduced/,
    });
  });
});

describe('windows whose contents changed', () => {
  const meta = (kind: string, defaultKind?: string) => ({
    name: 'windows/contents',
    kind,
    version: 1,
    ...(defaultKind === undefined ? {} : { defaultKind }),
  });

  it('say so by kind, and by the kind of an empty accumulator', () => {
    const numbers = aggregateAggregation<number, number, number>({
      createAccumulator: () => 0,
      add: (value, sum) => sum + value,
      getResult: (sum) => sum,
    });
    const reduced = reduceAggregation<number>((a, b) => a + b);
    assert.deepEqual(contentsMeta('window', numbers), meta('window of accumulator', 'number'));
    assert.deepEqual(contentsMeta('window', reduced), meta('window of reduced'));
    assert.deepEqual(contentsMeta('window', listAggregation()), meta('window of records'));
    const changed = compareStateMeta(
      meta('window of accumulator', 'number'),
      meta('window of accumulator', 'object'),
    );
    assert.deepEqual(changed, {
      incompatible: 'its default is of another kind: stored=number declared=object',
    });
  });
});
