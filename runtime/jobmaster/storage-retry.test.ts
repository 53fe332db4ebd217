import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';
import { NEW_JOB_WAIT_MS, retryStorage } from './storage-retry.ts';

const unavailable = () => new StreamError({ kind: 'unavailable', code: 'EIO', message: 'no disk' });

/** Tries that fail until the storage answers. */
class Trial {
  readonly time = new ManualTime();
  readonly ending = new AbortController();
  readonly triedAtMs: number[] = [];
  readonly delaysMs: number[] = [];
  outcome: unknown;
  error: StreamError | undefined = unavailable();

  async start(maxWaitMs?: number): Promise<void> {
    const act = async (): Promise<string> => {
      this.triedAtMs.push(this.time.monotonicMs() - 1000);
      if (this.error !== undefined) throw this.error;
      return 'answer';
    };
    retryStorage(act, {
      clock: this.time,
      timers: this.time,
      signal: this.ending.signal,
      ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
      onRetry: (_error, delayMs) => this.delaysMs.push(delayMs),
    }).then(
      (answer) => {
        this.outcome = answer;
      },
      (thrown: unknown) => {
        this.outcome = thrown;
      },
    );
    await settle();
  }
}

describe('retryStorage', () => {
  it('asks again, ever more slowly, until it is answered', async () => {
    const trial = new Trial();
    await trial.start();
    await trial.time.advance(40_000);
    assert.deepEqual(trial.triedAtMs, [0, 1000, 3000, 7000, 15_000, 25_000, 35_000]);
    assert.deepEqual(trial.delaysMs.slice(-2), [10_000, 10_000]);
    trial.error = undefined;
    await trial.time.advance(10_000);
    assert.equal(trial.outcome, 'answer');
    assert.equal(trial.time.pending, 0);
  });

  it('gives up after the longest wait', async () => {
    const trial = new Trial();
    await trial.start(NEW_JOB_WAIT_MS);
    await trial.time.advance(NEW_JOB_WAIT_MS - 1);
    assert.equal(trial.triedAtMs.length, 9);
    assert.equal(trial.outcome, trial.error);
    assert.equal(trial.time.pending, 0);
  });

  it('does not ask again for what is wrong for good', async () => {
    const trial = new Trial();
    trial.error = new StreamError({ kind: 'data', code: 'DAMAGED', message: 'damaged' });
    await trial.start();
    assert.equal(trial.outcome, trial.error);
  });

  it('stops when it is told to, while it waits', async () => {
    const trial = new Trial();
    await trial.start();
    trial.ending.abort();
    await settle();
    assert.equal(trial.outcome, trial.error);
    assert.deepEqual([trial.triedAtMs.length, trial.time.pending], [1, 0]);
  });
});
