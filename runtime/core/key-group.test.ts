import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  assertMaxParallelism,
  decodeKey,
  defaultMaxParallelism,
  encodeKey,
  hashKey,
  isStreamError,
  keyGroupOf,
  keyGroupRangeOf,
  murmurHash,
  operatorIndexOfKeyGroup,
} from './index.ts';

function failure(run: () => unknown): { kind: string; code: string; message: string } {
  try {
    run();
  } catch (error) {
    assert.ok(isStreamError(error), String(error));
    return { kind: error.kind, code: error.code, message: error.message };
  }
  return assert.fail('nothing was thrown');
}

describe('key groups', () => {
  it('are those of Flink for Java hash codes (fact 83)', () => {
    const groups = [0, 1, 2, 42, -1, 'a', 'key1', 'key2', 'hello', 2 ** 32].map((key) =>
      keyGroupOf(hashKey(key), 128),
    );
    assert.deepEqual(groups, [94, 86, 127, 29, 80, 81, 41, 27, 35, 86]);
    assert.equal(murmurHash(1), 68075478);
    assert.equal(hashKey('key1'), 3288498);
    assert.equal(murmurHash(3288498), 226217641);
  });

  it('cover the max parallelism in ranges that agree with the operator index (fact 77)', () => {
    for (const maxParallelism of [1, 2, 7, 128, 129, 1000, 32768]) {
      for (const parallelism of [1, 2, 3, 7, 77, 127, 128].filter((p) => p <= maxParallelism)) {
        let next = 0;
        for (let index = 0; index < parallelism; index++) {
          const { start, end } = keyGroupRangeOf(maxParallelism, parallelism, index);
          assert.equal(start, next);
          for (const keyGroup of [start, end]) {
            assert.equal(operatorIndexOfKeyGroup(maxParallelism, parallelism, keyGroup), index);
          }
          next = end + 1;
        }
        assert.equal(next, maxParallelism);
      }
    }
  });

  it('default to a max parallelism by the formula of Flink (fact 85)', () => {
    const expected = [
      [1, 128],
      [85, 128],
      [86, 256],
      [171, 256],
      [172, 512],
      [341, 512],
      [342, 1024],
      [683, 1024],
      [684, 2048],
      [1365, 2048],
      [10924, 32768],
      [32768, 32768],
    ] as const;
    for (const [parallelism, maxParallelism] of expected) {
      assert.equal(defaultMaxParallelism(parallelism), maxParallelism, `p=${parallelism}`);
    }
  });

  it('refuse a max parallelism out of range or below the parallelism', () => {
    assert.equal(failure(() => assertMaxParallelism(2, 3)).code, 'MAX_PARALLELISM_TOO_SMALL');
    for (const maxParallelism of [0, 32769, Number.NaN]) {
      const { kind, code } = failure(() => assertMaxParallelism(maxParallelism, 1));
      assert.deepEqual([kind, code], ['invalid', 'MAX_PARALLELISM_OUT_OF_RANGE']);
    }
  });
});

describe('hashKey', () => {
  it('is the hash code of Java', () => {
    assert.equal(hashKey(-(2 ** 40) - 1), 256);
    assert.equal(hashKey(1.5), 1073217536);
    assert.equal(hashKey(true), 1231);
    assert.equal(hashKey(false), 1237);
    assert.equal(hashKey(-0), 0);
    assert.equal(hashKey(2n ** 32n), 1);
  });

  it('is the same for equal composite keys and for their encodings', () => {
    const hash = hashKey({ a: 1, b: ['x', 2n] });
    assert.equal(hashKey({ b: ['x', 2n], a: 1 }), hash);
    assert.equal(hashKey(encodeKey({ a: 1, b: ['x', 2n] })), hash);
    assert.notEqual(hashKey(2n ** 64n), hashKey(2n ** 65n));
  });

  it('refuses what is no key', () => {
    assert.equal(failure(() => hashKey(null)).code, 'KEY_UNDEFINED');
    assert.equal(failure(() => hashKey(Number.NaN)).code, 'KEY_NOT_STABLE');
  });
});

describe('encodeKey', () => {
  it('leaves primitives alone', () => {
    for (const key of ['', 'a', 1, -1.5, 2 ** 60, true, false, 3n]) {
      assert.equal(encodeKey(key), key);
    }
    assert.ok(Object.is(encodeKey(-0), 0));
  });

  it('makes equal composite keys one string and others different ones', () => {
    assert.equal(encodeKey({ a: 1, b: [2] }), encodeKey({ b: [2], a: 1 }));
    const keys = [
      [1],
      ['1'],
      [1n],
      [true],
      ['true'],
      [null],
      ['null'],
      [[1]],
      [1, 1],
      ['a', 1],
      { a: 1 },
      ['o', 'a', 1],
      ['n', '1'],
      {},
      [],
      { length: 0 },
      new Date(1),
      ['d', 1],
      '\u0000',
      '\u0000["a"]',
      '["a"]',
    ];
    assert.equal(new Set(keys.map(encodeKey)).size, keys.length);
    for (const key of keys) assert.deepEqual(decodeKey(encodeKey(key)), key);
  });

  it('says that the selector returned no key', () => {
    assert.deepEqual(
      failure(() => encodeKey(undefined)),
      {
        kind: 'user',
        code: 'KEY_UNDEFINED',
        message:
          'key selector returned undefined, every record needs a key: return a string, number, boolean, bigint, Date, or plain objects and arrays of these, or filter such records out before keyBy',
      },
    );
    assert.match(failure(() => encodeKey(null)).message, /^key selector returned null/);
    assert.match(
      failure(() => encodeKey({ a: [undefined] })).message,
      /^key selector returned a key with undefined at a\[0\]/,
    );
  });

  it('refuses keys that slots would not agree on', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    class Point {}
    for (const [key, found] of [
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      [() => 1, 'a function'],
      [Symbol('s'), 'a symbol'],
      [new Point(), 'an instance of Point'],
      [new Map(), 'an instance of Map'],
      [new Set(), 'an instance of Set'],
      [new Date(Number.NaN), 'an invalid Date'],
      [cycle, 'a key with a cycle at [0]'],
      [{ p: new Point() }, 'a key with an instance of Point at p'],
    ] as const) {
      const { kind, code, message } = failure(() => encodeKey(key));
      assert.deepEqual([kind, code], ['user', 'KEY_NOT_STABLE']);
      assert.ok(message.startsWith(`key selector returned ${found}, which is no stable key`));
    }
  });
});
