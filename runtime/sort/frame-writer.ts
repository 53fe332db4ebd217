/**
 * Frames of sorted records. Records with one key follow each other as a group; a group that does
 * not fit goes on in the next frame under the same key. A frame is, little endian:
 *
 *     u32 length of the frame    u32 CRC-32 of all that follows    u32 where the text begins
 *     u8 how the text is written   u32 groups
 *     group:  its key, self-describing   u32 records
 *     record: u8 codec   u32 bytes   u32 characters of text   bytes, which begin with the timestamp
 *     the strings of all keys and records, in order
 *
 * Frames do not outlive the sorter that wrote them: they are no format of what is stored.
 */
import { crc32 } from 'node:zlib';
import type { EncodedKey } from '../core/index.ts';
import { EncodeBuffer, TEXT_ASCII, writeValue } from '../exchange/index.ts';
import type { RecordCodecs } from './record-codecs.ts';
import type { RecordSource } from './record-source.ts';

export const LENGTH_AT = 0;
export const CHECKSUM_AT = 4;
export const TEXT_START_AT = 8;
export const TEXT_MODE_AT = 12;
export const GROUPS_AT = 13;
export const FRAME_HEAD_BYTES = 17;
/** Before the bytes of a record. */
export const RECORD_HEAD_BYTES = 9;
/** Fewer bytes are copied faster one by one. */
const SHORT_COPY_BYTES = 96;

export class FrameWriter {
  readonly #buffer: EncodeBuffer;
  readonly #frameBytes: number;
  #key: EncodedKey = 0;
  #groups = 0;
  /** Where the count of the open group lies; 0: none is open. */
  #countAt = 0;
  #count = 0;

  /** @param frameBytes a frame with so much is full. */
  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
    this.#buffer = new EncodeBuffer(FRAME_HEAD_BYTES, 2 * frameBytes);
  }

  /** Records that follow have this key. */
  startGroup(key: EncodedKey): void {
    this.#endGroup();
    this.#key = key;
  }

  /** @returns how many bytes the record takes, its text counted by characters. */
  write(codecs: RecordCodecs, input: number, value: unknown, timestampMs: number): number {
    if (this.#countAt === 0) this.#openGroup();
    const buffer = this.#buffer;
    const start = buffer.position;
    const textLength = buffer.text.length;
    buffer.grow(start + RECORD_HEAD_BYTES);
    buffer.position = start + RECORD_HEAD_BYTES;
    const codec = codecs.write(buffer, input, value, timestampMs);
    const sizeBytes = buffer.position - start;
    const text = buffer.text.length - textLength;
    const { view } = buffer;
    view.setUint8(start, codec);
    view.setUint32(start + 1, sizeBytes - RECORD_HEAD_BYTES, true);
    view.setUint32(start + 5, text, true);
    this.#count += 1;
    return sizeBytes + text;
  }

  /** The record that a source is at, as it is. */
  copy(source: RecordSource): void {
    if (this.#countAt === 0) this.#openGroup();
    const buffer = this.#buffer;
    const { start, end, bytes: from } = source;
    let at = buffer.position;
    const endAt = at + end - start;
    if (endAt > buffer.capacity) buffer.grow(endAt);
    const to = buffer.bytes;
    if (end - start > SHORT_COPY_BYTES) to.set(from.subarray(start, end), at);
    else for (let i = start; i < end; i += 1, at += 1) to[at] = from[i] ?? 0;
    buffer.position = endAt;
    if (source.textEnd > source.textStart) buffer.text += source.text;
    this.#count += 1;
  }

  get isFull(): boolean {
    return this.#buffer.position + this.#buffer.text.length >= this.#frameBytes;
  }

  /** The frame so far, to be kept; undefined when there is nothing in it. */
  take(): Uint8Array | undefined {
    this.#endGroup();
    if (this.#groups === 0) return undefined;
    const buffer = this.#buffer;
    const textStart = buffer.position;
    const textMode = buffer.text === '' ? TEXT_ASCII : buffer.sealText();
    const { view, position } = buffer;
    view.setUint32(LENGTH_AT, position, true);
    view.setUint32(TEXT_START_AT, textStart, true);
    view.setUint8(TEXT_MODE_AT, textMode);
    view.setUint32(GROUPS_AT, this.#groups, true);
    const frame = new Uint8Array(buffer.bytes.subarray(0, position));
    buffer.reset();
    this.#groups = 0;
    return frame;
  }

  #openGroup(): void {
    const buffer = this.#buffer;
    const at = writeValue(buffer, this.#key, buffer.position, 0);
    buffer.grow(at + 4);
    buffer.position = at + 4;
    this.#countAt = at;
    this.#count = 0;
    this.#groups += 1;
  }

  #endGroup(): void {
    if (this.#countAt === 0) return;
    this.#buffer.view.setUint32(this.#countAt, this.#count, true);
    this.#countAt = 0;
  }
}

/** Before a frame goes to a file. */
export function writeChecksum(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  view.setUint32(CHECKSUM_AT, crc32(frame.subarray(TEXT_START_AT)), true);
}

/** A frame that came from a file. */
export function hasItsChecksum(frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  return view.getUint32(CHECKSUM_AT, true) === crc32(frame.subarray(TEXT_START_AT));
}
