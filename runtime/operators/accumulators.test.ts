import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AccumulatorRecord,
  accumulatorText,
  accumulatorValue,
  mergeAccumulators,
} from '../protocol/index.ts';
import { AccumulatorRegistry } from './accumulator-registry.ts';
import {
  type Accumulator,
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
  LongMaximum,
  LongMinimum,
  MAX_ACCUMULATORS_BYTES,
} from './accumulators.ts';

type AnyAccumulator = Accumulator<never, unknown>;

/** As a slot would report it, by way of a queue. */
function reported(...added: readonly (readonly [string, AnyAccumulator])[]): AccumulatorRecord[] {
  const registry = new AccumulatorRegistry();
  for (const [name, accumulator] of added) registry.addAccumulator(name, accumulator);
  return JSON.parse(JSON.stringify(registry.read())) as AccumulatorRecord[];
}

function filled<A extends Accumulator<number, unknown>>(accumulator: A, ...values: number[]): A {
  for (const value of values) accumulator.add(value);
  return accumulator;
}

/** Two subtasks': its value, and as it is shown. */
function merged(left: AnyAccumulator, right: AnyAccumulator): unknown[] {
  const [record] = mergeAccumulators([reported(['a', left]), reported(['a', right])]);
  assert.ok(record !== undefined);
  return [accumulatorValue(record), accumulatorText(record)];
}

describe('accumulators', () => {
  it('are merged over subtasks, and shown as Flink shows them', () => {
    const rows: readonly (readonly [new () => Accumulator<number, unknown>, unknown, string])[] = [
      [IntCounter, 6, '6'],
      [LongCounter, 6, '6'],
      [DoubleCounter, 6, '6.0'],
      [IntMinimum, 1, '1'],
      [IntMaximum, 3, '3'],
      [LongMinimum, 1, '1'],
      [LongMaximum, 3, '3'],
      [DoubleMinimum, 1, '1.0'],
      [DoubleMaximum, 3, '3.0'],
      [AverageAccumulator, 2, '2.0'],
      [Histogram, new Map([1, 2, 3].map((value) => [value, 1])), '{1=1, 2=1, 3=1}'],
    ];
    for (const [type, value, text] of rows) {
      const found = merged(filled(new type(), 3, 1), filled(new type(), 2));
      assert.deepEqual(found, [value, text], type.name);
    }
    assert.deepEqual(
      merged(filled(new Histogram(), 7, 7), filled(new Histogram(), 7, -1))[1],
      '{-1=1, 7=3}',
    );
    const list = new ListAccumulator<unknown>();
    for (const value of ['a', 1, { b: [2] }, undefined]) list.add(value);
    assert.deepEqual(merged(list, new ListAccumulator()), [
      ['a', 1, { b: [2] }, null],
      '[a, 1, {"b":[2]}, null]',
    ]);
  });

  it('have Flink’s value before anything is added, and again when they are reset', () => {
    const rows: readonly (readonly [Accumulator<number, unknown>, string])[] = [
      [new IntCounter(), '0'],
      [new IntMinimum(), '2147483647'],
      [new IntMaximum(), '-2147483648'],
      [new LongMinimum(), '9223372036854775807'],
      [new LongMaximum(), '-9223372036854775808'],
      [new DoubleMinimum(), 'Infinity'],
      [new DoubleMaximum(), '-Infinity'],
      [new AverageAccumulator(), '0.0'],
      [new Histogram(), '{}'],
    ];
    for (const [accumulator, text] of rows) {
      const shown = (): string => reported(['a', accumulator]).map(accumulatorText).join();
      assert.equal(shown(), text);
      accumulator.add(5);
      assert.notEqual(shown(), text);
      accumulator.resetLocal();
      assert.equal(shown(), text);
    }
    const list = new ListAccumulator<number>();
    list.add(1);
    assert.deepEqual(
      [list.getLocalValue(), reported(['a', list]).map(accumulatorText)],
      [[1], ['[1]']],
    );
    list.resetLocal();
    assert.deepEqual(
      [list.getLocalValue(), reported(['a', list]).map(accumulatorText)],
      [[], ['[]']],
    );
  });

  it('keep numbers that JSON does not have', () => {
    const nan = merged(filled(new DoubleCounter(), Number.NaN), filled(new DoubleCounter(), 1));
    assert.deepEqual(nan, [Number.NaN, 'NaN']);
    assert.deepEqual(merged(new DoubleMinimum(), new DoubleMinimum(4)), [4, '4.0']);
  });

  it('refuse fractions where Flink has integers', () => {
    for (const accumulator of [new IntCounter(), new LongMaximum(), new Histogram()]) {
      assert.throws(() => accumulator.add(0.5), { code: 'ACCUMULATOR_VALUE_INVALID' });
    }
  });
});

