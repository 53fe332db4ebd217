/**
 * The reading end of a channel. Owns the sequence expected next and the frames taken ahead.
 * Crosses: a task polls; elements go straight into its sink, records decoded one after the other
 * from the ring's memory.
 *
 * I1  Frames arrive complete, in order and once: sequence numbers have no gap.
 * I2  Frames taken ahead are handed over before those still in the ring; a barrier taken ahead is
 *     returned instead: it has overtaken them.
 * I3  A frame of which a part is handed over stays in the ring until all of it is, or until it is
 *     taken ahead: what is left of it then.
 */
import { assert, defined } from '../core/index.ts';
import type { CheckpointBarrier } from '../protocol/index.ts';
import {
  FRAME_BARRIER,
  FRAME_END,
  FRAME_END_DRAINED,
  FRAME_END_OF_PARTITION,
  FRAME_RECORDS,
  type FrameHeader,
  MAX_SKIPPED_RECORDS,
  readFrameHeader,
  skipRecords,
} from './frame.ts';
import { type ChannelSink, FrameDecoder, frameOf } from './frame-decoder.ts';
import type { Frame, FrameSource } from './ring.ts';
import { CodecCache } from './row-codec.ts';

/** A frame copied out of a ring. */
export interface TakenFrame {
  /** Header and body. */
  readonly bytes: Uint8Array;
  /** Undefined but for barriers. */
  readonly barrier?: CheckpointBarrier;
  /** Records in it: 0 for everything but RECORDS. */
  readonly records: number;
  readonly endOfPartition: boolean;
}

/** What a {@link ChannelReader} is built from. */
export interface ChannelReaderOptions {
  readonly ring: FrameSource;
  /** As the writer's. */
  readonly keyed: boolean;
  /** Shared by the channels of an edge. @default a cache of its own */
  readonly codecs?: CodecCache;
  /** Of the first frame it will find. @default 0 */
  readonly nextSequence?: number;
}

/** See the header. */
export class ChannelReader {
  readonly #ring: FrameSource;
  readonly #decoder: FrameDecoder;
  readonly #ahead: TakenFrame[] = [];
  #sequence: number;
  /** I3. */
  #current: { readonly frame: Frame; readonly header: FrameHeader } | undefined;

  #endOfDataTaken = false;

  /** Bytes of frames taken from the ring, up to the end of data: as the writer counts them. */
  bytesRead = 0;
  /** Bytes of the frames that were taken ahead and are not handed over yet. */
  aheadBytes = 0;

  constructor(options: ChannelReaderOptions) {
    this.#ring = options.ring;
    this.#decoder = new FrameDecoder(options.keyed, options.codecs ?? new CodecCache());
    this.#sequence = options.nextSequence ?? 0;
  }

  /** Records handed over. */
  get records(): number {
    return this.#decoder.records;
  }

  /** END was handed over. */
  get ended(): boolean {
    return this.#decoder.ended;
  }

  /** Of the first frame that was not taken from the ring. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** Taken ahead and not handed over yet; oldest first. */
  get ahead(): readonly TakenFrame[] {
    return this.#ahead;
  }

