import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AggregatingStateDescriptor,
  flatCopy,
  flattenStrings,
  HeapKeyedStateBackend,
  KeyTable,
  LargeMap,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './index.ts';

const backend = (): HeapKeyedStateBackend => {
  const made = new HeapKeyedStateBackend({ operatorName: 'Test' });
  made.setCurrentKey('a');
  return made;
};

describe('HeapKeyedStateBackend', () => {
  it('keeps values by key and falls back to the default (fact 87)', () => {
    const keyed = backend();
    const state = keyed.getState(new ValueStateDescriptor('greeting', 'Hello'));
    const text: string = state.value();
    assert.equal(text, 'Hello');
    state.update('Ciao');
    keyed.setCurrentKey('b');
    assert.equal(state.value(), 'Hello');
    keyed.setCurrentKey('a');
    assert.equal(state.value(), 'Ciao');
    state.clear();
    assert.equal(state.value(), 'Hello');
  });

  it('answers undefined without a default and clears on undefined', () => {
    const state = backend().getState(new ValueStateDescriptor<number>('n'));
    assert.equal(state.value(), undefined);
    state.update(0);
    assert.equal(state.value(), 0);
    state.update(undefined);
    assert.equal(state.value(), undefined);
  });

  it('clones an object default, so that keys do not share it', () => {
    const keyed = backend();
    const state = keyed.getState(new ValueStateDescriptor('o', { n: 0 }));
    state.value().n = 5;
    assert.equal(state.value().n, 0);
  });

  it('takes equal composite keys for one key', () => {
    const keyed = backend();
    const state = keyed.getState(new ValueStateDescriptor('n', 0));
    keyed.setCurrentKey({ x: 1, y: 'b' });
    state.update(7);
    keyed.setCurrentKey({ y: 'b', x: 1 });
    assert.equal(state.value(), 7);
    assert.deepEqual(keyed.getCurrentKey(), { y: 'b', x: 1 });
  });

  it('keeps lists in order and clears on an empty update', () => {
    const state = backend().getListState(new ListStateDescriptor<number>('l'));
    assert.deepEqual(state.get(), []);
    state.add(1);
    state.addAll([2, 3]);
    state.addAll(state.get());
    assert.deepEqual(state.get(), [1, 2, 3, 1, 2, 3]);
    state.update([]);
    assert.deepEqual(state.get(), []);
  });

  it('empties a map state when all its keys are removed (fact 87)', () => {
    const keyed = backend();
    const state = keyed.getMapState(new MapStateDescriptor<{ id: number }, string>('m'));
    assert.equal(state.isEmpty(), true);
    for (let id = 0; id < 1024; id++) state.put({ id }, `v${id}`);
    assert.equal(state.get({ id: 3 }), 'v3');
    assert.equal(state.contains({ id: 3 }), true);
    assert.deepEqual([...state.entries()][5], [{ id: 5 }, 'v5']);
    assert.equal([...state.keys()].length, [...state.values()].length);
    for (let id = 0; id < 1024; id++) state.remove({ id });
    assert.equal(state.isEmpty(), true);
    assert.deepEqual([...keyed.entriesOf('m')], []);
  });

  it('reduces and clears to undefined (fact 87)', () => {
    const sum = new ReducingStateDescriptor<number>('r', (a, b) => a + b);
    const state = backend().getReducingState(sum);
    state.add(17);
    state.add(11);
    assert.equal(state.get(), 28);
    state.clear();
    assert.equal(state.get(), undefined);
  });

  it('aggregates in place', () => {
    const state = backend().getAggregatingState(
      new AggregatingStateDescriptor('avg', {
        createAccumulator: () => ({ n: 0, sum: 0 }),
        add: (value: number, acc) => {
          acc.n += 1;
          acc.sum += value;
          return acc;
        },
        getResult: (acc) => acc.sum / acc.n,
      }),
    );
    state.add(1);
    state.add(4);
    assert.equal(state.get(), 2.5);
  });

  it('iterates all entries of a state with key and namespace', () => {
    const keyed = backend();
    const state = keyed.getState(new ValueStateDescriptor('n', 0));
    state.update(1);
    keyed.setCurrentKey(2);
    state.update(3);
    assert.deepEqual(keyed.stateNames(), ['n']);
    assert.deepEqual(
      [...keyed.entriesOf('n')],
      [
        { key: 'a', namespace: undefined, value: 1 },
        { key: 2, namespace: undefined, value: 3 },
      ],
    );
  });

  it('gives the same handle for the same name and refuses a second kind', () => {
    const keyed = backend();
    const state = keyed.getState(new ValueStateDescriptor('n', 0));
    assert.equal(keyed.getState(new ValueStateDescriptor('n', 0)), state);
    assert.throws(() => keyed.getListState(new ListStateDescriptor('n')), {
      kind: 'invalid',
      code: 'STATE_NAME_CLASH',
      message: /state "n" is registered as value and as list state.*operator=Test/,
    });
  });

  it('refuses the use of state before a key is set', () => {
    const state = new HeapKeyedStateBackend({ operatorName: 'Test' }).getState(
      new ValueStateDescriptor('n', 0),
    );
    assert.throws(() => state.value(), { kind: 'invalid', code: 'NO_CURRENT_KEY' });
  });
});

