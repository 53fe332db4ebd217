/**
 * One part file while it is written: text is gathered into blocks, blocks are compressed and
 * written in the background, in order.
 *
 * A compressed file is one gzip member or zstd frame: not every reader goes on after the first.
 */
import type { FileSystem, FileWriter } from '../../core/index.ts';
import type { Compression } from './decompress.ts';
import type { WriteBacklog } from './write-backlog.ts';
import { ZlibPump } from './zlib-pump.ts';

const BLOCK_CHARS = 128 * 1024;

export class PartFile {
  readonly path: string;
  readonly #fileSystem: FileSystem;
  readonly #backlog: WriteBacklog;
  readonly #pump: ZlibPump | undefined;
  #writer: FileWriter | undefined;
  #tail: Promise<void> = Promise.resolve();
  #text = '';
  #handedOverBytes = 0;
  #recordCount = 0;

  constructor(
    path: string,
    fileSystem: FileSystem,
    backlog: WriteBacklog,
    compression: Compression,
  ) {
    this.path = path;
    this.#fileSystem = fileSystem;
    this.#backlog = backlog;
    if (compression !== 'none') this.#pump = new ZlibPump(compression, 'compress');
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Before compression; characters that are not written yet count as one byte each. */
  get sizeBytes(): number {
    return this.#handedOverBytes + this.#text.length;
  }

  appendHeader(text: string): void {
    this.#text += text;
  }

  append(text: string): void {
    this.#text += text;
    this.#recordCount += 1;
    if (this.#text.length >= BLOCK_CHARS) this.#handOver();
  }

  /** Settles when the file is durable, or has failed: the backlog knows. */
  finish(): Promise<void> {
    this.#handOver();
    this.#enqueue(0, async () => {
      await this.#pump?.end();
      await this.#writePumped();
      await (await this.#opened()).close();
    });
    return this.#tail;
  }

  /** Closes and removes the file. */
  async discard(): Promise<void> {
    this.#text = '';
    await this.#tail;
    this.#pump?.destroy();
    // A writer that failed fails again; the file goes all the same.
    await this.#writer?.close().catch(() => {});
    await this.#fileSystem.remove(this.path);
  }

  #handOver(): void {
    if (this.#text === '') return;
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    this.#handedOverBytes += bytes.length;
    this.#enqueue(bytes.length, async () => {
      if (this.#pump === undefined) {
        await (await this.#opened()).write(bytes);
      } else {
        await this.#pump.push(bytes);
        await this.#writePumped();
      }
    });
  }

  async #writePumped(): Promise<void> {
    for (const block of this.#pump?.takeOutput() ?? []) await (await this.#opened()).write(block);
  }

  #enqueue(sizeBytes: number, work: () => Promise<void>): void {
    this.#tail = this.#backlog.run(this.#tail, sizeBytes, work);
  }

  async #opened(): Promise<FileWriter> {
    this.#writer ??= await this.#fileSystem.openWrite(this.path);
    return this.#writer;
  }
}
