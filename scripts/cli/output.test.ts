import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError } from '../../runtime/core/index.ts';
import { errorDocument } from './output.ts';

test('an error as a document names the user’s line, the record and the causes', () => {
  const cause = new TypeError('bad price');
  cause.stack = 'TypeError: bad price\n    at map (/jobs/job.ts:4:73)';
  const details = { operator: 'prices', subtask: 0, record: '{"id":3}' };
  const known = { kind: 'user', code: 'USER_FUNCTION_FAILED', message: 'it failed' } as const;
  const error = new StreamError({ ...known, details, cause });
  error.stack = '';
  assert.deepEqual(errorDocument(error, { cwd: '/jobs', engineRoot: '/opt/sluice' }), {
    error: { ...known, at: 'job.ts:4:73', details, causes: [{ message: 'bad price' }] },
  });
});
