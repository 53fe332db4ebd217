/**
 * A single-producer single-consumer ring of bytes in shared memory, carrying frames. Space in the
 * ring is the credit of the channel. Owns nothing but its memory; `RingWriter` belongs to one
 * thread and `RingReader` to one, the same or another.
 *
 * Layout: control words, then a power of two of data bytes. A frame is one or more fragments; a
 * fragment is a u32 (its length, top bit set when more of the frame follows) and its bytes, padded
 * to a multiple of four.
 *
 * I1  `tail` is written by the writer only and `head` by the reader only; both count bytes modulo
 *     2^32. Bytes in [head, tail) belong to the reader, the others to the writer.
 * I2  A fragment is published whole, by the atomic store of `tail` that follows its bytes.
 * I3  A fragment takes at most half of the ring, so an empty ring takes any fragment: a frame of
 *     any size gets through.
 * I4  A writer that found no room sets `starved` and looks again; a reader that makes room
 *     rings the writer's doorbell if it finds `starved`. One of the two sees the other.
 * I5  Closed by the reader: what is written is dropped. Closed by the writer: the reader is
 *     finished once it has taken everything.
 */
import { assert } from '../core/index.ts';
import type { Doorbell } from './doorbell.ts';
import { allocateByteText, type ByteText, byteText } from './record-buffer.ts';

const TAIL = 0;
const WRITER_CLOSED = 1;
/** On its own cache line: the other thread writes here. */
const HEAD = 16;
const STARVED = 17;
const READER_CLOSED = 18;
const CONTROL_BYTES = 128;

const MIN_CAPACITY_BYTES = 64;
const FRAGMENT_HEADER_BYTES = 4;
const MORE = 0x80000000;

/** Memory for a ring. @param capacityBytes a power of two, 64 or more. */
export function allocateRing(capacityBytes: number): SharedArrayBuffer {
  const power = 2 ** Math.round(Math.log2(capacityBytes));
  assert(
    power === capacityBytes && capacityBytes >= MIN_CAPACITY_BYTES && capacityBytes <= 2 ** 30,
    `ring capacity must be a power of two in [64, 2^30]: capacityBytes=${capacityBytes}`,
  );
  return new SharedArrayBuffer(CONTROL_BYTES + capacityBytes);
}

/** How much of a ring is taken, now. Of any thread. */
export function ringUse(memory: SharedArrayBuffer): { capacityBytes: number; usedBytes: number } {
  const control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
  const capacityBytes = memory.byteLength - CONTROL_BYTES;
  // The head first: what is taken meanwhile counts as there.
  const head = Atomics.load(control, HEAD);
  const usedBytes = (Atomics.load(control, TAIL) - head) >>> 0;
  return { capacityBytes, usedBytes: Math.min(usedBytes, capacityBytes) };
}

function align(sizeBytes: number): number {
  return (sizeBytes + 3) & ~3;
}

/** What both ends see. */
class RingMemory {
  readonly control: Int32Array;
  readonly words: Int32Array;
  readonly bytes: ByteText;
  readonly view: DataView;
  readonly capacity: number;
  readonly mask: number;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - CONTROL_BYTES;
    this.mask = this.capacity - 1;
    this.control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.words = new Int32Array(memory, CONTROL_BYTES, this.capacity / 4);
    this.bytes = byteText(memory, CONTROL_BYTES, this.capacity);
    this.view = new DataView(memory, CONTROL_BYTES, this.capacity);
  }
}

/** The writing end. */
export class RingWriter {
  readonly #ring: RingMemory;
  readonly #reader: Doorbell | undefined;
  #tail: number;
  /** As last seen: the real head is here or further on. */
  #head: number;
  /** Bytes of the current frame that are in the ring already. */
  #written = 0;

  /** @param reader rung after every fragment. */
  constructor(memory: SharedArrayBuffer, reader?: Doorbell) {
    this.#ring = new RingMemory(memory);
    this.#reader = reader;
    this.#tail = Atomics.load(this.#ring.control, TAIL);
    this.#head = Atomics.load(this.#ring.control, HEAD);
  }

