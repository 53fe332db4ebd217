import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isStreamError } from '../../../core/index.ts';
import {
  decodeMessage,
  encodeItems,
  type InboxItem,
  MAX_HEADER_BYTES,
  packItem,
} from './envelope.ts';

const count = fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat());
const channel = fc
  .tuple(fc.nat(500), fc.nat(40), fc.nat(4000))
  .map(([edgeId, fromSubtask, toSubtask]) => ({ edgeId, fromSubtask, toSubtask }));
const item: fc.Arbitrary<InboxItem> = fc.oneof(
  fc.record({
    type: fc.constant('frame' as const),
    channel,
    lease: fc.nat(200),
    sequence: count,
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({ type: fc.constant('probe' as const), channel, lease: fc.nat(), sequence: count }),
  fc.record({
    type: fc.constant('ack' as const),
    channel,
    lease: fc.nat(),
    nextSequence: count,
    limitSequence: count,
  }),
  fc.record({
    type: fc.constant('command' as const),
    slotIndex: fc.nat(2000),
    lease: fc.constant(0),
    sequence: count,
    command: fc.constantFrom(
      { type: 'start' } as const,
      { type: 'checkpoint-aborted', checkpointId: 7 } as const,
    ),
  }),
);
const address = fc.record({
  jobId: fc.stringMatching(/^[0-9a-f]{32}$/),
  attempt: fc.oneof(fc.nat(3), fc.maxSafeNat()),
});

describe('a message of an inbox', () => {
  it('is read back as it was packed, in a size known before', () => {
    fc.assert(
      fc.property(address, fc.array(item, { maxLength: 20 }), (to, items) => {
        const packed = items.map(packItem);
        const bytes = encodeItems(to, packed);
        const sizeBytes = packed.reduce((sum, one) => sum + one.sizeBytes, 0);
        assert.ok(bytes.length <= sizeBytes + MAX_HEADER_BYTES);
        assert.deepEqual(decodeMessage(bytes), {
          ...to,
          type: 'items',
          items: items.map((one) => ({ ...one })),
        });
      }),
    );
  });

  it('is refused as a whole when any byte of it has changed', () => {
    fc.assert(
      fc.property(
        address,
        fc.array(item, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (to, items, where, by) => {
          const bytes = encodeItems(to, items.map(packItem));
          const at = where % bytes.length;
          bytes[at] = ((bytes[at] ?? 0) + by) % 256;
          assert.throws(
            () => decodeMessage(bytes),
            (thrown) => isStreamError(thrown) && thrown.code.startsWith('INBOX_MESSAGE_'),
          );
        },
      ),
    );
  });

  it('is refused when it is cut off', () => {
    fc.assert(
      fc.property(address, item, fc.nat(), (to, one, where) => {
        const bytes = encodeItems(to, [packItem(one)]);
        assert.throws(() => decodeMessage(bytes.subarray(0, where % bytes.length)));
      }),
    );
  });
});
