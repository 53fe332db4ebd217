import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lastOfPiece } from './key-group-pieces.ts';

const chunk = fc
  .tuple(fc.nat(63), fc.nat(63), fc.integer({ min: 1, max: 1000 }))
  .map(([a, b, rawSizeBytes]) => ({
    firstKeyGroup: Math.min(a, b),
    lastKeyGroup: Math.max(a, b),
    rawSizeBytes,
  }));

describe('lastOfPiece', () => {
  it('takes all that fits, and one key group at least', () => {
    const even = [{ firstKeyGroup: 0, lastKeyGroup: 9, rawSizeBytes: 100 }];
    assert.equal(lastOfPiece(even, 0, 9, 35), 2);
    assert.equal(lastOfPiece(even, 3, 9, 35), 5);
    assert.equal(lastOfPiece(even, 9, 9, 35), 9);
    assert.equal(lastOfPiece(even, 0, 9, 5), 0);
    assert.equal(lastOfPiece([], 0, 9, 5), 9);
  });

  it('covers a range piece by piece, none larger than it may be', () => {
    fc.assert(
      fc.property(
        fc.array(chunk),
        fc.nat(63),
        fc.integer({ min: 1, max: 2000 }),
        (all, end, max) => {
          for (let first = 0; first <= end; ) {
            const last = lastOfPiece(all, first, end, max);
            assert.ok(last >= first && last <= end);
            if (last > first) assert.ok(bytesIn(all, first, last) <= max + 1e-6);
            if (last < end) assert.ok(bytesIn(all, first, last + 1) > max - 1e-6);
            first = last + 1;
          }
        },
      ),
    );
  });
});

/** Slowly. */
function bytesIn(all: readonly ReturnType<typeof only>[], first: number, last: number): number {
  let bytes = 0;
  for (const { firstKeyGroup, lastKeyGroup, rawSizeBytes } of all) {
    for (let keyGroup = first; keyGroup <= last; keyGroup++) {
      if (keyGroup < firstKeyGroup || keyGroup > lastKeyGroup) continue;
      bytes += rawSizeBytes / (lastKeyGroup - firstKeyGroup + 1);
    }
  }
  return bytes;
}

function only(one: { firstKeyGroup: number; lastKeyGroup: number; rawSizeBytes: number }) {
  return one;
}
