import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorKind, StreamError } from '../core/index.ts';
import { recordEnd } from './record-end.ts';

function world(failures: readonly ErrorKind[]) {
  const left = [...failures];
  const ended: string[] = [];
  const parts = {
    jobId: 'a'.repeat(32),
    journal: {
      lastAttempt: 0,
      record: () => Promise.resolve(),
      end: (status: string) => {
        const kind = left.shift();
        if (kind === undefined) ended.push(status);
        else throw new StreamError({ kind, code: 'ROWS_DOWN', message: 'no answer' });
        return Promise.resolve();
      },
      fence: () => [],
    },
    logger: { log: () => undefined },
    timers: {
      schedule: (_delayMs: number, callback: () => void) => {
        queueMicrotask(callback);
        return () => undefined;
      },
    },
  };
  return { parts, ended };
}

describe('recordEnd', () => {
  it('tries again while the store does not answer', async () => {
    const { parts, ended } = world(['unavailable', 'unavailable']);
    assert.equal(await recordEnd(parts, 'FINISHED'), true);
    assert.deepEqual(ended, ['FINISHED']);
  });

  it('gives up at once when another process has the job', async () => {
    const { parts, ended } = world(['fenced']);
    assert.equal(await recordEnd(parts, 'FAILED'), false);
    assert.deepEqual(ended, []);
  });

  it('gives up after ten tries', async () => {
    const { parts, ended } = world(Array<ErrorKind>(10).fill('unavailable'));
    assert.equal(await recordEnd(parts, 'CANCELED'), false);
    assert.deepEqual(ended, []);
  });
});
