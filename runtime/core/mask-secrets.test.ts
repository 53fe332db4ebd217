import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MASKED, maskSecrets } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it('masks what is secret by its name', () => {
    for (const name of ['db.password', 'rest.authentication.TOKEN', 's3.secret-key', 'my.apikey']) {
      assert.deepEqual(maskSecrets({ [name]: 'hush' }), { [name]: MASKED }, name);
    }
  });

  it('masks who logs in by a URL, wherever it stands', () => {
    const masked = maskSecrets({ 'sink.url': 'use postgres://me:hush@db:5432/x, please' });
    assert.deepEqual(masked, { 'sink.url': `use postgres://${MASKED}@db:5432/x, please` });
  });

  it('shows everything else as text', () => {
    const shown = maskSecrets({ 'parallelism.default': 2, a: 'b', c: { d: true } });
    assert.deepEqual(shown, { 'parallelism.default': '2', a: 'b', c: '{"d":true}' });
  });
});
