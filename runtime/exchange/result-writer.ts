/**
 * Stores what one subtask sends over a blocking edge: each of its channels writes frames as into a
 * ring; they are put into a file, many at a time and sorted by channel, and the file is shown under
 * its name when every channel has ended.
 *
 * Owns the file being written and the frames that are not in it yet.
 *
 * I1  At most two groups of frames are in memory: one fills while the other is written. A channel
 *     without room says so, and `wake` is called when there is some.
 * I2  The last channel has room for its end of partition only once the file has its name: a task
 *     that has ended has stored its result.
 * I3  A write that failed is told by the next call.
 */
import { crc32 } from 'node:zlib';
import { type FileSystem, type FileWriter, StreamError } from '../core/index.ts';
import { endsPartition } from './frame.ts';
import { encodeIndex, type ResultBlock } from './result-file.ts';
import type { FrameSink } from './ring.ts';

const GROUP_BYTES = 4 * 1024 * 1024;
const LENGTH_BYTES = 4;

export interface ResultWriterOptions {
  readonly fileSystem: FileSystem;
  /** Of the file, when it is complete. */
  readonly path: string;
  readonly channelCount: number;
  /** There may be room, or an end. */
  readonly wake: () => void;
  /** Frames in memory before they are written. @default 4 MiB */
  readonly groupBytes?: number;
}

/** See the header. */
export class ResultWriter {
  readonly #options: Required<ResultWriterOptions>;
  readonly #blocks: ResultBlock[][];
  /** By channel. */
  #filling: Uint8Array[][];
  #fillingBytes = 0;
  #offset = 0;
  #file: FileWriter | undefined;
  #writing: Promise<void> | undefined;
  #open: number;
  #state: 'open' | 'shown' | 'closed' = 'open';
  #failure: unknown;

  constructor(options: ResultWriterOptions) {
    this.#options = { groupBytes: GROUP_BYTES, ...options };
    this.#open = options.channelCount;
    this.#blocks = Array.from({ length: options.channelCount }, () => []);
    this.#filling = this.#blocks.map(() => []);
  }

  /** @param index from 0. */
  channel(index: number): FrameSink {
    let hasEnded = false;
    const tryWrite = (frame: Uint8Array): boolean => {
      if (this.#failure !== undefined) throw this.#failure;
      if (hasEnded) return this.#state === 'shown';
      if (!this.#hasRoom()) return false;
      this.#filling[index]?.push(Uint8Array.from(frame));
      this.#fillingBytes += LENGTH_BYTES + frame.length;
      if (!endsPartition(frame)) return true;
      hasEnded = true;
      this.#open -= 1;
      // I2.
      if (this.#open > 0) return true;
      this.#track(this.#finish());
      return false;
    };
    return { tryWrite };
  }

  /** Gives up what is not complete. */
  async close(): Promise<void> {
    const wasShown = this.#state === 'shown';
    this.#state = 'closed';
    if (wasShown || this.#file === undefined) return;
    await this.#file.close().catch(() => {});
    await this.#options.fileSystem.remove(this.#partPath).catch(() => {});
  }

  get #partPath(): string {
    return `${this.#options.path}.part`;
  }

  /** I1. */
  #hasRoom(): boolean {
    if (this.#fillingBytes < this.#options.groupBytes) return true;
    if (this.#writing !== undefined) return false;
    this.#writing = this.#store().finally(() => {
      this.#writing = undefined;
    });
    this.#track(this.#writing);
    return true;
  }

  #track(work: Promise<void>): void {
    const { wake, path } = this.#options;
    work.then(wake, (thrown: unknown) => {
      this.#failure ??= notStored(path, thrown);
      wake();
    });
  }

  async #store(): Promise<void> {
    const group = this.#filling;
    this.#filling = group.map(() => []);
    this.#fillingBytes = 0;
    this.#file ??= await this.#options.fileSystem.openWrite(this.#partPath);
    for (const [index, frames] of group.entries()) {
      if (frames.length === 0) continue;
      const block = joined(frames);
      this.#blocks[index]?.push([this.#offset, block.length, crc32(block)]);
      this.#offset += block.length;
      await this.#file.write(block);
    }
  }

  async #finish(): Promise<void> {
    await this.#writing;
    await this.#store();
    const { fileSystem, path } = this.#options;
    await this.#file?.write(encodeIndex({ version: 1, channels: this.#blocks }));
    await this.#file?.close();
    if (this.#state === 'closed') return;
    await fileSystem.publish(this.#partPath, path);
    this.#state = 'shown';
  }
}

/** Each with its length. */
function joined(frames: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, f) => sum + LENGTH_BYTES + f.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length, true);
    bytes.set(frame, at + LENGTH_BYTES);
    at += LENGTH_BYTES + frame.length;
  }
  return bytes;
}

function notStored(path: string, cause: unknown): StreamError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StreamError({
    kind: 'unavailable',
    code: 'RESULT_NOT_STORED',
    message:
      `the result of a stage cannot be stored: ${reason}. It is kept until the job has ended: ` +
      "let 'io.tmp.dirs' be a directory with room for all that goes between stages; " +
      `path='${path}'`,
    details: { path },
    cause,
  });
}
