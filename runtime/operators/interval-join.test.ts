/** Scenarios of Flink's `IntervalJoinOperatorTest`; pairs are told by their definition. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  hashKey,
  keyGroupOf,
  MAX_TIMESTAMP_MS,
  MAX_WATERMARK_MS,
  NO_TIMESTAMP_MS,
  operatorIndexOfKeyGroup,
} from '../core/index.ts';
import {
  type HarnessOptions,
  type HarnessSnapshot,
  OperatorHarness,
  restoreAt,
} from '../testing/index.ts';
import {
  type IntervalJoinOptions,
  intervalJoinOperator,
  OutputTag,
  type ProcessJoinLike,
} from './index.ts';

interface Ev {
  readonly key: string;
  readonly ms: number;
}
type Pair = readonly [left: number, right: number];
type Options = Partial<IntervalJoinOptions<Ev, Ev, string>>;

const keys = { first: ({ key }: Ev) => key, second: ({ key }: Ev) => key };
const toPair: ProcessJoinLike<Ev, Ev, Pair> = (left, right, _ctx, out) =>
  out.collect([left.ms, right.ms]);

function harnessOf(
  [lowerBoundMs, upperBoundMs]: Pair,
  harnessOptions: HarnessOptions = {},
  options: Options = {},
  fn: ProcessJoinLike<Ev, Ev, unknown> = toPair,
) {
  const factory = intervalJoinOperator(fn, { keys, lowerBoundMs, upperBoundMs, ...options });
  return OperatorHarness.twoInput(factory, harnessOptions);
}
type Harness = ReturnType<typeof harnessOf>;

function process(harness: Harness, side: 'first' | 'second', ms: number, key = 'k'): void {
  harness.operator[side].processElement({ key, ms }, ms, -1);
}

function watermark({ operator }: Harness, ms: number): void {
  operator.first.processWatermark(ms);
  operator.second.processWatermark(ms);
}

/** The timestamps that a side keeps. */
function kept({ keyedStates }: HarnessSnapshot, name: 'LEFT_BUFFER' | 'RIGHT_BUFFER'): unknown[] {
  const state = keyedStates.find(({ meta }) => meta.name === name) ?? assert.fail(name);
  return state.entries.map(([, subKey]) => subKey);
}

