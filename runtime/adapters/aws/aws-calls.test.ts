import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeededRng, VirtualTime } from '../memory/virtual-time.ts';
import { AwsCallFailed, AwsCalls, type AwsCallsParts } from './aws-calls.ts';

const PUT = { permission: 's3:PutObject' };

function makeCalls(parts: Partial<AwsCallsParts> = {}): { calls: AwsCalls; time: VirtualTime } {
  const time = new VirtualTime();
  const rng = new SeededRng(7);
  return { calls: new AwsCalls({ clock: time, timers: time, rng, ...parts }), time };
}

function failure(name: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
}

describe('AwsCalls', () => {
  it('tells each attempt whether one before it may have happened', async () => {
    const { calls } = makeCalls();
    const outcomes = [failure('SlowDown', 503), failure('TimeoutError'), failure('SlowDown', 503)];
    const seen: (readonly [number, boolean])[] = [];
    const result = await calls.call(PUT, async ({ number, mayHaveHappened }) => {
      seen.push([number, mayHaveHappened]);
      const next = outcomes.shift();
      if (next !== undefined) throw next;
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(seen, [
      [1, false],
      [2, false],
      [3, true],
      [4, true],
    ]);
  });

  it('makes no call again that may have happened, and must not happen twice', async () => {
    const { calls } = makeCalls();
    const outcomes = [failure('SlowDown', 503), failure('TimeoutError')];
    const failed = await calls
      .call({ ...PUT, isOnceOnly: true }, async () => {
        throw outcomes.shift() ?? failure('a third attempt');
      })
      .catch((thrown: unknown) => thrown);
    assert.ok(failed instanceof AwsCallFailed);
    assert.equal(failed.attempts, 2);
    assert.equal(failed.mayHaveHappened, true);
    assert.equal(failed.failure.awsCode, 'TimeoutError');
  });

  it('keeps no more calls under way than it may, and begins them in order', async () => {
    const { calls } = makeCalls({ maxInFlight: 2 });
    const started: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((n) =>
      calls.call(PUT, () => {
        started.push(n);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    const breathe = () => new Promise((resolve) => setImmediate(resolve));
    await breathe();
    assert.deepEqual(started, [0, 1]);
    ends.shift()?.();
    await breathe();
    assert.deepEqual(started, [0, 1, 2]);
    for (let turn = 0; turn < 3; turn++) {
      for (const end of ends.splice(0)) end();
      await breathe();
    }
    await Promise.all(all);
    assert.deepEqual(started, [0, 1, 2, 3]);
  });

  it('lets others go on while it pauses', async () => {
    const { calls } = makeCalls({ maxInFlight: 1 });
    const order: string[] = [];
    const slow = calls.call(PUT, async ({ number }) => {
      order.push(`slow ${number}`);
      if (number === 1) throw failure('SlowDown', 503);
    });
    await calls.call(PUT, async () => void order.push('other'));
    await slow;
    assert.deepEqual(order, ['slow 1', 'other', 'slow 2']);
  });

  it('ends a pause at once when it is given up, and leaves no timer', async () => {
    const pending = new Set<() => void>();
    const timers = {
      schedule(_delayMs: number, callback: () => void) {
        pending.add(callback);
        return () => pending.delete(callback);
      },
    };
    const end = new AbortController();
    const { calls } = makeCalls({ timers, signal: end.signal });
    let attempts = 0;
    const call = calls.call(PUT, async ({ options }) => {
      attempts += 1;
      if (options.abortSignal?.aborted) throw failure('AbortError');
      throw failure('SlowDown', 503);
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(pending.size, 1);
    end.abort();
    await assert.rejects(call, AwsCallFailed);
    assert.equal(pending.size, 0);
    assert.equal(attempts, 2);
  });

  it('says what it tries again, and why', async () => {
    const said: string[] = [];
    const onRetry: AwsCallsParts['onRetry'] = (operation, { reason }) =>
      said.push(`${operation} ${reason}`);
    const { calls } = makeCalls({ onRetry });
    await calls.call(PUT, async ({ number }) => {
      if (number === 1) throw failure('SlowDown', 503);
    });
    assert.deepEqual(said, ['s3:PutObject throttled']);
  });
});
