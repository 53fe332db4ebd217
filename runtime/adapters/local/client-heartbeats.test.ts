import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../core/index.ts';
import { ClientHeartbeats } from './client-heartbeats.ts';

/** Time that passes when a test says so, and what was canceled in it. */
function world(failure?: StreamError) {
  let nowMs = 1000;
  const pending = new Set<{ atMs: number; callback: () => void }>();
  const canceled: string[] = [];
  const logged: string[] = [];
  const heartbeats = new ClientHeartbeats({
    clock: { nowEpochMs: () => nowMs, monotonicMs: () => nowMs },
    timers: {
      schedule: (delayMs, callback) => {
        const entry = { atMs: nowMs + delayMs, callback };
        pending.add(entry);
        return () => pending.delete(entry);
      },
    },
    logger: { log: (_level, message) => void logged.push(message) },
    cancel: async (jobId) => {
      if (failure !== undefined) throw failure;
      canceled.push(jobId);
    },
  });
  const at = async (ms: number): Promise<void> => {
    nowMs = ms;
    for (const entry of [...pending].filter(({ atMs }) => atMs <= ms)) {
      pending.delete(entry);
      entry.callback();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { heartbeats, canceled, logged, pending, at };
}

describe('ClientHeartbeats', () => {
  it('cancels a job when its client is silent for too long, not before, and once', async () => {
    const { heartbeats, canceled, logged, at } = world();
    heartbeats.note('a', 5000);
    heartbeats.note('b', 5000);
    await at(4000);
    heartbeats.note('a', 9000);
    await at(5000);
    assert.deepEqual(canceled, ['b']);
    await at(8999);
    assert.deepEqual(canceled, ['b']);
    await at(9000);
    await at(99_000);
    assert.deepEqual(canceled, ['b', 'a']);
    assert.equal(logged.length, 2);
  });

  it('waits for as long as it was told, longer than one timer of the platform can', async () => {
    const { heartbeats, canceled, at } = world();
    heartbeats.note('a', 2 ** 33);
    await at(2 ** 31 + 2000);
    assert.deepEqual(canceled, []);
    await at(2 ** 32 + 2000);
    await at(2 ** 33);
    await at(2 ** 33 + 1);
    assert.deepEqual(canceled, ['a']);
  });

  it('says nothing of jobs that have ended, and tells of other failures', async () => {
    for (const [code, told] of [
      ['JOB_ALREADY_ENDED', 0],
      ['ROW_STORE_UNAVAILABLE', 1],
    ] as const) {
      const { heartbeats, logged, at } = world(
        new StreamError({ kind: 'unavailable', code, message: 'no' }),
      );
      heartbeats.note('a', 0);
      await at(1000);
      assert.equal(logged.length, told);
    }
  });

  it('leaves nothing behind when it stops', () => {
    const { heartbeats, pending } = world();
    heartbeats.note('a', 5000);
    heartbeats.stop();
    assert.equal(pending.size, 0);
  });
});
