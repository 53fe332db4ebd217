import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyExceptionHistory, withException } from './restart-exception-history.ts';

function exception(timestampEpochMs: number) {
  const error = { kind: 'user', code: 'BOOM', message: 'boom', details: {} } as const;
  return { timestampEpochMs, error, task: { vertexId: 'map', subtaskIndex: 1 } };
}

describe('withException', () => {
  it('puts the newest root cause first and what came with it inside', () => {
    let history = withException(emptyExceptionHistory(16), exception(1), true);
    history = withException(history, exception(2), false);
    history = withException(history, exception(3), true);
    assert.deepEqual(history, {
      size: 16,
      entries: [
        { ...exception(3), concurrentExceptions: [] },
        { ...exception(1), concurrentExceptions: [exception(2)] },
      ],
      truncated: false,
    });
  });

  it('takes the first for a root cause, whatever it is said to be', () => {
    const { entries } = withException(emptyExceptionHistory(1), exception(1), false);
    assert.deepEqual(entries, [{ ...exception(1), concurrentExceptions: [] }]);
  });

  it('forgets the oldest beyond its size and says so', () => {
    let history = emptyExceptionHistory(2);
    for (const time of [1, 2, 3]) history = withException(history, exception(time), true);
    const times = history.entries.map(({ timestampEpochMs }) => timestampEpochMs);
    assert.deepEqual([times, history.truncated], [[3, 2], true]);
  });
});
