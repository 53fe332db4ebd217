/**
 * The reading end of a channel. Owns the codec the last SCHEMA frame named and the sequence
 * expected next. Crosses: a task polls; elements go straight into its sink, records decoded one
 * after the other from the ring's memory.
 *
 * I1  Frames arrive complete, in order and once: sequence numbers have no gap.
 * I2  A RECORDS frame decodes with the layout of the SCHEMA frame before it.
 * I3  Nothing follows END.
 */
import { assert, StreamError } from '../core/index.ts';
import {
  FRAME_ACTIVE,
  FRAME_END,
  FRAME_HEADER_BYTES,
  FRAME_IDLE,
  FRAME_RECORDS,
  FRAME_SCHEMA,
  FRAME_WATERMARK,
  type FrameHeader,
  readFrameHeader,
} from './frame.ts';
import type { Layout } from './layout.ts';
import { DecodeCursor } from './record-buffer.ts';
import type { Frame, RingReader } from './ring.ts';
import { CodecCache, type RecordCodec, type RecordSink } from './row-codec.ts';

/** What a channel hands over, in the order it was written. */
export interface ChannelSink extends RecordSink {
  watermark(watermarkMs: number): void;
  idle(idle: boolean): void;
  end(): void;
}

/** What a {@link ChannelReader} is built from. */
export interface ChannelReaderOptions {
  readonly ring: RingReader;
  /** As the writer's. */
  readonly keyed: boolean;
  /** Shared by the channels of an edge. @default a cache of its own */
  readonly codecs?: CodecCache;
}

/** See the header. */
export class ChannelReader {
  readonly #ring: RingReader;
  readonly #keyed: boolean;
  readonly #codecs: CodecCache;
  #cursor: DecodeCursor | undefined;
  #codec: RecordCodec | undefined;
  #sequence = 0;

  /** Records handed over. */
  records = 0;
  /** Bytes of frames handed over. */
  bytesRead = 0;
  /** END was handed over. */
  ended = false;

  constructor(options: ChannelReaderOptions) {
    this.#ring = options.ring;
    this.#keyed = options.keyed;
    this.#codecs = options.codecs ?? new CodecCache();
  }

  /**
   * Hands over at most `maxFrames` frames.
   *
   * @returns how many it was: fewer than `maxFrames` when the ring is empty now.
   */
  poll(sink: ChannelSink, maxFrames: number): number {
    let frames = 0;
    while (frames < maxFrames) {
      const frame = this.#ring.poll();
      if (frame === undefined) break;
      frames++;
      try {
        this.#deliver(frame, sink);
      } finally {
        this.#ring.release();
      }
    }
    return frames;
  }

  #deliver(frame: Frame, sink: ChannelSink): void {
    const header = readFrameHeader(frame.view, frame.start);
    assert(
      header.sequence === this.#sequence,
      `I1: frame out of sequence: expected=${this.#sequence} found=${header.sequence}`,
    );
    assert(!this.ended, 'I3: frame after the end');
    this.#sequence = (header.sequence + 1) >>> 0;
    this.bytesRead += frame.end - frame.start;
    switch (header.type) {
      case FRAME_RECORDS:
        this.#deliverRecords(frame, header, sink);
        break;
      case FRAME_SCHEMA: {
        const cursor = this.#open(frame, header);
        const layout = JSON.parse(cursor.text) as Layout;
        this.#codec = this.#codecs.codecOf(layout, this.#keyed);
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
        this.ended = true;
        sink.end();
        break;
      default:
        throw unknownFrame(header.type);
    }
  }

  #deliverRecords(frame: Frame, header: FrameHeader, sink: ChannelSink): void {
    const codec = this.#codec;
    assert(codec !== undefined, 'I2: records before their schema');
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
