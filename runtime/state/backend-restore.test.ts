import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EncodedKey, FieldType } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import {
  compareStateMeta,
  HeapKeyedStateBackend,
  ListStateDescriptor,
  MapStateDescriptor,
  type RestoreFill,
  type SnapshotTable,
  type StateOptions,
  stateMetaOf,
  ValueStateDescriptor,
} from './index.ts';

type Entry = readonly [EncodedKey, EncodedKey | undefined, unknown];

function backend(nowMs = 0): HeapKeyedStateBackend {
  const clock = { nowEpochMs: () => nowMs };
  return new HeapKeyedStateBackend({ operatorName: 'Test', tracksChanges: true, clock });
}

function entriesOf(table: SnapshotTable | undefined): Entry[] {
  const entries: Entry[] = [];
  table?.visitAll({
    put: (key, subKey, value) => entries.push([key, subKey, structuredClone(value)]),
    remove: () => assert.fail('all entries were visited, nothing is removed'),
  });
  return entries;
}

const fillWith =
  (...entries: Entry[]): RestoreFill =>
  (target) => {
    for (const [key, subKey, value] of entries) target.restorePut(key, subKey, value);
  };

const meta = (name: string, kind: string, rest: object = {}): KeyedStateMetaRecord => ({
  name,
  kind,
  version: 1,
  ...rest,
});
const row = (fields: Readonly<Record<string, FieldType['kind']>>): FieldType => ({
  kind: 'row',
  // Leaf kinds only.
  fields: Object.entries(fields).map(([name, kind]) => ({ name, type: { kind } as FieldType })),
});

