import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpContent } from '../../http/index.ts';
import { type HttpEvent, httpRequestOf, httpResultOf } from './http-event.ts';

const EVENT: HttpEvent = {
  rawPath: '/v1/jobs/a%20b',
  rawQueryString: 'mode=cancel',
  headers: { 'content-type': 'Application/JSON; charset=utf-8', 'idempotency-key': 'k' },
  body: Buffer.from('{}').toString('base64'),
  isBase64Encoded: true,
  requestContext: { http: { method: 'PATCH' }, stage: '$default' },
};

describe('httpRequestOf', () => {
  it('reads an event of payload format 2.0', () => {
    const { query, body, ...request } = httpRequestOf(EVENT);
    assert.deepEqual(request, {
      method: 'PATCH',
      path: '/jobs/a b',
      contentType: 'application/json',
      contentTypeHeader: 'Application/JSON; charset=utf-8',
      idempotencyKey: 'k',
    });
    assert.equal(query.get('mode'), 'cancel');
    assert.equal(Buffer.from(body).toString(), '{}');
  });

  it('leaves the stage out of the path', () => {
    const requestContext = { http: { method: 'GET' }, stage: 'prod' };
    assert.equal(httpRequestOf({ ...EVENT, rawPath: '/prod/jobs', requestContext }).path, '/jobs');
  });

  it('refuses a path that does not decode', () => {
    assert.throws(() => httpRequestOf({ ...EVENT, rawPath: '/%E0%A4' }), { status: 400 });
  });
});

describe('httpResultOf', () => {
  it('gives texts as they are, and bytes in base64', () => {
    const type = 'text/plain; charset=UTF-8';
    const text = httpResultOf({ status: 200, body: new HttpContent(type, 'a "line"\n') });
    assert.deepEqual([text.body, text.isBase64Encoded], ['a "line"\n', undefined]);
    assert.equal(text.headers['content-type'], type);
    const content = Uint8Array.of(0, 255);
    const bytes = new HttpContent('application/octet-stream', content, 'a-1.zip');
    const file = httpResultOf({ status: 200, body: bytes });
    assert.deepEqual([file.body, file.isBase64Encoded], ['AP8=', true]);
    assert.equal(file.headers['content-disposition'], 'attachment; filename="a-1.zip"');
  });

  it('says that an answer is too large to be given', () => {
    const { statusCode, body } = httpResultOf({ status: 200, body: 'x'.repeat(6_000_000) });
    assert.equal(statusCode, 500);
    assert.match(body, /larger than the API can give/);
  });

  it('counts an answer as Lambda does, with the quotes of its body escaped', () => {
    const short = { a: 'b' };
    const answerOf = (count: number) =>
      httpResultOf({ status: 200, body: Array.from({ length: count }, () => short) });
    const fits = answerOf(400_000);
    assert.equal(fits.statusCode, 200);
    assert.ok(Buffer.byteLength(JSON.stringify(fits)) <= 6_000_000);
    const answer = answerOf(500_000);
    assert.equal(answer.statusCode, 500);
    assert.match(answer.body, /larger than the API can give/);
  });
});
