/**
 * Decodes the frames of one channel. Owns the codec the last SCHEMA frame named; knows nothing of
 * where frames come from.
 *
 * I1  A RECORDS frame decodes with the layout of the SCHEMA frame before it.
 * I2  Only barriers follow END, nothing follows END_OF_PARTITION.
 */
import { assert, StreamError } from '../core/index.ts';
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

/** See the header. */
export class FrameDecoder {
  readonly #keyed: boolean;
  readonly #codecs: CodecCache;
  #cursor: DecodeCursor | undefined;
  #codec: RecordCodec | undefined;
  #endOfPartition = false;

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
        this.#deliverRecords(frame, header, sink);
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

  #deliverRecords(frame: Frame, header: FrameHeader, sink: ChannelSink): void {
    const codec = this.#codec;
    assert(codec !== undefined, 'I1: records before their schema');
    this.records += header.records;
    const cursor = this.#open(frame, header);
    cursor.position = frame.start + FRAME_HEADER_BYTES;
    codec.read(cursor, header.records, sink);
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
