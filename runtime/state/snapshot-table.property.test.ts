import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChangeLog, type Tracked } from './change-log.ts';
import {
  HeapKeyedStateBackend,
  KeyTable,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './index.ts';
import { testSnapshotTableConformance } from './snapshot-table.conformance.ts';
import type { SnapshotTable } from './snapshot-table.ts';

/** A table that is changed through the handle of its state. */
interface Held<S> {
  readonly keyed: HeapKeyedStateBackend;
  readonly state: S;
}

function subjectOf<S, Op extends { readonly key: string | number }>(
  register: (keyed: HeapKeyedStateBackend) => S,
  ops: fc.Arbitrary<Op>,
  change: (state: S, op: Op) => void,
): Parameters<typeof testSnapshotTableConformance<Op>>[0] {
  const held = new WeakMap<SnapshotTable, Held<S>>();
  return {
    ops,
    create: () => {
      const keyed = new HeapKeyedStateBackend({ operatorName: 'Test', tracksChanges: true });
      const state = register(keyed);
      const [table] = keyed.tables();
      assert.ok(table !== undefined);
      held.set(table, { keyed, state });
      return table;
    },
    apply: (table, op) => {
      const found = held.get(table);
      assert.ok(found !== undefined);
      found.keyed.setCurrentKey(op.key);
      change(found.state, op);
    },
  };
}

const key = fc.oneof(fc.nat(3), fc.constantFrom('a', 'a long key that would be a slice', '1'));
const value = fc.nat(5);
const clears = fc.integer({ min: 0, max: 2 }).map((n) => n === 0);

describe('the table of a value state', () => {
  testSnapshotTableConformance(
    subjectOf(
      (keyed) => keyed.getState(new ValueStateDescriptor<number>('n')),
      fc.record({ key, value, clears, reads: fc.boolean() }),
      (state, op) => {
        if (op.reads) state.value();
        state.update(op.clears ? undefined : op.value);
      },
    ),
  );
});

describe('the table of a list state', () => {
  testSnapshotTableConformance(
    subjectOf(
      (keyed) => keyed.getListState(new ListStateDescriptor<number>('l')),
      fc.record({ key, value, clears, replaces: fc.boolean() }),
      (state, op) => {
        if (op.clears) state.clear();
        else if (op.replaces) state.update([op.value, 1]);
        else state.add(op.value);
      },
    ),
  );
});

describe('the table of a map state', () => {
  testSnapshotTableConformance(
    subjectOf(
      (keyed) => keyed.getMapState(new MapStateDescriptor<unknown, number>('m')),
      fc.record({
        key,
        value,
        mapKey: fc.oneof(fc.nat(3), fc.constant('0'), fc.constant({ id: 1 })),
        does: fc.constantFrom('put', 'put', 'put', 'remove', 'clear'),
      }),
      (state, op) => {
        if (op.does === 'put') state.put(op.mapKey, op.value);
        else if (op.does === 'remove') state.remove(op.mapKey);
        else state.clear();
      },
    ),
  );
});

describe('the table of a reducing state that changes its values in place', () => {
  testSnapshotTableConformance(
    subjectOf(
      (keyed) =>
        keyed.getReducingState(
          new ReducingStateDescriptor<{ n: number }>('r', (left, right) => {
            left.n += right.n;
            return left;
          }),
        ),
      fc.record({ key, value, clears }),
      (state, op) => {
        if (op.clears) state.clear();
        else state.add({ n: op.value });
      },
    ),
  );
});

describe('KeyTable of many maps', () => {
  const tables = new WeakMap<SnapshotTable, KeyTable<number>>();
  testSnapshotTableConformance({
    ops: fc.record({ key, value, does: fc.constantFrom('set', 'set', 'set', 'delete', 'clear') }),
    create: () => {
      const table = new KeyTable<number>({ tracksChanges: true, maxMapEntries: 2 });
      const snapshotTable: SnapshotTable = {
        meta: { name: 'n', kind: 'value', version: 1 },
        get size() {
          return table.size;
        },
        get changeCount() {
          return table.changeCount;
        },
        visitAll: (visitor) => table.visitAll(visitor, 'pane'),
        visitChanges: (visitor) => table.visitChanges(visitor, 'pane'),
        restorePut: (at, _subKey, restored) => table.restorePut(at, Number(restored)),
        restoreRemove: (at) => table.restoreRemove(at),
        dropAll: () => table.clear(),
      };
      tables.set(snapshotTable, table);
      return snapshotTable;
    },
    apply: (snapshotTable, op) => {
      const table = tables.get(snapshotTable);
      if (op.does === 'set') table?.set(op.key, op.value);
      else if (op.does === 'delete') table?.delete(op.key);
      else if (op.value === 0) table?.clear();
    },
  });
});

describe('ChangeLog', () => {
  it('stays as long as the table when entries come and go between two visits', () => {
    const log = new ChangeLog<Tracked>(true);
    const kept: Tracked = { mark: 0 };
    log.added(kept);
    for (let i = 0; i < 100_000; i++) {
      const entry: Tracked = { mark: 0 };
      log.added(entry);
      log.removed(entry);
    }
    assert.equal(log.changeCount, 1);
    let visits = 0;
    const count = (): void => {
      visits += 1;
    };
    log.visit(count, count);
    assert.equal(visits, 1);
  });

  it('lists an entry once however often it changes', () => {
    const log = new ChangeLog<Tracked>(true);
    const entry: Tracked = { mark: 0 };
    log.added(entry);
    log.reset();
    for (let i = 0; i < 10; i++) log.touch(entry);
    assert.equal(log.changeCount, 1);
  });

  it('lists nothing and refuses visits where changes are not tracked', () => {
    const log = new ChangeLog<Tracked>(false);
    const entry: Tracked = { mark: 0 };
    log.added(entry);
    log.touch(entry);
    log.removed(entry);
    assert.equal(log.changeCount, 0);
    const nothing = (): void => {};
    assert.throws(() => log.visit(nothing, nothing), { kind: 'internal', code: 'ASSERTION' });
  });
});
