/**
 * Frames of one channel as bytes: what an unaligned barrier overtook, to be taken again after a
 * restore. Persisted: a u32 format version, then each frame as a u32 length and its bytes, little
 * endian. The first frame with records follows a SCHEMA frame.
 */
import { StreamError } from '../core/index.ts';
import { FRAME_HEADER_BYTES, FRAME_RECORDS, FRAME_SCHEMA, readFrameHeader } from './frame.ts';
import { FrameDecoder, frameOf } from './frame-decoder.ts';
import { CodecCache, type RecordSink } from './row-codec.ts';

const FRAME_LOG_VERSION = 1;

/** @param frames oldest first. */
export function encodeFrames(frames: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = frames.reduce((sum, frame) => sum + 4 + frame.length, 4);
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FRAME_LOG_VERSION, true);
  let at = 4;
  for (const frame of frames) {
    view.setUint32(at, frame.length, true);
    bytes.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return bytes;
}

/**
 * Hands over the records of encoded frames, a frame at a time. Watermarks, idleness and ends are
 * left out: the channel says them again, and a watermark of an earlier layout of the job could
 * make records late that are not.
 */
export class FrameReplay {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder: FrameDecoder;
  #at = 4;

  /** @throws {StreamError} `FRAME_LOG_CORRUPT`, kind `data`; also by {@link FrameReplay.next}. */
  constructor(bytes: Uint8Array, keyed: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#decoder = new FrameDecoder(keyed, new CodecCache());
    const version = bytes.length < 4 ? undefined : this.#view.getUint32(0, true);
    if (version !== FRAME_LOG_VERSION) throw corrupt(`format version=${version}`);
  }

  /** False when there was no frame left. */
  next(sink: RecordSink): boolean {
    while (this.#at < this.#bytes.length) {
      const frame = frameOf(this.#take());
      const header = readFrameHeader(frame.view, frame.start);
      if (header.type !== FRAME_RECORDS && header.type !== FRAME_SCHEMA) continue;
      this.#decoder.deliver(frame, header, { ...IGNORES_CONTROL, record: sink.record.bind(sink) });
      if (header.type === FRAME_RECORDS) return true;
    }
    return false;
  }

  #take(): Uint8Array {
    const start = this.#at + 4;
    const left = this.#bytes.length - start;
    const sizeBytes = left < 0 ? -1 : this.#view.getUint32(this.#at, true);
    if (left < sizeBytes || sizeBytes < FRAME_HEADER_BYTES)
      throw corrupt(`frame cut off at=${this.#at}`);
    this.#at = start + sizeBytes;
    return this.#bytes.subarray(start, this.#at);
  }
}

const IGNORES_CONTROL = {
  watermark: () => undefined,
  idle: () => undefined,
  end: () => undefined,
  barrier: () => undefined,
  endOfPartition: () => undefined,
};

function corrupt(what: string): StreamError {
  return new StreamError({
    kind: 'data',
    code: 'FRAME_LOG_CORRUPT',
    message: `frames kept by an unaligned checkpoint cannot be read, restore from another one: ${what}`,
  });
}
