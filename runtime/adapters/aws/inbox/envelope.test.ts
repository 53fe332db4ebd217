import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../../core/index.ts';
import { decodeMessage, encodeClaim, encodeItems, type InboxItem, packItem } from './envelope.ts';

const ADDRESS = { jobId: '00112233445566778899aabbccddeeff', attempt: 300 };
const CHANNEL = { edgeId: 2, fromSubtask: 0, toSubtask: 129 };

const ITEMS: readonly InboxItem[] = [
  { type: 'frame', channel: CHANNEL, lease: 1, sequence: 7, bytes: Uint8Array.of(1, 2, 3) },
  { type: 'probe', channel: CHANNEL, lease: 1, sequence: 2 ** 40 },
  { type: 'ack', channel: CHANNEL, lease: 0, nextSequence: 8, limitSequence: 264 },
  { type: 'command', slotIndex: 3, lease: 0, sequence: 0, command: { type: 'start' } },
];
/** Written by this version's first release. */
const GOLDEN_ITEMS =
  '010089f5bce900112233445566778899aabbccddeeffac0201020081010107030102030202008101' +
  '0180808080802003020081010008880204030000107b2274797065223a227374617274227d';
const GOLDEN_CLAIM =
  '0101fb47102000112233445566778899aabbccddeeffac027b226c6f636174696f6e223a2273333a' +
  '2f2f622f6672616d65732f31222c2273697a654279746573223a3730303030302c22637263333222' +
  '3a333733353932383535397d';
const CLAIM = { location: 's3://b/frames/1', sizeBytes: 700_000, crc32: 0xdeadbeef };

function codeOf(read: () => unknown): string {
  try {
    read();
    return 'none';
  } catch (thrown) {
    return isStreamError(thrown) ? thrown.code : String(thrown);
  }
}

describe('version 1 of inbox messages', () => {
  it('is read as it was written once', () => {
    const items = decodeMessage(Buffer.from(GOLDEN_ITEMS, 'hex'));
    assert.deepEqual(items, { ...ADDRESS, type: 'items', items: ITEMS });
    const claim = decodeMessage(Buffer.from(GOLDEN_CLAIM, 'hex'));
    assert.deepEqual(claim, { ...ADDRESS, type: 'claim', claim: CLAIM });
  });

  it('is written as it was once', () => {
    const items = encodeItems(ADDRESS, ITEMS.map(packItem));
    assert.equal(Buffer.from(items).toString('hex'), GOLDEN_ITEMS);
    assert.equal(Buffer.from(encodeClaim(ADDRESS, CLAIM)).toString('hex'), GOLDEN_CLAIM);
  });

  it('tells what is not its own from what is damaged', () => {
    const later = Buffer.from(GOLDEN_ITEMS, 'hex');
    later[0] = 2;
    const laterDamaged = Buffer.from(later);
    laterDamaged[30] = 255;
    const damaged = Buffer.from(GOLDEN_ITEMS, 'hex');
    damaged[30] = 255;
    assert.deepEqual(
      [new Uint8Array(), Buffer.from('hello'), laterDamaged, later, damaged].map((bytes) =>
        codeOf(() => decodeMessage(bytes)),
      ),
      [
        'INBOX_MESSAGE_FOREIGN',
        'INBOX_MESSAGE_FOREIGN',
        'INBOX_MESSAGE_FOREIGN',
        'INBOX_MESSAGE_VERSION',
        'INBOX_MESSAGE_CORRUPT',
      ],
    );
  });
});
