import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import { OutputTag, type RuntimeContext } from '../operators/index.ts';
import { ValueStateDescriptor } from '../state/index.ts';
import { type HarnessOptions, OperatorHarness, restoreAt } from '../testing/index.ts';
import { type CepOperatorOptions, cepOperator } from './cep-operator.ts';
import { compilePattern } from './compile-pattern.ts';
import type { IterativeCondition } from './conditions.ts';
import type { PatternMatch } from './nfa.ts';
import { Pattern } from './pattern.ts';
import { flatSelecting, type PatternProcessFunction } from './pattern-functions.ts';

/** `[key, name]`. */
type Event = readonly [key: string, name: string];
const late = new OutputTag<Event>('late');
const timedOut = new OutputTag<string>('timed out');
const is =
  (start: string) =>
  ([, name]: Event): boolean =>
    name.startsWith(start);
const begin = (name: string): Pattern<Event> => Pattern.begin<Event>(name).where(is(name));
const aThenB = begin('a').followedBy('b').where(is('b'));

const show = (match: PatternMatch<Event>): string => {
  const events = [...match.values()].flat();
  return `${events[0]?.[0]}: ${events.map(([, name]) => name).join(' ')}`;
};

const emitting: PatternProcessFunction<Event, string> = {
  processMatch: (match, _ctx, out) => out.collect(show(match)),
  processTimedOutMatch: (match, ctx) => ctx.output(timedOut, show(match)),
};

function harnessOf(
  pattern: Pattern<Event>,
  more: Partial<CepOperatorOptions<Event, string>> = {},
  options: HarnessOptions = {},
) {
  const factory = cepOperator<Event, string>({
    pattern: compilePattern(pattern),
    keySelector: ([key]) => key,
    fn: emitting,
    isEventTime: true,
    comparator: undefined,
    lateTag: undefined,
    ...more,
  });
  const harness = OperatorHarness.oneInput(factory, options);
  void harness.operator.open();
  return harness;
}

type Harness = ReturnType<typeof harnessOf>;
const feed = (harness: Harness, key: string, name: string, timestampMs: number): void =>
  harness.operator.processElement([key, name], timestampMs, -1);

describe('cepOperator in event time', () => {
  it('waits for the watermark and matches in the order of time', () => {
    const harness = harnessOf(aThenB);
    feed(harness, 'k', 'b', 5);
    feed(harness, 'k', 'a', 3);
    deepEqual(harness.values(), []);
    harness.operator.processWatermark(4);
    deepEqual(harness.values(), []);
    harness.operator.processWatermark(5);
    deepEqual(harness.records(), [['k: a b', 5]]);
    deepEqual(harness.watermarks(), [4, 5]);
  });

  it('sends a match before the watermark that completes it', () => {
    const harness = harnessOf(aThenB);
    feed(harness, 'k', 'a', 1);
    feed(harness, 'k', 'b', 2);
    harness.operator.processWatermark(10);
    deepEqual(
      harness.emitted.map(({ type }) => type),
      ['record', 'watermark'],
    );
  });

  it('keeps keys apart', () => {
    const harness = harnessOf(aThenB);
    feed(harness, 'k', 'a', 1);
    feed(harness, 'l', 'b', 2);
    feed(harness, 'l', 'a', 3);
    feed(harness, 'k', 'b', 4);
    harness.operator.processWatermark(10);
    deepEqual(harness.values(), ['k: a b']);
  });

  it('orders events of one time by the comparator, or as they came', () => {
    const comparator = (left: Event, right: Event): number => (left[1] < right[1] ? -1 : 1);
    for (const [more, expected] of [
      [{}, []],
      [{ comparator }, ['k: a b']],
    ] as const) {
      const harness = harnessOf(aThenB, more);
      feed(harness, 'k', 'b', 1);
      feed(harness, 'k', 'a', 1);
      harness.operator.processWatermark(1);
      deepEqual(harness.values(), expected);
    }
  });

  it('drops and counts what is behind the watermark, or sends it to the side output', () => {
    for (const lateTag of [undefined, late]) {
      const harness = harnessOf(aThenB, { lateTag });
      harness.operator.processWatermark(5);
      feed(harness, 'k', 'a', 5);
      feed(harness, 'k', 'b', 6);
      harness.operator.processWatermark(9);
      deepEqual(harness.values(), []);
      equal(harness.metrics().numLateRecordsDropped, lateTag === undefined ? 1 : 0);
      deepEqual(harness.side('late'), lateTag === undefined ? [] : [[['k', 'a'], 5]]);
    }
  });

  it('tells of a partial match when its time is over, without another event of its key', () => {
    const harness = harnessOf(begin('a').followedBy('b').where(is('b')).within(10));
    feed(harness, 'k', 'a', 1);
    harness.operator.processWatermark(10);
    deepEqual(harness.side('timed out'), []);
    harness.operator.processWatermark(50);
    deepEqual(harness.side('timed out'), [['k: a', 11]]);
  });

  it('ends partial matches before events of the same time, however far it goes at once', () => {
    const harness = harnessOf(begin('a').followedBy('b').where(is('b')).within(10));
    feed(harness, 'k', 'a', 1);
    feed(harness, 'k', 'b', 11);
    feed(harness, 'l', 'a', 1);
    feed(harness, 'l', 'b', 10);
    harness.operator.processWatermark(1000);
    deepEqual(harness.records(), [['l: a b', 10]]);
    deepEqual(harness.side('timed out'), [['k: a', 11]]);
  });

  it('emits notFollowedBy at the end at the time at which it is sure', () => {
    const harness = harnessOf(begin('a').notFollowedBy('b').where(is('b')).within(10));
    feed(harness, 'k', 'a', 1);
    feed(harness, 'l', 'a', 1);
    feed(harness, 'l', 'b', 10);
    harness.operator.processWatermark(50);
    deepEqual(harness.records(), [['k: a', 11]]);
    deepEqual(harness.side('timed out'), []);
  });

  it('keeps no state once nothing is being matched', async () => {
    const harness = harnessOf(begin('a').followedBy('b').where(is('b')).within(10));
    feed(harness, 'k', 'a', 1);
    feed(harness, 'k', 'x', 2);
    feed(harness, 'l', 'x', 2);
    harness.operator.processWatermark(100);
    const { written } = await harness.snapshot();
    deepEqual(written, { puts: 0, removes: 0 });
  });

  it('refuses a record without a timestamp', () => {
    const harness = harnessOf(aThenB);
    const { operator } = harness;
    throws(() => operator.processElement(['k', 'a'], NO_TIMESTAMP_MS, -1), {
      code: 'RECORD_WITHOUT_TIMESTAMP',
    });
  });
});