describe('AccumulatorRegistry', () => {
  it('gives what is there, makes common ones, and refuses a name twice', () => {
    const registry = new AccumulatorRegistry();
    const mine = new IntCounter();
    registry.addAccumulator('mine', mine);
    assert.equal(registry.getAccumulator('mine'), mine);
    assert.equal(registry.getIntCounter('mine'), mine);
    assert.equal(registry.getAccumulator('other'), undefined);
    registry.getLongCounter('long').add(1);
    registry.getDoubleCounter('double').add(0.5);
    registry.getHistogram('histogram').add(3);
    assert.deepEqual(registry.read().map(accumulatorText), ['0', '1', '0.5', '{3=1}']);
    const clash = { code: 'ACCUMULATOR_EXISTS', kind: 'user' };
    assert.throws(() => registry.addAccumulator('mine', new IntCounter()), clash);
    assert.throws(() => registry.getHistogram('mine'), clash);
  });

  it('refuses classes that the job could not merge', () => {
    const own = { add: () => {}, getLocalValue: () => 1, resetLocal: () => {} };
    assert.throws(() => new AccumulatorRegistry().addAccumulator('own', own), {
      code: 'ACCUMULATOR_NOT_SUPPORTED',
    });
  });

  it('tells why a value is not told: too large, or no JSON; others are told', () => {
    const large = new ListAccumulator<string>();
    for (let i = 0; i < 300; i += 1) large.add('x'.repeat(1024));
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const odd = new ListAccumulator<unknown>();
    odd.add(circle);
    const [first, second, third] = reported(
      ['large', large],
      ['odd', odd],
      ['count', filled(new IntCounter(), 2)],
    );
    assert.match(first?.type === 'Failed' ? first.reason : '', /too many values.*count=300/);
    assert.match(second?.type === 'Failed' ? second.reason : '', /not JSON/);
    assert.deepEqual(third, { name: 'count', type: 'IntCounter', value: 2 });
  });

  it('never tells more than a report takes, however many there are', () => {
    const lists = ['a', 'b', 'c', 'd'].map((name) => {
      const list = new ListAccumulator<string>();
      list.add('y'.repeat(MAX_ACCUMULATORS_BYTES / 3));
      return [name, list] as const;
    });
    const records = reported(...lists);
    const failed = records.filter(({ type }) => type === 'Failed').map(({ name }) => name);
    assert.deepEqual(failed, ['c', 'd']);
    assert.ok(JSON.stringify(records).length < MAX_ACCUMULATORS_BYTES + 1024);
  });

  it('says of two types under one name that they do not go together', () => {
    const [record] = mergeAccumulators([
      reported(['a', filled(new IntCounter(), 1)]),
      reported(['a', filled(new DoubleCounter(), 1)]),
      reported(['a', filled(new IntCounter(), 1)]),
    ]);
    assert.match(record?.type === 'Failed' ? record.reason : '', /as IntCounter and as DoubleCou/);
  });
});
