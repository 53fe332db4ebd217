import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorKind, StreamError } from '../../../core/index.ts';
import { isOutage, pauseOf } from './outage.ts';

function failed(kind: ErrorKind, code: string, reason?: string, own = {}): StreamError {
  const details = { ...(reason === undefined ? {} : { reason }), ...own };
  return new StreamError({ kind, code, message: 'it failed', details });
}

describe('isOutage', () => {
  it('is what stores that do not answer, or may not be used for now, throw', () => {
    for (const thrown of [
      failed('unavailable', 'ROW_OUTCOME_UNKNOWN'),
      failed('unavailable', 'BLOB_NOT_READABLE', 'throttled'),
      failed('fenced', 'JOB_FENCED'),
      failed('conflict', 'ROW_CONFLICT'),
      failed('invalid', 'ROW_STORE_NOT_WRITABLE', 'kms-denied'),
      failed('invalid', 'ROW_STORE_NOT_READABLE', 'access-denied'),
      failed('invalid', 'QUEUE_NOT_WRITABLE', 'missing-resource'),
      failed('invalid', 'EXECUTION_NOT_STARTED', 'access-denied'),
      failed('invalid', 'TOKEN_NOT_ANSWERED', 'access-denied'),
      failed('invalid', 'BLOB_NOT_READABLE', 'kms-denied', { expectedOwner: '123456789012' }),
    ]) {
      assert.ok(isOutage(thrown), `${thrown.kind} ${thrown.code}`);
    }
  });

  it('is nothing that a message, a program or its files are to blame for', () => {
    for (const thrown of [
      new TypeError('x is undefined'),
      failed('invalid', 'ROW_STORE_NOT_WRITABLE', 'refused'),
      failed('invalid', 'FILE_NOT_READABLE', 'access-denied'),
      // A savepoint in a bucket that a job names.
      failed('invalid', 'BLOB_NOT_READABLE', 'access-denied'),
      failed('invalid', 'BLOB_NOT_READABLE', 'refused', { expectedOwner: '123456789012' }),
      failed('invalid', 'GRAPH_HASH_MISMATCH'),
      failed('data', 'TURN_CORRUPT'),
      failed('internal', 'INTERNAL'),
    ]) {
      assert.ok(!isOutage(thrown), thrown.message);
    }
  });
});

describe('pauseOf', () => {
  it('doubles from a second to a minute', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map(pauseOf);
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });
});
