import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterOperations } from './cluster-operations.ts';

describe('ClusterOperations', () => {
  it('starts an id once, keeps its result for five minutes, and forgets it', async () => {
    let nowMs = 0;
    const operations = new ClusterOperations({ nowEpochMs: () => 0, monotonicMs: () => nowMs });
    const done = Promise.withResolvers<string>();
    let started = 0;
    const start = (): void =>
      operations.start('scope', 'a', () => {
        started += 1;
        return done.promise;
      });
    start();
    nowMs = 1_000_000;
    start();
    assert.deepEqual(operations.get('scope', 'a'), { type: 'in-progress' });
    assert.equal(operations.get('other', 'a'), undefined);
    done.resolve('value');
    await new Promise((resolve) => setImmediate(resolve));
    start();
    assert.deepEqual(
      [started, operations.get('scope', 'a')],
      [1, { type: 'completed', value: 'value' }],
    );
    nowMs += 300_000;
    assert.notEqual(operations.get('scope', 'a'), undefined);
    nowMs += 1;
    assert.equal(operations.get('scope', 'a'), undefined);
  });

  it('keeps a failure', async () => {
    const operations = new ClusterOperations({ nowEpochMs: () => 0, monotonicMs: () => 0 });
    operations.start('s', 'a', () => Promise.reject(new Error('no')));
    await new Promise((resolve) => setImmediate(resolve));
    const state = operations.get('s', 'a');
    assert.equal(state?.type === 'failed' && state.error.message, 'no');
  });
});
