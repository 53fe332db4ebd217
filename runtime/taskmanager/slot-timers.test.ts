import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SlotTimers } from './slot-timers.ts';

function timersAt(startEpochMs: number): {
  timers: SlotTimers;
  fired: string[];
  earlier: () => number;
} {
  const fired: string[] = [];
  let earlier = 0;
  const timers = new SlotTimers({ nowEpochMs: () => startEpochMs, monotonicMs: () => 0 }, () => {
    earlier += 1;
  });
  return { timers, fired, earlier: () => earlier };
}

describe('SlotTimers', () => {
  it('runs what is due in order of time, equal times in order of registration', () => {
    const { timers, fired } = timersAt(0);
    timers.scheduleAt(20, () => fired.push('c'));
    timers.scheduleAt(10, () => fired.push('a'));
    timers.scheduleAt(10, () => fired.push('b'));
    assert.equal(timers.runDue(10), 2);
    assert.deepEqual(fired, ['a', 'b']);
    assert.equal(timers.nextAtEpochMs(), 20);
    assert.equal(timers.runDue(19), 0);
  });

  it('never runs a cancelled callback, and forgets its time', () => {
    const { timers, fired } = timersAt(100);
    const cancel = timers.schedule(5, () => fired.push('x'));
    assert.equal(timers.nextAtEpochMs(), 105);
    cancel();
    cancel();
    assert.equal(timers.nextAtEpochMs(), undefined);
    assert.equal(timers.runDue(1000), 0);
    assert.deepEqual(fired, []);
  });

  it('runs what a callback schedules for a time already past in the same go', () => {
    const { timers, fired } = timersAt(0);
    timers.scheduleAt(1, () => {
      fired.push('first');
      timers.scheduleAt(0, () => fired.push('second'));
    });
    assert.equal(timers.runDue(1), 2);
    assert.deepEqual(fired, ['first', 'second']);
  });

  it('says when the next due time moved forward, and only then', () => {
    const { timers, earlier } = timersAt(0);
    timers.scheduleAt(50, () => undefined);
    timers.scheduleAt(60, () => undefined);
    assert.equal(earlier(), 1);
    timers.scheduleAt(10, () => undefined);
    assert.equal(earlier(), 2);
  });

  it('keeps a delay as long as it is when the wall clock jumps, and a time where it is', () => {
    let [wallMs, steadyMs] = [10_000, 0];
    const clock = { nowEpochMs: () => wallMs, monotonicMs: () => steadyMs };
    const timers = new SlotTimers(clock, () => undefined);
    const fired: string[] = [];
    timers.schedule(20, () => fired.push('delay'));
    timers.scheduleAt(10_010, () => fired.push('time'));
    [wallMs, steadyMs] = [6_020, 20];
    assert.equal(timers.nextAtEpochMs(), 6_020);
    timers.runDue(wallMs);
    assert.deepEqual(fired, ['delay']);
    [wallMs, steadyMs] = [10_010, 4_010];
    timers.runDue(wallMs);
    assert.deepEqual(fired, ['delay', 'time']);
  });

  it('keeps a delay that is asked for right after a jump of the wall clock', () => {
    let wallMs = 10_000;
    const clock = { nowEpochMs: () => wallMs, monotonicMs: () => 0 };
    const timers = new SlotTimers(clock, () => undefined);
    wallMs = 6_000;
    timers.schedule(20, () => undefined);
    assert.equal(timers.nextAtEpochMs(), 6_020);
  });
});
