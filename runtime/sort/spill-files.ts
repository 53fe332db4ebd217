/**
 * The files of one sorter: runs of sorted frames, written and read from the front.
 *
 * I1  Whatever happens, `close` leaves no file behind: it waits for calls under way.
 * I2  A frame is handed out as it was written, or not at all: length, checksum and the size of the
 *     file are checked.
 */
import { assert, type FileReader, type FileSystem, type FileWriter } from '../core/index.ts';
import { sortFileLost, sortWithoutSpace } from './errors.ts';
import { FRAME_HEAD_BYTES, hasItsChecksum, LENGTH_AT, writeChecksum } from './frame-writer.ts';
import type { FrameFeed } from './record-source.ts';

export interface SpillFilesOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** How names of the files begin; no other sorter has it. */
  readonly prefix: string;
  readonly operatorName: string;
  /** Read at a time. */
  readonly readBytes: number;
}

/** A file with sorted frames. */
export interface SpilledRun {
  readonly path: string;
  readonly sizeBytes: number;
}

export class SpillFiles {
  readonly #options: SpillFilesOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #open = new Set<FileReader | FileWriter>();
  /** Whether the file was opened: what could not be need not be there. */
  readonly #paths = new Map<string, boolean>();
  #nextNumber = 0;
  #isClosed = false;
  /** In all files so far. */
  spilledBytes = 0;

  constructor(options: SpillFilesOptions) {
    this.#options = options;
  }

  get fileCount(): number {
    return this.#paths.size;
  }

  /** @throws {StreamError} code `SORT_WITHOUT_SPACE`; so do the writer's methods. */
  async create(): Promise<SpillWriter> {
    const { directory, prefix, fileSystem } = this.#options;
    const path = `${directory.replace(/\/$/, '')}/${prefix}-${this.#nextNumber++}.run`;
    this.#paths.set(path, false);
    const opened = (writer: FileWriter): void => {
      this.#paths.set(path, true);
      this.#open.add(writer);
    };
    const writer = await this.writing(() => fileSystem.openWrite(path), opened);
    return new SpillWriter(this, path, writer);
  }

