import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AsyncDataStream, AsyncRetryStrategies, StreamExecutionEnvironment } from './index.ts';

function numbers() {
  return StreamExecutionEnvironment.getExecutionEnvironment().fromData([1, 2, 3]);
}

const ask = async (n: number): Promise<string> => `${n}`;

describe('AsyncDataStream', () => {
  it('knows the type of results, whether they come one by one, as lists, or not at all', () => {
    const one: { readonly _t?: string } = AsyncDataStream.orderedWait(numbers(), ask, 0);
    const list: { readonly _t?: string } = AsyncDataStream.unorderedWait(
      numbers(),
      async (n) => (n === 1 ? undefined : [`${n}`]),
      '1 s',
    );
    assert.ok(one !== undefined && list !== undefined);
  });

  it('refuses what is no function, no time, no capacity, no stream', () => {
    const { orderedWait, unorderedWait } = AsyncDataStream;
    const refuses = (call: () => unknown, message: RegExp): void =>
      assert.throws(call, { kind: 'invalid', message });
    refuses(() => orderedWait(numbers(), {} as typeof ask, 1), /orderedWait .*'asyncInvoke'/);
    refuses(() => orderedWait(numbers(), ask, -1), /-1/);
    refuses(() => unorderedWait(numbers(), ask, 1, 0), /capacity of unorderedWait .* value=0/);
    refuses(() => unorderedWait(numbers(), ask, 1, 1.5), /an integer from 1 value=1.5/);
    refuses(() => orderedWait([1] as never, ask, 1), /orderedWait expects a stream/);
  });

  it('takes a keyed stream: its records wait in the subtask of their key', () => {
    const keyed = numbers().keyBy((n) => n);
    assert.ok(AsyncDataStream.orderedWait(keyed, ask, 1) !== undefined);
  });

  it('needs a timeout and a strategy to retry', () => {
    const { orderedWaitWithRetry } = AsyncDataStream;
    const strategy = AsyncRetryStrategies.fixedDelay<string>(1, 1);
    assert.throws(() => orderedWaitWithRetry(numbers(), ask, 0, 1, strategy), {
      message: /timeout of orderedWaitWithRetry must be longer than 0/,
    });
    assert.throws(() => orderedWaitWithRetry(numbers(), ask, 1, 1, undefined as never), {
      message: /expects a strategy, such as AsyncRetryStrategies.fixedDelay/,
    });
  });
});

describe('AsyncRetryStrategies', () => {
  it('counts the attempts after the first', () => {
    const { canRetry } = AsyncRetryStrategies.fixedDelay(3, '1 s');
    assert.deepEqual([1, 2, 3, 4].map(canRetry), [true, true, true, false]);
  });

  it('waits as long each time, or longer up to a limit', () => {
    const fixed = AsyncRetryStrategies.fixedDelay(3, '1 s');
    const growing = AsyncRetryStrategies.exponentialBackoff(5, 100, '1 s', 3);
    assert.deepEqual([1, 2, 3].map(fixed.getBackoffTimeMillis), [1000, 1000, 1000]);
    // Asked for several records in turns, so it must not count by itself.
    assert.deepEqual([1, 2, 3, 4, 1].map(growing.getBackoffTimeMillis), [100, 300, 900, 1000, 100]);
  });

  it('refuses attempts, delays and multipliers that make no sense', () => {
    const { fixedDelay, exponentialBackoff } = AsyncRetryStrategies;
    const refused = { kind: 'invalid', code: 'INVALID_ARGUMENT' };
    assert.throws(() => fixedDelay(0, 1), refused);
    assert.throws(() => fixedDelay(1, 0), refused);
    assert.throws(() => exponentialBackoff(1, 1, 1, 0.5), refused);
    assert.throws(() => fixedDelay(1, 1, { ifResult: 3 as never }), { code: 'INVALID_FUNCTION' });
  });
});
