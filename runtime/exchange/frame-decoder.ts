/**
 * Decodes the frames of one channel. Owns the codec the last SCHEMA frame named; knows nothing of
 * where frames come from.
 *
 * I1  A RECORDS frame decodes with the layout of the SCHEMA frame before it.
 * I2  Only barriers follow END, nothing follows END_OF_PARTITION.
 * I3  What is left of a RECORDS frame is handed over before the next frame is opened.
 */
import { assert, defined, StreamError } from '../core/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import { readBarrierBody } from './barrier-codec.ts';
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
  FRAME_WATERMARK,
  type FrameHeader,
} from './frame.ts';
import type { Layout } from './layout.ts';
import { byteText, DecodeCursor } from './record-buffer.ts';
import type { Frame } from './ring.ts';
import type { CodecCache, RecordCodec, RecordSink } from './row-codec.ts';

/** What a channel hands over, in the order it was written. */
export interface ChannelSink extends RecordSink {
  watermark(watermarkMs: number): void;
  idle(idle: boolean): void;
  /** End of data; barriers may follow. @param drained a savepoint is to follow. */
  end(drained?: boolean): void;
  barrier(barrier: CheckpointBarrier): void;
  /** Nothing follows at all. */
  endOfPartition(): void;
}

/** A frame that lies alone in its memory. */
export function frameOf(bytes: Uint8Array): Frame {
  const { buffer, byteOffset, length } = bytes;
  const view = new DataView(buffer, byteOffset, length);
  return { bytes: byteText(buffer, byteOffset, length), view, start: 0, end: length };
}

const NOWHERE: RecordSink = { record: () => undefined };

/** See the header. */
export class FrameDecoder {
  readonly #keyed: boolean;
  readonly #codecs: CodecCache;
  #cursor: DecodeCursor | undefined;
  #codec: RecordCodec | undefined;
  #endOfPartition = false;
  /** I3. */
  #left = 0;

  /** Records handed over. */
  records = 0;
  /** END was handed over. */
  ended = false;
  /** The last SCHEMA frame. */
  schema: Uint8Array | undefined;

  constructor(keyed: boolean, codecs: CodecCache) {
    this.#keyed = keyed;
    this.#codecs = codecs;
  }

  deliver(frame: Frame, header: FrameHeader, sink: ChannelSink): void {
    assert(!this.#endOfPartition, 'I2: frame after the end of the partition');
    assert(!this.ended || header.type >= FRAME_BARRIER, 'I2: frame after the end of data');
    switch (header.type) {
      case FRAME_RECORDS:
        this.openRecords(frame, header);
        this.deliverRecords(sink, header.records);
        break;
      case FRAME_SCHEMA: {
        const layout = JSON.parse(this.#open(frame, header).text) as Layout;
        this.#codec = this.#codecs.codecOf(layout, this.#keyed);
        this.schema = new Uint8Array(frame.bytes.subarray(frame.start, frame.end));
        break;
      }
      case FRAME_WATERMARK:
        sink.watermark(frame.view.getFloat64(frame.start + FRAME_HEADER_BYTES, true));
        break;
      case FRAME_IDLE:
      case FRAME_ACTIVE:
        sink.idle(header.type === FRAME_IDLE);
        break;
      case FRAME_END:
      case FRAME_END_DRAINED:
        this.ended = true;
        sink.end(header.type === FRAME_END_DRAINED);
        break;
      case FRAME_BARRIER:
        sink.barrier(this.barrier(frame, header));
        break;
      case FRAME_END_OF_PARTITION:
        this.#endOfPartition = true;
        sink.endOfPartition();
        break;
      default:
        throw unknownFrame(header.type);
    }
  }

  barrier(frame: Frame, header: FrameHeader): CheckpointBarrier {
    const { text } = this.#open(frame, header);
    return readBarrierBody(frame.view, frame.start + FRAME_HEADER_BYTES, text);
  }

  /** A RECORDS frame, for {@link deliverRecords}; its memory is needed until all is handed over. */
  openRecords(frame: Frame, header: FrameHeader): void {
    assert(this.#left === 0, 'I3: the frame before is not handed over yet');
    const cursor = this.#open(frame, header);
    cursor.position = frame.start + FRAME_HEADER_BYTES;
    if (header.skipped > 0) this.#readyCodec().read(cursor, header.skipped, NOWHERE);
    this.#left = header.records - header.skipped;
  }

  /** @returns how many are left. */
  deliverRecords(sink: ChannelSink, maxRecords: number): number {
    const count = Math.min(this.#left, maxRecords);
    this.#left -= count;
    this.records += count;
    const cursor = defined(this.#cursor, 'a frame was opened');
    this.#readyCodec().read(cursor, count, sink);
    return this.#left;
  }

  /** Nothing is left of the frame that was opened. @returns how many records were. */
  dropRecords(): number {
    const left = this.#left;
    this.#left = 0;
    return left;
  }

  #readyCodec(): RecordCodec {
    return defined(this.#codec, 'I1: records before their schema');
  }

  #open(frame: Frame, header: FrameHeader): DecodeCursor {
    this.#cursor ??= new DecodeCursor(frame.bytes, frame.view);
    this.#cursor.bytes = frame.bytes;
    this.#cursor.view = frame.view;
    this.#cursor.openText(header.textMode, frame.start + header.textStart, frame.end);
    return this.#cursor;
  }
}

function unknownFrame(type: number): StreamError {
  return new StreamError({
    kind: 'internal',
    code: 'FRAME_UNKNOWN',
    message: `frame of a type this version does not know: type=${type}`,
    details: { type },
  });
}
