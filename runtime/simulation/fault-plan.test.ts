import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseMsOnceHealed, randomFaults } from './fault-plan.ts';
import { SimRng } from './sim-rng.ts';

const PLAN = { ...randomFaults(new SimRng(1)), leaseMs: 40 };

describe('leaseMsOnceHealed', () => {
  it('leaves leases as they are while the world is bad, and for as long as most jobs need', () => {
    assert.equal(leaseMsOnceHealed(PLAN, 0), 40);
    assert.equal(leaseMsOnceHealed(PLAN, 1999), 40);
  });

  it('makes them longer the longer a job has not ended', () => {
    assert.equal(leaseMsOnceHealed(PLAN, 2000), 80);
    assert.equal(leaseMsOnceHealed(PLAN, 10_500), 40 * 32);
  });

  it('leaves slots that stay where they are there', () => {
    const staying = { ...PLAN, leaseMs: Number.POSITIVE_INFINITY };
    assert.equal(leaseMsOnceHealed(staying, 120_000), Number.POSITIVE_INFINITY);
  });
});
