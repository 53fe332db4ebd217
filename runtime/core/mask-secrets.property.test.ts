import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { MASKED, maskSecrets, maskText, maskUserInfo } from './mask-secrets.ts';

/** Never part of what is not secret here. */
const CORE = 'QZXJ';
const odd = fc.string({ maxLength: 8, unit: fc.constantFrom(...`ab1 @/"'\\:?#;,&=%+!$<>`) });
/** In it is everything that passwords have; at its ends no space, as in none that is typed. */
const start = fc.constantFrom('x', '80/', '5432/x', '1?', '65535#');
const password = fc.tuple(start, odd, odd).map(([first, a, b]) => `${first}${a}${CORE}${b}x`);
const user = fc.constantFrom('user', 'ann.lee', 'ann%40x', 'ann@example.com', 'a-b');
const host = fc.constantFrom('db', 'db:5432', '10.0.0.1:9092', '[::1]:80');
const plain = fc.string({ maxLength: 10, unit: fc.constantFrom(...'ab1 -.') });

/** Where quotes end a text, a host's side follows, or a port, nobody can tell. */
function isTellable(text: string): boolean {
  if (/^\d.*[\s"']/.test(text)) return false;
  return !/["'<>][\s,:;})\]]|:\/\/|@.*[?#, ]|\\n/.test(`${text}@`);
}

it('no password of a URL is left in a text, whatever is in it', () => {
  fc.assert(
    fc.property(plain, user, password.filter(isTellable), host, (before, who, hush, at) => {
      // Behind a host that is followed by words nobody looks for a password.
      fc.pre(!(who.includes('@') && hush.includes(' ')));
      const text = `${before}amqp://${who}:${hush}@${at}/x ${before}`;
      assert.ok(!maskText(text).includes(CORE), maskText(text));
      assert.ok(maskText(text).includes(`${MASKED}@${at}/x`), maskText(text));
      assert.ok(!JSON.stringify(maskSecrets({ url: text })).includes(CORE));
    }),
    { numRuns: 2000 },
  );
});

it('no password of a URL is left that is encoded, however often', () => {
  // A quote is left as it is, and ends a text.
  const encodable = password.filter((text) => !text.includes("'"));
  fc.assert(
    fc.property(user, encodable, host, fc.integer({ min: 1, max: 3 }), (who, hush, at, times) => {
      let url = `amqp://${who}:${encodeURIComponent(hush)}@${at}/x`;
      for (let count = 0; count < times; count += 1) url = encodeURIComponent(url);
      const text = `/proxy?to=${url}&x=1`;
      assert.ok(!maskText(text).includes(CORE), maskText(text));
      assert.ok(maskText(text).endsWith('&x=1'), maskText(text));
    }),
    { numRuns: 1000 },
  );
});

it('JSON stays JSON, and what is no secret in it stays', () => {
  const texts = fc.tuple(password, host).map(([hush, at]) => `a://u:${hush}@${at}/`);
  const value = fc.dictionary(plain, fc.oneof(texts, password, plain, fc.integer()));
  fc.assert(
    fc.property(value, (record) => {
      const masked: unknown = JSON.parse(maskUserInfo(JSON.stringify(record)));
      assert.deepEqual(Object.keys(masked as object), Object.keys(record));
    }),
    { numRuns: 1000 },
  );
});

it('a field of a secret name has no value, wherever it is', () => {
  const name = fc.constantFrom('password', 'apiKey', 'api_key', 'x.secret', 'PWD', 'a-token');
  fc.assert(
    fc.property(name, password, (key, hush) => {
      for (const text of [
        JSON.stringify({ a: 1, [key]: hush, b: 2 }),
        JSON.stringify({ a: JSON.stringify({ [key]: hush, b: 2 }) }),
      ]) {
        assert.ok(!maskText(text).includes(CORE), maskText(text));
      }
      assert.ok(!maskSecrets({ a: { b: [{ [key]: hush }] } }).a?.includes(CORE));
    }),
    { numRuns: 1000 },
  );
});
