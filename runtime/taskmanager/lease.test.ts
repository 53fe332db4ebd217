import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideClaim, decideLeave, handOverAfterMs, type LeaseDecision } from './lease.ts';

const LEFT = { checkpointId: 3, slots: [], links: {} };
const ME = { attempt: 2, lease: 1, holder: 'me' };

function outcome(decision: LeaseDecision): string {
  if (decision.type !== 'refused') return decision.type;
  assert.equal(decision.error.kind, 'fenced');
  return decision.error.code;
}

describe('decideClaim', () => {
  it('takes a row that is not there or of an older attempt, with the first lease only', () => {
    const first = { ...ME, lease: 0 };
    assert.deepEqual(decideClaim(undefined, first), { type: 'write', row: first });
    const older = { attempt: 1, lease: 5, holder: 'other' };
    assert.deepEqual(decideClaim(older, first), { type: 'write', row: first });
    assert.deepEqual(decideClaim({ ...older, left: LEFT }, first), { type: 'write', row: first });
    assert.equal(outcome(decideClaim(undefined, ME)), 'LEASE_NOT_LEFT');
    assert.equal(outcome(decideClaim({ ...older, lease: 0, left: LEFT }, ME)), 'LEASE_NOT_LEFT');
  });

  it('follows the lease before it once that was left (I2)', () => {
    const before = { attempt: 2, lease: 0, holder: 'other' };
    assert.equal(outcome(decideClaim(before, ME)), 'LEASE_NOT_LEFT');
    assert.deepEqual(decideClaim({ ...before, left: LEFT }, ME), { type: 'write', row: ME });
    const later = { ...ME, lease: 2 };
    assert.equal(outcome(decideClaim({ ...before, left: LEFT }, later)), 'LEASE_NOT_LEFT');
  });

  it('is refused what another process has, or had (I1)', () => {
    const other = { ...ME, holder: 'other' };
    assert.equal(outcome(decideClaim(other, ME)), 'LEASE_HELD');
    assert.equal(outcome(decideClaim({ ...other, left: LEFT }, ME)), 'LEASE_HELD');
    assert.equal(outcome(decideClaim({ ...ME, left: LEFT }, ME)), 'LEASE_HELD');
  });

  it('is fenced by a later lease and by a newer attempt (I3)', () => {
    assert.equal(outcome(decideClaim({ ...ME, lease: 2 }, ME)), 'LEASE_FENCED');
    assert.equal(outcome(decideClaim({ ...ME, attempt: 3, lease: 0 }, ME)), 'LEASE_FENCED');
  });

  it('finds its own write (I4), and says who is in its way', () => {
    assert.equal(outcome(decideClaim(ME, ME)), 'done');
    const decision = decideClaim({ ...ME, holder: 'other' }, ME);
    assert.ok(decision.type === 'refused');
    const expected = 'another process has this lease: claimed=2.1 by=me found=2.1 other';
    assert.equal(decision.error.message, expected);
  });
});

describe('decideLeave', () => {
  it('leaves its own lease, once', () => {
    assert.deepEqual(decideLeave(ME, ME, LEFT), { type: 'write', row: { ...ME, left: LEFT } });
    assert.equal(outcome(decideLeave({ ...ME, left: LEFT }, ME, LEFT)), 'done');
  });

  it('has left when its successor is there already (I4)', () => {
    const successor = { ...ME, lease: 2, holder: 'other' };
    assert.equal(outcome(decideLeave(successor, ME, LEFT)), 'done');
  });

  it('is fenced where it is not the holder (I3)', () => {
    for (const found of [
      undefined,
      { ...ME, holder: 'other' },
      { ...ME, lease: 0 },
      { ...ME, attempt: 3 },
      { ...ME, attempt: 3, lease: 2 },
      { ...ME, attempt: 1 },
    ]) {
      assert.equal(outcome(decideLeave(found, ME, LEFT)), 'LEASE_FENCED');
    }
  });
});

describe('handOverAfterMs', () => {
  it('begins before the margin, up to a quarter of the time earlier', () => {
    const length = { lengthMs: 900, marginMs: 100 };
    assert.equal(handOverAfterMs(length, 0), 800);
    assert.equal(handOverAfterMs(length, 0.5), 700);
    assert.ok(handOverAfterMs(length, 1 - Number.EPSILON) >= 600);
  });

  it('begins at once where the margin takes all of the lease', () => {
    assert.equal(handOverAfterMs({ lengthMs: 50, marginMs: 100 }, 0.3), 0);
  });
});
