/**
 * What a message in a TaskManager's inbox holds: frames, acknowledgements and commands of several
 * links, packed. See `docs/formats/inbox-1.md`. Pure.
 *
 *     0 u8  version      2 u32 checksum           22 attempt
 *     1 u8  content      6 16 bytes, the job         then the content
 *
 * - I1: a message is of one job and one attempt. Each item says in which lease its sender spoke.
 * - I2: what an encoding function wrote is read back equal; anything else is refused as a whole.
 */
import { crc32 } from 'node:zlib';
import { assert, StreamError } from '../../../core/index.ts';
import type { SlotCommand } from '../../../protocol/index.ts';
import type { ChannelId } from '../../../taskmanager/index.ts';
import { ByteCursor, packNumbers } from './byte-cursor.ts';

export const INBOX_FORMAT_VERSION = 1;

/** On whose behalf a message speaks. */
export interface InboxAddress {
  /** 32 hex digits. */
  readonly jobId: string;
  readonly attempt: number;
}

/** One word of one link. */
export type InboxItem =
  | {
      readonly type: 'frame';
      readonly channel: ChannelId;
      readonly lease: number;
      readonly sequence: number;
      readonly bytes: Uint8Array;
    }
  /** Asks for an acknowledgement, once everything below the sequence number has arrived. */
  | {
      readonly type: 'probe';
      readonly channel: ChannelId;
      readonly lease: number;
      readonly sequence: number;
    }
  | {
      readonly type: 'ack';
      readonly channel: ChannelId;
      readonly lease: number;
      readonly nextSequence: number;
      readonly limitSequence: number;
    }
  /** From the coordinator, whose lease is always 0; sequence numbers are the slot's own. */
  | {
      readonly type: 'command';
      readonly slotIndex: number;
      readonly lease: number;
      readonly sequence: number;
      readonly command: SlotCommand;
    };

/** An item as bytes, to be packed with others. */
export interface PackedItem {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
  readonly sizeBytes: number;
}

/** Where the items of a message lie that are too many for it: an object in the bucket. */
export interface InboxClaim {
  readonly location: string;
  readonly sizeBytes: number;
  /** Of the whole object. */
  readonly crc32: number;
}

export type InboxContent = InboxAddress &
  (
    | { readonly type: 'items'; readonly items: readonly InboxItem[] }
    | { readonly type: 'claim'; readonly claim: InboxClaim }
  );

const ITEMS = 0;
const CLAIM = 1;
const CRC_AT = 2;
const COVERED_FROM = 6;
const JOB_BYTES = 16;
const ATTEMPT_AT = COVERED_FROM + JOB_BYTES;
/** Takes the largest attempt there may be. */
export const MAX_HEADER_BYTES = ATTEMPT_AT + 8;

const FRAME = 1;
const PROBE = 2;
const ACK = 3;
const COMMAND = 4;
const NOTHING = new Uint8Array();

export function packItem(item: InboxItem): PackedItem {
  switch (item.type) {
    case 'frame': {
      const { channel, lease, sequence, bytes } = item;
      return packed(FRAME, [...endsOf(channel), lease, sequence, bytes.length], bytes);
    }
    case 'probe':
      return packed(PROBE, [...endsOf(item.channel), item.lease, item.sequence], NOTHING);
    case 'ack': {
      const { channel, lease, nextSequence, limitSequence } = item;
      return packed(ACK, [...endsOf(channel), lease, nextSequence, limitSequence], NOTHING);
    }
    case 'command': {
      const { slotIndex, lease, sequence, command } = item;
      const text = Buffer.from(JSON.stringify(command));
      return packed(COMMAND, [slotIndex, lease, sequence, text.length], text);
    }
  }
}

function packed(kind: number, numbers: readonly number[], body: Uint8Array): PackedItem {
  const head = packNumbers(kind, numbers);
  return { head, body, sizeBytes: head.length + body.length };
}

function endsOf({ edgeId, fromSubtask, toSubtask }: ChannelId): readonly number[] {
  return [edgeId, fromSubtask, toSubtask];
}

/** A message with these items. */
export function encodeItems(address: InboxAddress, items: readonly PackedItem[]): Uint8Array {
  return encode(
    address,
    ITEMS,
    items.flatMap(({ head, body }) => [head, body]),
  );
}

/** A message that says where its items lie: an object with the bytes of `encodeItems`. */
export function encodeClaim(address: InboxAddress, claim: InboxClaim): Uint8Array {
  return encode(address, CLAIM, [Buffer.from(JSON.stringify(claim))]);
}

function encode(
  { jobId, attempt }: InboxAddress,
  content: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  assert(/^[0-9a-f]{32}$/.test(jobId), `I1: a job is named by 32 hex digits: jobId=${jobId}`);
  const start = Buffer.alloc(ATTEMPT_AT);
  start.writeUInt8(INBOX_FORMAT_VERSION, 0);
  start.writeUInt8(content, 1);
  start.write(jobId, COVERED_FROM, 'hex');
  // The attempt, without the byte that comes first.
  const bytes = Buffer.concat([start, packNumbers(0, [attempt]).subarray(1), ...parts]);
  bytes.writeUInt32LE(checksum(bytes), CRC_AT);
  return bytes;
}

