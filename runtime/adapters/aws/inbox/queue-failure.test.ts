import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../../core/index.ts';
import { AwsCallFailed } from '../aws-calls.ts';
import { awsFailure } from '../aws-failure.ts';
import { queueFailure } from './queue-failure.ts';

describe('queueFailure', () => {
  it('lets a job restart when a queue is not there yet, and fail when it may not be used', () => {
    const cases = [
      ['QueueDoesNotExist', 'unavailable'],
      ['AccessDenied', 'invalid'],
      ['RequestThrottled', 'unavailable'],
    ] as const;
    for (const [awsCode, kind] of cases) {
      const cause = Object.assign(new Error('no'), { name: awsCode });
      const thrown = new AwsCallFailed(awsFailure(cause), false, 1, cause);
      const error = queueFailure('INBOX_NOT_READABLE', 'an inbox cannot be read', 'url', thrown);
      assert.ok(isStreamError(error));
      assert.equal(error.kind, kind, awsCode);
    }
  });

  it('leaves alone what is no failed call', () => {
    const thrown = new Error('mine');
    assert.equal(queueFailure('A_CODE', 'it fails', 'url', thrown), thrown);
  });
});
