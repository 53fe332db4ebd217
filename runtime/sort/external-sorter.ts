/**
 * Sorts records by key, then timestamp, then input, then the order in which they came; what does
 * not fit its memory lies in files meanwhile.
 *
 * Owns the records between `add` and `poll`. Batches of records are sorted and written into frames
 * as they come: a sorted run. When runs take the memory, all of them are merged into one file, and
 * files into fewer files when there are too many to merge at once. The caller gives it turns for
 * all this (`inTurn`); between them it does nothing but to wait for files.
 *
 * I1  No call does more than some milliseconds of work: a batch, or a few frames of a merge.
 * I2  `#runs` are in the order of their records; adjacent ones are merged, into their place.
 * I3  `memoryBytes` bounds the frames held; beside them it holds one batch, and what is added while
 *     it says that it has no room: the caller stops then.
 * I4  After `close` nothing is under way and no file is left.
 *
 * @see Flink `ExternalSorter`, `SortingDataInput`
 */
import type { EncodedKey } from '../core/index.ts';
import { recordTooLargeToSort } from './errors.ts';
import { FrameWriter } from './frame-writer.ts';
import { Merger } from './merger.ts';
import { RecordBatch } from './record-batch.ts';
import { RecordCodecs } from './record-codecs.ts';
import { type FrameFeed, RecordSource } from './record-source.ts';
import { type SpilledRun, SpillFiles, type SpillFilesOptions } from './spill-files.ts';

export interface ExternalSorterOptions extends Omit<SpillFilesOptions, 'readBytes'> {
  readonly memoryBytes: number;
  /** Files merged at once, at most; fewer where memory is small. */
  readonly maxFanIn: number;
  /** Calls back soon, on a turn of the caller's, which fails with what is thrown. */
  readonly inTurn: (slice: () => void) => void;
}

/** Takes the sorted records. */
export interface SortedRecords {
  /** Records that follow have this key: none of them came before. */
  startKey(key: EncodedKey): void;
  record(input: number, value: unknown, timestampMs: number): void;
}

/** Of frames, in memory. */
interface MemoryRun {
  readonly frames: Uint8Array[];
  sizeBytes: number;
}

type Run = MemoryRun | SpilledRun;

const MIN_FRAME_BYTES = 1024;
const MAX_FRAME_BYTES = 64 * 1024;
/** Frames of the smallest size fit some sixty times. */
const FRAMES_IN_MEMORY = 64;
/** Of a frame that is read, one ahead of it, and its text. */
const FRAMES_A_FILE = 3;
const MIN_FAN_IN = 2;
/** Written in one turn, unless memory is small. */
const MAX_SLICE_BYTES = 512 * 1024;
const MAX_BATCH_BYTES = 1024 * 1024;
const FIRST_BATCH_RECORDS = 64;
const MAX_BATCH_RECORDS = 8 * 1024;
/** A record takes at most this share of the memory, so that some can be merged. */
const RECORDS_IN_MEMORY = 4;

export class ExternalSorter {
  readonly #options: ExternalSorterOptions;
  readonly #files: SpillFiles;
  readonly #codecs = new RecordCodecs();
  readonly #writer: FrameWriter;
  readonly #frameBytes: number;
  readonly #maxFanIn: number;
  readonly #batch = new RecordBatch();
  #maxBatchRecords = FIRST_BATCH_RECORDS;
  #batchBytes = 0;
  /** I2. */
  #runs: Run[] = [];
  /** In frames of memory runs, those being merged included. */
  #memoryBytes = 0;
  #spilling: Promise<void> | undefined;
  #failure: unknown;
  #finishing: Promise<void> | undefined;
  #merger: Merger | undefined;
  /** Added. */
  records = 0;