/** Of all that follows it, begun with the kind of content. */
function checksum(bytes: Buffer): number {
  return crc32(bytes.subarray(COVERED_FROM), bytes[1]);
}

/**
 * Reads a message, or the object it refers to.
 *
 * @throws {StreamError} kind `data`: `INBOX_MESSAGE_FOREIGN` when nothing of this project wrote it;
 * `INBOX_MESSAGE_VERSION` when another release did, with `jobId`: all versions begin alike;
 * `INBOX_MESSAGE_CORRUPT`.
 */
export function decodeMessage(bytes: Uint8Array): InboxContent {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLongEnough = buffer.length > ATTEMPT_AT;
  if (!isLongEnough || buffer[0] !== INBOX_FORMAT_VERSION) {
    if (isLongEnough && checksum(buffer) === buffer.readUInt32LE(CRC_AT)) throw ofRelease(buffer);
    const text = 'a message in an inbox is none of this release: look who else sends to the queue';
    throw refusal('INBOX_MESSAGE_FOREIGN', text, { sizeBytes: bytes.length });
  }
  if (checksum(buffer) !== buffer.readUInt32LE(CRC_AT)) {
    throw corrupt('its checksum is wrong', bytes);
  }
  try {
    return decodeContent(buffer);
  } catch (thrown) {
    throw corrupt(thrown instanceof Error ? thrown.message : String(thrown), bytes, thrown);
  }
}

function decodeContent(buffer: Buffer): InboxContent {
  const jobId = buffer.toString('hex', COVERED_FROM, ATTEMPT_AT);
  const cursor = new ByteCursor(buffer, ATTEMPT_AT);
  const attempt = cursor.number();
  if (buffer[1] === CLAIM) {
    const size = packNumbers(0, [attempt]).length - 1;
    const claim = JSON.parse(buffer.toString('utf8', ATTEMPT_AT + size)) as InboxClaim;
    return { jobId, attempt, type: 'claim', claim };
  }
  if (buffer[1] !== ITEMS) throw new RangeError(`its content is unknown: content=${buffer[1]}`);
  const items: InboxItem[] = [];
  while (!cursor.isAtEnd) items.push(decodeItem(cursor));
  return { jobId, attempt, type: 'items', items };
}

function decodeItem(cursor: ByteCursor): InboxItem {
  const kind = cursor.byte();
  if (kind === COMMAND) {
    const [slotIndex, lease, sequence] = [cursor.number(), cursor.number(), cursor.number()];
    const text = Buffer.from(cursor.take(cursor.number())).toString('utf8');
    const command = JSON.parse(text) as SlotCommand;
    return { type: 'command', slotIndex, lease, sequence, command };
  }
  if (kind !== FRAME && kind !== PROBE && kind !== ACK) {
    throw new RangeError(`an item's kind is unknown: kind=${kind}`);
  }
  const [edgeId, fromSubtask, toSubtask] = [cursor.number(), cursor.number(), cursor.number()];
  const channel: ChannelId = { edgeId, fromSubtask, toSubtask };
  const [lease, sequence] = [cursor.number(), cursor.number()];
  if (kind === PROBE) return { type: 'probe', channel, lease, sequence };
  if (kind === FRAME) {
    return { type: 'frame', channel, lease, sequence, bytes: cursor.take(cursor.number()) };
  }
  const limitSequence = cursor.number();
  return { type: 'ack', channel, lease, nextSequence: sequence, limitSequence };
}

function ofRelease(buffer: Buffer): StreamError {
  const version = buffer.readUInt8(0);
  const jobId = buffer.toString('hex', COVERED_FROM, ATTEMPT_AT);
  const text =
    'a message in an inbox is of another release, the job restarts from its newest checkpoint in ' +
    `this one: version=${version} known=${INBOX_FORMAT_VERSION}`;
  return refusal('INBOX_MESSAGE_VERSION', text, { sizeBytes: buffer.length, version, jobId });
}

function corrupt(what: string, bytes: Uint8Array, cause?: unknown): StreamError {
  const text = `a message in an inbox is damaged, the job restarts from its newest checkpoint: ${what}`;
  return refusal('INBOX_MESSAGE_CORRUPT', text, { sizeBytes: bytes.length }, cause);
}

function refusal(
  code: string,
  text: string,
  details: { readonly sizeBytes: number; readonly version?: number; readonly jobId?: string },
  cause?: unknown,
): StreamError {
  const message = `${text} sizeBytes=${details.sizeBytes}`;
  const init = { kind: 'data', code, message, details } as const;
  return new StreamError(cause === undefined ? init : { ...init, cause });
}
