import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type MapState, MapStateDescriptor } from '../state/index.ts';
import { type HarnessOptions, OperatorHarness } from '../testing/index.ts';
import {
  type Collector,
  type KeyedCoProcessFunction,
  type KeyedProcessFunction,
  keyedCoProcessOperator,
  keyedProcessOperator,
  type ProcessContext,
  type RuntimeContext,
  reduceOperator,
} from './index.ts';

type Ev = { readonly key: number; readonly n: number; readonly side: 0 | 1 };
type Step =
  | Ev
  | { readonly watermarkMs: number }
  | { readonly nowMs: number }
  | 'snapshot'
  | 'restart';

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      key: fc.nat(3),
      n: fc.integer({ min: 1, max: 9 }),
      side: fc.constantFrom<0 | 1>(0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ watermarkMs: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ nowMs: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constantFrom<'snapshot' | 'restart'>('snapshot', 'restart') },
);

/** Times only grow. */
const script = fc.array(step, { maxLength: 50 }).map((raw): Step[] => {
  let watermarkMs = 0;
  let nowMs = 0;
  return raw.map((one) => {
    if (typeof one === 'string' || 'key' in one) return one;
    if ('nowMs' in one) {
      nowMs = Math.max(nowMs, one.nowMs);
      return { nowMs };
    }
    watermarkMs = Math.max(watermarkMs, one.watermarkMs);
    return { watermarkMs };
  });
});

interface Driver {
  readonly harness: {
    readonly emitted: { readonly type: string }[];
    snapshotSync(mode: 'full' | 'delta'): HarnessOptions['restore'] & object;
    setProcessingTime(epochMs: number): void;
  };
  record(event: Ev): void;
  watermark(watermarkMs: number): void;
}

/**
 * Runs the script; `restart` goes on in a new operator from a snapshot, at the watermark at which
 * the former stood. Without restarts the snapshots are not taken either.
 */
function run(
  create: (options: HarnessOptions) => Driver,
  steps: readonly Step[],
  restarting: boolean,
): unknown[] {
  let driver = create({});
  const emitted: unknown[] = [];
  let watermarkMs: number | undefined;
  let nowMs = 0;
  for (const one of steps) {
    if (typeof one === 'string') {
      if (!restarting) continue;
      const restore = driver.harness.snapshotSync('delta');
      if (one === 'snapshot') continue;
      emitted.push(...driver.harness.emitted);
      driver = create({ restore, startEpochMs: nowMs });
      if (watermarkMs !== undefined) driver.watermark(watermarkMs);
    } else if ('key' in one) driver.record(one);
    else if ('nowMs' in one) {
      nowMs = one.nowMs;
      driver.harness.setProcessingTime(nowMs);
    } else {
      watermarkMs = one.watermarkMs;
      driver.watermark(watermarkMs);
    }
  }
  emitted.push(...driver.harness.emitted);
  return emitted.filter((one) => (one as { type: string }).type !== 'watermark');
}

const sameWithRestarts = (create: (options: HarnessOptions) => Driver): void =>
  fc.assert(
    fc.property(script, (steps) => {
      deepEqual(run(create, steps, true), run(create, steps, false));
    }),
    { numRuns: 300 },
  );

/** Map state by side, and timers of both domains, deleted now and then. */
function remembering() {
  let state: MapState<string, number> | undefined;
  const shown = (key: number): string =>
    `${key}: ${[...(state?.entries() ?? [])]
      .map(([side, n]) => `${side}=${n}`)
      .sort()
      .join(' ')}`;
  const take = (
    event: Ev,
    { timerService }: ProcessContext,
    out: Collector<string>,
    key: number,
  ): void => {
    const side = `side ${event.side}`;
    state?.put(side, (state.get(side) ?? 0) + event.n);
    if (event.n === 9) state?.remove(side);
    if (event.n === 8) timerService.deleteEventTimeTimer(40);
    else if (event.n % 2 === 0) {
      // A timer in the past would fire when the watermark is sent again.
      const afterMs = timerService.currentWatermark() + 1;
      timerService.registerEventTimeTimer(Math.max(afterMs, event.n * 5));
    } else timerService.registerProcessingTimeTimer(event.n * 6);
    out.collect(shown(key));
  };
  return {
    open: (ctx: RuntimeContext): void => {
      state = ctx.getMapState(new MapStateDescriptor<string, number>('sums'));
    },
    take,
    fire: (timestampMs: number, key: number): string => {
      const text = `${timestampMs} ${shown(key)}`;
      if (timestampMs > 30) state?.clear();
      return text;
    },
  };
}

describe('snapshot and restore at random places', () => {
  it('changes nothing for reduce', () => {
    const factory = reduceOperator<Ev>(
      (a, b) => ({ ...a, n: a.n + b.n }),
      (e) => e.key,
    );
    sameWithRestarts((options) => {
      const harness = OperatorHarness.oneInput(factory, options);
      return {
        harness,
        record: (event) => harness.operator.processElement(event, 0, -1),
        watermark: (ms) => harness.operator.processWatermark(ms),
      };
    });
  });

  it('changes nothing for a keyed process function with timers', () => {
    sameWithRestarts((options) => {
      const { open, take, fire } = remembering();
      const fn: KeyedProcessFunction<number, Ev, string> = {
        open,
        processElement: (event, ctx, out) => take(event, ctx, out, ctx.getCurrentKey()),
        onTimer: (ms, ctx, out) =>
          out.collect(`${ctx.timeDomain} ${fire(ms, ctx.getCurrentKey())}`),
      };
      const harness = OperatorHarness.oneInput(
        keyedProcessOperator(fn, (event: Ev) => event.key),
        options,
      );
      harness.operator.open();
      return {
        harness,
        record: (event) => harness.operator.processElement(event, 0, -1),
        watermark: (ms) => harness.operator.processWatermark(ms),
      };
    });
  });

  it('changes nothing for a process function over two inputs', () => {
    sameWithRestarts((options) => {
      const { open, take, fire } = remembering();
      const fn: KeyedCoProcessFunction<number, Ev, Ev, string> = {
        open,
        processElement1: (event, ctx, out) => take(event, ctx, out, ctx.getCurrentKey()),
        processElement2: (event, ctx, out) => take(event, ctx, out, ctx.getCurrentKey()),
        onTimer: (ms, ctx, out) =>
          out.collect(`${ctx.timeDomain} ${fire(ms, ctx.getCurrentKey())}`),
      };
      const key = (event: Ev): number => event.key;
      const harness = OperatorHarness.twoInput(
        keyedCoProcessOperator(fn, { first: key, second: key }),
        options,
      );
      harness.operator.open();
      return {
        harness,
        record: (event) =>
          (event.side === 0 ? harness.operator.first : harness.operator.second).processElement(
            event,
            0,
            -1,
          ),
        watermark: (ms) => {
          harness.operator.first.processWatermark(ms);
          harness.operator.second.processWatermark(ms);
        },
      };
    });
  });
});
