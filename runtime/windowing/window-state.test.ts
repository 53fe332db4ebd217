import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Collector, OneInputFactory } from '../operators/index.ts';
import { ValueStateDescriptor } from '../state/index.ts';
import { type HarnessSnapshot, OperatorHarness } from '../testing/index.ts';
import {
  CountTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  listAggregation,
  type ProcessWindowContext,
  type ProcessWindowLike,
  PurgingTrigger,
  type Trigger,
  TumblingEventTimeWindows,
  type WindowAssigner,
  windowOperator,
} from './index.ts';
import { type WindowEvent as Event, keySelector, WindowRun } from './window-run.fixture.ts';

const runOf = <O>(factory: OneInputFactory<Event, O>) =>
  new WindowRun((restore?: HarnessSnapshot) =>
    OperatorHarness.oneInput(factory, restore === undefined ? {} : { restore }),
  );

const firings = new ValueStateDescriptor<number>('firings', 0);
const cleared: string[] = [];

/** `key: firings of the window, firings of the key`. */
const counting = {
  process(key: unknown, ctx: ProcessWindowContext, _in: unknown, out: Collector<string>): void {
    const ofWindow = ctx.windowState().getState(firings);
    const ofKey = ctx.globalState().getState(firings);
    ofWindow.update(ofWindow.value() + 1);
    ofKey.update(ofKey.value() + 1);
    out.collect(`${String(key)}: ${ofWindow.value()}, ${ofKey.value()}`);
  },
  clear(ctx: ProcessWindowContext): void {
    cleared.push(`${ctx.window.start}: ${ctx.windowState().getState(firings).value()}`);
    ctx.windowState().getState(firings).clear();
  },
};

interface Options {
  readonly assigner?: WindowAssigner<Event>;
  readonly trigger?: Trigger<Event>;
  readonly allowedLatenessMs?: number;
}

function processing(fn: ProcessWindowLike<unknown, string, unknown>, options: Options = {}) {
  const { assigner = TumblingEventTimeWindows.of(10), ...others } = options;
  return windowOperator<Event, Event[], readonly Event[], string>(assigner, {
    keySelector,
    aggregation: listAggregation<Event>(),
    windowFunction: { fn, single: false },
    ...others,
  });
}

describe('states of a window function', () => {
  it('are of one window or of the key, and come back after a restore', async () => {
    cleared.length = 0;
    const options = { trigger: CountTrigger.of(2) };
    const run = await runOf(processing(counting, options)).open();
    run.addAll([
      ['a', 0],
      ['a', 1],
      ['a', 10],
      ['a', 11],
      ['b', 0],
      ['b', 0],
    ]);
    assert.deepEqual(run.take(), ['a: 1, 1@9', 'a: 1, 2@19', 'b: 1, 1@9']);
    await run.restore();
    run.addAll([
      ['a', 2],
      ['a', 3],
    ]);
    assert.deepEqual(run.take(), ['a: 2, 3@9']);
    run.watermark(9);
    assert.deepEqual(cleared.toSorted(), ['0: 1', '0: 2']);
    assert.equal((await run.held())['windows/state/firings'], 1);
    run.watermark(100);
    assert.deepEqual(await run.held(), { firings: 2 }, 'what is of the key stays');
  });

  it('need no trigger of one’s own', async () => {
    cleared.length = 0;
    const run = await runOf(processing(counting, { allowedLatenessMs: 5 })).open();
    run.add('a', 0);
    assert.deepEqual(run.watermark(9), ['a: 1, 1@9']);
    run.add('a', 1);
    assert.deepEqual(run.take(), ['a: 2, 2@9']);
    assert.deepEqual(cleared, []);
    run.watermark(14);
    assert.deepEqual(cleared, ['0: 2']);
  });

  it('are cleared also where a window holds nothing or never fired', async () => {
    cleared.length = 0;
    const trigger = PurgingTrigger.of(CountTrigger.of(1));
    const run = await runOf(processing(counting, { trigger })).open();
    run.add('a', 0);
    run.watermark(9);
    const never = await runOf(processing(counting, { trigger: CountTrigger.of(9) })).open();
    never.add('a', 10);
    never.watermark(19);
    assert.deepEqual(cleared, ['0: 1', '10: 0']);
  });

  it('keep nothing of a window whose function answers nothing (23)', async () => {
    const fn = { process: () => {}, clear: () => {} };
    const options = { assigner: TumblingEventTimeWindows.of(2000), allowedLatenessMs: 1 };
    const run = await runOf(processing(fn, options)).open();
    run.add('key2', 1000);
    run.watermark(1999);
    assert.equal((await run.held())['windows/contents'], 1);
    assert.deepEqual(run.watermark(2000), []);
    assert.deepEqual(await run.held(), {});
  });

  it('go where the key goes when the parallelism changes', async () => {
    const factory = processing(counting, { trigger: CountTrigger.of(1) });
    const one = await runOf(factory).open();
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const key of keys) one.add(key, 0);
    const restore = await one.harness.snapshot();
    await one.harness.operator.close();
    const seen: string[] = [];
    for (const subtaskIndex of [0, 1]) {
      const options = { restore, subtaskIndex, parallelism: 2 };
      const harness = OperatorHarness.oneInput(factory, options);
      await harness.open();
      const { keyedStates } = await harness.snapshot();
      const contents = keyedStates.find(({ meta }) => meta.name === 'windows/contents');
      for (const [key] of contents?.entries ?? []) {
        harness.operator.processElement([String(key), 1], 0, -1);
      }
      seen.push(...harness.values());
      await harness.operator.close();
    }
    assert.deepEqual(
      seen.toSorted(),
      keys.map((key) => `${key}: 2, 2`),
    );
  });

  it('are refused where nothing would clear them, and where windows merge', async () => {
    const plain = (key: unknown, ctx: ProcessWindowContext): void =>
      counting.process(key, ctx, [], { collect: () => {} });
    const expected = { code: 'WINDOW_STATE_REFUSED' };
    const run = await runOf(processing(plain)).open();
    run.add('a', 0);
    const noClear = { ...expected, message: /has no clear.*globalState/ };
    assert.throws(() => run.watermark(9), noClear);
    const triggers = [undefined, EventTimeTrigger.create()];
    for (const trigger of triggers) {
      const assigner = EventTimeSessionWindows.withGap(10);
      const options = trigger === undefined ? { assigner } : { assigner, trigger };
      for (const fn of [plain, { process: plain, clear: () => {} }]) {
        const merging = await runOf(processing(fn, options)).open();
        merging.add('a', 0);
        assert.throws(() => merging.watermark(9), { ...expected, message: /that merge/ });
      }
    }
  });

  it('blames clear for what it throws', async () => {
    const fn = {
      process: () => {},
      clear: () => {
        throw new Error('stuck');
      },
    };
    const run = await runOf(processing(fn)).open();
    run.add('a', 0);
    assert.throws(() => run.watermark(9), { message: /window function failed.*stuck/ });
  });
});
