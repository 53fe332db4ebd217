/**
 * The writing end of a channel: (edge, from-subtask → to-subtask), one ring. Owns the buffer being
 * filled, the layout of the records and the frames that found no room in the ring. Crosses: a task
 * writes records and control elements, and drains when its doorbell rang.
 *
 * I1  Elements leave in the order they were written: a control element first flushes the buffer,
 *     and no frame overtakes a pending one.
 * I2  A SCHEMA frame precedes the first records of each layout, and the first records behind a
 *     barrier: a reader may begin at any barrier.
 * I3  A record that does not fit the layout widens it, or is the job's error; it is never altered.
 * I4  A buffer of more than one record takes at most `MAX_BUFFER_BYTES`.
 * I5  After the end of data only barriers leave, after the end of partition nothing.
 * I6  Writing never fails for lack of room; `isAvailable` turns false, and who goes on writing
 *     makes the pending frames grow. Memory is bounded by the task's stopping.
 */
import { assert, defined, type FieldType, StreamError } from '../core/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import { BARRIER_BODY_BYTES, writeBarrierBody } from './barrier-codec.ts';
import { checkType } from './check-type.ts';
import {
  FRAME_ACTIVE,
  FRAME_BARRIER,
  FRAME_END,
  FRAME_END_DRAINED,
  FRAME_END_OF_PARTITION,
  FRAME_HEADER_BYTES,
  FRAME_IDLE,
  FRAME_RECORDS,
  FRAME_SCHEMA,
  FRAME_SEQUENCE_OFFSET,
  FRAME_WATERMARK,
  writeFrameHeader,
} from './frame.ts';
import {
  ANY,
  isAsStrictAs,
  type Layout,
  layoutOfType,
  layoutOfValue,
  mergeLayouts,
} from './layout.ts';
import { EncodeBuffer, TEXT_ASCII } from './record-buffer.ts';
import type { FrameSink } from './ring.ts';
import { CodecCache, type RecordCodec } from './row-codec.ts';

/** A buffer is sent when it has this many bytes (bytes of records and characters of text). */
export const BUFFER_BYTES = 32 * 1024;
/** Past 128 KB decoding is seven times slower; records that large travel alone. */
export const MAX_BUFFER_BYTES = 64 * 1024;
/** Room for the header and the largest control element, however small the buffers are. */
const MIN_SLACK_BYTES = 64;
/** After this many changes of layout a channel's records describe themselves. */
export const MAX_LAYOUTS = 8;

/** What a {@link ChannelWriter} is built from. */
export interface ChannelWriterOptions {
  readonly ring: FrameSink;
  /** Declared type of the records; undefined: inferred from them. */
  readonly type?: FieldType | undefined;
  /** Keyed edges carry the key group of each record. */
  readonly keyed: boolean;
  /** Shared by the channels of an edge. @default a cache of its own */
  readonly codecs?: CodecCache;
  /** @default {@link BUFFER_BYTES} */
  readonly bufferBytes?: number;
  /** Of the first frame. @default 0 */
  readonly nextSequence?: number;
}

/** See the header. */
export class ChannelWriter {
  readonly #ring: FrameSink;
  readonly #type: FieldType | undefined;
  readonly #keyed: boolean;
  readonly #codecs: CodecCache;
  readonly #bufferBytes: number;
  readonly #buffer: EncodeBuffer;
  readonly #pending: Uint8Array[] = [];
  #codec: RecordCodec | undefined;
  #layouts = 0;
  #bufferedRecords = 0;
  #pendingBytes = 0;
  #sequence: number;
  /** Header and body of the layout's SCHEMA frame; undefined before the first. */
  #schema: Uint8Array | undefined;
  #isSchemaDue = false;
  #endOfData = false;
  #endOfPartition = false;
  /** Set where the codec no longer checks a declared type. */
  #checks = false;
  #fallback = false;

