import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { claimThresholdBytes, US_EAST_1_PRICES } from '../prices.ts';
import { decidePacking, type PackingSettings } from './packing-policy.ts';

const SETTINGS: PackingSettings = {
  unitBytes: 64 * 1024,
  lingerMs: 20,
  claimBytes: 500_000,
  maxClaimBytes: 4_000_000,
};
const HEADER = 30;

const items = fc
  .array(
    fc.record({
      sizeBytes: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 6_000_000 })),
      gapMs: fc.nat(15),
    }),
    { maxLength: 60 },
  )
  .map((gaps) => {
    let sinceMs = 0;
    return gaps.map(({ sizeBytes, gapMs }) => {
      sinceMs += gapMs;
      return { sizeBytes, sinceMs };
    });
  });

describe('decidePacking', () => {
  it('keeps no item longer than it may wait', () => {
    fc.assert(
      fc.property(items, fc.nat(400), (all, nowMs) => {
        const waiting = all.filter(({ sinceMs }) => sinceMs <= nowMs);
        for (let left = waiting; ; ) {
          const decision = decidePacking(left, nowMs, HEADER, SETTINGS);
          if (decision.type === 'wait') {
            const oldest = left[0];
            const dueMs = oldest === undefined ? undefined : oldest.sinceMs + SETTINGS.lingerMs;
            assert.equal(decision.untilMs, dueMs);
            assert.ok(dueMs === undefined || dueMs > nowMs);
            return;
          }
          assert.ok(decision.count > 0 && decision.count <= left.length);
          left = left.slice(decision.count);
        }
      }),
    );
  });

  it('sends through the queue what is small, and only that', () => {
    fc.assert(
      fc.property(items, (all) => {
        for (let left = all; left.length > 0; ) {
          const decision = decidePacking(left, 10_000, HEADER, SETTINGS);
          assert.equal(decision.type, 'send');
          if (decision.type !== 'send') return;
          const sent = left.slice(0, decision.count);
          const sizeBytes = sent.reduce((sum, item) => sum + item.sizeBytes, HEADER);
          assert.equal(decision.via, sizeBytes < SETTINGS.claimBytes ? 'queue' : 'bucket');
          assert.ok(sent.length === 1 || sizeBytes <= SETTINGS.maxClaimBytes);
          left = left.slice(decision.count);
        }
      }),
    );
  });

  it('leaves young items behind that would begin another billed unit', () => {
    const old = { sizeBytes: 60_000, sinceMs: 0 };
    const young = { sizeBytes: 30_000, sinceMs: 15 };
    const decision = decidePacking([old, young], 20, HEADER, SETTINGS);
    assert.deepEqual(decision, { type: 'send', count: 1, via: 'queue' });
  });

  it('takes young items along where they fit into the unit', () => {
    const old = { sizeBytes: 20_000, sinceMs: 0 };
    const young = { sizeBytes: 30_000, sinceMs: 15 };
    const decision = decidePacking([old, young], 20, HEADER, SETTINGS);
    assert.deepEqual(decision, { type: 'send', count: 2, via: 'queue' });
  });
});

describe('claimThresholdBytes', () => {
  it('is where both ways cost the same', () => {
    const { s3, sqs } = US_EAST_1_PRICES;
    const units = claimThresholdBytes(US_EAST_1_PRICES) / sqs.requestBytes;
    const queueUsd = (2 * units + 1) * sqs.standardRequestUsd;
    const bucketUsd = s3.putUsd + s3.getUsd + 3 * sqs.standardRequestUsd;
    assert.ok(Math.abs(queueUsd - bucketUsd) < 1e-9, `${queueUsd} ${bucketUsd}`);
  });

  it('leaves room for base64 below what a message may be', () => {
    const base64Bytes = (claimThresholdBytes(US_EAST_1_PRICES) * 4) / 3;
    assert.ok(base64Bytes < 1024 * 1024, String(base64Bytes));
  });
});