  /**
   * Hands over at most `maxFrames` frames, and of each frame still in the ring at most `maxRecords`
   * records: the rest of it at the next poll.
   *
   * @returns how many it was: fewer than `maxFrames` when the ring is empty now.
   */
  poll(sink: ChannelSink, maxFrames: number, maxRecords = Number.POSITIVE_INFINITY): number {
    let frames = 0;
    while (frames < maxFrames) {
      if (this.#ahead.length > 0) this.#deliverAhead(sink);
      else if (!this.#deliverNext(sink, maxRecords)) break;
      frames++;
    }
    return frames;
  }

  /**
   * Takes the next frame out of the ring and keeps it for a later `poll` (I2). A barrier is kept
   * for nobody unless {@link putBack} is called with it.
   */
  takeAhead(): TakenFrame | undefined {
    if (this.#current !== undefined) return this.#takeRest(this.#current);
    const frame = this.#ring.poll();
    if (frame === undefined) return undefined;
    try {
      const header = this.#accept(frame);
      const bytes = new Uint8Array(frame.bytes.subarray(frame.start, frame.end));
      const { type, records } = header;
      const endOfPartition = type === FRAME_END_OF_PARTITION;
      if (type === FRAME_BARRIER) {
        return { bytes, records, endOfPartition, barrier: this.#decoder.barrier(frame, header) };
      }
      const taken = { bytes, records, endOfPartition };
      this.putBack(taken);
      return taken;
    } finally {
      this.#ring.release();
    }
  }

  /** Lets a frame taken ahead be handed over after those taken before it. */
  putBack(taken: TakenFrame): void {
    this.#ahead.push(taken);
    this.aheadBytes += taken.bytes.length;
  }

  /** Hands over what is ahead and no record; it stays there. For who will poll no more. */
  deliverControlsAhead(sink: ChannelSink): void {
    for (const { bytes } of this.#ahead) {
      const frame = frameOf(bytes);
      const header = readFrameHeader(frame.view, frame.start);
      if (header.type !== FRAME_RECORDS) this.#decoder.deliver(frame, header, sink);
    }
  }

  /** A SCHEMA frame with the layout of what is handed over next; undefined before the first. */
  schemaFrame(): Uint8Array | undefined {
    return this.#decoder.schema;
  }

  #deliverAhead(sink: ChannelSink): void {
    const taken = defined(this.#ahead.shift(), 'the caller has looked');
    this.aheadBytes -= taken.bytes.length;
    const frame = frameOf(taken.bytes);
    this.#decoder.deliver(frame, readFrameHeader(frame.view, frame.start), sink);
  }

  #deliverNext(sink: ChannelSink, maxRecords: number): boolean {
    if (this.#current !== undefined) return this.#deliverSome(sink, maxRecords);
    const frame = this.#ring.poll();
    if (frame === undefined) return false;
    let isPart = false;
    try {
      const header = this.#accept(frame);
      const { type, records } = header;
      isPart = type === FRAME_RECORDS && records > maxRecords && records <= MAX_SKIPPED_RECORDS;
      if (!isPart) {
        this.#decoder.deliver(frame, header, sink);
        return true;
      }
      this.#decoder.openRecords(frame, header);
      this.#current = { frame, header };
    } finally {
      if (!isPart) this.#ring.release();
    }
    return this.#deliverSome(sink, maxRecords);
  }

  /** I3. */
  #deliverSome(sink: ChannelSink, maxRecords: number): boolean {
    let left = 0;
    try {
      left = this.#decoder.deliverRecords(sink, maxRecords);
    } finally {
      if (left === 0) this.#releaseCurrent();
    }
    return true;
  }

  #releaseCurrent(): void {
    this.#current = undefined;
    this.#ring.release();
  }

  /** I3. */
  #takeRest({ frame, header }: { frame: Frame; header: FrameHeader }): TakenFrame {
    const records = this.#decoder.dropRecords();
    const bytes = new Uint8Array(frame.bytes.subarray(frame.start, frame.end));
    skipRecords(bytes, header.records - records);
    this.#releaseCurrent();
    const taken = { bytes, records, endOfPartition: false };
    this.putBack(taken);
    return taken;
  }

  /** I1. */
  #accept(frame: Frame): FrameHeader {
    const header = readFrameHeader(frame.view, frame.start);
    assert(
      header.sequence === this.#sequence,
      `I1: frame out of sequence: expected=${this.#sequence} found=${header.sequence}`,
    );
    this.#sequence = (header.sequence + 1) >>> 0;
    const { type } = header;
    if (!this.#endOfDataTaken && type !== FRAME_END_OF_PARTITION) {
      this.bytesRead += frame.end - frame.start;
    }
    if (type === FRAME_END || type === FRAME_END_DRAINED) this.#endOfDataTaken = true;
    return header;
  }
}
