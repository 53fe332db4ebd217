import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../core/index.ts';
import { checkHeartbeats, ProcessWatch, unansweredAllowed } from './process-watch.ts';

/** @param intervals how many of them pass, whatever the clock says. */
function world(timeoutMs: number) {
  const pending: (() => void)[] = [];
  const told: string[] = [];
  const watch = new ProcessWatch({
    timers: {
      schedule: (delayMs, callback) => {
        assert.equal(delayMs, 10);
        pending.push(callback);
        return () => void pending.splice(pending.indexOf(callback), 1);
      },
    },
    heartbeats: { intervalMs: 10, timeoutMs },
    ping: () => told.push('ping'),
    onSilent: (unanswered) => told.push(`silent ${unanswered}`),
  });
  const pass = (intervals: number): void => {
    for (let n = 0; n < intervals; n++) pending.shift()?.();
  };
  return { watch, told, pending, pass };
}

describe('ProcessWatch', () => {
  it('tells a process silent once, after as many unanswered pings as the timeout has', () => {
    const { told, pending, pass } = world(50);
    pass(4);
    assert.deepEqual(told, Array(5).fill('ping'));
    pass(1);
    assert.deepEqual(told.slice(5), ['silent 5']);
    assert.equal(pending.length, 0, 'I2');
  });

  it('starts to count anew with each sign of life', () => {
    const { watch, told, pass } = world(20);
    for (let n = 0; n < 10; n++) {
      pass(1);
      watch.heard();
    }
    assert.deepEqual(told, Array(11).fill('ping'));
    pass(3);
    assert.deepEqual(told.slice(11), ['ping', 'ping', 'silent 2']);
  });

  it('pings no more once it is stopped', () => {
    const { watch, told, pending, pass } = world(50);
    watch.stop();
    pass(9);
    assert.deepEqual([told, pending.length], [['ping'], 0]);
  });

  it('allows Flink’s defaults five pings, and a part of an interval one more', () => {
    assert.equal(unansweredAllowed({ intervalMs: 10_000, timeoutMs: 50_000 }), 5);
    assert.equal(unansweredAllowed({ intervalMs: 10, timeoutMs: 11 }), 2);
    assert.equal(unansweredAllowed({ intervalMs: 10, timeoutMs: 10 }), 1);
  });

  it('refuses a timeout below the interval, and no interval', () => {
    const code = (thrown: unknown): boolean =>
      isStreamError(thrown) && thrown.code === 'HEARTBEAT_TIMEOUT_TOO_SHORT';
    assert.throws(() => checkHeartbeats({ intervalMs: 10, timeoutMs: 9 }), code);
    assert.throws(() => checkHeartbeats({ intervalMs: 0, timeoutMs: 9 }), code);
    const fitting = { intervalMs: 9, timeoutMs: 9 };
    assert.deepEqual(checkHeartbeats(fitting), fitting);
  });
});
