import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpContent, sentAnswer } from './http-records.ts';

const LINE = 'cannot reach postgres://me:secret@db/x';
const MASKED = 'cannot reach postgres://******@db/x';

function sent(type: string, content: string | Uint8Array): Uint8Array {
  const answer = sentAnswer({ status: 200, body: new HttpContent(type, content) });
  return Buffer.from(answer.content);
}

describe('sentAnswer', () => {
  it('shows no password of a URL, in JSON and in texts, be they bytes', () => {
    const json = sentAnswer({ status: 200, body: { reason: LINE } }).content;
    assert.equal(json, JSON.stringify({ reason: MASKED }));
    for (const content of [LINE, Buffer.from(LINE)]) {
      assert.equal(sent('text/plain; charset=UTF-8', content).toString(), MASKED);
    }
  });

  it('leaves every other byte of a log as it is, and files that are no texts', () => {
    const odd = Buffer.concat([Buffer.from('ä '), Buffer.from([0xff, 0xc3]), Buffer.from(' ü')]);
    assert.deepEqual(sent('text/plain', odd), odd);
    const file = Buffer.from(LINE);
    assert.deepEqual(sent('application/octet-stream', file), file);
  });
});
