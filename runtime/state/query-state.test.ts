import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../core/index.ts';
import type { QueryKeyType, StateQueryRecord } from '../protocol/index.ts';
import {
  AggregatingStateDescriptor,
  HeapKeyedStateBackend,
  ListStateDescriptor,
  MAX_STATE_ANSWER_CHARS,
  MapStateDescriptor,
  NamespacedState,
  queryTables,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './index.ts';

const average = {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (value: number, acc: { n: number; sum: number }) => ({
    n: acc.n + 1,
    sum: acc.sum + value,
  }),
  getResult: (acc: { n: number; sum: number }) => acc.sum / acc.n,
};

let nowEpochMs = 1_000;
const backend = (): HeapKeyedStateBackend =>
  new HeapKeyedStateBackend({ operatorName: 'Sum', clock: { nowEpochMs: () => nowEpochMs } });

type Asked = Partial<Omit<StateQueryRecord, 'key' | 'mapKey'>> & {
  readonly key: string;
  readonly keyType?: QueryKeyType;
  readonly mapKey?: string;
  readonly mapKeyType?: QueryKeyType;
};

function ask(keyed: HeapKeyedStateBackend, asked: Asked) {
  const { key, keyType = 'string', mapKey, mapKeyType = 'string', ...rest } = asked;
  const query: StateQueryRecord = {
    name: 's',
    ...rest,
    key: { type: keyType, text: key },
    ...(mapKey === undefined ? {} : { mapKey: { type: mapKeyType, text: mapKey } }),
  };
  return queryTables(keyed.askedTables(), query, { operatorName: 'Sum', nowEpochMs });
}

function refused(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(isStreamError(error), String(error));
    return { code: error.code, message: error.message };
  }
  return assert.fail('nothing was thrown');
}

