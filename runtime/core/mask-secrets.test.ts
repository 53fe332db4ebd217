import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MASKED, maskSecrets, maskText, maskUserInfo, maskValue } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it('masks what is secret by its name', () => {
    for (const name of [
      ...['db.password', 'rest.authentication.TOKEN', 's3.secret-key', 'my.apikey', 'api_key'],
      ...['api.key', 'API_KEY', 'passwd', 'db.pwd', 'passphrase', 'access.key', 'access-key'],
      ...['fs.s3a.access.key', 'fs.oss.accessKeyId', 'private_key', 'Authorization', 'secretKey'],
      ...['properties.sasl.jaas.config', 'fs.azure.account.key.x.blob', 'security.basic-auth'],
      ...['auth-params', 'service-key', 'metrics.http-headers', 'aws.credentials.provider'],
    ]) {
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

it('masks fields of values that are no texts, or are JSON', () => {
  assert.deepEqual(maskSecrets({ a: { user: 'u', password: 'hush', b: [{ apiKey: 'hush' }] } }), {
    a: '{"user":"u","password":"******","b":[{"apiKey":"******"}]}',
  });
  assert.deepEqual(maskSecrets({ a: '{"user":"u","db.password" : "hu\\"sh"}' }), {
    a: '{"user":"u","db.password" : "******"}',
  });
});

describe('maskText', () => {
  it('hides whole what is given in other writings', () => {
    for (const [text, shown] of [
      ['{"password": ["X", "Y]"], "a": 1}', '{"password": "******", "a": 1}'],
      ['{"auth":{"token":{"v":"X}"}},"b":2}', '{"auth":{"token":"******"},"b":2}'],
      ['Authorization: Basic dTpwMQ==', 'Authorization: Basic ******'],
      ['Authorization: Token X\nAccept: text', 'Authorization: Token ******\nAccept: text'],
      ['x-api-key: X', 'x-api-key: ******'],
      ["{ password: 'X Y' }", "{ password: '******' }"],
      ['token=Bearer X y', 'token=Bearer ****** y'],
      ['password=a;X', 'password=******'],
      ['password=a(X)b c', 'password=****** c'],
      ['password=<X> password=(X) password=,X', 'password=****** password=****** password=******'],
      ["password='a'X b", "password='******' b"],
      ['{"url":"http:\\/\\/u:X@h"}', '{"url":"http:\\/\\/******@h"}'],
      ['https://h?tok%65n=X', 'https://h?tok%65n=******'],
    ] as const) {
      assert.equal(maskText(text), shown);
    }
    assert.deepEqual(maskValue(['--token', 5]), ['--token', '******']);
    for (const text of ['key: a', 'tokenizer: words', 'watermark: 5', 'at token (file:1:2)']) {
      assert.equal(maskText(text), text);
    }
  });

  it('hides what is a secret by its name or its looks, and nothing else', () => {
    for (const [text, expected] of [
      ['http://h/x?password=HUSH&a=1', 'http://h/x?password=******&a=1'],
      ['https://s3/x?X-Amz-Signature=HUSH&b', 'https://s3/x?X-Amz-Signature=******&b'],
      ['jdbc:x://h:1;user=a;password=HUSH;x=y', 'jdbc:x://h:1;user=a;password=******;x=y'],
      ['M required username="a" password="HU SH";', 'M required username="a" password="******";'],
      ['{"db":{"password":"HUSH","n":1}}', '{"db":{"password":"******","n":1}}'],
      ['no {\\"pwd\\":\\"HUSH\\",\\"n\\":1}', 'no {\\"pwd\\":\\"******\\",\\"n\\":1}'],
      ['id AKIAIOSFODNN7EXAMPLE.', 'id ******.'],
      ['authorization: Bearer abcdefghijklmnop123', 'authorization: Bearer ******'],
      ['token = next(); Basic understanding: none', undefined],
      ['http://localhost:8081/jobs/a@b by me@x', undefined],
      ['http://[::1]:80/x@y', undefined],
      ['Unexpected token: }', undefined],
      ['http://u:80/HU/SH@h/x', 'http://******@h/x'],
      ['smtp://ann@x.com:HUSH@smtp:25/a', 'smtp://******@smtp:25/a'],
      ['git+ssh://git@github.com:org/x.git, me@x', 'git+ssh://******@github.com:org/x.git, me@x'],
      ['https://HUSH@h/x', 'https://******@h/x'],
      ['http://u:p%40%2FHUSH@h', 'http://******@h'],
      ['/x?to=http%3A%2F%2Fu%3AHUSH%40h%2Fx&b=c', '/x?to=http%3A%2F%2F******%40h%2Fx&b=c'],
      ['http%253A%252F%252Fu%253AHUSH%2540h', 'http%253A%252F%252F******%2540h'],
      ['run --db-password HUSH -x --token=HUSH', 'run --db-password ****** -x --token=******'],
      ['["--token","HUSH","x"]', '["--token","******","x"]'],
      ['tokenize=true --tokenize true key.field=auction', undefined],
      ['http://proxy:8080/status, and ask me@example.com', undefined],
      ['kafka://a:9092,b:9092/topic http%3A%2F%2Fh%3A80%2Fx', undefined],
      ['--dry-run --password --token -x', undefined],
    ] as const) {
      assert.equal(maskText(text), expected ?? text);
    }
  });

  it('hides in lists what stands behind its name', () => {
    const shown = maskValue({
      args: ['--password', 'HUSH', '--token', '-x', 'y'],
      x: ['pwd', 'y'],
    });
    assert.deepEqual(shown, {
      args: ['--password', '******', '--token', '-x', 'y'],
      x: ['pwd', 'y'],
    });
  });

  it('takes no longer than the text is long', () => {
    const hostile = [
      'a',
      '://',
      'password',
      '"',
      '\\\\',
      '?a',
      '://a:b ',
      '"password":',
      'a@',
      "'",
      '%3A%2F%2Fa',
      '%2525',
      '--token ',
      '-a',
      '://a@b:1/',
    ];
    for (const part of hostile) maskText(`=://a:b${part.repeat(200_000)}`);
  });
});
