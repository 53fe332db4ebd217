import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ValueState, ValueStateDescriptor } from '../state/index.ts';
import { type HarnessOptions, OperatorHarness, restoreAt } from '../testing/index.ts';
import {
  type CoFlatMapFunction,
  coFlatMapOperator,
  coMapOperator,
  filterOperator,
  flatMapOperator,
  type KeyedCoProcessFunction,
  type KeyedProcessFunction,
  keyedCoProcessOperator,
  keyedProcessOperator,
  mapOperator,
  reduceOperator,
} from './index.ts';

type Ev = readonly [key: string, n: number];
const byKey = (event: Ev): string => event[0];
const keys = { first: byKey, second: byKey };
const counter = new ValueStateDescriptor('n', 0);

/** Adds to the count of the current key. */
class Count {
  #state: ValueState<number, number> | undefined;
  readonly open = (ctx: {
    getState(descriptor: typeof counter): ValueState<number, number>;
  }): void => {
    this.#state = ctx.getState(counter);
  };
  add(n: number): number {
    const sum = (this.#state?.value() ?? 0) + n;
    this.#state?.update(sum);
    return sum;
  }
}

const reduce = reduceOperator<Ev>((a, b) => [a[0], a[1] + b[1]], byKey);

/** FACT 33: one timer of event time (6), one of processing time (5). */
const twoTimers = (): KeyedProcessFunction<string, Ev, string> => ({
  processElement: (_event, { timerService }) => {
    timerService.registerEventTimeTimer(6);
    timerService.registerProcessingTimeTimer(5);
  },
  onTimer: (_ms, ctx, out) => out.collect(`${ctx.timeDomain} ${ctx.getCurrentKey()}`),
});

describe('reduceOperator, restored', () => {
  it('goes on from the values of the snapshot', async () => {
    const harness = OperatorHarness.oneInput(reduce);
    harness.operator.processElement(['a', 1], 1, -1);
    harness.operator.processElement(['b', 10], 2, -1);
    const snapshot = await harness.snapshot();
    harness.operator.processElement(['a', 100], 3, -1);
    const restored = OperatorHarness.oneInput(reduce, { restore: snapshot });
    restored.operator.processElement(['a', 2], 4, -1);
    restored.operator.processElement(['b', 20], 5, -1);
    assert.deepEqual(restored.records(), [
      [['a', 3], 4],
      [['b', 30], 5],
    ]);
  });

  it('writes only what has changed into a delta', async () => {
    const harness = OperatorHarness.oneInput(reduce);
    for (let i = 0; i < 100; i++) harness.operator.processElement([`k${i}`, 1], 0, -1);
    const base = await harness.snapshot();
    assert.deepEqual(base.written, { puts: 100, removes: 0 });
    harness.operator.processElement(['k7', 1], 0, -1);
    harness.operator.processElement(['k7', 1], 0, -1);
    harness.operator.processElement(['new', 5], 0, -1);
    const delta = await harness.snapshot('delta');
    assert.deepEqual(delta.written, { puts: 2, removes: 0 });
    assert.deepEqual((await harness.snapshot('delta')).written, { puts: 0, removes: 0 });
    const restored = OperatorHarness.oneInput(reduce, { restore: delta });
    for (const key of ['k7', 'k8', 'new']) restored.operator.processElement([key, 0], 0, -1);
    assert.deepEqual(
      restored.values().map(([, n]) => n),
      [3, 1, 5],
    );
    assert.deepEqual((await restored.snapshot('delta')).written, { puts: 3, removes: 0 });
  });

  it('gives each key to one subtask at another parallelism', async () => {
    const harness = OperatorHarness.oneInput(reduce);
    const names = Array.from({ length: 50 }, (_, i) => `key${i}`);
    for (const name of names) harness.operator.processElement([name, 1], 0, -1);
    const snapshot = await harness.snapshot();
    const three = [0, 1, 2].map((i) =>
      OperatorHarness.oneInput(reduce, restoreAt([snapshot], i, 3)),
    );
    const held = [];
    for (const harness of three) held.push((await harness.snapshot()).keyedStates[0]?.entries);
    assert.deepEqual(
      held.flatMap((entries) => entries?.map(([key]) => key)).sort(),
      [...names].sort(),
    );
    const shares = await Promise.all(three.map((one) => one.snapshot()));
    const again = OperatorHarness.oneInput(reduce, restoreAt(shares, 0, 1));
    for (const name of names) again.operator.processElement([name, 1], 0, -1);
    assert.deepEqual(new Set(again.values().map(([, n]) => n)), new Set([2]));
  });
});

describe('keyed functions, restored', () => {
  const count = (): Count => new Count();
  const oneInput = {
    map: () => {
      const state = count();
      return mapOperator({ open: state.open, map: (e: Ev) => state.add(e[1]) }, byKey);
    },
    filter: () => {
      const state = count();
      const filter = (e: Ev): boolean => state.add(e[1]) >= 3;
      return filterOperator({ open: state.open, filter }, byKey);
    },
    flatMap: () => {
      const state = count();
      return flatMapOperator({ open: state.open, flatMap: (e: Ev) => [state.add(e[1])] }, byKey);
    },
  };
  const results = {
    map: [3, 10],
    filter: [
      ['a', 2],
      ['b', 10],
    ],
    flatMap: [3, 10],
  };

  for (const [operator, create] of Object.entries(oneInput)) {
    it(`find their keyed state: ${operator}`, async () => {
      const first = await OperatorHarness.oneInput<Ev, unknown>(create()).open();
      first.operator.processElement(['a', 1], 0, -1);
      const options = { restore: await first.snapshot('delta') };
      const restored = await OperatorHarness.oneInput<Ev, unknown>(create(), options).open();
      restored.operator.processElement(['a', 2], 0, -1);
      restored.operator.processElement(['b', 10], 0, -1);
      assert.deepEqual(restored.values(), results[operator as keyof typeof results]);
    });
  }

  const twoInput = {
    coMap: () => {
      const state = count();
      const map = (e: Ev): number => state.add(e[1]);
      return coMapOperator<Ev, Ev, number>({ open: state.open, map1: map, map2: map }, keys);
    },
    coFlatMap: () => {
      const state = count();
      const flatMap = (e: Ev): number[] => [state.add(e[1])];
      const fn: CoFlatMapFunction<Ev, Ev, number> = {
        open: state.open,
        flatMap1: flatMap,
        flatMap2: flatMap,
      };
      return coFlatMapOperator(fn, keys);
    },
    coProcess: () => {
      const state = count();
      const process: KeyedCoProcessFunction<string, Ev, Ev, number>['processElement1'] = (
        e,
        _ctx,
        out,
      ) => out.collect(state.add(e[1]));
      return keyedCoProcessOperator<string, Ev, Ev, number>(
        { open: state.open, processElement1: process, processElement2: process },
        keys,
      );
    },
  };

  for (const [operator, create] of Object.entries(twoInput)) {
    it(`find the keyed state that both inputs share: ${operator}`, async () => {
      const first = await OperatorHarness.twoInput(create()).open();
      first.operator.first.processElement(['a', 1], 0, -1);
      const base = await first.snapshot();
      first.operator.second.processElement(['a', 2], 0, -1);
      const delta = await first.snapshot('delta');
      assert.deepEqual([base.written.puts, delta.written.puts], [1, 1]);
      const restored = await OperatorHarness.twoInput(create(), { restore: delta }).open();
      restored.operator.second.processElement(['a', 4], 0, -1);
      restored.operator.first.processElement(['b', 8], 0, -1);
      assert.deepEqual(restored.values(), [7, 8]);
    });
  }
});

describe('keyedProcessOperator, restored', () => {
  const open = (options: HarnessOptions = {}) =>
    OperatorHarness.oneInput(keyedProcessOperator(twoTimers(), byKey), options).open();

  it('fires the timers of the snapshot in both domains', async () => {
    const harness = await open();
    harness.operator.processElement(['k', 0], 12, -1);
    const restored = await open({ restore: await harness.snapshot() });
    restored.setProcessingTime(5);
    restored.operator.processWatermark(6);
    assert.deepEqual(restored.emitted, [
      { type: 'record', value: 'PROCESSING_TIME k' },
      { type: 'record', value: 'EVENT_TIME k', timestampMs: 6 },
      { type: 'watermark', watermarkMs: 6 },
    ]);
    assert.deepEqual((await restored.snapshot('delta')).written, { puts: 0, removes: 2 });
  });

  it('fires a timer at once whose processing time passed while nobody ran', async () => {
    const harness = await open();
    harness.operator.processElement(['k', 0], 12, -1);
    const restored = await open({ restore: await harness.snapshot(), startEpochMs: 1000 });
    restored.setProcessingTime(1000);
    assert.deepEqual(restored.values(), ['PROCESSING_TIME k']);
  });

  it('gives each subtask the timers of its key groups', async () => {
    const harness = await open();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) harness.operator.processElement([name, 0], 12, -1);
    const snapshot = await harness.snapshot('delta');
    const fired = [];
    for (const subtaskIndex of [0, 1]) {
      const restored = await open(restoreAt([snapshot], subtaskIndex, 2));
      restored.operator.processWatermark(6);
      fired.push(restored.values());
    }
    assert.ok(fired.every((values) => values.length > 0));
    assert.deepEqual(
      fired.flat().sort(),
      names.map((name) => `EVENT_TIME ${name}`),
    );
  });

  it('keeps state and timers of two inputs', async () => {
    const fn = (): KeyedCoProcessFunction<string, Ev, Ev, string> => {
      const state = new Count();
      return {
        open: state.open,
        processElement1: (e, ctx) => {
          state.add(e[1]);
          ctx.timerService.registerEventTimeTimer(10);
        },
        processElement2: (e) => void state.add(e[1]),
        onTimer: (_ms, ctx, out) => out.collect(`${ctx.getCurrentKey()}=${state.add(0)}`),
      };
    };
    const create = () => keyedCoProcessOperator(fn(), keys);
    const harness = await OperatorHarness.twoInput(create()).open();
    harness.operator.first.processElement(['k', 1], 0, -1);
    const options = { restore: await harness.snapshot() };
    const restored = await OperatorHarness.twoInput(create(), options).open();
    restored.operator.second.processElement(['k', 2], 0, -1);
    restored.operator.first.processWatermark(10);
    assert.deepEqual(restored.values(), []);
    restored.operator.second.processWatermark(10);
    assert.deepEqual(restored.records(), [['k=3', 10]]);
  });
});
