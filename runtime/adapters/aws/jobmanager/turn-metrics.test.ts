import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NEW_TURN_RECORD } from '../../../jobmaster/index.ts';
import { reportTurn } from './turn-metrics.ts';

describe('reportTurn', () => {
  function report(before: object, after: object) {
    const said: unknown[] = [];
    const parts = {
      metrics: { add: (...metric: readonly unknown[]) => void said.push(metric) },
      logger: { log: (...line: readonly unknown[]) => void said.push(line) },
      jobId: 'j',
    };
    reportTurn(parts, { ...NEW_TURN_RECORD, ...before }, { ...NEW_TURN_RECORD, ...after });
    return said;
  }
  const error = { kind: 'user', code: 'BOOM', message: 'it broke', details: {} };
  const failed = { end: { status: 'FAILED', error } };

  it('counts a job that has failed, and says why, once', () => {
    assert.deepEqual(report({}, failed), [
      ['JobFailed', 1],
      ['error', 'the job has failed', { jobId: 'j', code: 'BOOM', reason: 'it broke' }],
    ]);
    assert.deepEqual(report(failed, failed), []);
  });

  it('says nothing of other ends', () => {
    assert.deepEqual(report({}, { end: { status: 'CANCELED' } }), []);
    assert.deepEqual(report({}, {}), []);
  });
});
