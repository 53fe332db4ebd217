import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../../core/index.ts';
import {
  lambdaFailure,
  leaseFailure,
  MAX_CAUSE_CHARS,
  thrownByFunction,
} from './lambda-failure.ts';

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

  it('gives back kind and text of what the state machine has cut off', () => {
    for (const text of ['short', '"\n\u0001'.repeat(3_000), '😀'.repeat(5_000)]) {
      const error = new StreamError({ kind: 'data', code: 'ROW_CORRUPT', message: text });
      error.stack = `StreamError: ${text}\n${'    at run (functions/x.ts:1:2)\n'.repeat(200)}`;
      const failure = lambdaFailure(caught(error));
      assert.deepEqual([failure.kind, failure.code], ['data', 'ROW_CORRUPT']);
      assert.equal(failure.message.slice(0, 5), text.slice(0, 5));
      assert.doesNotMatch(failure.message, /kind=/);
    }
  });

  it('gives back what was thrown that is no error of ours', () => {
    const failure = lambdaFailure(caught(new TypeError('x is no function')));
    assert.deepEqual(
      [failure.kind, failure.code, failure.message],
      ['internal', 'UNEXPECTED', 'x is no function'],
    );
  });

  it('shows where an error comes from, and its text once', () => {
    const error = new StreamError({ kind: 'user', code: 'A_CODE', message: 'once\nor twice' });
    const { stack = '' } = thrownByFunction(error);
    assert.equal(stack.split('twice').length, 2);
    assert.match(stack, /lambda-failure\.test/);
  });
});

describe('leaseFailure', () => {
  it('lets kinds decide about the job, but for those that are of the process', () => {
    const kinds = [
      ['user', 'user'],
      ['invalid', 'invalid'],
      ['data', 'data'],
      ['internal', 'internal'],
      ['unavailable', 'unavailable'],
      ['fenced', 'unavailable'],
      ['conflict', 'unavailable'],
    ] as const;
    for (const [kind, expected] of kinds) {
      const error = new StreamError({ kind, code: 'SOME_CODE', message: 'text' });
      const failure = leaseFailure(caught(error));
      assert.deepEqual([failure.kind, failure.code], [expected, 'SOME_CODE']);
    }
  });
});

/** As the state machine catches it: Lambda adds the stack, the machine passes on the beginning. */
function caught(thrown: unknown): { readonly Error: string; readonly Cause: string } {
  const { name, message, stack = '' } = thrownByFunction(thrown);
  const trace = stack.split('\n');
  const cause = JSON.stringify({ errorType: name, errorMessage: message, trace });
  return { Error: name, Cause: cause.slice(0, MAX_CAUSE_CHARS) };
}
