/**
 * What every {@link SnapshotTable} must do: a replica that is given each visit equals the table,
 * over many epochs, and so does a table restored from a base and the deltas after it.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { EncodedKey } from '../core/index.ts';
import type { EntryVisitor, RestoreTarget, SnapshotTable } from './snapshot-table.ts';

export interface SnapshotTableSubject<Op> {
  /** An empty table that tracks changes. */
  create(): SnapshotTable;
  /** One change, through the interface that the table's owner uses. */
  readonly ops: fc.Arbitrary<Op>;
  apply(table: SnapshotTable, op: Op): void;
}

type Change = readonly ['put' | 'remove', EncodedKey, EncodedKey | undefined, unknown?];
type Epoch<Op> = { readonly ops: readonly Op[]; readonly full: boolean };

/** Adds the tests of the subject to the `describe` it is called in. */
export function testSnapshotTableConformance<Op>(subject: SnapshotTableSubject<Op>): void {
  testDropAll(subject);
  const epochs = fc.array(fc.record({ ops: fc.array(subject.ops), full: fc.boolean() }), {
    maxLength: 8,
  });

  it('visits changes that make a replica equal to the table, epoch after epoch', () => {
    fc.assert(
      fc.property(epochs, (plan) => {
        const table = subject.create();
        const replica = new Map<string, Change>();
        for (const epoch of plan) {
          const changes = runEpoch(subject, table, epoch);
          if (epoch.full) replica.clear();
          else assertDelta(changes, replica);
          applyTo(replica, changes);
          assert.equal(table.changeCount, 0);
          assert.equal(table.size, replica.size);
        }
        assert.deepEqual(contentsOf(table), sorted(replica));
      }),
    );
  });

  it('equals a table restored from its base and deltas, before and after changes', () => {
    fc.assert(
      fc.property(epochs, epochs, (before, after) => {
        const table = subject.create();
        const segments: (readonly Change[])[] = [];
        for (const epoch of before) {
          if (epoch.full) segments.length = 0;
          segments.push(runEpoch(subject, table, epoch));
        }
        runEpoch(subject, table, { ops: [], full: false });
        const restored = subject.create();
        for (const segment of segments) restore(restored, segment);
        assert.equal(restored.changeCount, 0);
        assert.equal(restored.size, table.size);
        for (const epoch of after) {
          const visited = keysOf(runEpoch(subject, table, epoch));
          assert.deepEqual(keysOf(runEpoch(subject, restored, epoch)), visited);
        }
        assert.deepEqual(keysOf(all(restored)), keysOf(all(table)));
      }),
    );
  });

  it('forgets nothing when a visit of changes fails', () => {
    fc.assert(
      fc.property(fc.array(subject.ops), (ops) => {
        const [failing, table] = [subject.create(), subject.create()];
        for (const op of ops) {
          subject.apply(failing, op);
          subject.apply(table, op);
        }
        const fail = (): never => {
          throw new Error('disk full');
        };
        if (failing.size > 0) {
          assert.throws(() => failing.visitChanges({ put: fail, remove: fail }), /disk full/);
        }
        assert.deepEqual(
          collect((visitor) => failing.visitChanges(visitor)),
          changesOf(table),
        );
      }),
    );
  });
}

function testDropAll<Op>(subject: SnapshotTableSubject<Op>): void {
  it('holds nothing once all is dropped, and what comes then', () => {
    fc.assert(
      fc.property(fc.array(subject.ops), fc.array(subject.ops), (before, after) => {
        const [dropped, fresh] = [subject.create(), subject.create()];
        for (const op of before) subject.apply(dropped, op);
        dropped.dropAll();
        assert.equal(dropped.size, 0);
        for (const table of [dropped, fresh]) for (const op of after) subject.apply(table, op);
        assert.equal(dropped.size, fresh.size);
        assert.deepEqual(keysOf(all(dropped)), keysOf(all(fresh)));
      }),
    );
  });
}

function runEpoch<Op>(
  subject: SnapshotTableSubject<Op>,
  table: SnapshotTable,
  epoch: Epoch<Op>,
): readonly Change[] {
  for (const op of epoch.ops) subject.apply(table, op);
  if (epoch.full) return all(table);
  const limit = table.changeCount;
  const changes = changesOf(table);
  assert.ok(changes.length <= limit, `visited=${changes.length} announced=${limit}`);
  return changes;
}

/** I1: once each; a removal only of what an earlier visit put. */
function assertDelta(changes: readonly Change[], replica: ReadonlyMap<string, Change>): void {
  assert.equal(new Set(changes.map(idOf)).size, changes.length);
  for (const change of changes) if (change[0] === 'remove') assert.ok(replica.has(idOf(change)));
}

function applyTo(replica: Map<string, Change>, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change[0] === 'put') replica.set(idOf(change), change);
    else replica.delete(idOf(change));
  }
}

function restore(target: RestoreTarget, changes: readonly Change[]): void {
  for (const [what, key, subKey, value] of changes) {
    if (what === 'put') target.restorePut(key, subKey, structuredClone(value));
    else target.restoreRemove(key, subKey);
  }
}

function collect(visit: (visitor: EntryVisitor) => void): readonly Change[] {
  const changes: Change[] = [];
  visit({
    // I2: the value may change after the visit.
    put: (key, subKey, value) => changes.push(['put', key, subKey, structuredClone(value)]),
    remove: (key, subKey) => changes.push(['remove', key, subKey]),
  });
  return changes;
}

const all = (table: SnapshotTable): readonly Change[] => collect((to) => table.visitAll(to));
const changesOf = (table: SnapshotTable): readonly Change[] =>
  collect((to) => table.visitChanges(to));
const idOf = ([, key, subKey]: Change): string => `${typeof key}:${key} ${typeof subKey}:${subKey}`;
const contentsOf = (table: SnapshotTable): unknown =>
  sorted(new Map(all(table).map((change) => [idOf(change), change])));
const sorted = (entries: ReadonlyMap<string, Change>): unknown =>
  [...entries].sort(([left], [right]) => (left < right ? -1 : 1));
const keysOf = (changes: readonly Change[]): unknown =>
  changes.map((change) => `${change[0]} ${idOf(change)} ${JSON.stringify(change[3])}`).sort();
