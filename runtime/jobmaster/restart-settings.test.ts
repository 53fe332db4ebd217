import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration, type ConfigValue, isStreamError } from '../core/index.ts';
import { restartSettings } from './restart-settings.ts';

const of = (record: Readonly<Record<string, ConfigValue>>) =>
  restartSettings(Configuration.fromRecord(record));

describe('restartSettings', () => {
  it('is none without checkpoints and exponential-delay with them', () => {
    assert.deepEqual(of({}), { type: 'none' });
    assert.deepEqual(of({ 'execution.checkpointing.interval': '1 s' }), {
      type: 'exponential-delay',
      initialBackoffMs: 1000,
      maxBackoffMs: 60_000,
      backoffMultiplier: 1.5,
      jitterFactor: 0.1,
      resetBackoffThresholdMs: 3_600_000,
      attemptsBeforeResetBackoff: 2_147_483_647,
    });
  });

  it('has the defaults of Flink', () => {
    assert.deepEqual(of({ 'restart-strategy.type': 'fixed-delay' }), {
      type: 'fixed-delay',
      attempts: 1,
      delayMs: 1000,
    });
    assert.deepEqual(of({ 'restart-strategy.type': 'failure-rate' }), {
      type: 'failure-rate',
      maxFailures: 1,
      intervalMs: 60_000,
      delayMs: 1000,
    });
  });

  it('takes every spelling, by both names of the option', () => {
    for (const [text, type] of [
      ['none', 'none'],
      ['off', 'none'],
      ['disable', 'none'],
      ['fixeddelay', 'fixed-delay'],
      ['failurerate', 'failure-rate'],
      ['failure-rate', 'failure-rate'],
      ['exponentialdelay', 'exponential-delay'],
      ['exponential-delay', 'exponential-delay'],
    ] as const) {
      assert.equal(of({ 'restart-strategy': text }).type, type);
      const interval = { 'execution.checkpointing.interval': '1 s' };
      assert.equal(of({ 'restart-strategy.type': text, ...interval }).type, type);
    }
  });

  it('refuses what cannot be', () => {
    const prefix = 'restart-strategy.exponential-delay.';
    for (const [options, text] of [
      [{ [`${prefix}initial-backoff`]: 0 }, /initial-backoff' must be at least 1 ms/],
      [{ [`${prefix}initial-backoff`]: '2 min' }, /must not be above .*max-backoff'/],
      [{ [`${prefix}reset-backoff-threshold`]: 0 }, /threshold' must be at least 1 ms/],
    ] as const) {
      assert.throws(
        () => of({ 'restart-strategy.type': 'exponential-delay', ...options }),
        (error) =>
          isStreamError(error) &&
          error.code === 'INVALID_RESTART_SETTINGS' &&
          text.test(error.message),
      );
    }
    for (const [key, value] of [
      [`${prefix}jitter-factor`, '1.1'],
      [`${prefix}jitter-factor`, 'much'],
      [`${prefix}backoff-multiplier`, 0.5],
      ['restart-strategy.type', 'sometimes'],
    ] as const) {
      assert.throws(() => of({ [key]: value }), /expects/);
    }
    assert.doesNotThrow(() => of({ [`${prefix}jitter-factor`]: ' .25 ' }));
  });
});
