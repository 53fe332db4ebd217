import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MASKED, maskSecrets, maskUserInfo } from './mask-secrets.ts';

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

describe('maskUserInfo', () => {
  it('hides users and passwords of every URL, and nothing else', () => {
    const text = '{"a":"x://u:p@h/y, z://h/a@b","b":"s3://u@b"} mail://me@x plain@x ://@ a://b"c@d';
    assert.equal(
      maskUserInfo(text),
      '{"a":"x://******@h/y, z://h/a@b","b":"s3://******@b"} mail://******@x plain@x ://@ a://b"c@d',
    );
    assert.equal(maskUserInfo('a://b:c:d://e@f'), 'a://b:c:d://******@f');
    assert.equal(maskUserInfo('://'.repeat(10)), '://'.repeat(10));
  });
});

it('masks the values in the query and the fragment of a URL, and keeps their names', () => {
  const shown = maskSecrets({
    u: 'http://a:b@h/p?key=TOP&x=1#t=Q',
    plain: 'a?b=c',
    bare: 'x://h?K',
  });
  assert.deepEqual(shown, {
    u: 'http://******@h/p?key=******&x=******#t=******',
    plain: 'a?b=c',
    bare: 'x://h?******',
  });
});
