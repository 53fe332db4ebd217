/** Facts of Flink's tests of keyed process functions and of their timers, by the list's numbers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  hashKey,
  keyGroupOf,
  MAX_TIMESTAMP_MS,
  MAX_WATERMARK_MS,
  MIN_TIMESTAMP_MS,
  operatorIndexOfKeyGroup,
} from '../core/index.ts';
import { type HarnessOptions, OperatorHarness, restoreAt } from '../testing/index.ts';
import {
  type KeyedProcessContext,
  type KeyedProcessFunction,
  keyedCoProcessOperator,
  keyedProcessOperator,
  type TimerService,
} from './index.ts';

type Ev = readonly [key: string, n: number];
type Act = (timers: TimerService, n: number) => void;

const byKey = (event: Ev): string => event[0];

/** Acts on every record, tells of every timer. */
function timing(act: Act, onTimer?: Act): KeyedProcessFunction<string, Ev, string> {
  return {
    processElement: ([, n], ctx) => act(ctx.timerService, n),
    onTimer: (timestampMs, ctx, out) => {
      out.collect(`${ctx.timeDomain} ${ctx.getCurrentKey()} ${timestampMs}`);
      onTimer?.(ctx.timerService, timestampMs);
    },
  };
}

function harnessOf(act: Act, onTimer?: Act, options: HarnessOptions = {}) {
  const factory = keyedProcessOperator(timing(act, onTimer), byKey);
  return OperatorHarness.oneInput(factory, options).open();
}

const atN: Act = (timers, n) => timers.registerEventTimeTimer(n);
const process = (
  harness: Awaited<ReturnType<typeof harnessOf>>,
  ...events: readonly Ev[]
): void => {
  for (const event of events) harness.operator.processElement(event, 0, -1);
};

