/** Scenarios of Flink's `CoBroadcastWithKeyedOperatorTest` and `CoBroadcastWithNonKeyedOperatorTest`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MIN_TIMESTAMP_MS } from '../core/index.ts';
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';
import { type HarnessOptions, OperatorHarness, restoreAt } from '../testing/index.ts';
import {
  coBroadcastOperator,
  type KeyedBroadcastProcessFunction,
  keyedCoBroadcastOperator,
  OutputTag,
} from './index.ts';

type Ev = readonly [key: string, n: number];
type Rule = readonly [name: string, limit: number];
type Fn = KeyedBroadcastProcessFunction<string, Ev, Rule, string>;

const byKey = (event: Ev): string => event[0];
const RULES = new MapStateDescriptor<string, number>('rules');
const SUM = new ValueStateDescriptor('sum', 0);

/** Sums by key; the sum and all rules come out of a timer. */
function summing(): Fn {
  let sum: ValueState<number, number>;
  return {
    open: (ctx) => {
      sum = ctx.getState(SUM);
    },
    processElement: (event, ctx) => {
      sum.update(sum.value() + event[1]);
      ctx.timerService.registerEventTimeTimer(10);
    },
    processBroadcastElement: ([name, limit], ctx) => {
      ctx.getBroadcastState(RULES).put(name, limit);
    },
    onTimer: (_ms, ctx, out) => {
      const rules = [...ctx.getBroadcastState(RULES).immutableEntries()].join(' ');
      out.collect(`${ctx.getCurrentKey()}=${sum.value()} ${rules}`);
    },
  };
}

function harnessOf(fn: Fn, options: HarnessOptions = {}) {
  const factory = keyedCoBroadcastOperator(fn, byKey, [RULES]);
  return OperatorHarness.twoInput(factory, options).open();
}

/** What `processElement` does to a harness when it is called. */
async function elementSide(body: Fn['processElement'], options: HarnessOptions = {}) {
  const fn: Fn = { ...summing(), processElement: body };
  const harness = await harnessOf(fn, options);
  return (): void => harness.operator.first.processElement(['a', 1], 0, -1);
}

async function broadcastSide(fn: Partial<Fn> & Pick<Fn, 'processBroadcastElement'>) {
  const harness = await harnessOf({ ...summing(), ...fn });
  return () => {
    harness.operator.second.processElement(['r', 1], 0, -1);
    return harness;
  };
}