  /** True once the reader is gone (I5). */
  get closed(): boolean {
    return Atomics.load(this.#ring.control, READER_CLOSED) === 1;
  }

  /**
   * True when the whole frame is in the ring. False: there is no room now; call again with the
   * same frame after the doorbell of this slot rang; what went in stays in.
   */
  tryWrite(frame: Uint8Array): boolean {
    if (this.closed) {
      this.#written = 0;
      return true;
    }
    const maxBytes = this.#ring.capacity / 2 - FRAGMENT_HEADER_BYTES;
    do {
      const left = frame.length - this.#written;
      const sizeBytes = Math.min(left, maxBytes);
      if (!this.#hasRoom(FRAGMENT_HEADER_BYTES + align(sizeBytes))) return false;
      this.#put(frame, sizeBytes, left > sizeBytes);
    } while (this.#written < frame.length);
    this.#written = 0;
    return true;
  }

  /** Nothing more will be written (I5). */
  close(): void {
    Atomics.store(this.#ring.control, WRITER_CLOSED, 1);
    this.#reader?.ring();
  }

  #hasRoom(sizeBytes: number): boolean {
    const { control } = this.#ring;
    if (this.#freeBytes() >= sizeBytes) return true;
    this.#head = Atomics.load(control, HEAD);
    if (this.#freeBytes() >= sizeBytes) return true;
    Atomics.store(control, STARVED, 1);
    this.#head = Atomics.load(control, HEAD);
    return this.#freeBytes() >= sizeBytes;
  }

  #freeBytes(): number {
    return this.#ring.capacity - ((this.#tail - this.#head) | 0);
  }

  #put(frame: Uint8Array, sizeBytes: number, more: boolean): void {
    const { bytes, words, mask, capacity, control } = this.#ring;
    const at = this.#tail & mask;
    words[at >> 2] = more ? sizeBytes | MORE : sizeBytes;
    const start = (at + FRAGMENT_HEADER_BYTES) & mask;
    const end = this.#written + sizeBytes;
    const first = Math.min(sizeBytes, capacity - start);
    bytes.set(frame.subarray(this.#written, this.#written + first), start);
    if (first < sizeBytes) bytes.set(frame.subarray(this.#written + first, end), 0);
    this.#written = end;
    this.#tail = (this.#tail + FRAGMENT_HEADER_BYTES + align(sizeBytes)) | 0;
    Atomics.store(control, TAIL, this.#tail);
    this.#reader?.ring();
  }
}

/** Where a frame lies; reused, valid until `release`. */
export interface Frame {
  readonly bytes: ByteText;
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** Where a channel's frames go. */
export type FrameSink = Pick<RingWriter, 'tryWrite'>;

/** Where a channel's frames come from. */
export type FrameSource = Pick<RingReader, 'poll' | 'release'>;

/** The reading end. */
export class RingReader {
  readonly #ring: RingMemory;
  readonly #writer: Doorbell | undefined;
  readonly #frame: { bytes: ByteText; view: DataView; start: number; end: number };
  #head: number;
  /** Head after the current fragment. */
  #next: number;
  /** Frames that wrap around or come in fragments are put together here. */
  #joined: ByteText;
  #joinedView: DataView;
  #joinedBytes = 0;

  /** @param writer rung when room was made for a writer that waits for it. */
  constructor(memory: SharedArrayBuffer, writer?: Doorbell) {
    this.#ring = new RingMemory(memory);
    this.#writer = writer;
    this.#head = Atomics.load(this.#ring.control, HEAD);
    this.#next = this.#head;
    this.#joined = allocateByteText(MIN_CAPACITY_BYTES);
    this.#joinedView = new DataView(this.#joined.buffer);
    this.#frame = { bytes: this.#ring.bytes, view: this.#ring.view, start: 0, end: 0 };
  }

  /** True when the writer closed the ring and nothing is left in it. */
  get finished(): boolean {
    const { control } = this.#ring;
    return Atomics.load(control, WRITER_CLOSED) === 1 && Atomics.load(control, TAIL) === this.#head;
  }

  /** The next whole frame; `release` it before the next call. */
  poll(): Frame | undefined {
    const { words, mask, capacity, control } = this.#ring;
    while (Atomics.load(control, TAIL) !== this.#head) {
      const at = this.#head & mask;
      const word = words[at >> 2] ?? 0;
      const sizeBytes = word & ~MORE;
      const start = (at + FRAGMENT_HEADER_BYTES) & mask;
      this.#next = (this.#head + FRAGMENT_HEADER_BYTES + align(sizeBytes)) | 0;
      if (word >= 0 && this.#joinedBytes === 0 && start + sizeBytes <= capacity) {
        return this.#frameAt(this.#ring.bytes, this.#ring.view, start, start + sizeBytes);
      }
      this.#join(start, sizeBytes);
      if (word >= 0) {
        const end = this.#joinedBytes;
        this.#joinedBytes = 0;
        return this.#frameAt(this.#joined, this.#joinedView, 0, end);
      }
      this.release();
    }
    return undefined;
  }

  /** Gives the frame's room back to the writer. */
  release(): void {
    const { control } = this.#ring;
    this.#head = this.#next;
    Atomics.store(control, HEAD, this.#head);
    if (Atomics.load(control, STARVED) === 1) {
      Atomics.store(control, STARVED, 0);
      this.#writer?.ring();
    }
  }

  /** What is written from now on is dropped; a waiting writer is woken. */
  close(): void {
    Atomics.store(this.#ring.control, READER_CLOSED, 1);
    this.#writer?.ring();
  }

  #join(start: number, sizeBytes: number): void {
    const { bytes, capacity } = this.#ring;
    const end = this.#joinedBytes + sizeBytes;
    if (end > this.#joined.length) {
      const joined = allocateByteText(Math.max(end, 2 * this.#joined.length));
      joined.set(this.#joined.subarray(0, this.#joinedBytes));
      this.#joined = joined;
      this.#joinedView = new DataView(joined.buffer);
    }
    const first = Math.min(sizeBytes, capacity - start);
    this.#joined.set(bytes.subarray(start, start + first), this.#joinedBytes);
    if (first < sizeBytes) {
      this.#joined.set(bytes.subarray(0, sizeBytes - first), this.#joinedBytes + first);
    }
    this.#joinedBytes = end;
  }

  #frameAt(bytes: ByteText, view: DataView, start: number, end: number): Frame {
    const frame = this.#frame;
    frame.bytes = bytes;
    frame.view = view;
    frame.start = start;
    frame.end = end;
    return frame;
  }
}