describe('timers of a keyed process function', () => {
  it('C31: fire before the watermark that releases them, with their own timestamp', async () => {
    const harness = await harnessOf((timers) =>
      timers.registerEventTimeTimer(timers.currentWatermark() + 5),
    );
    harness.operator.processWatermark(0);
    harness.operator.processElement(['17', 17], 42, -1);
    harness.operator.processWatermark(5);
    assert.deepEqual(harness.emitted, [
      { type: 'watermark', watermarkMs: 0 },
      { type: 'record', value: 'EVENT_TIME 17 5', timestampMs: 5 },
      { type: 'watermark', watermarkMs: 5 },
    ]);
  });

  it('C33: come back from a snapshot, results of processing time without timestamp', async () => {
    const both: Act = (timers) => {
      timers.registerProcessingTimeTimer(5);
      timers.registerEventTimeTimer(6);
    };
    const harness = await harnessOf(both);
    process(harness, ['k', 0]);
    const restored = await harnessOf(both, undefined, { restore: await harness.snapshot() });
    restored.setProcessingTime(5);
    restored.operator.processWatermark(6);
    assert.deepEqual(restored.emitted, [
      { type: 'record', value: 'PROCESSING_TIME k 5' },
      { type: 'record', value: 'EVENT_TIME k 6', timestampMs: 6 },
      { type: 'watermark', watermarkMs: 6 },
    ]);
  });

  it('C35: fire once for a timestamp and key, however often they are registered', async () => {
    const harness = await harnessOf((timers, n) => {
      timers.registerEventTimeTimer(n);
      timers.registerEventTimeTimer(n);
      timers.registerProcessingTimeTimer(n);
      timers.registerProcessingTimeTimer(n);
    });
    process(harness, ['a', 10], ['b', 10], ['a', 10]);
    assert.equal(harness.operator.facts?.().held?.count, 2);
    harness.operator.processWatermark(10);
    harness.setProcessingTime(10);
    assert.deepEqual(harness.values(), [
      'EVENT_TIME a 10',
      'EVENT_TIME b 10',
      'PROCESSING_TIME a 10',
      'PROCESSING_TIME b 10',
    ]);
  });

  it('C35: can be deleted by key, and deleting what is not there does nothing', async () => {
    const harness = await harnessOf((timers, n) => {
      if (n > 0) {
        timers.registerEventTimeTimer(n);
        timers.registerProcessingTimeTimer(n);
      } else {
        timers.deleteEventTimeTimer(-n);
        timers.deleteProcessingTimeTimer(-n);
      }
    });
    process(harness, ['c', -10], ['a', 10], ['b', 10], ['a', -10], ['a', -11]);
    assert.equal(harness.operator.facts?.().held?.count, 1);
    harness.operator.processWatermark(10);
    harness.setProcessingTime(10);
    assert.deepEqual(harness.values(), ['EVENT_TIME b 10', 'PROCESSING_TIME b 10']);
    process(harness, ['a', 20], ['a', -20], ['a', 20]);
    harness.operator.processWatermark(20);
    assert.equal(harness.values().at(-1), 'EVENT_TIME a 20');
  });

  it('C37: go to the subtask of their key when the parallelism changes', async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`);
    const harness = await harnessOf(atN);
    process(harness, ...keys.map((key): Ev => [key, 10]));
    const snapshot = await harness.snapshot();
    for (const subtaskIndex of [0, 1]) {
      const options = restoreAt([snapshot], subtaskIndex, 2);
      const restored = await harnessOf(atN, undefined, options);
      restored.operator.processWatermark(10);
      const own = keys.filter((key) => {
        return operatorIndexOfKeyGroup(128, 2, keyGroupOf(hashKey(key), 128)) === subtaskIndex;
      });
      assert.ok(own.length > 5);
      assert.deepEqual(
        restored.values(),
        own.map((key) => `EVENT_TIME ${key} 10`),
      );
    }
  });

  it('fire by timestamp, and by registration where that is the same', async () => {
    const harness = await harnessOf(atN);
    process(harness, ['b', 30], ['c', 10], ['b', 10], ['a', 20], ['a', 10]);
    harness.operator.processWatermark(30);
    assert.deepEqual(
      harness.values().map((text) => text.slice('EVENT_TIME '.length)),
      ['c 10', 'b 10', 'a 10', 'a 20', 'b 30'],
    );
  });

  it('see the watermark that released them, records the one before', async () => {
    const seen: number[] = [];
    const look: Act = (timers) => seen.push(timers.currentWatermark());
    const harness = await harnessOf((timers, n) => {
      look(timers, n);
      timers.registerEventTimeTimer(n);
    }, look);
    process(harness, ['a', 10]);
    harness.operator.processWatermark(7);
    process(harness, ['a', 11]);
    harness.operator.processWatermark(25);
    assert.deepEqual(seen, [MIN_TIMESTAMP_MS, 7, 25, 25]);
  });

  it('registered by timers fire with the same watermark, by records with the next', async () => {
    const harness = await harnessOf(atN, (timers, ms) => {
      if (ms === 10) for (const next of [25, 15, 31]) timers.registerEventTimeTimer(next);
    });
    process(harness, ['a', 10], ['a', 20]);
    harness.operator.processWatermark(30);
    const times = (): (number | undefined)[] => harness.records().map(([, ms]) => ms);
    assert.deepEqual(times(), [10, 15, 20, 25]);
    // Registered by a record at a time that has passed: the next watermark brings it.
    process(harness, ['a', 5]);
    assert.deepEqual(times().length, 4);
    harness.operator.processWatermark(31);
    assert.deepEqual(times().slice(4), [5, 31]);
  });

  it('at the largest timestamp fire with the end of all input, and not before', async () => {
    const harness = await harnessOf(atN);
    process(harness, ['a', MAX_TIMESTAMP_MS], ['b', Number.MAX_SAFE_INTEGER]);
    harness.operator.processWatermark(Number.MAX_SAFE_INTEGER - 1);
    assert.deepEqual(harness.values(), []);
    const restored = await harnessOf(atN, undefined, { restore: await harness.snapshot() });
    restored.operator.processWatermark(MAX_WATERMARK_MS);
    assert.deepEqual(restored.values(), [
      `EVENT_TIME b ${Number.MAX_SAFE_INTEGER}`,
      `EVENT_TIME a ${MAX_TIMESTAMP_MS}`,
    ]);
  });

  it('may be deleted by another of the same watermark, of the same timestamp too', async () => {
    const factory = keyedProcessOperator<string, Ev, string>(
      {
        processElement: ([, n], ctx) => ctx.timerService.registerEventTimeTimer(n),
        onTimer: (ms, ctx, out) => {
          out.collect(`${ctx.getCurrentKey()} ${ms}`);
          ctx.timerService.deleteEventTimeTimer(ms + 1);
        },
      },
      byKey,
    );
    const harness = await OperatorHarness.oneInput(factory).open();
    process(harness, ['a', 1], ['a', 2], ['a', 3], ['b', 2]);
    harness.operator.processWatermark(10);
    assert.deepEqual(harness.values(), ['a 1', 'b 2', 'a 3']);
  });

  it('of processing time fire each at its time, one in the past at once', async () => {
    const harness = await harnessOf((timers, n) => timers.registerProcessingTimeTimer(n));
    harness.setProcessingTime(100);
    process(harness, ['a', 130], ['b', 110], ['c', 120], ['d', 50]);
    harness.setProcessingTime(100);
    assert.deepEqual(harness.values(), ['PROCESSING_TIME d 50']);
    harness.setProcessingTime(120);
    assert.deepEqual(harness.values().slice(1), ['PROCESSING_TIME b 110', 'PROCESSING_TIME c 120']);
    harness.setProcessingTime(200);
    assert.deepEqual(harness.values().slice(3), ['PROCESSING_TIME a 130']);
  });

  it('are refused for times that never come, naming the operator', async () => {
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '5', null]) {
      for (const call of ['registerEventTimeTimer', 'registerProcessingTimeTimer'] as const) {
        const act: Act = (timers) => timers[call](ms as number);
        const harness = await harnessOf(act, undefined, { operatorName: 'Alarms' });
        assert.throws(() => process(harness, ['a', 0]), {
          kind: 'invalid',
          code: 'TIMER_TIME_INVALID',
          message: /a timer needs a time in milliseconds.*operator=Alarms/,
        });
      }
    }
  });
});

describe('timers of two connected keyed streams', () => {
  it('wait for the watermark of both, and may be deleted by the other side', async () => {
    const register = ([, n]: Ev, { timerService }: KeyedProcessContext<string>): void =>
      timerService.registerEventTimeTimer(n);
    const harness = await OperatorHarness.twoInput(
      keyedCoProcessOperator<string, Ev, Ev, string>(
        {
          processElement1: register,
          processElement2: ([, n], ctx) => ctx.timerService.deleteEventTimeTimer(n),
          onTimer: (ms, ctx, out) => out.collect(`${ctx.getCurrentKey()} ${ms}`),
        },
        { first: byKey, second: byKey },
      ),
    ).open();
    const { first, second } = harness.operator;
    for (const event of [
      ['a', 3],
      ['a', 4],
      ['b', 4],
      ['a', 5],
    ] as Ev[]) {
      first.processElement(event, 0, -1);
    }
    second.processElement(['a', 4], 0, -1);
    first.processWatermark(10);
    assert.deepEqual(harness.values(), []);
    second.processWatermark(4);
    assert.deepEqual(harness.values(), ['a 3', 'b 4']);
  });
});
