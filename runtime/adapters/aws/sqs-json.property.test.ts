import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sqsJson } from './sqs-json.ts';

/** What SQS takes in a text. */
const TAKEN = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

describe('sqsJson', () => {
  it('writes any text so that SQS takes it, and it reads as it was', () => {
    const hostile = fc.constantFrom('\uFFFE', '\uFFFF', '\u0000', '\uD800', '\\', '"', '😀');
    const text = fc.string({ unit: fc.oneof(hostile, fc.string({ unit: 'binary' })) });
    fc.assert(
      fc.property(text, (message) => {
        const json = sqsJson({ message });
        assert.match(json, TAKEN);
        assert.deepEqual(JSON.parse(json), { message });
      }),
    );
  });
});
