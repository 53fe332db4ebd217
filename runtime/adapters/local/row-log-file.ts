/**
 * A file of lines that several processes append to.
 *
 * - I1: an append is one write at the end of the file; it begins on a line of its own, whatever
 *   an append that was cut off has left there.
 * - I2: a line counts when its checksum fits, and is skipped when not; so all readers see the same
 *   lines in the same order.
 * - I3: nobody but this user reads it: configurations of jobs are in it, secrets and all.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Row, RowWrite } from '../../checkpoint/index.ts';
import { rowStoreError } from '../store-errors.ts';
import { PRIVATE_FILE_MODE } from './create-directories.ts';
import { readFully } from './directory-blob-store.ts';

export type RowLogEntry =
  /** A write; without effect when one of its conditions does not hold here. */
  | {
      readonly type: 'write';
      readonly writer: string;
      readonly sequence: number;
      readonly steps: readonly RowWrite[];
    }
  /** A row the file begins with. */
  | { readonly type: 'row'; readonly row: Row }
  /**
   * The rows go on in another file. Without effect unless the last line before this one ends at
   * `afterBytes`; with effect, no line after it has any.
   */
  | {
      readonly type: 'moved';
      readonly file: string;
      readonly generation: number;
      readonly afterBytes: number;
    }
  /** This file is the one the last generation has moved to. */
  | { readonly type: 'adopted' };

/** An entry and where its line ends. */
export interface ReadEntry {
  readonly entry: RowLogEntry;
  readonly endBytes: number;
}

const CHECKSUM_CHARS = 8;
const LINE_FEED = 10;
/** What a mode lets others do. */
const OF_OTHERS = 0o077;

export class RowLogFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #readBytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** @throws the file system's error: `ENOENT`, `EEXIST`. */
  static async open(path: string, mode: 'existing' | 'new' | 'any'): Promise<RowLogFile> {
    const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;
    const creation = { existing: 0, new: O_CREAT | O_EXCL, any: O_CREAT };
    const flags = O_RDWR | O_APPEND | creation[mode];
    const handle = await open(path, flags, PRIVATE_FILE_MODE);
    try {
      // I3: it may be of a time when others could.
      const { mode: current, uid } = await handle.stat();
      const isOurs = uid === process.getuid?.();
      if (isOurs && (current & OF_OTHERS) !== 0) await handle.chmod(PRIVATE_FILE_MODE);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
    return new RowLogFile(path, handle);
  }

  /**
   * Durable when settled. When it fails it may have happened, for some of the entries.
   *
   * @throws {StreamError} `ROW_STORE_NOT_WRITABLE`.
   */
  async append(entries: readonly RowLogEntry[]): Promise<void> {
    const bytes = Buffer.from(entries.map((entry) => `\n${lineOf(entry)}\n`).join(''));
    try {
      const { bytesWritten } = await this.#handle.write(bytes);
      if (bytesWritten < bytes.length) {
        // The rest would not be one write: I1. The next attempt says what is the matter.
        throw Object.assign(new Error('a write was cut off'), { code: 'ENOSPC' });
      }
      await this.#handle.datasync();
    } catch (thrown) {
      throw rowStoreError('written', this.path, thrown);
    }
  }

  /**
   * Entries that were appended, by anybody, since the last call.
   *
   * @throws {StreamError} `ROW_STORE_NOT_READABLE`.
   */
  async readOn(): Promise<readonly ReadEntry[]> {
    try {
      const { size } = await this.#handle.stat();
      if (size <= this.#readBytes) return [];
      const bytes = await readFully(this.#handle, this.#readBytes, size - this.#readBytes);
      return this.#parse(bytes);
    } catch (thrown) {
      throw rowStoreError('read', this.path, thrown);
    }
  }

  /** The next {@link readOn} starts with the first line. */
  rewind(): void {
    this.#readBytes = 0;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Leaves a last line that is not whole, or not yet, to the next call. */
  #parse(bytes: Buffer): ReadEntry[] {
    const found: ReadEntry[] = [];
    const start = this.#readBytes;
    for (let from = 0; from < bytes.length; ) {
      const lineFeed = bytes.indexOf(LINE_FEED, from);
      const to = lineFeed < 0 ? bytes.length : lineFeed;
      const entry = entryOf(bytes.toString('utf8', from, to));
      if (entry !== undefined) found.push({ entry, endBytes: start + to });
      if (lineFeed >= 0 || entry !== undefined) this.#readBytes = start + to;
      if (lineFeed < 0) break;
      from = lineFeed + 1;
      this.#readBytes = start + from;
    }
    return found;
  }
}

function lineOf(entry: RowLogEntry): string {
  const json = JSON.stringify(entry);
  return `${crc32(json).toString(16).padStart(CHECKSUM_CHARS, '0')} ${json}`;
}

function entryOf(line: string): RowLogEntry | undefined {
  const json = line.slice(CHECKSUM_CHARS + 1);
  if (json === '' || line[CHECKSUM_CHARS] !== ' ') return undefined;
  if (Number.parseInt(line.slice(0, CHECKSUM_CHARS), 16) !== crc32(json)) return undefined;
  // What has our checksum was written by us.
  return JSON.parse(json) as RowLogEntry;
}