describe('queryTables', () => {
  it('answers what each kind of state holds', () => {
    const keyed = backend();
    keyed.setCurrentKey('a');
    keyed.getState(new ValueStateDescriptor<object>('v').setQueryable()).update({ n: 1 });
    keyed.getListState(new ListStateDescriptor<number>('l').setQueryable()).addAll([3, 1]);
    const map = new MapStateDescriptor<{ id: number }, string>('m', { queryable: true });
    keyed.getMapState(map).putAll([
      [{ id: 1 }, 'one'],
      [{ id: 2 }, 'two'],
    ]);
    const sum = new ReducingStateDescriptor<number>('r', (x, y) => x + y, { queryable: 'sum' });
    keyed.getReducingState(sum).add(5);
    const mean = new AggregatingStateDescriptor('g', average).setQueryable('mean');
    keyed.getAggregatingState(mean).add(4);
    assert.deepEqual(ask(keyed, { name: 'v', key: 'a' }), { kind: 'value', value: { n: 1 } });
    assert.deepEqual(ask(keyed, { name: 'l', key: 'a' }), { kind: 'list', value: [3, 1] });
    assert.deepEqual(ask(keyed, { name: 'm', key: 'a' }), {
      kind: 'map',
      value: [
        [{ id: 1 }, 'one'],
        [{ id: 2 }, 'two'],
      ],
    });
    const entry = { name: 'm', key: 'a', mapKey: '{"id":2}', mapKeyType: 'json' } as const;
    assert.deepEqual(ask(keyed, entry), { kind: 'map', value: 'two' });
    assert.deepEqual(ask(keyed, { name: 'sum', key: 'a' }), { kind: 'reducing', value: 5 });
    assert.deepEqual(ask(keyed, { name: 'mean', key: 'a' }), { kind: 'aggregating', value: 4 });
    assert.deepEqual(ask(keyed, { name: 'mean', key: 'a', withAccumulator: true }), {
      kind: 'aggregating',
      value: 4,
      accumulator: { n: 1, sum: 4 },
    });
  });

  it('tells keys of different types apart, and what type keys have', () => {
    const keyed = backend();
    const state = keyed.getState(new ValueStateDescriptor<string>('s').setQueryable());
    const time = new Date('2026-01-31T00:00:00.000Z');
    for (const key of [1, '1', true, 1n, { id: 1, tags: ['x'] }, time]) {
      keyed.setCurrentKey(key);
      state.update(`${typeof key} ${key instanceof Date ? 'date' : JSON.stringify(String(key))}`);
    }
    const of = (key: string, keyType?: QueryKeyType) =>
      ask(keyed, { key, ...(keyType === undefined ? {} : { keyType }) }).value;
    assert.equal(of('1'), 'string "1"');
    assert.equal(of('1', 'number'), 'number "1"');
    assert.equal(of('1', 'bigint'), 'bigint "1"');
    assert.equal(of('true', 'boolean'), 'boolean "true"');
    assert.equal(of('{"tags":["x"],"id":1}', 'json'), 'object "[object Object]"');
    assert.equal(of('2026-01-31T00:00:00Z', 'date'), 'object date');
    assert.equal(of('1', 'json'), 'number "1"');
    assert.equal(of('"1"', 'json'), 'string "1"');
    const { code, message } = refused(() => of('true'));
    assert.equal(code, 'STATE_KEY_NOT_FOUND');
    assert.match(message, /did you mean keyType=number\?/);
    for (const [key, type] of [
      ['', 'number'],
      ['0x1', 'number'],
      ['1e999', 'number'],
      ['1.5', 'bigint'],
      ['yes', 'boolean'],
      ['{', 'json'],
      ['null', 'json'],
      ['soon', 'date'],
    ] as const) {
      assert.equal(refused(() => of(key, type)).code, 'STATE_KEY_INVALID', `${type} ${key}`);
    }
  });

  it('answers only what was declared queryable', () => {
    const keyed = backend();
    keyed.setCurrentKey('a');
    keyed.getState(new ValueStateDescriptor<string>('secret')).update('x');
    keyed.getState(new ValueStateDescriptor<string>('off', undefined, { queryable: false }));
    keyed.getState(new ValueStateDescriptor<string>('total').setQueryable());
    const closed = refused(() => ask(keyed, { name: 'secret', key: 'a' }));
    assert.equal(closed.code, 'STATE_NOT_QUERYABLE');
    assert.match(closed.message, /setQueryable\(\).*operator=Sum/);
    assert.equal(refused(() => ask(keyed, { name: 'off', key: 'a' })).code, 'STATE_NOT_QUERYABLE');
    const missing = refused(() => ask(keyed, { name: 'totl', key: 'a' }));
    assert.equal(missing.code, 'STATE_NOT_FOUND');
    assert.match(missing.message, /did you mean total\?.*queryable=total/);
    assert.doesNotMatch(missing.message, /secret/);
  });

  it('shows nothing that has expired, and starts no time to live anew', () => {
    nowEpochMs = 1_000;
    const ttl = { ttlMs: 100, updateType: 'OnReadAndWrite' } as const;
    const keyed = backend();
    keyed.setCurrentKey('a');
    const value = keyed.getState(
      new ValueStateDescriptor('v', undefined, { ttl, queryable: true }),
    );
    value.update('x');
    const list = keyed.getListState(new ListStateDescriptor('l', { ttl, queryable: true }));
    list.add(1);
    const map = keyed.getMapState(new MapStateDescriptor('m', { ttl, queryable: true }));
    map.put('k', 1);
    nowEpochMs = 1_060;
    list.add(2);
    map.put('l', 2);
    assert.equal(ask(keyed, { name: 'v', key: 'a' }).value, 'x');
    nowEpochMs = 1_120;
    assert.equal(refused(() => ask(keyed, { name: 'v', key: 'a' })).code, 'STATE_KEY_NOT_FOUND');
    assert.deepEqual(ask(keyed, { name: 'l', key: 'a' }).value, [2]);
    assert.deepEqual(ask(keyed, { name: 'm', key: 'a' }).value, [['l', 2]]);
    const gone = refused(() => ask(keyed, { name: 'm', key: 'a', mapKey: 'k' }));
    assert.equal(gone.code, 'STATE_KEY_NOT_FOUND');
    assert.equal(keyed.tables().find(({ meta }) => meta.name === 'v')?.size, 1);
    nowEpochMs = 1_000;
  });

  it('answers states per window by their window', () => {
    const keyed = backend();
    const windows = new NamespacedState(keyed, 'windows/state/');
    const seen = new ValueStateDescriptor<number>('s').setQueryable();
    windows.setCurrent('a', '0,10');
    windows.store.getState(seen).update(7);
    const map = new MapStateDescriptor<string, number>('m').setQueryable();
    windows.store.getMapState(map).put('x', 8);
    assert.equal(ask(keyed, { key: 'a', window: '0,10' }).value, 7);
    assert.deepEqual(ask(keyed, { name: 'm', key: 'a', window: '0,10' }).value, [['x', 8]]);
    const other = refused(() => ask(keyed, { key: 'a', window: '10,20' }));
    assert.equal(other.code, 'STATE_KEY_NOT_FOUND');
    assert.equal(refused(() => ask(keyed, { key: 'a' })).code, 'STATE_QUERY_INVALID');
  });

  it('refuses what does not go with the state', () => {
    const keyed = backend();
    keyed.setCurrentKey('a');
    keyed.getState(new ValueStateDescriptor<number>('s').setQueryable()).update(1);
    for (const asked of [{ mapKey: 'x' }, { window: '0,1' }, { withAccumulator: true as const }]) {
      assert.equal(refused(() => ask(keyed, { key: 'a', ...asked })).code, 'STATE_QUERY_INVALID');
    }
  });

  it('says nothing of a default, and keeps no trace of a key that was asked for', () => {
    const keyed = backend();
    keyed.getState(new ValueStateDescriptor('s', 0).setQueryable());
    assert.equal(refused(() => ask(keyed, { key: 'a' })).code, 'STATE_KEY_NOT_FOUND');
    assert.equal(keyed.tables()[0]?.size, 0);
  });

  it('refuses an answer that is too large, before it is all written', () => {
    const keyed = backend();
    keyed.setCurrentKey('a');
    const list = keyed.getListState(new ListStateDescriptor<string>('l').setQueryable());
    const text = 'x'.repeat(1_000);
    list.addAll(Array.from({ length: MAX_STATE_ANSWER_CHARS / 1_000 }, () => text));
    assert.equal(refused(() => ask(keyed, { name: 'l', key: 'a' })).code, 'STATE_ANSWER_TOO_LARGE');
    const cyclic: { self?: object } = {};
    cyclic.self = cyclic;
    // A job without checkpoints may hold that.
    keyed.getState(new ValueStateDescriptor<object>('s').setQueryable()).update(cyclic);
    assert.equal(refused(() => ask(keyed, { key: 'a' })).code, 'STATE_ANSWER_TOO_LARGE');
  });

  it('writes what JSON has no word for', () => {
    const keyed = backend();
    keyed.setCurrentKey('a');
    const state = keyed.getState(new ValueStateDescriptor<object>('s').setQueryable());
    state.update({
      big: 2n ** 64n,
      at: new Date(0),
      nan: Number.NaN,
      set: new Set([1]),
      map: new Map([['k', 1]]),
      bytes: Uint8Array.of(1, 2),
      none: undefined,
      nothing: null,
    });
    assert.deepEqual(ask(keyed, { key: 'a' }).value, {
      big: '18446744073709551616',
      at: '1970-01-01T00:00:00.000Z',
      nan: 'NaN',
      set: [1],
      map: [['k', 1]],
      bytes: 'AQI=',
      nothing: null,
    });
  });

  it('tells a function that fails from a state that is not there', () => {
    const keyed = backend();
    keyed.setCurrentKey('a');
    const failing = {
      ...average,
      getResult: (): number => {
        throw new TypeError('no');
      },
    };
    const state = new AggregatingStateDescriptor('s', failing).setQueryable();
    keyed.getAggregatingState(state).add(1);
    const { code, message } = refused(() => ask(keyed, { key: 'a' }));
    assert.deepEqual([code, message.includes('TypeError: no')], ['STATE_RESULT_FAILED', true]);
  });

  it('means one state by a name', () => {
    const keyed = backend();
    const value = new ValueStateDescriptor<number>('v').setQueryable('total');
    keyed.getState(value);
    keyed.getState(value);
    const list = new ListStateDescriptor<number>('l').setQueryable('total');
    const windows = new NamespacedState(keyed, 'windows/state/');
    for (const register of [
      () => keyed.getListState(list),
      () => windows.store.getListState(list),
    ]) {
      const { code, message } = refused(register);
      assert.equal(code, 'STATE_QUERYABLE_NAME_TAKEN');
      assert.match(message, /give each its own.*states=v, (windows\/state\/)?l operator=Sum/);
    }
  });

  it('has a name, for a state without one is nobody’s', () => {
    const { code } = refused(() => new ListStateDescriptor('l').setQueryable(''));
    assert.equal(code, 'STATE_QUERYABLE_NAME_INVALID');
  });
});
