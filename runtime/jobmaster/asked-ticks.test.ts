import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AskedTicks, decideTick } from './asked-ticks.ts';

function decide(
  before: AskedTicks,
  nowEpochMs: number,
  neededAtEpochMs?: number,
  ...arrivedAtEpochMs: readonly number[]
) {
  return decideTick({ before, arrivedAtEpochMs, nowEpochMs, neededAtEpochMs });
}

describe('decideTick', () => {
  it('asks for the first', () => {
    assert.deepEqual(decide({}, 0, 100), {
      asked: { tickAtEpochMs: 100 },
      sendAtEpochMs: 100,
    });
  });

  it('asks for nothing when nothing is to be done', () => {
    assert.deepEqual(decide({ tickAtEpochMs: 100 }, 0), { asked: {} });
  });

  it('lets one do that comes earlier, or a millisecond late', () => {
    for (const needed of [99, 100, 700]) {
      assert.deepEqual(decide({ tickAtEpochMs: 100 }, 0, needed), {
        asked: { tickAtEpochMs: 100 },
      });
    }
    assert.equal(decide({ tickAtEpochMs: 100 }, 0, 98).sendAtEpochMs, 98);
  });

  it('remembers a later one beside one that is needed earlier', () => {
    const first = decide({ tickAtEpochMs: 600 }, 0, 10);
    assert.deepEqual(first, {
      asked: { tickAtEpochMs: 10, laterTicksAtEpochMs: [600] },
      sendAtEpochMs: 10,
    });
    // The next checkpoint's limit is later than the one that was asked for.
    assert.deepEqual(decide(first.asked, 10, 610, 10), { asked: { tickAtEpochMs: 600 } });
  });

  it('asks anew when one has come too early', () => {
    assert.equal(decide({ tickAtEpochMs: 100 }, 90, 100, 100).sendAtEpochMs, 100);
  });

  it('asks anew when one is overdue', () => {
    assert.equal(decide({ tickAtEpochMs: 100 }, 100, 150).sendAtEpochMs, 150);
  });

  it('sends one tick in ten minutes for the limits of checkpoints that take a second', () => {
    let asked: AskedTicks = {};
    let sent = 0;
    const step = (nowMs: number, neededMs: number, ...arrived: readonly number[]): void => {
      const decided = decide(asked, nowMs, neededMs, ...arrived);
      asked = decided.asked;
      if (decided.sendAtEpochMs !== undefined) sent += 1;
    };
    for (let beganMs = 0; beganMs < 600_000; beganMs += 4_000) {
      step(beganMs, beganMs + 600_000, beganMs);
      step(beganMs + 1_000, beganMs + 4_000);
    }
    // The first limit, and each next checkpoint; the last one's time is that limit's.
    assert.equal(sent, 1 + 149);
  });

  it('keeps no more than a few', () => {
    let asked: AskedTicks = {};
    for (let needed = 100; needed > 0; needed -= 5) asked = decide(asked, 0, needed).asked;
    assert.equal(asked.tickAtEpochMs, 5);
    assert.equal(asked.laterTicksAtEpochMs?.length, 7);
  });
});