describe('cepOperator in processing time', () => {
  it('matches events as they come, without timestamps', () => {
    const harness = harnessOf(aThenB, { isEventTime: false });
    feed(harness, 'k', 'a', 100);
    feed(harness, 'k', 'b', 50);
    deepEqual(harness.records(), [['k: a b', undefined]]);
  });

  it('ends partial matches by the clock', () => {
    const pattern = begin('a').followedBy('b').where(is('b')).within(10);
    const harness = harnessOf(pattern, { isEventTime: false }, { startEpochMs: 1000 });
    feed(harness, 'k', 'a', 0);
    harness.setProcessingTime(1009);
    deepEqual(harness.side('timed out'), []);
    harness.setProcessingTime(1010);
    deepEqual(harness.side('timed out'), [['k: a', undefined]]);
    feed(harness, 'k', 'b', 0);
    deepEqual(harness.values(), []);
  });

  it('with a comparator gathers the events of a millisecond and orders them', () => {
    const comparator = (left: Event, right: Event): number => (left[1] < right[1] ? -1 : 1);
    const more = { isEventTime: false, comparator };
    const harness = harnessOf(aThenB, more, { startEpochMs: 1000 });
    feed(harness, 'k', 'b', 0);
    feed(harness, 'k', 'a', 0);
    harness.setProcessingTime(1001);
    deepEqual(harness.values(), ['k: a b']);
  });
});

describe('cepOperator in BATCH', () => {
  const batch = { jobType: 'BATCH' } as const;
  const within = begin('a').followedBy('b').where(is('b')).within(10);

  it('matches at the end of the key, in order of time, and ends what is left', () => {
    const harness = harnessOf(within, {}, batch);
    for (const [name, ms] of [
      ['b1', 5],
      ['a1', 3],
      ['a2', 20],
      ['b2', 40],
    ] as const) {
      feed(harness, 'k', name, ms);
    }
    deepEqual(harness.values(), []);
    harness.endKey();
    feed(harness, 'l', 'b3', 41);
    harness.endKey();
    deepEqual(harness.records(), [['k: a1 b1', 5]]);
    deepEqual(harness.side('timed out'), [['k: a2', 30]]);
    equal(harness.endKey(), 0);
  });

  it('ends partial matches that wait for events, though no event comes', () => {
    const harness = harnessOf(within, { isEventTime: false }, { ...batch, startEpochMs: 1000 });
    feed(harness, 'k', 'a', 0);
    harness.setProcessingTime(5000);
    deepEqual(harness.side('timed out'), []);
    harness.endKey();
    deepEqual(harness.side('timed out'), [['k: a', undefined]]);
  });
});

