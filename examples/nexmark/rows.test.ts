import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { priceInEuro, timestamp } from './rows.ts';

describe('priceInEuro', () => {
  it('has three digits after the point, exactly', () => {
    assert.equal(priceInEuro(22_217), '20173.036');
    assert.equal(priceInEuro(1000), '908.000');
    assert.equal(priceInEuro(1), '0.908');
    assert.equal(priceInEuro(0), '0.000');
    assert.equal(priceInEuro(-1), '-0.908');
    assert.equal(priceInEuro(-1000), '-908.000');
  });

  it('keeps every digit of prices whose product is past 2^53', () => {
    assert.equal(priceInEuro(Number.MAX_SAFE_INTEGER), '8178536923304819.828');
  });
});

describe('timestamp', () => {
  it('is ISO-8601 in UTC with milliseconds', () => {
    assert.equal(timestamp(1_436_918_400_007), '2015-07-15T00:00:00.007Z');
  });

  it('is what Date says, for times near and far, before 1970 too', () => {
    const times = [0, 999, 1000, 63_999, 64_000, 128_001, -1, -1000, -64_001, 8.64e15, 1e12 + 5];
    for (const epochMs of [...times, ...times.toReversed()]) {
      assert.equal(timestamp(epochMs), new Date(epochMs).toISOString());
    }
  });
});
