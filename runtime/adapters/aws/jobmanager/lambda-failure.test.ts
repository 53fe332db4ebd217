import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../../core/index.ts';
import { lambdaFailure, thrownByFunction } from './lambda-failure.ts';

describe('lambdaFailure', () => {
  it('names what the service says of a function', () => {
    const cases = [
      ['Sandbox.Timedout', 'Task timed out after 900.00 seconds', 'LAMBDA_TIMED_OUT'],
      ['States.Timeout', '', 'LAMBDA_TIMED_OUT'],
      [
        'Runtime.ExitError',
        '{"errorMessage":"Runtime exited with error: signal: killed"}',
        'LAMBDA_OUT_OF_MEMORY',
      ],
      ['Runtime.OutOfMemory', '', 'LAMBDA_OUT_OF_MEMORY'],
      ['Runtime.ExitError', '{"errorMessage":"exit status 1"}', 'LAMBDA_ENDED'],
      ['Lambda.Unknown', 'The cause could not be determined', 'LAMBDA_ENDED'],
      ['Lambda.TooManyRequestsException', 'Rate Exceeded.', 'LAMBDA_THROTTLED'],
      ['TypeError', '{"errorMessage":"x is not a function"}', 'LAMBDA_FAILED'],
      [undefined, undefined, 'LAMBDA_FAILED'],
    ] as const;
    for (const [name, cause, code] of cases) {
      const caught = { ...(name && { Error: name }), ...(cause && { Cause: cause }) };
      const failure = lambdaFailure(caught);
      assert.deepEqual([failure.code, failure.kind], [code, 'unavailable'], String(name));
    }
  });

  it('gives back what a function of ours has thrown', () => {
    const error = new StreamError({ kind: 'fenced', code: 'LEASE_HELD', message: 'no; lease=1' });
    const { name, message } = thrownByFunction(error);
    const Cause = JSON.stringify({ errorType: name, errorMessage: message });
    const { kind, code, message: text } = lambdaFailure({ Error: name, Cause });
    assert.deepEqual([kind, code, text], ['fenced', 'LEASE_HELD', 'no; lease=1']);
  });
});
