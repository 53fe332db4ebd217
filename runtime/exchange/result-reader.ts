/**
 * Reads one channel of what a subtask has stored over a blocking edge, as if it came out of a ring.
 *
 * I1  At most two blocks are in memory: the one that is handed over, and the next.
 * I2  A frame is handed over only out of a block whose checksum is right.
 * I3  What cannot be read is told by `poll`, with whose result it is.
 */
import { crc32 } from 'node:zlib';
import { defined, type FileSystem } from '../core/index.ts';
import { frameOf } from './frame-decoder.ts';
import {
  decodeIndex,
  type ResultBlock,
  type ResultProducer,
  readTrailer,
  resultUnreadable,
  TRAILER_BYTES,
} from './result-file.ts';
import type { Frame, FrameSource } from './ring.ts';

const LENGTH_BYTES = 4;

export interface ResultReaderOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** Which of its channels. */
  readonly channel: number;
  readonly producer: ResultProducer;
  /** There is something to poll, or to be told. */
  readonly wake: () => void;
}

/** See the header. */
export class ResultReader implements FrameSource {
  readonly #options: ResultReaderOptions;
  #blocks: ResultBlock[] | undefined;
  #isLoading = false;
  #next: Uint8Array | undefined;
  #block: Uint8Array = new Uint8Array();
  #view = new DataView(this.#block.buffer);
  #at = 0;
  #failure: unknown;
  #isClosed = false;

  constructor(options: ResultReaderOptions) {
    this.#options = options;
  }

  poll(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#at === this.#block.length) {
      if (this.#next === undefined) {
        this.#load();
        return undefined;
      }
      this.#block = this.#next;
      this.#next = undefined;
      this.#view = new DataView(this.#block.buffer, this.#block.byteOffset, this.#block.length);
      this.#at = 0;
      this.#load();
    }
    const start = this.#at + LENGTH_BYTES;
    return frameOf(this.#block.subarray(start, start + this.#view.getUint32(this.#at, true)));
  }

  release(): void {
    this.#at += LENGTH_BYTES + this.#view.getUint32(this.#at, true);
    if (this.#at < this.#block.length) return;
    // I1: whoever is through holds nothing.
    this.#block = new Uint8Array();
    this.#at = 0;
  }

  /** Nothing is read any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** I1. */
  #load(): void {
    if (this.#isLoading || this.#isClosed || this.#blocks?.length === 0) return;
    this.#isLoading = true;
    const { path, producer, wake } = this.#options;
    this.#read()
      .catch((thrown: unknown) => {
        this.#failure = resultUnreadable(path, producer, thrown);
      })
      .finally(() => {
        this.#isLoading = false;
        wake();
      });
  }

  async #read(): Promise<void> {
    this.#blocks ??= [...(await this.#readIndex())];
    const block = this.#blocks.shift();
    if (block === undefined) throw new Error('it ends before its channel does');
    const [offset, sizeBytes, checksum] = block;
    const bytes = await this.#readAt(offset, sizeBytes);
    // I2.
    if (crc32(bytes) !== checksum) throw new Error(`bytes are damaged: offset=${offset}`);
    this.#next = bytes;
  }

  async #readIndex(): Promise<readonly ResultBlock[]> {
    const { fileSystem, path, channel } = this.#options;
    const status = await fileSystem.stat(path);
    if (status === undefined) throw new Error('the file is not there');
    const end = status.sizeBytes - TRAILER_BYTES;
    if (end < 0) throw new Error('the file is too short');
    const { sizeBytes, checksum } = readTrailer(await this.#readAt(end, TRAILER_BYTES));
    if (sizeBytes > end) throw new Error('its index is damaged');
    const index = decodeIndex(await this.#readAt(end - sizeBytes, sizeBytes), checksum);
    return defined(index.channels[channel], 'a result has every channel of its edge');
  }

  async #readAt(offset: number, sizeBytes: number): Promise<Uint8Array> {
    const { fileSystem, path } = this.#options;
    const bytes = new Uint8Array(sizeBytes);
    const file = await fileSystem.openRead(path, offset);
    try {
      for (let at = 0; at < sizeBytes; ) {
        const read = await file.read(sizeBytes - at);
        if (read.length === 0) throw new Error('the file is too short');
        bytes.set(read, at);
        at += read.length;
      }
    } finally {
      await file.close();
    }
    return bytes;
  }
}
