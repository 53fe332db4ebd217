import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { MASKED, maskSecrets, maskText, maskUserInfo } from './mask-secrets.ts';

/** Never part of what is not secret here. */
const CORE = 'QZXJ';
const odd = fc.string({ maxLength: 8, unit: fc.constantFrom(...`ab1 @/"'\\:?#;,&=%+!$<>`) });
/** In it is everything that passwords have; at its ends no space, as in none that is typed. */
const password = fc.tuple(odd, odd).map(([a, b]) => `x${a}${CORE}${b}x`);
const host = fc.constantFrom('db', 'db:5432', '10.0.0.1:9092', '[::1]:80');
const plain = fc.string({ maxLength: 10, unit: fc.constantFrom(...'ab1 -.') });

/** Where quotes end a text, a host's side follows, or a port, nobody can tell. */
function isTellable(text: string): boolean {
  return !/["'<>][\s,:;})\]]|:\/\/|@.*[?#, ]|\\n/.test(`${text}@`);
}

it('no password of a URL is left in a text, whatever is in it', () => {
  fc.assert(
    fc.property(plain, password.filter(isTellable), host, plain, (before, hush, at, after) => {
      const text = `${before}amqp://user:${hush}@${at}/x ${after}`;
      assert.ok(!maskText(text).includes(CORE), maskText(text));
      assert.ok(maskText(text).includes(`${MASKED}@${at}/x`), maskText(text));
      assert.ok(!JSON.stringify(maskSecrets({ url: text })).includes(CORE));
    }),
    { numRuns: 2000 },
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
