import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AggregatingStateDescriptor,
  HeapKeyedStateBackend,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type StateTtlConfig,
  ValueStateDescriptor,
} from './index.ts';

const NEVER: StateTtlConfig = { ttlMs: 100 };
const RELAXED: StateTtlConfig = { ttlMs: 100, visibility: 'ReturnExpiredIfNotCleanedUp' };
const ON_READ: StateTtlConfig = { ttlMs: 100, updateType: 'OnReadAndWrite' };

function backend() {
  const clock = { nowMs: 0, nowEpochMs: () => clock.nowMs };
  const keyed = new HeapKeyedStateBackend({ operatorName: 'Test', tracksChanges: true, clock });
  keyed.setCurrentKey('k');
  return { keyed, clock };
}

/** Values and time; visits count as full snapshots. */
function snapshot(keyed: HeapKeyedStateBackend): unknown[] {
  const entries: unknown[] = [];
  for (const table of keyed.tables()) {
    table.visitAll({
      put: (key, subKey, value) => entries.push([key, subKey, structuredClone(value)]),
      remove: () => assert.fail('all entries were visited, nothing is removed'),
    });
  }
  return entries;
}

describe('value state with a time to live', () => {
  const stateOf = (ttl: StateTtlConfig) => {
    const { keyed, clock } = backend();
    return { keyed, clock, state: keyed.getState(new ValueStateDescriptor('v', 'none', { ttl })) };
  };

  it('forgets a value at the end of its time, not before', () => {
    const { clock, state } = stateOf(NEVER);
    state.update('x');
    clock.nowMs = 99;
    assert.equal(state.value(), 'x');
    clock.nowMs = 100;
    assert.equal(state.value(), 'none');
  });

  it('begins anew at a write', () => {
    const { clock, state } = stateOf(NEVER);
    state.update('x');
    clock.nowMs = 50;
    state.update('x');
    clock.nowMs = 149;
    assert.equal(state.value(), 'x');
  });

  it('returns an expired value once when that is allowed (fact 91)', () => {
    const { clock, state } = stateOf(RELAXED);
    state.update('x');
    clock.nowMs = 120;
    assert.equal(state.value(), 'x');
    assert.equal(state.value(), 'none');
  });

  it('begins anew at a read when that is asked for, which is a change (fact 91)', () => {
    const { keyed, clock, state } = stateOf(ON_READ);
    state.update('x');
    clock.nowMs = 50;
    assert.deepEqual(snapshot(keyed), [['k', undefined, { value: 'x', lastAccessMs: 0 }]]);
    assert.equal(state.value(), 'x');
    assert.equal(keyed.tables()[0]?.changeCount, 1);
    clock.nowMs = 120;
    assert.equal(state.value(), 'x');
    clock.nowMs = 250;
    assert.equal(state.value(), 'none');
  });

  it('does not overflow (fact 91)', () => {
    const { clock, state } = stateOf({ ttlMs: 2 ** 63 });
    clock.nowMs = Number.MAX_SAFE_INTEGER;
    state.update('x');
    assert.equal(state.value(), 'x');
  });

  it('loses expired values at a full snapshot, and only there', () => {
    const { keyed, clock, state } = stateOf(RELAXED);
    state.update('x');
    keyed.setCurrentKey('other');
    clock.nowMs = 30;
    state.update('y');
    clock.nowMs = 100;
    assert.equal(keyed.tables()[0]?.size, 2);
    assert.deepEqual(snapshot(keyed), [['other', undefined, { value: 'y', lastAccessMs: 30 }]]);
    assert.equal(keyed.tables()[0]?.size, 1);
    keyed.setCurrentKey('k');
    assert.equal(state.value(), 'none');
  });

  it('visits the removal of a value that a read has ended', () => {
    const { keyed, clock, state } = stateOf(NEVER);
    state.update('x');
    snapshot(keyed);
    clock.nowMs = 100;
    state.value();
    const removed: unknown[] = [];
    keyed.tables()[0]?.visitChanges({
      put: () => assert.fail('nothing was put'),
      remove: (key) => removed.push(key),
    });
    assert.deepEqual(removed, ['k']);
  });
});

describe('list state with a time to live', () => {
  const stateOf = (ttl: StateTtlConfig) => {
    const { keyed, clock } = backend();
    const state = keyed.getListState(new ListStateDescriptor<number>('l', { ttl }));
    state.add(1);
    clock.nowMs = 60;
    state.addAll([2, 3]);
    return { keyed, clock, state };
  };

  it('ends element by element', () => {
    const { clock, state } = stateOf(NEVER);
    clock.nowMs = 99;
    assert.deepEqual(state.get(), [1, 2, 3]);
    clock.nowMs = 100;
    assert.deepEqual(state.get(), [2, 3]);
    clock.nowMs = 160;
    assert.deepEqual(state.get(), []);
  });

  it('returns expired elements once when that is allowed', () => {
    const { clock, state } = stateOf(RELAXED);
    clock.nowMs = 120;
    assert.deepEqual(state.get(), [1, 2, 3]);
    assert.deepEqual(state.get(), [2, 3]);
  });

  it('begins anew at a read of every element', () => {
    const { clock, state } = stateOf(ON_READ);
    clock.nowMs = 90;
    state.get();
    clock.nowMs = 189;
    assert.deepEqual(state.get(), [1, 2, 3]);
  });

  it('keeps in a full snapshot the elements that live', () => {
    const { keyed, clock, state } = stateOf(NEVER);
    clock.nowMs = 100;
    const left = [2, 3].map((value) => ({ value, lastAccessMs: 60 }));
    assert.deepEqual(snapshot(keyed), [['k', undefined, left]]);
    state.update([4]);
    assert.deepEqual(state.get(), [4]);
    state.update([]);
    assert.deepEqual(snapshot(keyed), []);
  });
});

