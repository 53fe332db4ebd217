import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashKey, keyGroupOf, operatorIndexOfKeyGroup } from '../core/index.ts';
import { type OneInputFactory, reduceOperator } from '../operators/index.ts';
import type { SnapshotTable } from '../state/index.ts';
import { OperatorHarness, restoreAt } from './operator-harness.ts';

type Count = { readonly key: string; readonly seen: number[] };

const collecting = reduceOperator<Count>(
  (left, right) => {
    left.seen.push(...right.seen);
    return left;
  },
  (count) => count.key,
);
const feed = (harness: OperatorHarness<ReturnType<typeof collecting>, Count>, n: number): void =>
  harness.operator.processElement({ key: 'k', seen: [n] }, 0, -1);

/** An operator whose table says whatever it likes. */
const withTable =
  (table: Partial<SnapshotTable>): OneInputFactory<never, never> =>
  (ctx) => {
    const meta = { name: 'odd', kind: 'value', version: 1 };
    const nothing = { visitAll: () => {}, visitChanges: () => {} };
    const none = { restorePut: () => {}, restoreRemove: () => {}, dropAll: () => {} };
    ctx
      .keyedState()
      .registerTable({ meta, size: 0, changeCount: 1, ...nothing, ...none, ...table });
    const ignore = (): void => {};
    return {
      open: ignore,
      close: ignore,
      processElement: ignore,
      processWatermark: ignore,
      processIdle: ignore,
      endInput: ignore,
    };
  };

describe('a snapshot of a harness', () => {
  it('shares nothing with the operator, nor with those that start from it', () => {
    const harness = OperatorHarness.oneInput(collecting);
    feed(harness, 1);
    const snapshot = harness.snapshotSync();
    const before = structuredClone(snapshot);
    feed(harness, 2);
    feed(OperatorHarness.oneInput(collecting, { restore: snapshot }), 3);
    assert.deepEqual(snapshot, before);
  });

  it('holds all after a delta, and numbers checkpoints on after a restore', () => {
    const harness = OperatorHarness.oneInput(collecting);
    feed(harness, 1);
    harness.snapshotSync('delta');
    const second = harness.snapshotSync('delta');
    assert.deepEqual([second.checkpointId, second.written.puts], [2, 0]);
    assert.equal(second.keyedStates[0]?.entries.length, 1);
    const restored = OperatorHarness.oneInput(collecting, { restore: second });
    assert.equal(restored.snapshotSync('delta').checkpointId, 3);
  });

  it('gives each key to one subtask: 4 to 2, 2 to 4, 15 to 77 of 128 (fact 89)', () => {
    const keys = Array.from({ length: 500 }, (_, n) => `key${n}`);
    const owns = (key: string, index: number, parallelism: number): boolean =>
      operatorIndexOfKeyGroup(128, parallelism, keyGroupOf(hashKey(key), 128)) === index;
    for (const [before, now] of [
      [4, 2],
      [2, 4],
      [15, 77],
    ] as const) {
      const restore = Array.from({ length: before }, (_, subtaskIndex) => {
        const options = { parallelism: before, subtaskIndex };
        const harness = OperatorHarness.oneInput(collecting, options);
        for (const key of keys.filter((key) => owns(key, subtaskIndex, before))) {
          harness.operator.processElement({ key, seen: [1] }, 0, -1);
        }
        return harness.snapshotSync();
      });
      const found = Array.from({ length: now }, (_, subtaskIndex) => {
        const options = { parallelism: now, subtaskIndex, restore };
        const states = OperatorHarness.oneInput(collecting, options).snapshotSync().keyedStates;
        const own = states.flatMap(({ entries }) => entries.map(([key]) => String(key)));
        assert.ok(own.every((key) => owns(key, subtaskIndex, now)));
        return own;
      });
      assert.deepEqual(found.flat().toSorted(), keys.toSorted());
    }
  });

  it('refuses the removal of what no snapshot holds', () => {
    const removing: Partial<SnapshotTable> = {
      visitChanges: (visitor) => visitor.remove('k', undefined),
    };
    const harness = OperatorHarness.oneInput(withTable(removing));
    assert.throws(() => harness.snapshotSync('delta'), /removed that no snapshot holds/);
  });

  it('refuses a table that visits more than it announced', () => {
    const table: Partial<SnapshotTable> = {
      changeCount: 0,
      visitChanges: (visitor) => visitor.put('k', undefined, 1),
    };
    const harness = OperatorHarness.oneInput(withTable(table));
    assert.throws(() => harness.snapshotSync('delta'), /at most changeCount/);
  });

  it('gives no entries to a subtask that does not own their key', () => {
    const harness = OperatorHarness.oneInput(collecting);
    feed(harness, 1);
    const snapshot = harness.snapshotSync();
    const held = [0, 1].map((subtaskIndex) => {
      const one = OperatorHarness.oneInput(collecting, restoreAt([snapshot], subtaskIndex, 2));
      return one.snapshotSync().keyedStates[0]?.entries.length;
    });
    assert.deepEqual(held.sort(), [0, 1]);
  });
});