  constructor(options: ExternalSorterOptions) {
    const { memoryBytes, maxFanIn } = options;
    this.#options = options;
    const share = Math.floor(memoryBytes / FRAMES_IN_MEMORY);
    this.#frameBytes = Math.min(MAX_FRAME_BYTES, Math.max(MIN_FRAME_BYTES, share));
    const affordable = Math.floor(memoryBytes / 2 / (FRAMES_A_FILE * this.#frameBytes));
    this.#maxFanIn = Math.max(MIN_FAN_IN, Math.min(maxFanIn, affordable));
    this.#writer = new FrameWriter(this.#frameBytes);
    this.#files = new SpillFiles({ ...options, readBytes: this.#frameBytes });
  }

  /** Written to files so far, merges of files included. */
  get spilledBytes(): number {
    return this.#files.spilledBytes;
  }

  /** I3. */
  get heldBytes(): number {
    return this.#memoryBytes;
  }

  /** False: it is writing to a file, and wants no more until some memory is free again. */
  get hasRoom(): boolean {
    // Once something has failed, `add` says so.
    return this.#memoryBytes < this.#options.memoryBytes || this.#failure !== undefined;
  }

  /**
   * @param input as small a number as there are inputs.
   * @throws {StreamError} code `RECORD_TOO_LARGE_TO_SORT`; kind `user`, code
   * `VALUE_NOT_ENCODABLE`; what failed in the background.
   */
  add(input: number, key: EncodedKey, timestampMs: number, value: unknown): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.records += 1;
    this.#batch.add(input, key, timestampMs, value);
    if (this.#batch.size < this.#maxBatchRecords) return;
    this.#sortBatch();
    if (!this.#isFull() || this.#spilling !== undefined) return;
    this.#spilling = this.#spillWhileFull();
    this.#spilling.catch((thrown: unknown) => this.#fail(thrown));
  }

  /** No record comes any more. */
  finish(): void {
    if (this.#batch.size > 0) this.#sortBatch();
    this.#finishing = this.#prepareMerge();
    this.#finishing.catch((thrown: unknown) => this.#fail(thrown));
  }

  /**
   * Hands over at most so many records; after {@link finish}. `nothing`: see {@link available}.
   *
   * @throws {StreamError} what failed in the background; what the taker throws.
   */
  poll(taker: SortedRecords, maxRecords: number): 'more' | 'nothing' | 'end' {
    if (this.#failure !== undefined) throw this.#failure;
    const merger = this.#merger;
    if (merger === undefined) return 'nothing';
    const codecs = this.#codecs;
    let input = 0;
    const sink = {
      record: (value: unknown, timestampMs: number): void =>
        taker.record(input, value, timestampMs),
    };
    for (let count = 0; count < maxRecords; count += 1) {
      const source = merger.next();
      if (source === 'wait') return count === 0 ? 'nothing' : 'more';
      if (source === 'end') return 'end';
      if (merger.startsKey) taker.startKey(merger.key);
      input = codecs.inputOf(source.codec);
      codecs.read(source.codec, source.cursor(), sink);
    }
    return 'more';
  }

  /** Settles when `poll` has something; rejects as it throws. */
  async available(): Promise<void> {
    await this.#finishing;
    await this.#merger?.available();
  }

  /** I4. @throws {StreamError} of a file that cannot be removed. */
  async close(): Promise<void> {
    this.#runs = [];
    this.#merger = undefined;
    await this.#files.close();
  }

  /** Nobody may be about to call. */
  #fail(thrown: unknown): void {
    this.#failure ??= thrown;
    this.#options.inTurn(() => {
      throw thrown;
    });
  }

  #isFull(): boolean {
    return this.#memoryBytes > 0 && this.#memoryBytes >= this.#options.memoryBytes / 2;
  }

  #sortBatch(): void {
    const { memoryBytes, operatorName } = this.#options;
    const run: MemoryRun = { frames: [], sizeBytes: 0 };
    const count = this.#batch.size;
    this.#batchBytes = 0;
    const maxBytes = Math.floor(memoryBytes / RECORDS_IN_MEMORY);
    this.#batch.writeSorted(this.#writer, this.#codecs, (sizeBytes, isFull) => {
      if (sizeBytes > maxBytes) {
        const needBytes = sizeBytes * RECORDS_IN_MEMORY;
        throw recordTooLargeToSort(operatorName, sizeBytes, memoryBytes, needBytes);
      }
      this.#batchBytes += sizeBytes;
      if (isFull) this.#takeFrame(run);
    });
    this.#takeFrame(run);
    this.#runs.push(run);
    const wantedBytes = Math.min(MAX_BATCH_BYTES, memoryBytes / 8);
    const fitting = Math.floor((wantedBytes * count) / this.#batchBytes);
    this.#maxBatchRecords = Math.max(1, Math.min(MAX_BATCH_RECORDS, 4 * count, fitting));
  }

  #takeFrame(run: MemoryRun): void {
    const frame = this.#writer.take();
    if (frame === undefined) return;
    run.frames.push(frame);
    run.sizeBytes += frame.length;
    this.#memoryBytes += frame.length;
  }

  async #spillWhileFull(): Promise<void> {
    while (this.#isFull()) await this.#spillMemory();
    this.#spilling = undefined;
  }

  /** All runs in memory become one file; they are the newest. */
  async #spillMemory(): Promise<void> {
    const first = this.#runs.findIndex((run) => 'frames' in run);
    if (first < 0) return;
    await this.#mergeRuns(this.#runs.slice(first));
  }

  /** I2. */
  async #mergeRuns(runs: readonly Run[]): Promise<void> {
    const merger = new Merger(this.#sourcesOf(runs), this.#codecs);
    const writer = await this.#files.create();
    const frames = new FrameWriter(this.#frameBytes);
    const sliceBytes = Math.min(MAX_SLICE_BYTES, this.#options.memoryBytes / 8);
    let written = Promise.resolve();
    for (let ended = false; !ended; ) {
      const slice = await this.#turn(() => mergeSlice(merger, frames, sliceBytes));
      // At most one slice waits to be written.
      await written;
      written = writeAll(writer, slice.frames);
      written.catch(() => undefined);
      if (slice.stopped === 'wait') await merger.available();
      ended = slice.stopped === 'end';
    }
    await written;
    const merged = await writer.close();
    this.#runs.splice(this.#runs.indexOf(runs[0] ?? merged), runs.length, merged);
    for (const run of runs) if ('path' in run) await this.#files.remove(run);
  }

  /** Few enough files, and memory for what is read of them; then the last merge. */
  async #prepareMerge(): Promise<void> {
    await this.#spilling;
    const hasFiles = this.#runs.some((run) => 'path' in run);
    if (hasFiles && this.#isFull()) await this.#spillMemory();
    for (;;) {
      const files = this.#runs.filter((run) => 'path' in run);
      if (files.length <= this.#maxFanIn) break;
      for (let at = 0; at < files.length; at += this.#maxFanIn) {
        const some = files.slice(at, at + this.#maxFanIn);
        if (some.length > 1) await this.#mergeRuns(some);
      }
    }
    this.#merger = new Merger(this.#sourcesOf(this.#runs), this.#codecs);
  }

  #sourcesOf(runs: readonly Run[]): RecordSource[] {
    return runs.map((run, index) => {
      const feed = 'frames' in run ? this.#memoryFeed(run) : this.#files.feed(run);
      return new RecordSource(index, feed);
    });
  }

  /** Memory is free as frames are taken. */
  #memoryFeed({ frames }: MemoryRun): FrameFeed {
    let at = 0;
    return {
      next: () => {
        const frame = frames[at];
        if (frame === undefined) return 'end';
        frames[at] = NO_FRAME;
        at += 1;
        this.#memoryBytes -= frame.length;
        return frame;
      },
      available: () => Promise.resolve(),
    };
  }

  /** I1. */
  #turn<T>(slice: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#options.inTurn(() => {
        try {
          resolve(slice());
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  }
}

const NO_FRAME = new Uint8Array(0);

function mergeSlice(
  merger: Merger,
  writer: FrameWriter,
  sliceBytes: number,
): { readonly frames: readonly Uint8Array[]; readonly stopped: 'slice' | 'wait' | 'end' } {
  const frames: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const source = merger.next();
    if (source === 'wait') return { frames, stopped: 'wait' };
    if (source !== 'end') {
      if (merger.startsKey) writer.startGroup(merger.key);
      writer.copy(source);
      if (!writer.isFull) continue;
    }
    const frame = writer.take();
    if (frame !== undefined) frames.push(frame);
    sizeBytes += frame?.length ?? 0;
    if (source === 'end') return { frames, stopped: 'end' };
    if (sizeBytes >= sliceBytes) return { frames, stopped: 'slice' };
  }
}

async function writeAll(
  writer: { write(frame: Uint8Array): Promise<void> },
  frames: readonly Uint8Array[],
): Promise<void> {
  for (const frame of frames) await writer.write(frame);
}