  /** Records written. */
  records = 0;
  /** Bytes of frames sent or pending, up to the end of data: who reads may stop behind it. */
  bytes = 0;
  /** Frames of records sent or pending. */
  buffers = 0;
  /** Records that took the self-describing codec. */
  fallbackRecords = 0;
  /** The most bytes that ever waited for room in the ring. */
  maxPendingBytes = 0;

  constructor(options: ChannelWriterOptions) {
    this.#ring = options.ring;
    this.#type = options.type;
    this.#keyed = options.keyed;
    this.#codecs = options.codecs ?? new CodecCache();
    this.#bufferBytes = options.bufferBytes ?? BUFFER_BYTES;
    this.#sequence = options.nextSequence ?? 0;
    this.#buffer = new EncodeBuffer(FRAME_HEADER_BYTES, 2 * this.#bufferBytes + MIN_SLACK_BYTES);
  }

  /**
   * @param timestampMs `NO_TIMESTAMP_MS` for a record without event time.
   * @param keyGroup ignored on edges that are not keyed.
   * @throws {StreamError} kind `user`: `VALUE_NOT_OF_TYPE`, `PRECISION_LOST` or
   * `VALUE_NOT_ENCODABLE`; the channel is as it was before the call.
   */
  writeRecord(value: unknown, timestampMs: number, keyGroup: number): void {
    const buffer = this.#buffer;
    const position = buffer.position;
    const text = buffer.text;
    if (this.#checks && this.#type !== undefined) checkType(this.#type, value);
    if (!this.#codec?.write(buffer, value, timestampMs, keyGroup)) {
      this.#writeMisfit(value, timestampMs, keyGroup);
    } else if (this.#bufferedRecords > 0 && this.#sizeBytes() > MAX_BUFFER_BYTES) {
      buffer.position = position;
      buffer.text = text;
      this.flush();
      this.#codec.write(buffer, value, timestampMs, keyGroup);
    }
    this.records++;
    this.#bufferedRecords++;
    if (this.#fallback) this.fallbackRecords++;
    if (this.#sizeBytes() >= this.#bufferBytes) this.flush();
  }

  writeWatermark(watermarkMs: number): void {
    this.#writeControl(FRAME_WATERMARK, watermarkMs);
  }

  writeIdle(idle: boolean): void {
    this.#writeControl(idle ? FRAME_IDLE : FRAME_ACTIVE);
  }

  writeBarrier(barrier: CheckpointBarrier): void {
    this.#assertMaySend(FRAME_BARRIER);
    this.flush();
    const buffer = this.#buffer;
    writeBarrierBody(buffer.view, buffer.position, barrier);
    buffer.position += BARRIER_BODY_BYTES;
    buffer.text = barrier.directory;
    this.#sendBuffer(FRAME_BARRIER, 0);
    this.#isSchemaDue = this.#schema !== undefined;
  }

  /** End of data: only barriers may follow. @param drained a savepoint is to follow. */
  writeEnd(drained = false): void {
    this.#writeControl(drained ? FRAME_END_DRAINED : FRAME_END);
    this.#endOfData = true;
  }

  /** The last element; nothing may be written after it. */
  writeEndOfPartition(): void {
    this.#writeControl(FRAME_END_OF_PARTITION);
    this.#endOfPartition = true;
  }

  /** Sends the records that wait for a full buffer. */
  flush(): void {
    if (this.#bufferedRecords === 0) return;
    const records = this.#bufferedRecords;
    this.#bufferedRecords = 0;
    this.buffers++;
    if (this.#isSchemaDue) this.#repeatSchema();
    this.#sendBuffer(FRAME_RECORDS, records);
  }

  /** Of the next frame. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** False while frames wait for room in the ring. */
  isAvailable(): boolean {
    return this.#pending.length === 0;
  }

  /** Moves pending frames into the ring as far as there is room; true when none is left. */
  drain(): boolean {
    let sent = 0;
    for (const frame of this.#pending) {
      if (!this.#ring.tryWrite(frame)) break;
      this.#pendingBytes -= frame.length;
      sent++;
    }
    if (sent > 0) this.#pending.splice(0, sent);
    return this.#pending.length === 0;
  }

  /** Bytes that wait for room in the ring. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  #sizeBytes(): number {
    return this.#buffer.position + this.#buffer.text.length;
  }

  /** The slow path: says what is wrong with the value, or finds a layout for it (I3). */
  #writeMisfit(value: unknown, timestampMs: number, keyGroup: number): void {
    if (this.#type !== undefined) checkType(this.#type, value);
    const seen = layoutOfValue(value);
    this.flush();
    const first = this.#codec === undefined;
    if (first) this.#useLayout(this.#type === undefined ? seen : layoutOfType(this.#type));
    if (this.#codec?.write(this.#buffer, value, timestampMs, keyGroup)) return;
    this.#useLayout(mergeLayouts(this.#codec?.layout ?? ANY, seen));
    if (this.#codec?.write(this.#buffer, value, timestampMs, keyGroup)) return;
    this.#useLayout(ANY);
    const written = this.#codec?.write(this.#buffer, value, timestampMs, keyGroup);
    assert(written, 'I3: a value with a layout can be written');
  }

  #useLayout(wanted: Layout): void {
    this.#layouts++;
    const plain = !this.#codecs.generating || this.#layouts > MAX_LAYOUTS;
    const layout = plain ? ANY : wanted;
    this.#codec = this.#codecs.codecOf(layout, this.#keyed);
    this.#fallback = layout.kind === 'any';
    this.#checks = this.#type !== undefined && !isAsStrictAs(layout, this.#type);
    this.#buffer.text = JSON.stringify(layout);
    this.#schema = Uint8Array.from(this.#sendBuffer(FRAME_SCHEMA, 0));
    this.#isSchemaDue = false;
  }

  /** I2. */
  #repeatSchema(): void {
    const schema = defined(this.#schema, 'it is due');
    new DataView(schema.buffer).setUint32(FRAME_SEQUENCE_OFFSET, this.#takeSequence(), true);
    this.#isSchemaDue = false;
    this.bytes += schema.length;
    this.#send(schema);
  }

  #writeControl(type: number, watermarkMs?: number): void {
    this.#assertMaySend(type);
    this.flush();
    const buffer = this.#buffer;
    if (watermarkMs !== undefined) {
      buffer.view.setFloat64(buffer.position, watermarkMs, true);
      buffer.position += 8;
    }
    this.#sendBuffer(type, 0);
  }

  #takeSequence(): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) >>> 0;
    return sequence;
  }

  /** What was sent; it changes with the next write. */
  #sendBuffer(type: number, records: number): Uint8Array {
    this.#assertMaySend(type);
    const buffer = this.#buffer;
    const textStart = buffer.position;
    const textMode = buffer.text === '' ? TEXT_ASCII : buffer.sealText();
    const sequence = this.#takeSequence();
    writeFrameHeader(buffer.view, { type, textMode, sequence, records, textStart });
    const frame = buffer.bytes.subarray(0, buffer.position);
    if (!this.#endOfData && type !== FRAME_END_OF_PARTITION) this.bytes += frame.length;
    this.#send(frame);
    buffer.reset();
    return frame;
  }

  /** I5. */
  #assertMaySend(type: number): void {
    const open = !this.#endOfPartition && (!this.#endOfData || type >= FRAME_BARRIER);
    if (!open) throw afterEnd();
  }

  #send(frame: Uint8Array): void {
    if (this.#pending.length === 0 && this.#ring.tryWrite(frame)) return;
    this.#pending.push(new Uint8Array(frame));
    this.#pendingBytes += frame.length;
    this.maxPendingBytes = Math.max(this.maxPendingBytes, this.#pendingBytes);
  }
}

function afterEnd(): StreamError {
  return new StreamError({
    kind: 'internal',
    code: 'CHANNEL_ENDED',
    message: 'the channel has ended, nothing may be written to it',
  });
}