describe('HeapKeyedStateBackend restored', () => {
  it('fills a state when it is registered, deltas after the base', () => {
    const keyed = backend();
    keyed.restorePending('n', meta('n', 'value'), fillWith(['a', undefined, 1], [2, undefined, 2]));
    keyed.restorePending('n', meta('n', 'value'), (target) => {
      target.restorePut('a', undefined, 10);
      target.restoreRemove(2, undefined);
    });
    keyed.restorePending('n', meta('n', 'value'), fillWith(['of another subtask', undefined, 3]));
    const state = keyed.getState(new ValueStateDescriptor('n', 0));
    keyed.setCurrentKey('a');
    assert.equal(state.value(), 10);
    keyed.setCurrentKey(2);
    assert.equal(state.value(), 0);
    const [table, ...others] = keyed.tables();
    assert.deepEqual(others, []);
    assert.equal(table?.changeCount, 0);
    assert.equal(keyed.needsFullSnapshot, false);
    assert.deepEqual(entriesOf(table), [
      ['a', undefined, 10],
      ['of another subtask', undefined, 3],
    ]);
  });

  it('falls back to the default for a value that was cleared before the snapshot', () => {
    const keyed = backend();
    keyed.restorePending('n', meta('n', 'value'), fillWith(['b', undefined, 'Ciao']));
    const state = keyed.getState(new ValueStateDescriptor('n', 'Hello'));
    keyed.setCurrentKey('a');
    assert.equal(state.value(), 'Hello');
  });

  it('visits a tombstone for a restored entry that was deleted', () => {
    const keyed = backend();
    keyed.restorePending('m', meta('m', 'map'), fillWith(['a', 'x', 1], ['a', 'y', 2]));
    const state = keyed.getMapState(new MapStateDescriptor<string, number>('m'));
    keyed.setCurrentKey('a');
    state.remove('x');
    const removed: unknown[] = [];
    keyed.tables()[0]?.visitChanges({
      put: () => assert.fail('nothing was put'),
      remove: (key, subKey) => removed.push([key, subKey]),
    });
    assert.deepEqual(removed, [['a', 'x']]);
  });

  it('carries along what no state asks for, in every snapshot, until one does', () => {
    const keyed = backend();
    const stored = meta('old', 'map', { version: 3, ttlMs: 5 });
    keyed.restorePending('old', stored, fillWith(['a', 'x', 1], ['a', 'y', 2], ['b', 'x', 3]));
    keyed.restorePending('old', stored, (target) => target.restoreRemove('a', 'y'));
    keyed.getState(new ValueStateDescriptor('new', 0));
    const [, carried] = keyed.tables();
    assert.deepEqual(carried?.meta, stored);
    const expected = [
      ['a', 'x', 1],
      ['b', 'x', 3],
    ];
    assert.deepEqual(entriesOf(carried), expected);
    assert.deepEqual(entriesOf(carried), expected);
    assert.equal(carried?.size, 2);
    carried?.visitChanges({ put: () => assert.fail(), remove: () => assert.fail() });
    const migrate = (): number => 0;
    const options = { version: 3, migrate, ttl: { ttlMs: 5 } };
    keyed.getMapState(new MapStateDescriptor<string, number>('old', options));
    assert.equal(keyed.tables()[1]?.size, 2);
    assert.deepEqual(
      keyed.tables().map(({ meta: { name } }) => name),
      ['new', 'old'],
    );
  });

  it('fills a table that the operator registers, and refuses its name to a state', () => {
    const keyed = backend();
    keyed.restorePending('t', meta('t', 'timers'), fillWith(['k', 5, 0]));
    const put: unknown[] = [];
    keyed.registerTable({
      meta: meta('t', 'timers'),
      size: 0,
      changeCount: 0,
      visitAll: () => {},
      visitChanges: () => {},
      restorePut: (...entry) => put.push(entry),
      restoreRemove: () => {},
      dropAll: () => {},
    });
    assert.deepEqual(put, [['k', 5, 0]]);
    assert.throws(() => keyed.getState(new ValueStateDescriptor('t')), {
      code: 'STATE_NAME_CLASH',
      message: /state "t" is registered as timers and as value state/,
    });
  });

  it('refuses another kind and leaves what is stored to be asked for', () => {
    const keyed = backend();
    keyed.restorePending('n', meta('n', 'value'), fillWith(['a', undefined, 1]));
    assert.throws(() => keyed.getListState(new ListStateDescriptor('n')), {
      kind: 'invalid',
      code: 'STATE_INCOMPATIBLE',
      message: /restored state "n".*its kind changed: stored=value declared=list operator=Test/,
      details: {
        state: 'n',
        operator: 'Test',
        reason: 'its kind changed: stored=value declared=list',
      },
    });
    assert.deepEqual(entriesOf(keyed.tables()[0]), [['a', undefined, 1]]);
  });

  it('drops fields that the declared row lost and leaves those absent that it gained', () => {
    const keyed = backend();
    const stored = meta('r', 'list', { type: row({ id: 'int', old: 'string' }) });
    keyed.restorePending('r', stored, fillWith(['a', undefined, [{ id: 1, old: 'x' }]]));
    const type = row({ id: 'int', added: 'double' });
    const state = keyed.getListState(new ListStateDescriptor<object>('r', { type }));
    keyed.setCurrentKey('a');
    assert.deepEqual(state.get(), [{ id: 1 }]);
    assert.equal(keyed.needsFullSnapshot, true);
    assert.deepEqual(keyed.tables()[0]?.meta, meta('r', 'list', { type }));
  });

  it('migrates values of another version, each with the version it was stored in', () => {
    const keyed = backend();
    const seen: unknown[] = [];
    const migrate = (value: unknown, fromVersion: number): string => {
      seen.push([value, fromVersion]);
      return String(value);
    };
    keyed.restorePending('m', meta('m', 'map', { type: { kind: 'int' } }), fillWith(['a', 'x', 1]));
    const options: StateOptions<string> = { version: 2, migrate, type: { kind: 'string' } };
    const state = keyed.getMapState(new MapStateDescriptor<string, string>('m', options));
    keyed.setCurrentKey('a');
    assert.equal(state.get('x'), '1');
    assert.deepEqual(seen, [[1, 1]]);
    assert.equal(keyed.needsFullSnapshot, true);
    assert.equal(keyed.tables()[0]?.meta.version, 2);
  });

  it('blames the state when its migrate function throws', () => {
    const keyed = backend();
    keyed.restorePending('n', meta('n', 'value'), fillWith(['a', undefined, 1]));
    const migrate = (): never => {
      throw new RangeError('no such currency');
    };
    const descriptor = new ValueStateDescriptor('n', undefined, { version: 2, migrate });
    assert.throws(() => keyed.getState(descriptor), {
      kind: 'user',
      code: 'STATE_MIGRATION_FAILED',
      message: /state=n operator=Test fromVersion=1 cause=RangeError: no such currency/,
    });
  });

  it('refuses to be restored after the state was registered', () => {
    const keyed = backend();
    keyed.getState(new ValueStateDescriptor('n'));
    assert.throws(() => keyed.restorePending('n', meta('n', 'value'), fillWith()), {
      code: 'ASSERTION',
    });
  });
});