  /** Frames come a read ahead. */
  feed(run: SpilledRun): FrameFeed {
    return new SpillFeed(this, run, this.#options.readBytes);
  }

  async openRead(path: string): Promise<FileReader> {
    const { fileSystem } = this.#options;
    const opened = (reader: FileReader): unknown => this.#open.add(reader);
    return await this.reading(path, () => fileSystem.openRead(path, 0), opened);
  }

  async closeFile(file: FileReader | FileWriter, path: string): Promise<void> {
    this.#open.delete(file);
    const close = (): Promise<void> => file.close();
    await ('write' in file ? this.writing(close) : this.reading(path, close));
  }

  async remove({ path }: SpilledRun): Promise<void> {
    await this.writing(() => this.#options.fileSystem.remove(path));
    this.#paths.delete(path);
  }

  /** I2. */
  lost(path: string, problem: string, cause?: unknown): Error {
    return sortFileLost(this.#options.operatorName, path, problem, cause);
  }

  /** @throws {StreamError} of what cannot be removed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await Promise.allSettled([...this.#open].map((file) => file.close()));
    this.#open.clear();
    const { fileSystem } = this.#options;
    await Promise.all(
      [...this.#paths].map(([path, wasOpened]) =>
        fileSystem.remove(path).catch((thrown: unknown) => {
          if (wasOpened) throw thrown;
        }),
      ),
    );
    this.#paths.clear();
  }

  async writing<T>(call: () => Promise<T>, done?: (result: T) => unknown): Promise<T> {
    const { operatorName, fileSystem, directory } = this.#options;
    return await this.#tracked(call, done, (thrown) => {
      const absolute = fileSystem.absolute(directory);
      return sortWithoutSpace(operatorName, absolute, this.spilledBytes, thrown);
    });
  }

  async reading<T>(
    path: string,
    call: () => Promise<T>,
    done?: (result: T) => unknown,
  ): Promise<T> {
    return await this.#tracked(call, done, (thrown) =>
      this.lost(path, 'cannot be read again', thrown),
    );
  }

  /** I1. */
  async #tracked<T>(
    call: () => Promise<T>,
    done: ((result: T) => unknown) | undefined,
    wrap: (thrown: unknown) => Error,
  ): Promise<T> {
    assert(!this.#isClosed, 'I1: no file is touched once the sorter is closed');
    const settled = call().then((result) => {
      done?.(result);
      return result;
    });
    this.#underWay.add(settled);
    try {
      return await settled;
    } catch (thrown) {
      throw wrap(thrown);
    } finally {
      this.#underWay.delete(settled);
    }
  }
}

export class SpillWriter {
  readonly #files: SpillFiles;
  readonly #path: string;
  readonly #writer: FileWriter;
  #sizeBytes = 0;

  constructor(files: SpillFiles, path: string, writer: FileWriter) {
    this.#files = files;
    this.#path = path;
    this.#writer = writer;
  }

  /** Takes ownership of the frame. */
  async write(frame: Uint8Array): Promise<void> {
    writeChecksum(frame);
    this.#sizeBytes += frame.length;
    this.#files.spilledBytes += frame.length;
    await this.#files.writing(() => this.#writer.write(frame));
  }

  async close(): Promise<SpilledRun> {
    await this.#files.closeFile(this.#writer, this.#path);
    return { path: this.#path, sizeBytes: this.#sizeBytes };
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

class SpillFeed implements FrameFeed {
  readonly #files: SpillFiles;
  readonly #run: SpilledRun;
  readonly #readBytes: number;
  #reader: FileReader | undefined;
  /** Read and not handed out. */
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  /** In the file, behind what was read. */
  #leftBytes: number;
  #next: Uint8Array | 'end' | undefined;
  #loading: Promise<void>;

  constructor(files: SpillFiles, run: SpilledRun, readBytes: number) {
    this.#files = files;
    this.#run = run;
    this.#readBytes = readBytes;
    this.#leftBytes = run.sizeBytes;
    this.#loading = this.#load();
  }

  next(): Uint8Array | 'wait' | 'end' {
    const next = this.#next;
    if (next === undefined || next === 'end') return next ?? 'wait';
    this.#next = undefined;
    this.#loading = this.#load();
    return next;
  }

  available(): Promise<void> {
    return this.#loading;
  }

  #load(): Promise<void> {
    const loading = this.#loadNext().then((next) => {
      this.#next = next;
    });
    // Who waits sees it; a sorter that is closed does not wait.
    loading.catch(() => undefined);
    return loading;
  }

  async #loadNext(): Promise<Uint8Array | 'end'> {
    const { path } = this.#run;
    this.#reader ??= await this.#files.openRead(path);
    if (this.#leftBytes === 0 && this.#at === this.#bytes.length) {
      await this.#files.closeFile(this.#reader, path);
      return 'end';
    }
    const head = await this.#peek(this.#reader, FRAME_HEAD_BYTES);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const sizeBytes = view.getUint32(LENGTH_AT, true);
    const heldBytes = this.#bytes.length - this.#at + this.#leftBytes;
    if (sizeBytes < FRAME_HEAD_BYTES || sizeBytes > heldBytes) throw this.#changed();
    const frame = await this.#peek(this.#reader, sizeBytes);
    this.#at += sizeBytes;
    if (!hasItsChecksum(frame)) throw this.#changed();
    return frame;
  }

  /** The next bytes of the file. */
  async #peek(reader: FileReader, sizeBytes: number): Promise<Uint8Array> {
    while (this.#bytes.length - this.#at < sizeBytes) {
      const held = this.#bytes.subarray(this.#at);
      const readBytes = Math.max(this.#readBytes, sizeBytes - held.length);
      const read = await this.#files.reading(this.#run.path, () => reader.read(readBytes));
      if (read.length === 0 || read.length > this.#leftBytes) throw this.#changed();
      this.#leftBytes -= read.length;
      const bytes = held.length === 0 ? read : new Uint8Array(held.length + read.length);
      if (held.length > 0) {
        bytes.set(held);
        bytes.set(read, held.length);
      }
      this.#bytes = bytes;
      this.#at = 0;
    }
    return this.#bytes.subarray(this.#at, this.#at + sizeBytes);
  }

  /** I2. */
  #changed(): Error {
    return this.#files.lost(this.#run.path, 'is not as it was written: it was cut off or changed');
  }
}
