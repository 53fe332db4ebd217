/**
 * Goal: Java reads it. Method: a byte for every text of a stream that Flink 2.1's client has read
 * (`npm run test:flink` has it read again), and texts that Java writes otherwise.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serializedThrowable } from './serialized-throwable.ts';

const bytesOf = (stackTrace: string): Buffer =>
  Buffer.from(serializedThrowable({ className: 'C', message: 'm', stackTrace }), 'base64');

describe('serializedThrowable', () => {
  it('is an object of Flink’s class with nothing but texts', () => {
    const text = bytesOf('at x').toString('latin1');
    const names = /r\0[^\0]((?:org|java)\.[\w.]+?(?:Throwable|Exception))/g;
    const classes = [...text.matchAll(names)].map(([, name]) => name);
    assert.deepEqual(classes, [
      'org.apache.flink.util.SerializedThrowable',
      'java.lang.Exception',
      'java.lang.Throwable',
    ]);
    assert.ok(text.startsWith('\xac\xed\0\x05sr\0\x29org.apache.flink.util.SerializedThrowable'));
    // Throwable: no cause, the message, no stack, nothing suppressed; then Flink's own.
    assert.ok(
      text.endsWith('xp' + 'p' + 't\0\x01m' + 'pp' + 'x' + 't\0\x04at x' + 't\0\x01C' + 'p'),
    );
  });

  it('writes texts as Java does', () => {
    const tail = bytesOf('\0é€😀').toString('hex');
    assert.ok(tail.includes('c080' + 'c3a9' + 'e282ac' + 'eda0bd' + 'edb880'), tail);
  });

  it('cuts a text that a stream cannot hold', () => {
    for (const letter of ['a', '€']) {
      const bytes = bytesOf(letter.repeat(70_000));
      const at = bytes.indexOf(Buffer.from(letter.repeat(4)));
      const sizeBytes = bytes.readUInt16BE(at - 2);
      assert.ok(sizeBytes > 65_530, String(sizeBytes));
      assert.equal(bytes.subarray(at + sizeBytes).toString('latin1'), 't\0\x01Cp');
    }
  });
});