describe('intervalJoinOperator', () => {
  for (const bounds of [
    [-2, -1],
    [-1, 1],
    [0, 2],
    [1, 1],
    [0, 0],
    [-9, 9],
  ] as const) {
    it(`pairs both sides' 1 to 4 between ${bounds.join(' and ')}, at the later time`, () => {
      const harness = harnessOf(bounds);
      for (const ms of [1, 2, 3, 4]) {
        process(harness, 'first', ms);
        process(harness, 'second', ms);
        watermark(harness, ms);
      }
      const all = [1, 2, 3, 4].flatMap((l) => [1, 2, 3, 4].map((r): Pair => [l, r]));
      const expected = all.filter(([l, r]) => l + bounds[0] <= r && r <= l + bounds[1]);
      assert.ok(expected.length > 0);
      const sorted = harness.records().sort((a, b) => (String(a) < String(b) ? -1 : 1));
      assert.deepEqual(
        sorted,
        expected.map((pair) => [pair, Math.max(...pair)]),
      );
    });
  }

  it('pairs records of one key only, equal timestamps each with each', () => {
    const harness = harnessOf([0, 0]);
    for (const [side, key] of [
      ['first', 'a'],
      ['first', 'a'],
      ['second', 'b'],
      ['second', 'a'],
      ['second', 'a'],
    ] as const) {
      process(harness, side, 5, key);
    }
    assert.equal(harness.values().length, 4);
  });

  it('pairs records at the end of time, which no number is next to', () => {
    const harness = harnessOf([0, 0]);
    for (const ms of [5, MAX_TIMESTAMP_MS, 2 ** 53]) {
      process(harness, 'first', ms);
      process(harness, 'second', ms);
    }
    assert.deepEqual(harness.values(), [
      [5, 5],
      [MAX_TIMESTAMP_MS, MAX_TIMESTAMP_MS],
      [2 ** 53, 2 ** 53],
    ]);
  });

  it('C39: drops what nothing can meet any more, for [-1, 0] and mirrored for [0, 1]', () => {
    for (const isMirrored of [false, true]) {
      const harness = harnessOf(isMirrored ? [0, 1] : [-1, 0]);
      const [one, other] = isMirrored
        ? (['RIGHT_BUFFER', 'LEFT_BUFFER'] as const)
        : (['LEFT_BUFFER', 'RIGHT_BUFFER'] as const);
      for (const ms of [1, 2, 3, 4, 5]) {
        process(harness, 'first', ms);
        process(harness, 'second', ms);
      }
      const held = (): unknown[] => {
        const snapshot = harness.snapshotSync();
        return [kept(snapshot, one), kept(snapshot, other)];
      };
      watermark(harness, 1);
      assert.deepEqual(held(), [
        [2, 3, 4, 5],
        [1, 2, 3, 4, 5],
      ]);
      watermark(harness, 4);
      assert.deepEqual(held(), [[5], [4, 5]]);
      watermark(harness, 6);
      assert.deepEqual(held(), [[], []]);
    }
  });

  it('C41: finds its buffers again after a restore', async () => {
    const harness = harnessOf([-1, 1]);
    for (const ms of [1, 2, 3]) {
      process(harness, 'first', ms);
      process(harness, 'second', ms);
    }
    const restored = await harnessOf([-1, 1], { restore: await harness.snapshot() }).open();
    process(restored, 'first', 4);
    process(restored, 'second', 4);
    assert.deepEqual(restored.values(), [
      [4, 3],
      [3, 4],
      [4, 4],
    ]);
    watermark(restored, MAX_WATERMARK_MS);
    assert.deepEqual(kept(restored.snapshotSync(), 'LEFT_BUFFER'), []);
    assert.deepEqual(kept(restored.snapshotSync(), 'RIGHT_BUFFER'), []);
  });

  it('writes the timestamps that changed, not the buffer, for a checkpoint of changes', () => {
    const harness = harnessOf([0, 1000]);
    for (let ms = 0; ms < 100; ms++) process(harness, 'first', ms);
    harness.snapshotSync();
    process(harness, 'first', 50);
    // The record's bucket; its clean-up timer is there already.
    assert.deepEqual(harness.snapshotSync('delta').written, { puts: 1, removes: 0 });
  });

  it('takes a record at the watermark, and none behind it', () => {
    const harness = harnessOf([-10, 10]);
    process(harness, 'first', 20);
    watermark(harness, 20);
    process(harness, 'second', 20);
    process(harness, 'second', 19);
    process(harness, 'first', 19);
    assert.deepEqual(harness.values(), [[20, 20]]);
    assert.equal(harness.metrics().numLateRecordsDropped, 2);
    assert.deepEqual(harness.operator.facts?.(), { numLateRecordsDropped: 2 });
  });

  it('joins a record at the watermark with what is left, as Flink does', () => {
    const harness = harnessOf([-1, 0]);
    process(harness, 'second', 25);
    process(harness, 'second', 26);
    watermark(harness, 26);
    process(harness, 'first', 26);
    assert.deepEqual(harness.values(), [[26, 26]]);
  });

  it('sends late records to the side output of their side, with their own timestamp', () => {
    const leftLateTag = new OutputTag<Ev>('late left');
    const rightLateTag = new OutputTag<Ev>('late right');
    const harness = harnessOf([-10, 10], {}, { leftLateTag, rightLateTag });
    watermark(harness, 20);
    process(harness, 'first', 18);
    process(harness, 'second', 19);
    assert.deepEqual(harness.side('late left'), [[{ key: 'k', ms: 18 }, 18]]);
    assert.deepEqual(harness.side('late right'), [[{ key: 'k', ms: 19 }, 19]]);
    assert.equal(harness.metrics().numLateRecordsDropped, 0);
    assert.deepEqual(harness.operator.facts?.(), {});
  });

  it('tells the function both timestamps and takes its side outputs', () => {
    const tag = new OutputTag<string>('side');
    const harness = harnessOf([-10, 10], {}, {}, (_left, _right, ctx, out) => {
      out.collect([ctx.getLeftTimestamp(), ctx.getRightTimestamp(), ctx.getTimestamp()]);
      ctx.output(tag, 'pair');
    });
    process(harness, 'first', 7);
    process(harness, 'second', 4);
    assert.deepEqual(harness.records(), [[[7, 4, 7], 7]]);
    assert.deepEqual(harness.side('side'), [['pair', 7]]);
  });

  it('refuses records without a timestamp', () => {
    const { operator } = harnessOf([0, 1], { operatorName: 'Pairs' });
    assert.throws(() => operator.second.processElement({ key: 'a', ms: 0 }, NO_TIMESTAMP_MS, -1), {
      kind: 'user',
      code: 'RECORD_WITHOUT_TIMESTAMP',
      message: /assignTimestampsAndWatermarks on both streams before keyBy: operator=Pairs/,
    });
  });

  it('names the function and the pair when it throws or is asynchronous', () => {
    const pairWith = (fn: ProcessJoinLike<Ev, Ev, unknown>) => (): void => {
      const harness = harnessOf([0, 1], {}, {}, fn);
      process(harness, 'first', 1);
      process(harness, 'second', 2);
    };
    assert.throws(
      pairWith(() => assert.fail('boom')),
      {
        code: 'USER_FUNCTION_FAILED',
        message:
          /interval join function failed.*boom; record=\{"left":\{"key":"k","ms":1\},"right"/,
      },
    );
    assert.throws(pairWith((() => Promise.resolve()) as () => void), { code: 'ASYNC_FUNCTION' });
  });

  it('makes every pair once whatever the order, the watermarks and the parallelism', () => {
    const event = fc.record({
      side: fc.constantFrom('first' as const, 'second' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      ms: fc.integer({ min: 0, max: 30 }),
      laterMs: fc.integer({ min: 0, max: 4 }),
    });
    const bounds = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.nat(8));
    const scenario = fc.tuple(bounds, fc.array(event, { maxLength: 60 }), fc.nat(60), fc.nat(2));
    fc.assert(
      fc.property(scenario, ([[lower, length], drawn, cut, parallelism]) => {
        const range = [lower, lower + length] as const;
        let subtasks = [harnessOf(range)];
        const taken: (typeof drawn)[number][] = [];
        const pairs: string[] = [];
        let nowMs = 0;
        for (const [i, one] of drawn.entries()) {
          if (i === cut) {
            const snapshots = subtasks.map((subtask) => subtask.snapshotSync());
            pairs.push(...subtasks.flatMap((subtask) => subtask.values()).map(String));
            subtasks = Array.from({ length: parallelism + 1 }, (_, at) =>
              harnessOf(range, restoreAt(snapshots, at, parallelism + 1)),
            );
            for (const subtask of subtasks) watermark(subtask, nowMs);
          }
          // The watermark said that there is none: it meets what is left, which may be nothing.
          if (one.ms === nowMs && i > 0) continue;
          const at = subtaskOf(one.key, subtasks.length);
          process(subtasks[at] ?? assert.fail(), one.side, one.ms, one.key);
          if (one.ms >= nowMs) taken.push(one);
          nowMs = Math.max(nowMs, one.ms - one.laterMs);
          for (const subtask of subtasks) watermark(subtask, nowMs);
        }
        pairs.push(...subtasks.flatMap((subtask) => subtask.values()).map(String));
        const expected = taken.flatMap((l) =>
          taken
            .filter((r) => l.side === 'first' && r.side === 'second' && l.key === r.key)
            .filter((r) => l.ms + range[0] <= r.ms && r.ms <= l.ms + range[1])
            .map((r) => `${l.ms},${r.ms}`),
        );
        assert.deepEqual(pairs.sort(), expected.sort());
        for (const subtask of subtasks) {
          watermark(subtask, MAX_WATERMARK_MS);
          const { keyedStates } = subtask.snapshotSync();
          assert.deepEqual(
            keyedStates.flatMap(({ entries }) => entries),
            [],
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

function subtaskOf(key: string, parallelism: number): number {
  return operatorIndexOfKeyGroup(128, parallelism, keyGroupOf(hashKey(key), 128));
}