describe('HeapKeyedStateBackend restored with a changed time to live', () => {
  const ttl = { ttlMs: 100 };

  it('gives values that had none the time of the restore', () => {
    const keyed = backend(1000);
    keyed.restorePending('l', meta('l', 'list'), fillWith(['a', undefined, ['x', 'y']]));
    keyed.getListState(new ListStateDescriptor<string>('l', { ttl }));
    assert.equal(keyed.needsFullSnapshot, true);
    const expected = ['x', 'y'].map((value) => ({ value, lastAccessMs: 1000 }));
    assert.deepEqual(entriesOf(keyed.tables()[0]), [['a', undefined, expected]]);
  });

  it('keeps the time of values that had one', () => {
    const keyed = backend(150);
    const stored = { value: 7, lastAccessMs: 51 };
    keyed.restorePending('n', meta('n', 'value', { ttlMs: 7 }), fillWith(['a', undefined, stored]));
    const state = keyed.getState(new ValueStateDescriptor<number>('n', undefined, { ttl }));
    keyed.setCurrentKey('a');
    assert.equal(state.value(), 7);
    assert.equal(keyed.needsFullSnapshot, false);
  });

  it('keeps the values when it is gone', () => {
    const keyed = backend(1_000_000);
    const stored = { value: 7, lastAccessMs: 51 };
    keyed.restorePending('n', meta('n', 'value', { ttlMs: 7 }), fillWith(['a', undefined, stored]));
    keyed.getState(new ValueStateDescriptor<number>('n'));
    assert.deepEqual(entriesOf(keyed.tables()[0]), [['a', undefined, 7]]);
    assert.equal(keyed.needsFullSnapshot, true);
  });
});

describe('compareStateMeta', () => {
  const int: FieldType = { kind: 'int' };
  const compareTypes = (stored: FieldType, declared: FieldType): unknown =>
    compareStateMeta(meta('s', 'value', { type: stored }), meta('s', 'value', { type: declared }));

  it('takes fields that come, go and move, at any depth', () => {
    assert.equal(
      compareTypes(row({ a: 'int', b: 'int' }), row({ c: 'int', a: 'int' })),
      'compatible',
    );
    const nested = (inner: FieldType): FieldType => ({
      kind: 'array',
      element: { kind: 'nullable', inner },
    });
    assert.equal(compareTypes(nested(row({ a: 'int' })), nested(row({}))), 'compatible');
    assert.equal(
      compareStateMeta(meta('s', 'value', { type: int }), meta('s', 'value')),
      'compatible',
    );
  });

  it('refuses a changed type and says where', () => {
    assert.deepEqual(compareTypes(int, { kind: 'string' }), {
      incompatible: 'its type changed: stored=int declared=string',
    });
    const holding = (type: FieldType): FieldType => ({
      kind: 'array',
      element: { kind: 'row', fields: [{ name: 'at', type }] },
    });
    assert.deepEqual(compareTypes(holding(int), holding({ kind: 'nullable', inner: int })), {
      incompatible: 'the type of its field [].at changed: stored=int declared=nullable(int)',
    });
  });

  it('takes another version only with a migration', () => {
    const stored = meta('s', 'value', { version: 2, type: int });
    const declared = meta('s', 'value', { version: 3, type: { kind: 'string' } });
    assert.equal(compareStateMeta(stored, { ...declared, migrates: true }), 'migrate');
    assert.deepEqual(compareStateMeta(stored, declared), {
      incompatible: 'its version changed without a migration: stored=2 declared=3',
    });
  });

  it('lets the time to live change', () => {
    assert.equal(
      compareStateMeta(meta('s', 'value', { ttlMs: 5 }), meta('s', 'value')),
      'compatible',
    );
  });

  it('compares what descriptors declare', () => {
    const descriptor = new MapStateDescriptor<string, number>('m', {
      ttl: { ttlMs: 5 },
      type: { type: int },
      version: 2,
      migrate: Number,
    });
    const declared = { name: 'm', kind: 'map', version: 2, type: int, ttlMs: 5, migrates: true };
    assert.deepEqual(stateMetaOf('map', descriptor), declared);
  });
});
