import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EncodedKey } from '../core/index.ts';
import { HeapKeyedStateBackend, type SnapshotTable } from '../state/index.ts';
import { InternalTimerService, type Timer } from './index.ts';

type Change = readonly [EncodedKey, EncodedKey | undefined, unknown?];
/** By name of the table, what each snapshot in turn saw. */
type Segments = readonly ReadonlyMap<string, readonly Change[]>[];

/** A service over a backend that is filled from `segments`, keeping only keys that `owns` takes. */
function timersOf(segments: Segments = [], owns: (key: EncodedKey) => boolean = () => true) {
  const backend = new HeapKeyedStateBackend({ operatorName: 'Test', tracksChanges: true });
  for (const segment of segments) {
    for (const [name, changes] of segment) {
      backend.restorePending(name, { name, kind: 'timers', version: 1 }, (target) => {
        for (const change of changes) {
          const [key, subKey, value] = change;
          if (!owns(key)) continue;
          if (change.length === 3) target.restorePut(key, subKey, value);
          else target.restoreRemove(key, subKey);
        }
      });
    }
  }
  const fired: string[] = [];
  const calls: { readonly atMs: number; readonly callback: () => void }[] = [];
  const fire = (kind: string) => (timer: Timer) => {
    const namespace = timer.namespace === undefined ? '' : `/${timer.namespace}`;
    fired.push(`${kind}${timer.timestampMs}:${String(timer.key)}${namespace}`);
  };
  let nowMs = 0;
  const scheduler = {
    nowEpochMs: () => nowMs,
    schedule: (atMs: number, callback: () => void) => {
      const call = { atMs, callback };
      calls.push(call);
      return () => {
        calls.splice(calls.indexOf(call), 1);
      };
    },
  };
  const target = { onEventTime: fire('E'), onProcessingTime: fire('P') };
  const service = new InternalTimerService(target, scheduler, backend);
  const advanceTo = (ms: number): void => {
    nowMs = ms;
    for (const call of calls.splice(0)) if (call.atMs <= ms) call.callback();
  };
  return { backend, service, fired, calls, advanceTo };
}

function visit(backend: HeapKeyedStateBackend, how: 'visitAll' | 'visitChanges'): Segments[number] {
  return new Map(backend.tables().map((table) => [table.meta.name, changesOf(table, how)]));
}

/** Not in the order of registration, as a segment that is sorted by key would not be. */
function changesOf(table: SnapshotTable, how: 'visitAll' | 'visitChanges'): readonly Change[] {
  const changes: Change[] = [];
  table[how]({
    put: (key, subKey, value) => changes.push([key, subKey, value]),
    remove: (key, subKey) => changes.push([key, subKey]),
  });
  assert.equal(new Set(changes.map(([key, subKey]) => `${key} ${subKey}`)).size, changes.length);
  return changes.sort((left, right) => (String(left) < String(right) ? -1 : 1));
}

describe('InternalTimerService restored', () => {
  it('fires restored timers of both kinds, processing time once it is open', () => {
    const before = timersOf();
    before.service.registerEventTimeTimer(6, 'k');
    before.service.registerProcessingTimeTimer(5, 'k');
    const after = timersOf([visit(before.backend, 'visitAll')]);
    assert.deepEqual(after.calls, []);
    after.service.open();
    assert.deepEqual(
      after.calls.map(({ atMs }) => atMs),
      [5],
    );
    after.advanceTo(5);
    assert.deepEqual(after.fired, ['P5:k']);
    after.service.advanceWatermark(6);
    assert.deepEqual(after.fired, ['P5:k', 'E6:k']);
  });

  it('keeps the order of registration, new timers after restored ones', () => {
    const before = timersOf();
    for (const key of ['c', 'a', 'b']) before.service.registerEventTimeTimer(10, key, 'w');
    const after = timersOf([visit(before.backend, 'visitAll')]);
    after.service.registerEventTimeTimer(10, 'a', undefined);
    after.service.registerEventTimeTimer(10, 'a', 'w');
    assert.equal(after.service.numEventTimeTimers(), 4);
    after.service.advanceWatermark(10);
    assert.deepEqual(after.fired, ['E10:c/w', 'E10:a/w', 'E10:b/w', 'E10:a']);
  });

  it('gives instances with disjoint keys only their own timers', () => {
    const before = timersOf();
    for (let key = 0; key < 10; key++) before.service.registerProcessingTimeTimer(key, key);
    const segment = visit(before.backend, 'visitAll');
    const isLow = (key: EncodedKey): boolean => Number(key) < 4;
    const low = timersOf([segment], isLow);
    const high = timersOf([segment], (key) => !isLow(key));
    assert.equal(low.service.numProcessingTimeTimers(), 4);
    assert.equal(high.service.numProcessingTimeTimers(), 6);
  });

  it('keeps timestamps exact, the sentinels too', () => {
    const before = timersOf();
    for (const ms of [-(2 ** 63), -1, 0, 2 ** 53, 2 ** 63]) {
      before.service.registerEventTimeTimer(ms, 'k');
      before.service.registerEventTimeTimer(ms, 'k', '1:a');
      before.service.registerEventTimeTimer(ms, 'k', '');
    }
    const after = timersOf([visit(before.backend, 'visitAll')]);
    before.service.advanceWatermark(2 ** 63);
    after.service.advanceWatermark(2 ** 63);
    assert.equal(after.fired.length, 15);
    assert.deepEqual(after.fired, before.fired);
  });

  it('fires as the original does when restored from a base and the deltas after it', () => {
    const timer = fc.record({
      ms: fc.nat(6),
      key: fc.constantFrom('a', 'b', 1, 'a long key that would be a slice'),
      namespace: fc.constantFrom(undefined, 'w'),
      does: fc.constantFrom('register', 'register', 'register', 'delete', 'advance'),
    });
    fc.assert(
      fc.property(fc.array(fc.array(timer)), fc.array(timer), (epochs, rest) => {
        const apply = (service: InternalTimerService, op: (typeof rest)[number]): void => {
          if (op.does === 'register') service.registerEventTimeTimer(op.ms, op.key, op.namespace);
          if (op.does === 'delete') service.deleteEventTimeTimer(op.ms, op.key, op.namespace);
          if (op.does === 'advance') service.advanceWatermark(op.ms);
        };
        const original = timersOf();
        const segments = epochs.map((ops) => {
          for (const op of ops) apply(original.service, op);
          return visit(original.backend, 'visitChanges');
        });
        const restored = timersOf(segments);
        assert.equal(restored.service.numEventTimeTimers(), original.service.numEventTimeTimers());
        original.fired.length = 0;
        for (const { service } of [original, restored]) {
          for (const op of rest) apply(service, op);
        }
        assert.deepEqual(visit(restored.backend, 'visitChanges').size, 2);
        for (const { service } of [original, restored]) service.advanceWatermark(100);
        assert.deepEqual(restored.fired, original.fired);
      }),
    );
  });
});