describe('keyedCoBroadcastOperator', () => {
  it('shows what the broadcast side wrote to records and timers of every key', async () => {
    const harness = await harnessOf(summing());
    const { first, second } = harness.operator;
    first.processElement(['a', 1], 1, -1);
    second.processElement(['x', 7], 2, -1);
    first.processElement(['b', 2], 3, -1);
    second.processElement(['y', 8], 4, -1);
    first.processWatermark(10);
    assert.deepEqual(harness.values(), []);
    second.processWatermark(12);
    assert.deepEqual(harness.emitted, [
      { type: 'record', value: 'a=1 x,7 y,8', timestampMs: 10 },
      { type: 'record', value: 'b=2 x,7 y,8', timestampMs: 10 },
      { type: 'watermark', watermarkMs: 10 },
    ]);
  });

  for (const [from, to] of [
    [2, 3],
    [3, 2],
  ] as const) {
    it(`C43: has all entries in each subtask when ${from} become ${to}, keys once`, async () => {
      const snapshots = [];
      for (let subtaskIndex = 0; subtaskIndex < from; subtaskIndex++) {
        const harness = await harnessOf(summing(), { subtaskIndex, parallelism: from });
        for (const name of ['test1', 'test2', 'test3']) {
          harness.operator.second.processElement([name, 3], 0, -1);
        }
        if (subtaskIndex === 0) harness.operator.first.processElement(['a', 5], 0, -1);
        snapshots.push(await harness.snapshot());
      }
      const values = [];
      for (let subtaskIndex = 0; subtaskIndex < to; subtaskIndex++) {
        const harness = await harnessOf(summing(), restoreAt(snapshots, subtaskIndex, to));
        harness.operator.first.processElement([`new ${subtaskIndex}`, 1], 0, -1);
        harness.operator.first.processWatermark(10);
        harness.operator.second.processWatermark(10);
        values.push(...harness.values());
      }
      const all = 'test1,3 test2,3 test3,3';
      const expected = Array.from({ length: to }, (_, i) => `new ${i}=1 ${all}`);
      assert.deepEqual(values.sort(), [`a=5 ${all}`, ...expected].sort());
    });
  }

  it('C43: refuses every write where the state is read-only, naming the state', async () => {
    for (const call of ['put', 'putAll', 'remove', 'clear'] as const) {
      const write = await elementSide((_event, ctx) => {
        const state = ctx.getBroadcastState(RULES);
        (state as unknown as Record<string, (...args: unknown[]) => void>)[call]?.('k', 1);
      });
      assert.throws(write, {
        kind: 'invalid',
        code: 'BROADCAST_STATE_READ_ONLY',
        message: new RegExp(`only be changed in processBroadcastElement.*call=${call} state=rules`),
      });
    }
  });

  it('refuses a state that broadcast was not given, on both sides', async () => {
    const other = new MapStateDescriptor<string, number>('rulez');
    const code = 'BROADCAST_STATE_UNKNOWN';
    const message = /give its descriptor to broadcast\(\): state=rulez known=rules/;
    const read = await elementSide((_event, ctx) => void ctx.getBroadcastState(other));
    assert.throws(read, { kind: 'invalid', code, message });
    const write = await broadcastSide({
      processBroadcastElement: (_rule, ctx) => void ctx.getBroadcastState(other),
    });
    assert.throws(write, { kind: 'invalid', code, message });
  });

  it('applies a function, which may clear it, to the keys that have a state', async () => {
    const add = (a: number, b: number): number => a + b;
    const aggregate = {
      createAccumulator: () => 0,
      add,
      getResult: (n: number) => n * 10,
    };
    const list = new ListStateDescriptor<number>('list');
    const map = new MapStateDescriptor<string, number>('map');
    const reducing = new ReducingStateDescriptor<number>('reducing', add);
    const aggregating = new AggregatingStateDescriptor('aggregating', aggregate);
    const seen: unknown[] = [];
    const adders: ((n: number) => void)[] = [];
    const harness = await harnessOf({
      open: (ctx) => {
        const value = ctx.getState(SUM);
        const lists = ctx.getListState(list);
        const maps = ctx.getMapState(map);
        const reduced = ctx.getReducingState(reducing);
        const aggregated = ctx.getAggregatingState(aggregating);
        adders.push((n) => value.update(n));
        adders.push((n) => lists.add(n));
        adders.push((n) => maps.put('m', n));
        adders.push((n) => reduced.add(n));
        adders.push((n) => aggregated.add(n));
      },
      processElement: ([, n]) => {
        for (const add of adders) add(n);
      },
      processBroadcastElement: (_rule, ctx) => {
        ctx.applyToKeyedState(SUM, (key, state) => {
          seen.push([key, state.value()]);
          state.clear();
        });
        ctx.applyToKeyedState(list, {
          process: (key, state) => void seen.push([key, state.get()]),
        });
        ctx.applyToKeyedState(map, (key, state) => void seen.push([key, [...state.entries()]]));
        ctx.applyToKeyedState(reducing, (key, state) => void seen.push([key, state.get()]));
        ctx.applyToKeyedState(aggregating, (key, state) => void seen.push([key, state.get()]));
      },
    });
    const { first, second } = harness.operator;
    first.processElement(['a', 1], 0, -1);
    first.processElement(['b', 2], 0, -1);
    second.processElement(['r', 0], 0, -1);
    const expected = [
      ['a', [1]],
      ['b', [2]],
      ['a', [['m', 1]]],
      ['b', [['m', 2]]],
      ['a', 1],
      ['b', 2],
      ['a', 10],
      ['b', 20],
    ];
    assert.deepEqual(seen.splice(0), [['a', 1], ['b', 2], ...expected]);
    second.processElement(['r', 0], 0, -1);
    assert.deepEqual(seen, expected);
  });

  it('has no key on the broadcast side: keyed state and timers are refused', async () => {
    let sum: ValueState<number, number> | undefined;
    const state = await harnessOf({
      ...summing(),
      open: (ctx) => {
        sum = ctx.getState(SUM);
      },
      processElement: () => {},
      processBroadcastElement: (_rule, ctx) => {
        ctx.applyToKeyedState(SUM, () => {});
        sum?.update(1);
      },
    });
    state.operator.first.processElement(['a', 1], 0, -1);
    assert.throws(() => state.operator.second.processElement(['r', 1], 0, -1), {
      kind: 'invalid',
      code: 'NO_CURRENT_KEY',
      message: /processBroadcastElement.*applyToKeyedState/,
    });
    const timer = await broadcastSide({
      processBroadcastElement: (_rule, ctx) => {
        const { timerService } = ctx as unknown as {
          timerService: { registerEventTimeTimer(ms: number): void };
        };
        timerService.registerEventTimeTimer(5);
      },
    });
    assert.throws(timer, { code: 'TIMERS_NEED_KEYS', message: /register them in processElement/ });
  });

  it('tells the broadcast side its times, and takes its side outputs', async () => {
    const tag = new OutputTag<number>('rules');
    const side = await broadcastSide({
      processBroadcastElement: ([, limit], ctx, out) => {
        ctx.output(tag, limit);
        out.collect(`${ctx.timestamp} ${ctx.currentWatermark()} ${ctx.currentProcessingTime()}`);
      },
    });
    const harness = side();
    const { first, second } = harness.operator;
    harness.setProcessingTime(50);
    first.processWatermark(20);
    second.processWatermark(30);
    second.processElement(['r', 4], 31, -1);
    assert.deepEqual(harness.side('rules'), [
      [1, 0],
      [4, 31],
    ]);
    assert.deepEqual(harness.values(), [`0 ${MIN_TIMESTAMP_MS} 0`, '31 20 50']);
  });

  it('names the function and the record when a side throws or is asynchronous', async () => {
    const failing = await broadcastSide({ processBroadcastElement: () => assert.fail('no') });
    assert.throws(failing, {
      message:
        'broadcast process function failed in operator "Test" (subtask 1/1): no; record=["r",1]',
    });
    const waiting = await broadcastSide({
      processBroadcastElement: (() => Promise.resolve()) as () => void,
    });
    assert.throws(waiting, { code: 'ASYNC_FUNCTION' });
    const element = await elementSide((() => Promise.resolve()) as () => void);
    assert.throws(element, { code: 'ASYNC_FUNCTION' });
    const harness = await harnessOf({
      ...summing(),
      processBroadcastElement: (_rule, ctx) =>
        ctx.applyToKeyedState(SUM, (() => Promise.resolve()) as () => void),
    });
    harness.operator.first.processElement(['a', 1], 0, -1);
    assert.throws(() => harness.operator.second.processElement(['r', 1], 0, -1), {
      code: 'ASYNC_FUNCTION',
    });
  });
});

