import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS, NO_TIMESTAMP_MS } from '../core/index.ts';
import type { OneInputFactory } from '../operators/index.ts';
import { type HarnessSnapshot, OperatorHarness } from '../testing/index.ts';
import {
  aggregateAggregation,
  CountEvictor,
  CountTrigger,
  DeltaEvictor,
  EventTimeSessionWindows,
  type Evictor,
  GlobalWindows,
  listAggregation,
  TimeEvictor,
  type Trigger,
  TumblingEventTimeWindows,
  type WindowAggregation,
  type WindowAssigner,
  windowOperator,
} from './index.ts';
import {
  type WindowEvent as Event,
  keySelector,
  spans,
  sum,
  WindowRun,
} from './window-run.fixture.ts';

const runOf = <O>(factory: OneInputFactory<Event, O>) =>
  new WindowRun((restore?: HarnessSnapshot) =>
    OperatorHarness.oneInput(factory, restore === undefined ? {} : { restore }),
  );

const MAX = String(MAX_WATERMARK_MS);
const twice = CountTrigger.of(2);
const delta = (a: Event, b: Event): number => b[1] - a[1];

interface Options {
  readonly assigner?: WindowAssigner<Event>;
  readonly trigger?: Trigger<Event>;
  readonly evictor: Evictor<Event>;
}

function evicting<A, R>(aggregation: WindowAggregation<Event, A, R>, options: Options) {
  const { assigner = GlobalWindows.create(), trigger = twice, evictor } = options;
  const factory = windowOperator<Event, A, R, R>(assigner, {
    keySelector,
    aggregation,
    trigger,
    evictor,
  });
  return runOf(factory).open();
}

describe('TimeEvictor', () => {
  it('keeps what is later than the size before the latest (27)', async () => {
    const assigner = TumblingEventTimeWindows.of(4000);
    const run = await evicting(sum, { assigner, evictor: TimeEvictor.of(2000) });
    run.add('key2', 1000);
    run.add('key2', 3999);
    assert.deepEqual(run.take(), ['key2=1@3999']);
    run.add('key1', 20);
    run.add('key1', 0);
    assert.deepEqual(run.take(), ['key1=2@3999']);
    run.add('key1', 999);
    run.add('key1', 5999);
    await run.restore();
    run.add('key2', 3500);
    run.add('key2', 2001);
    assert.deepEqual(run.take(), ['key2=3@3999']);
    run.add('key1', 6500);
    assert.deepEqual(run.take(), ['key1=2@7999']);
    run.add('key2', 1001);
    run.add('key2', 1002);
    assert.deepEqual(run.take(), ['key2=3@3999']);
    run.watermark(8000);
    assert.deepEqual(await run.held(), {});
  });

  it('leaves records without a timestamp alone', async () => {
    const run = await evicting(sum, { evictor: TimeEvictor.of(1) });
    run.add('a', NO_TIMESTAMP_MS);
    run.add('a', NO_TIMESTAMP_MS);
    assert.deepEqual(run.take(), [`a=2@${MAX}`]);
  });
});

describe('DeltaEvictor', () => {
  it('keeps what is closer than the threshold to the last (29)', async () => {
    const run = await evicting(sum, { evictor: DeltaEvictor.of(2, delta) });
    const add = (key: string, values: readonly number[]): string[] => {
      for (const value of values) run.add(key, 0, value);
      return run.take();
    };
    assert.deepEqual(add('key2', [1, 4]), [`key2=4@${MAX}`]);
    assert.deepEqual(add('key2', [5, 6]), [`key2=11@${MAX}`]);
    assert.deepEqual(add('key1', [1, 1]), [`key1=2@${MAX}`]);
    await run.restore('delta');
    assert.deepEqual(add('key1', [5, 3]), [`key1=8@${MAX}`]);
    assert.deepEqual(add('key2', [1, 10]), [`key2=10@${MAX}`]);
  });
});

describe('CountEvictor', () => {
  it('keeps the last so many: a window that slides by count', async () => {
    const run = await evicting(sum, { evictor: CountEvictor.of(4) });
    for (const value of [1, 2, 3, 4]) run.add('a', 0, value);
    await run.restore();
    run.add('a', 0, 5);
    run.add('a', 0, 6);
    assert.deepEqual(run.take(), [`a=18@${MAX}`]);
  });

  it('evicts after the function where asked to', async () => {
    const run = await evicting(sum, { evictor: CountEvictor.of(1, true) });
    for (const value of [1, 2, 3, 4]) run.add('a', 0, value);
    assert.deepEqual(run.take(), [`a=3@${MAX}`, `a=9@${MAX}`]);
    assert.equal((await run.held())['windows/contents'], 1);
  });
});

describe('an evictor of one’s own', () => {
  it('changes what a snapshot of changes holds, also when no record came', async () => {
    const first: Evictor<Event> = {
      evictBefore: () => {},
      evictAfter: (elements) => void elements.shift(),
    };
    const factory = windowOperator<Event, Event, Event, Event>(TumblingEventTimeWindows.of(10), {
      keySelector,
      aggregation: sum,
      evictor: first,
      allowedLatenessMs: 100,
    });
    const run = await runOf(factory).open();
    run.add('a', 0, 1);
    run.add('a', 1, 2);
    await run.restore();
    assert.deepEqual(run.watermark(9), ['a=3@9']);
    await run.restore('delta');
    run.watermark(9);
    run.add('a', 2, 4);
    assert.deepEqual(run.take(), ['a=6@9']);
  });
});

describe('an evictor that leaves nothing', () => {
  const all: Evictor<Event> = {
    evictBefore: (elements) => void elements.splice(0),
    evictAfter: () => {},
  };
  const count = aggregateAggregation({
    createAccumulator: () => 0,
    add: (_event: Event, held: number) => held + 1,
    getResult: (held) => held,
  });

  it('gives the function no records, an aggregate its empty result, a reduce nothing', async () => {
    const lists = await evicting(listAggregation<Event>(), { evictor: all });
    const counts = await evicting(count, { evictor: all });
    const sums = await evicting(sum, { evictor: all });
    for (const run of [lists, counts, sums]) {
      run.add('a', 0);
      run.add('a', 0);
    }
    assert.deepEqual([lists.take(), counts.take(), sums.take()], [[`@${MAX}`], [`0@${MAX}`], []]);
    assert.deepEqual(await sums.held(), {});
  });

  it('is blamed for what it throws', async () => {
    const run = await evicting(sum, {
      evictor: {
        ...all,
        evictAfter: () => {
          throw new Error('no');
        },
      },
    });
    run.add('a', 0);
    assert.throws(() => run.add('a', 0), { message: /evictor failed in operator "Test".*no/ });
  });
});

describe('sessions with an evictor', () => {
  it('join the records of both, whatever the aggregate function can', async () => {
    const factory = windowOperator<Event, Event[], readonly Event[], string>(
      EventTimeSessionWindows.withGap(10),
      {
        keySelector,
        aggregation: { ...listAggregation<Event>(), merge: undefined },
        windowFunction: { fn: spans, single: false },
        evictor: CountEvictor.of(2),
      },
    );
    const run = await runOf(factory).open();
    run.add('a', 20, 1);
    run.add('a', 0, 2);
    await run.restore();
    run.add('a', 10, 4);
    assert.deepEqual(run.watermark(40), ['a-5 [0,30)@29']);
    assert.deepEqual(await run.held(), {});
  });
});