describe('LargeMap', () => {
  it('splits before a map is full and still finds, replaces and deletes every key', () => {
    const map = new LargeMap<number>(3);
    for (let i = 0; i < 10; i++) map.set(i, i);
    for (let i = 0; i < 10; i++) map.set(`${i}`, i * 2);
    for (let i = 0; i < 10; i++) map.set(i, i * 3);
    assert.equal(map.size, 20);
    for (let i = 0; i < 10; i++) assert.deepEqual([map.get(i), map.get(`${i}`)], [i * 3, i * 2]);
    assert.deepEqual([map.delete(0), map.delete('9'), map.delete(0)], [true, true, false]);
    map.setFlat('new', 1);
    const seen: unknown[] = [];
    map.forEach((value, key) => {
      seen.push([key, value]);
    });
    assert.equal(seen.length, 19);
    assert.deepEqual([...map.entries()], seen);
    map.clear();
    assert.deepEqual([map.size, map.get(1)], [0, undefined]);
  });
});

describe('KeyTable', () => {
  it('finds, replaces and deletes every key of several maps', () => {
    const table = new KeyTable<number>({ maxMapEntries: 3 });
    for (let i = 0; i < 10; i++) table.set(i, i);
    for (let i = 0; i < 10; i++) table.set(i, i * 2);
    assert.equal(table.size, 10);
    for (let i = 0; i < 10; i++) assert.equal(table.get(i), i * 2);
    assert.equal(table.delete(8), true);
    assert.equal(table.delete(0), true);
    assert.equal(table.delete(0), false);
    table.set(9, 1);
    table.set(11, 11);
    assert.equal(table.size, 9);
    assert.deepEqual([...table.entries()].map(([key]) => key).sort(), [1, 11, 2, 3, 4, 5, 6, 7, 9]);
    table.clear();
    assert.equal(table.size, 0);
    assert.equal(table.has(9), false);
  });
});

describe('flatCopy', () => {
  it('returns an equal string for every alphabet and length', () => {
    for (const unit of ['a', 'é', '漢', '😀', '\ud800']) {
      for (const count of [0, 1, 12, 13, 5000]) {
        const text = unit.repeat(count);
        assert.equal(flatCopy(text), text);
      }
    }
  });

  it('leaves records equal, frozen ones and class instances too', () => {
    class Point {
      readonly name = 'a name that is long';
    }
    const long = 'a string of more than thirteen';
    const record = {
      a: long,
      n: 1,
      deep: { b: long, list: [long] },
      frozen: Object.freeze([long]),
    };
    assert.deepEqual(flattenStrings(structuredClone(record)), record);
    assert.deepEqual(flattenStrings(record, structuredClone(record)), record);
    assert.deepEqual(flattenStrings(new Point()), new Point());
    assert.equal(flattenStrings(long), long);
    assert.equal(flattenStrings(5), 5);
  });
});