describe('map state with a time to live', () => {
  const stateOf = (ttl: StateTtlConfig) => {
    const { keyed, clock } = backend();
    const state = keyed.getMapState(new MapStateDescriptor<string, number>('m', { ttl }));
    state.put('a', 1);
    clock.nowMs = 60;
    state.putAll([
      ['b', 2],
      ['c', 3],
    ]);
    return { keyed, clock, state };
  };

  it('ends entry by entry, for every way to read', () => {
    const { keyed, clock, state } = stateOf(NEVER);
    clock.nowMs = 100;
    assert.equal(state.has('b'), true);
    assert.equal(state.get('a'), undefined);
    assert.deepEqual(
      [...state.entries()],
      [
        ['b', 2],
        ['c', 3],
      ],
    );
    assert.equal(keyed.tables()[0]?.size, 2);
    clock.nowMs = 160;
    assert.equal(state.contains('b'), false);
    assert.deepEqual([[...state.keys()], [...state.values()]], [[], []]);
    assert.equal(state.isEmpty(), true);
    assert.equal(keyed.tables()[0]?.size, 0);
  });

  it('returns expired entries once when that is allowed', () => {
    const { clock, state } = stateOf(RELAXED);
    clock.nowMs = 120;
    assert.deepEqual([...state.keys()], ['a', 'b', 'c']);
    assert.deepEqual([...state.keys()], ['b', 'c']);
  });

  it('begins anew at a read of the entry alone', () => {
    const { clock, state } = stateOf(ON_READ);
    clock.nowMs = 90;
    assert.equal(state.get('a'), 1);
    clock.nowMs = 170;
    assert.deepEqual([...state.keys()], ['a']);
  });

  it('keeps in a full snapshot the entries that live', () => {
    const { keyed, clock, state } = stateOf(NEVER);
    state.remove('c');
    clock.nowMs = 100;
    assert.deepEqual(snapshot(keyed), [['k', 'b', { value: 2, lastAccessMs: 60 }]]);
    state.clear();
    assert.deepEqual(snapshot(keyed), []);
  });
});

describe('folding state with a time to live', () => {
  it('reduces into what lives and starts over after it', () => {
    const { keyed, clock } = backend();
    const sum = new ReducingStateDescriptor<number>('r', (a, b) => a + b, { ttl: NEVER });
    const state = keyed.getReducingState(sum);
    state.add(17);
    clock.nowMs = 60;
    assert.equal(state.addAndGet(11), 28);
    clock.nowMs = 159;
    assert.equal(state.get(), 28);
    clock.nowMs = 160;
    assert.equal(state.addAndGet(1), 1);
    state.clear();
    assert.equal(state.get(), undefined);
  });

  it('aggregates into what has expired when that may be seen', () => {
    for (const [ttl, expected] of [
      [NEVER, 5],
      [RELAXED, 8],
    ] as const) {
      const { keyed, clock } = backend();
      const aggregate = {
        createAccumulator: () => ({ sum: 0 }),
        add: (value: number, acc: { sum: number }) => {
          acc.sum += value;
          return acc;
        },
        getResult: (acc: { sum: number }) => acc.sum,
      };
      const state = keyed.getAggregatingState(
        new AggregatingStateDescriptor('a', aggregate, { ttl }),
      );
      state.add(3);
      clock.nowMs = 100;
      state.add(5);
      assert.equal(state.get(), expected);
      state.clear();
      assert.equal(state.get(), undefined);
    }
  });
});

describe('StateTtlConfig', () => {
  it('refuses a time that is not above zero', () => {
    for (const ttlMs of [0, -1, Number.NaN]) {
      assert.throws(() => new ListStateDescriptor('l', { ttl: { ttlMs } }), {
        kind: 'invalid',
        code: 'STATE_TTL_INVALID',
        message: `the time to live of a state must be above zero milliseconds: state=l ttlMs=${ttlMs}`,
      });
    }
  });

  it('needs a clock', () => {
    const keyed = new HeapKeyedStateBackend({ operatorName: 'Test' });
    const descriptor = new ListStateDescriptor('l', { ttl: NEVER });
    assert.throws(() => keyed.getListState(descriptor), { code: 'ASSERTION' });
  });
});
