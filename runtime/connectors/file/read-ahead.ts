/**
 * Fetches what a file reader will need next, while it still parses what it has.
 *
 * Owns the open file and the queue of regions. Crosses: the reader adds splits and takes items;
 * the fetch loop runs by itself between the two.
 *
 * I1  At most {@link MAX_BUFFERED_CHUNKS} chunks are fetched and not taken.
 * I2  Items of a split are in order: its regions, then its end; splits do not mix.
 * I3  A split is asked for when all of the last one is fetched and nearly all of it taken.
 */
import { type FileSystem, StreamError } from '../../core/index.ts';
import { Availability } from '../availability.ts';
import { fileChunks } from './file-chunks.ts';
import type { FileFormat } from './file-format.ts';
import type { FileSplit } from './file-split.ts';

export const MAX_BUFFERED_CHUNKS = 4;
/** A record longer than this is a file in another format, not a record. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

export type ReadAheadItem =
  | { readonly type: 'begin'; readonly split: FileSplit; readonly bomBytes: number }
  | { readonly type: 'regions'; readonly regions: readonly Buffer[] }
  | { readonly type: 'end' };

export interface ReadAheadInit {
  readonly fileSystem: FileSystem;
  readonly format: FileFormat<unknown>;
  readonly requestSplit: () => void;
  /** Something can be taken, or everything was. */
  readonly onItem: () => void;
  readonly onFailure: (thrown: unknown) => void;
}

export class ReadAhead {
  readonly #init: ReadAheadInit;
  readonly #changed = new Availability();
  readonly #items: ReadAheadItem[] = [];
  #splits: FileSplit[] = [];
  #noMoreSplits = false;
  #closed = false;
  #running: Promise<void> | undefined;
  #bytesRead = 0;

  constructor(init: ReadAheadInit) {
    this.#init = init;
  }

  /** Bytes of the stored files read so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Chunks fetched and not taken. */
  get bufferedChunks(): number {
    return this.#items.reduce((sum, { type }) => sum + (type === 'regions' ? 1 : 0), 0);
  }

  /** Splits of which nothing was taken yet, in order. */
  get untouchedSplits(): readonly FileSplit[] {
    const begun = this.#items.flatMap((item) => (item.type === 'begin' ? [item.split] : []));
    return [...begun, ...this.#splits];
  }

  /** Everything was fetched and taken. */
  get isDone(): boolean {
    return this.#noMoreSplits && this.#splits.length === 0 && this.#items.length === 0;
  }

  start(): void {
    this.#running = this.#run().catch((thrown: unknown) => {
      if (!this.#closed) this.#init.onFailure(thrown);
    });
  }

  addSplits(splits: readonly FileSplit[]): void {
    this.#splits.push(...splits);
    this.#changed.notify();
  }

  noMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#changed.notify();
  }

  take(): ReadAheadItem | undefined {
    const item = this.#items.shift();
    if (item !== undefined) this.#changed.notify();
    return item;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Idempotent; settles when the open file is closed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#items.length = 0;
    this.#changed.notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const split = await this.#nextSplit();
      if (split === undefined) return;
      await this.#fetch(split);
    }
  }

  async #nextSplit(): Promise<FileSplit | undefined> {
    while (this.bufferedChunks > 1 && !this.#closed) await this.#changed.wait();
    if (this.#splits.length === 0 && !this.#noMoreSplits && !this.#closed) {
      this.#init.requestSplit();
    }
    while (this.#splits.length === 0 && !this.#noMoreSplits && !this.#closed) {
      await this.#changed.wait();
    }
    return this.#closed ? undefined : this.#splits[0];
  }

  async #fetch(split: FileSplit): Promise<void> {
    const { fileSystem, format } = this.#init;
    const framer = format.createFramer();
    const onRead = (sizeBytes: number) => {
      this.#bytesRead += sizeBytes;
    };
    let hasBegun = false;
    for await (let chunk of fileChunks(fileSystem, split, onRead)) {
      if (this.#closed) return;
      if (!hasBegun) {
        const bomBytes = split.position.byteOffset === 0 && hasByteOrderMark(chunk) ? 3 : 0;
        chunk = chunk.subarray(bomBytes);
        this.#begin(split, bomBytes);
        hasBegun = true;
      }
      const regions = framer.push(chunk);
      if (framer.carriedBytes > MAX_RECORD_BYTES) throw recordTooLarge(split.path);
      if (regions.length > 0) this.#push({ type: 'regions', regions });
      while (this.bufferedChunks >= MAX_BUFFERED_CHUNKS && !this.#closed) {
        await this.#changed.wait();
      }
    }
    if (this.#closed) return;
    if (!hasBegun) this.#begin(split, 0);
    const last = framer.end();
    if (last !== undefined) this.#push({ type: 'regions', regions: [last] });
    this.#push({ type: 'end' });
  }

  /** Moves the split from those to fetch to the items, so that snapshots find it in one place. */
  #begin(split: FileSplit, bomBytes: number): void {
    this.#splits.shift();
    this.#push({ type: 'begin', split, bomBytes });
  }

  #push(item: ReadAheadItem): void {
    this.#items.push(item);
    this.#init.onItem();
  }
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function recordTooLarge(path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'RECORD_TOO_LARGE',
    message:
      'a record of an input file does not end: check that the file is in the format the source ' +
      'expects, and that each quote is closed ' +
      `path=${path} maxRecordBytes=${MAX_RECORD_BYTES}`,
    details: { path },
  });
}
