import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualTime } from './manual-time.conformance.ts';
import { TurnTimers } from './turn-timers.ts';

interface Setup {
  readonly time: ManualTime;
  readonly timers: TurnTimers;
  readonly ran: string[];
  readonly at: (delayMs: number, name: string) => () => void;
}

function setup(): Setup {
  const time = new ManualTime();
  const timers = new TurnTimers(time, time);
  const ran: string[] = [];
  return { time, timers, ran, at: (ms, name) => timers.schedule(ms, () => void ran.push(name)) };
}

describe('TurnTimers', () => {
  it('runs what is due while the turn lasts', async () => {
    const { time, timers, ran, at } = setup();
    at(20, 'later');
    at(10, 'sooner');
    assert.equal(timers.nextAtEpochMs, 1_010);
    await time.advance(15);
    assert.deepEqual(ran, ['sooner']);
    assert.equal(timers.nextAtEpochMs, 1_020);
  });

  it('runs what is due at once, the earliest first, when it is asked to', () => {
    const { timers, ran, at } = setup();
    at(0, 'first');
    at(-5, 'second');
    at(1, 'not yet');
    assert.equal(timers.runDue(), true);
    assert.deepEqual(ran, ['first', 'second']);
    assert.equal(timers.runDue(), false);
  });

  it('does not run what was cancelled, by one that ran before it either', async () => {
    const { time, timers, ran, at } = setup();
    const cancels: (() => void)[] = [];
    timers.schedule(0, () => cancels.forEach((cancel) => void cancel()));
    cancels.push(at(0, 'cancelled'), at(5, 'cancelled, too'));
    timers.runDue();
    await time.advance(10);
    assert.deepEqual(ran, []);
    assert.equal(timers.nextAtEpochMs, undefined);
  });

  it('runs nothing after its stop, and knows what was due next', async () => {
    const { time, timers, ran, at } = setup();
    at(10, 'due');
    timers.stop();
    at(5, 'scheduled late');
    await time.advance(20);
    assert.deepEqual(ran, []);
    assert.equal(timers.nextAtEpochMs, 1_005);
  });
});