describe('coBroadcastOperator', () => {
  it('reads and writes the state without keys, and refuses what needs them', async () => {
    const operator = coBroadcastOperator<number, Rule, unknown>(
      {
        processElement: (n, ctx, out) => {
          if (n < 0) ctx.timerService.registerEventTimeTimer(5);
          out.collect([n, ...ctx.getBroadcastState(RULES).keys()]);
        },
        processBroadcastElement: ([name, limit], ctx) => {
          if (limit > 0) ctx.getBroadcastState(RULES).put(name, limit);
          else (ctx as { applyToKeyedState?(...args: unknown[]): void }).applyToKeyedState?.(SUM);
        },
      },
      [RULES],
    );
    const harness = await OperatorHarness.twoInput(operator).open();
    const { first, second } = harness.operator;
    first.processElement(1, 5, -1);
    second.processElement(['x', 1], 6, -1);
    const snapshot = await harness.snapshot();
    first.processElement(2, 7, -1);
    assert.deepEqual(harness.records(), [
      [[1], 5],
      [[2, 'x'], 7],
    ]);
    assert.throws(() => first.processElement(-1, 0, -1), { code: 'TIMERS_NEED_KEYS' });
    assert.throws(() => second.processElement(['y', 0], 0, -1), { code: 'NO_KEYED_CONTEXT' });
    const restored = await OperatorHarness.twoInput(operator, { restore: snapshot }).open();
    restored.operator.first.processElement(3, 8, -1);
    assert.deepEqual(restored.values(), [[3, 'x']]);
  });
});
