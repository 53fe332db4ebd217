import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deadLetter, MAX_MESSAGE_BYTES, type PoisonMessage } from './dead-letter.ts';

/** As SQS counts it. */
function sizeOf({ MessageBody, MessageAttributes }: ReturnType<typeof deadLetter>): number {
  const attributes = Object.entries(MessageAttributes).map(
    ([name, { DataType = '', StringValue = '', BinaryValue = new Uint8Array() }]) =>
      name.length + DataType.length + Buffer.byteLength(StringValue) + BinaryValue.length,
  );
  return attributes.reduce((a, b) => a + b, Buffer.byteLength(MessageBody));
}

function reasonOf(message: PoisonMessage, reason: string): string | undefined {
  return deadLetter(message, reason).MessageAttributes.reason?.StringValue;
}

describe('deadLetter', () => {
  it('is the message, with the reason', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    assert.deepEqual(deadLetter({ body: '-', binary: { name: 'f', bytes } }, 'CODE: why'), {
      MessageBody: '-',
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: 'CODE: why' },
        f: { DataType: 'Binary', BinaryValue: bytes },
      },
    });
    const { MessageAttributes } = deadLetter({ body: 'text' }, 'CODE: why');
    assert.deepEqual(Object.keys(MessageAttributes), ['reason']);
  });

  it('fits though the message was as long as a message may be, and says how long it was', () => {
    const reason = 'ü'.repeat(5000);
    const long: readonly PoisonMessage[] = [
      { body: 'x'.repeat(MAX_MESSAGE_BYTES) },
      // Each a character of two, three and four bytes.
      ...['ü', '€', '\u{1f600}'].map((char) => {
        return { body: `x${char.repeat(MAX_MESSAGE_BYTES / char.length / 2)}`.slice(0, 500_001) };
      }),
      { body: '-', binary: { name: 'f', bytes: new Uint8Array(MAX_MESSAGE_BYTES - 8) } },
    ];
    for (const message of long) {
      const letter = deadLetter(message, reason);
      assert.ok(sizeOf(letter) <= MAX_MESSAGE_BYTES, `${sizeOf(letter)}`);
      assert.ok(letter.MessageBody.isWellFormed());
      assert.ok(message.body.startsWith(letter.MessageBody), 'it is the beginning');
    }
    const cut = deadLetter({ body: '€'.repeat(349_525) }, reason);
    assert.equal(cut.MessageAttributes.sizeBytes?.StringValue, String(349_525 * 3));
    assert.ok(sizeOf(cut) > MAX_MESSAGE_BYTES - 4000, 'no more is cut than has to be');
  });

  it('has a reason of characters that a queue takes', () => {
    const message = { body: 'x' };
    assert.equal(reasonOf(message, 'a\u0000b\uffffc\td'), 'a\ufffdb\ufffdc\td');
    assert.equal(reasonOf(message, ''), 'unknown');
    // Cut off within a pair.
    const text = `${'x'.repeat(1023)}\u{1f600}`;
    assert.equal(reasonOf(message, text), `${'x'.repeat(1023)}\ufffd`);
  });
});
