import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutSecrets } from './observe.ts';

describe('withoutSecrets', () => {
  it('drops what names credentials and tokens', () => {
    const fields = { jobId: 'j', taskToken: 't', secretKey: 's', Authorization: 'a', slot: 1 };
    assert.deepEqual(withoutSecrets(fields), { jobId: 'j', slot: 1 });
  });
});
