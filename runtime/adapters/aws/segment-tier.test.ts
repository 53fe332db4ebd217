import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { US_EAST_1_PRICES as PRICES } from './prices.ts';
import {
  dynamoSegmentUsd,
  ITEM_OVERHEAD_BYTES,
  s3SegmentUsd,
  tierThresholdBytes,
  USUAL_LIFE,
} from './segment-tier.ts';

const ONCE = { reads: 0, storedHours: 0 };

describe('segment tier', () => {
  it('counts units as they are billed', () => {
    // 1 KiB of item: one unit to write it, one to delete it.
    const oneUnit = 1024 - ITEM_OVERHEAD_BYTES;
    assert.equal(dynamoSegmentUsd(oneUnit, PRICES, ONCE), 2 * 0.625e-6);
    assert.equal(dynamoSegmentUsd(oneUnit + 1, PRICES, ONCE), 4 * 0.625e-6);
    assert.equal(s3SegmentUsd(1_000_000, PRICES, ONCE), 5e-6);
    const read = dynamoSegmentUsd(oneUnit, PRICES, { reads: 1, storedHours: 0 });
    assert.ok(Math.abs(read - (2 * 0.625e-6 + 0.125e-6)) < 1e-15);
    const gigabyte = { reads: 0, storedHours: 730 };
    const stored = s3SegmentUsd(1024 ** 3, PRICES, gigabyte);
    assert.ok(Math.abs(stored - (0.005 / 1000 + 0.023)) < 1e-12);
  });

  it('puts the threshold where the next unit makes an item dearer than an object', () => {
    const threshold = tierThresholdBytes(PRICES);
    assert.equal(threshold, 4 * 1024 - ITEM_OVERHEAD_BYTES);
    const difference = (sizeBytes: number) =>
      dynamoSegmentUsd(sizeBytes, PRICES, USUAL_LIFE) - s3SegmentUsd(sizeBytes, PRICES, USUAL_LIFE);
    assert.ok(difference(threshold) < 0);
    assert.ok(difference(threshold + 1) > 0);
  });

  it('hardly depends on how long a segment lives or how often it is read', () => {
    for (const reads of [0.001, 0.02, 1, 4]) {
      for (const storedHours of [1, 24, 30 * 24]) {
        const units =
          (tierThresholdBytes(PRICES, { reads, storedHours }) + ITEM_OVERHEAD_BYTES) / 1024;
        assert.ok(units === 3 || units === 4, `units=${units}`);
      }
    }
  });

  it('follows the prices', () => {
    const cheap = { ...PRICES, dynamoDb: { ...PRICES.dynamoDb, writeUnitUsd: 0.1e-6 } };
    assert.ok(tierThresholdBytes(cheap) > 20_000);
    const dear = { ...PRICES, dynamoDb: { ...PRICES.dynamoDb, writeUnitUsd: 5e-6 } };
    assert.equal(tierThresholdBytes(dear), 0);
  });
});

describe('prices', () => {
  it('give the figures that were worked out by hand', () => {
    const { lambda, managedFlink, s3, sqs } = PRICES;
    // A slot of 1,769 MB that runs for a month of 730 hours.
    assert.equal((lambda.armGbSecondUsd * (1769 / 1024) * 730 * 3600).toFixed(1), '60.5');
    assert.equal(
      (managedFlink.kpuHourUsd * managedFlink.smallestApplicationKpus * 730).toFixed(2),
      '160.60',
    );
    assert.equal((s3.putUsd * 1_000_000).toFixed(2), '5.00');
    assert.equal(
      (sqs.standardRequestUsd * 3 * (1024 ** 3 / sqs.requestBytes)).toFixed(4),
      '0.0197',
    );
  });
});
