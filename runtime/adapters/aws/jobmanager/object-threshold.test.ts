import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { US_EAST_1_PRICES } from '../prices.ts';
import { objectThresholdBytes } from './object-threshold.ts';

describe('objectThresholdBytes', () => {
  it('is where a put costs what the units of a row do, twice in a transaction', () => {
    assert.equal(objectThresholdBytes(US_EAST_1_PRICES), 4096);
  });
});