describe('cepOperator after a restore', () => {
  it('goes on with partial matches, waiting events and times', async () => {
    const pattern = begin('a').followedBy('b').where(is('b')).within(10);
    const first = harnessOf(pattern);
    feed(first, 'k', 'a', 1);
    feed(first, 'l', 'a', 1);
    first.operator.processWatermark(2);
    feed(first, 'k', 'b', 5);
    const second = harnessOf(pattern, {}, { restore: await first.snapshot() });
    second.operator.processWatermark(20);
    deepEqual(second.values(), ['k: a b']);
    deepEqual(second.side('timed out'), [['l: a', 11]]);
  });

  it('gives each subtask the partial matches of its keys', async () => {
    const first = harnessOf(aThenB, {}, { maxParallelism: 8 });
    const keys = ['k', 'l', 'm', 'n', 'o', 'p'];
    for (const key of keys) feed(first, key, 'a', 1);
    first.operator.processWatermark(2);
    for (const key of keys) feed(first, key, 'b', 3);
    const snapshots = [await first.snapshot()];
    const subtasks = [0, 1].map((index) =>
      harnessOf(aThenB, {}, { ...restoreAt(snapshots, index, 2), maxParallelism: 8 }),
    );
    for (const { operator } of subtasks) operator.processWatermark(9);
    const values = subtasks.map((one) => one.values());
    deepEqual(
      values.flat().sort(),
      keys.map((key) => `${key}: a b`),
    );
    equal(
      values.every((some) => some.length < keys.length),
      true,
    );
  });

  it('refuses a pattern that has not the places of the restored matches', async () => {
    const first = harnessOf(aThenB);
    feed(first, 'k', 'a', 1);
    first.operator.processWatermark(2);
    const other = begin('a').followedBy('z').where(is('z'));
    const second = harnessOf(other, {}, { restore: await first.snapshot() });
    feed(second, 'k', 'z', 5);
    throws(() => second.operator.processWatermark(9), { code: 'PATTERN_CHANGED' });
  });
});

describe('functions of a pattern', () => {
  const failing = (fn: PatternProcessFunction<Event, string>, pattern = aThenB): void => {
    const harness = harnessOf(pattern, { fn });
    feed(harness, 'k', 'a', 1);
    feed(harness, 'k', 'b', 2);
    harness.operator.processWatermark(9);
  };

  it('are blamed with the match they were given', () => {
    const fn: PatternProcessFunction<Event, string> = {
      processMatch: () => {
        throw new Error('boom');
      },
    };
    const message =
      'pattern process function failed in operator "Test" (subtask 1/1): boom; ' +
      'record={"a":[["k","a"]],"b":[["k","b"]]}';
    throws(() => failing(fn), { code: 'USER_FUNCTION_FAILED', message });
  });

  it('that are conditions are opened once and closed, and have no keyed state', async () => {
    const calls: string[] = [];
    class Named implements IterativeCondition<Event> {
      #name = '';
      open(ctx: RuntimeContext): void {
        this.#name = ctx.taskInfo.taskName;
        calls.push('open');
        throws(() => ctx.getState(new ValueStateDescriptor('s')), /keyed/);
      }
      close(): void {
        calls.push(`close ${this.#name}`);
      }
      filter([, name]: Event): boolean {
        return name.startsWith('n') && this.#name !== '';
      }
    }
    const condition = new Named();
    const pattern = Pattern.begin<Event>('a').where(condition).next('b').where(condition);
    const harness = harnessOf(pattern);
    feed(harness, 'k', 'n1', 1);
    feed(harness, 'k', 'n2', 2);
    harness.operator.processWatermark(10);
    await harness.operator.close();
    deepEqual([harness.values(), calls], [['k: n1 n2'], ['open', 'close Test']]);
  });

  it('that are conditions are blamed by the name of their pattern', () => {
    const pattern = begin('a')
      .followedBy('b')
      .where(() => {
        throw new Error('boom');
      });
    throws(() => failing(emitting, pattern), /condition of pattern "b" failed.*boom.*\["k","b"\]/);
  });

  it('may not answer promises', () => {
    const fn = { processMatch: async () => {} };
    throws(() => failing(fn), { code: 'ASYNC_FUNCTION' });
  });

  it('see the time of the match and of the clock', () => {
    const seen: number[] = [];
    failing({
      processMatch: (_match, ctx) => seen.push(ctx.timestamp, ctx.currentProcessingTime()),
    });
    deepEqual(seen, [2, 0]);
  });

  it('of flatSelect get the time at which a partial match ended', () => {
    const fn = flatSelecting<Event, string, string>(() => {}, {
      tag: timedOut,
      flatTimeout: (match, timestampMs, out) => out.collect(`${show(match)} at ${timestampMs}`),
    });
    const harness = harnessOf(begin('a').followedBy('b').where(is('b')).within(10), { fn });
    feed(harness, 'k', 'a', 1);
    harness.operator.processWatermark(50);
    deepEqual(harness.side('timed out'), [['k: a at 11', 11]]);
  });
});
