import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorKind, StreamErrorRecord } from '../core/index.ts';
import type { RestartSettings } from './restart-settings.ts';
import { createdRestart, decideRestart, isRecoverable } from './restart-strategy.ts';

const EXPONENTIAL = {
  type: 'exponential-delay',
  initialBackoffMs: 1000,
  maxBackoffMs: 60_000,
  backoffMultiplier: 1.5,
  jitterFactor: 0,
  resetBackoffThresholdMs: 3_600_000,
  attemptsBeforeResetBackoff: 2 ** 31 - 1,
} as const;

/** What is decided at each of the failures: the delay, `+` of a merged one, or the reason. */
function decisions(
  settings: RestartSettings,
  failures: readonly number[],
  jitter = 0.5,
): (number | string)[] {
  let state = createdRestart(settings);
  return failures.map((nowEpochMs) => {
    const decision = decideRestart(state, { nowEpochMs, jitter });
    state = JSON.parse(JSON.stringify(decision.state));
    if (decision.type === 'give-up') return decision.reason;
    return decision.isNewAttempt ? decision.delayMs : `+${decision.delayMs}`;
  });
}

describe('decideRestart', () => {
  it('never restarts with none', () => {
    assert.deepEqual(decisions({ type: 'none' }, [0]), ['the restart strategy is none']);
  });

  it('restarts as often as fixed-delay allows', () => {
    assert.deepEqual(decisions({ type: 'fixed-delay', attempts: 2, delayMs: 7 }, [0, 99, 1e9]), [
      7,
      7,
      'the fixed-delay strategy allows attempts=2',
    ]);
    assert.match(
      `${decisions({ type: 'fixed-delay', attempts: 0, delayMs: 7 }, [0])}`,
      /attempts=0/,
    );
  });

  it('gives up at the fourth failure in the interval if failure-rate allows three (99)', () => {
    const settings = {
      type: 'failure-rate',
      maxFailures: 3,
      intervalMs: 10_000,
      delayMs: 5,
    } as const;
    const reason = 'the failure-rate strategy allows maxFailures=3 in intervalMs=10000';
    assert.deepEqual(decisions(settings, [0, 1, 2, 3]), [5, 5, 5, reason]);
    assert.deepEqual(decisions(settings, [0, 1, 2, 10_000]), [5, 5, 5, reason]);
    assert.deepEqual(decisions(settings, [0, 1, 2, 10_001]), [5, 5, 5, 5]);
  });

  it('never exhausts failure-rate by failures beyond the interval (fact 99)', () => {
    const settings = { type: 'failure-rate', maxFailures: 1, intervalMs: 10, delayMs: 5 } as const;
    const spaced = Array.from({ length: 50 }, (_, i) => i * 11);
    assert.deepEqual(new Set(decisions(settings, spaced)), new Set([5]));
  });

  it('grows the delay up to the most', () => {
    const failures = Array.from({ length: 14 }, (_, i) => i * 100_000);
    assert.deepEqual(
      decisions(EXPONENTIAL, failures),
      [1000, 1500, 2250, 3375, 5062, 7593, 11390, 17085, 25628, 38443, 57665, 60000, 60000, 60000],
    );
  });

  it('starts over after it ran for the threshold since the restart', () => {
    const threshold = EXPONENTIAL.resetBackoffThresholdMs;
    assert.deepEqual(decisions(EXPONENTIAL, [0, 1000 + threshold - 1]), [1000, 1500]);
    assert.deepEqual(decisions(EXPONENTIAL, [0, 1000 + threshold]), [1000, 1000]);
  });

  it('merges failures that come before the restart', () => {
    assert.deepEqual(decisions(EXPONENTIAL, [0, 400, 1000, 1001]), [1000, '+600', '+0', 1500]);
  });

  it('varies the delay by the jitter, between the first and the most', () => {
    const settings = { ...EXPONENTIAL, jitterFactor: 0.1 };
    assert.deepEqual(decisions(settings, [0, 2000], 0), [1000, 1350]);
    assert.deepEqual(decisions(settings, [0, 2000], 0.999_999), [1100, 1650]);
    assert.deepEqual(decisions(settings, [0, 2000], 0.5), [1000, 1500]);
    assert.deepEqual(decisions({ ...settings, maxBackoffMs: 1000 }, [0], 0.99), [1000]);
  });

  it('gives up after the attempts before the backoff is reset, which a quiet time renews', () => {
    const settings = { ...EXPONENTIAL, attemptsBeforeResetBackoff: 2 };
    const reason = 'the exponential-delay strategy allows attemptsBeforeResetBackoff=2';
    assert.deepEqual(decisions(settings, [0, 5000, 10_000]), [1000, 1500, reason]);
    assert.deepEqual(decisions(settings, [0, 5000, 4_000_000]), [1000, 1500, 1000]);
  });

  it('does not overflow', () => {
    const failures = Array.from({ length: 3000 }, (_, i) => i * 100_000);
    assert.equal(decisions({ ...EXPONENTIAL, jitterFactor: 1 }, failures, 0.9).at(-1), 60_000);
  });
});

describe('isRecoverable', () => {
  const error = (kind: ErrorKind, code = 'X', cause?: StreamErrorRecord): StreamErrorRecord => ({
    kind,
    code,
    message: '',
    details: {},
    ...(cause === undefined ? {} : { cause }),
  });

  for (const [kind, expected] of [
    ['user', true],
    ['unavailable', true],
    ['conflict', true],
    ['internal', true],
    ['invalid', false],
    ['fenced', false],
    ['data', false],
  ] as const) {
    it(`is ${expected} for kind ${kind}`, () => assert.equal(isRecoverable(error(kind)), expected));
  }

  it('is false for what would come again, however it is wrapped', () => {
    for (const code of [
      'STATE_INCOMPATIBLE',
      'GRAPH_NOT_DETERMINISTIC',
      'PROGRAM_NOT_FOUND',
      'PROGRAM_CHANGED',
      'STOP_WITH_SAVEPOINT_STOPPING',
      'SUPPRESS_RESTARTS',
    ]) {
      assert.equal(isRecoverable(error('user', 'TASK_FAILED', error('internal', code))), false);
    }
    assert.equal(isRecoverable(error('user', 'TASK_FAILED', error('invalid'))), true);
  });
});
