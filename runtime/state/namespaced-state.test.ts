import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EncodedKey } from '../core/index.ts';
import {
  AggregatingStateDescriptor,
  HeapKeyedStateBackend,
  ListStateDescriptor,
  MapStateDescriptor,
  NamespacedState,
  ReducingStateDescriptor,
  type SnapshotTable,
  ValueStateDescriptor,
} from './index.ts';

const value = new ValueStateDescriptor<string>('last');
const list = new ListStateDescriptor<number>('all');
const map = new MapStateDescriptor<number, string>('names');
const total = new ReducingStateDescriptor<number>('total', (a, b) => a + b);
const mean = new AggregatingStateDescriptor('mean', {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (one: number, { sum, count }) => ({ sum: sum + one, count: count + 1 }),
  getResult: ({ sum, count }) => sum / count,
  merge: (a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }),
});

const KEYS: readonly EncodedKey[] = ['a', 1, '1', true, 7n, '\u0000["a",1]'];

function backend(): HeapKeyedStateBackend {
  return new HeapKeyedStateBackend({ operatorName: 'Test', tracksChanges: true });
}

function entries(table: SnapshotTable): [EncodedKey, EncodedKey | undefined, unknown][] {
  const found: [EncodedKey, EncodedKey | undefined, unknown][] = [];
  table.visitAll({
    put: (...entry) => found.push(entry),
    remove: () => assert.fail('visitAll removes nothing'),
  });
  return found;
}

describe('NamespacedState', () => {
  it('gives each namespace of a key entries of its own', () => {
    const states = new NamespacedState(backend(), 'w/');
    const last = states.store.getState(value);
    for (const key of KEYS) {
      for (const namespace of ['0,5', '5,10']) {
        states.setCurrent(key, namespace);
        assert.equal(last.value(), undefined);
        last.update(`${typeof key} ${String(key)} ${namespace}`);
      }
    }
    for (const key of KEYS) {
      states.setCurrent(key, '5,10');
      assert.equal(last.value(), `${typeof key} ${String(key)} 5,10`);
    }
  });

  it('is snapshotted by key, the namespace in the sub-key, and restored from it', () => {
    const from = backend();
    const states = new NamespacedState(from, 'w/');
    const names = states.store.getMapState(map);
    for (const key of KEYS) {
      states.setCurrent(key, '0,5');
      states.store.getState(value).update('x');
      names.put(1, 'one');
      names.put(2, 'two');
    }
    const to = backend();
    for (const table of from.tables()) {
      const held = entries(table);
      assert.deepEqual(new Set(held.map(([key]) => key)), new Set(KEYS));
      to.restorePending(table.meta.name, table.meta, (target) => {
        for (const [key, subKey, one] of held) target.restorePut(key, subKey, one);
      });
    }
    assert.deepEqual(
      from.tables().map(({ meta }) => [meta.name, meta.kind]),
      [
        ['w/names', 'map'],
        ['w/last', 'value'],
      ],
    );
    const restored = new NamespacedState(to, 'w/');
    for (const key of KEYS) {
      restored.setCurrent(key, '0,5');
      assert.equal(restored.store.getState(value).value(), 'x');
      assert.deepEqual(
        [...restored.store.getMapState(map).entries()],
        [
          [1, 'one'],
          [2, 'two'],
        ],
      );
      restored.setCurrent(key, '5,10');
      assert.equal(restored.store.getMapState(map).isEmpty(), true);
    }
  });

  it('tells of changes by key and namespace', () => {
    const from = backend();
    const states = new NamespacedState(from, 'w/');
    const last = states.store.getState(value);
    const table = from.tables()[0];
    assert.ok(table);
    states.setCurrent('k', '0,5');
    last.update('x');
    assert.deepEqual(entries(table), [['k', '0,5', 'x']]);
    last.clear();
    const gone: unknown[] = [];
    table.visitChanges({
      put: () => assert.fail('nothing was put'),
      remove: (key, subKey) => gone.push([key, subKey]),
    });
    assert.deepEqual(gone, [['k', '0,5']]);
  });

  it('merges lists, reduced values and accumulators into the target, in order', () => {
    const states = new NamespacedState(backend(), 'w/');
    const { store } = states;
    for (const [namespace, one] of [
      ['a', 1],
      ['b', 2],
      ['c', 6],
    ] as const) {
      states.setCurrent('k', namespace);
      store.getListState(list).add(one);
      store.getReducingState(total).add(one);
      store.getAggregatingState(mean).add(one);
    }
    for (const descriptor of [list, total, mean]) states.merge(descriptor, 'k', 'a', ['c', 'b']);
    assert.deepEqual(store.getListState(list).get(), [1, 6, 2]);
    assert.equal(store.getReducingState(total).get(), 9);
    assert.equal(store.getAggregatingState(mean).get(), 3);
    states.setCurrent('k', 'b');
    assert.deepEqual(store.getListState(list).get(), []);
    assert.equal(store.getReducingState(total).get(), undefined);
    assert.equal(store.getAggregatingState(mean).get(), undefined);
  });

  it('refuses to merge what cannot be', () => {
    const states = new NamespacedState(backend(), 'w/');
    const { merge: _, ...plain } = mean.aggregate;
    const stubborn = new AggregatingStateDescriptor('stubborn', plain);
    const code = 'STATE_NOT_MERGEABLE';
    assert.throws(() => states.merge(stubborn, 'k', 'a', ['b']), { code });
  });
});
