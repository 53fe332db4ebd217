/**
 * Blobs as the files that a job may use, wherever it runs.
 *
 * I1  A blob is whole or not there: it is written under another name and published under its own.
 */
import type { BlobInfo, BlobRange, BlobStore } from '../checkpoint/index.ts';
import { type FileSystem, isStreamError, StreamError } from '../core/index.ts';

const READ_BYTES = 1024 * 1024;
const TEMPORARY_END = '.tmp';

export class FileBlobStore implements BlobStore {
  readonly #files: FileSystem;
  readonly #writer: string;

  /** @param writer tells the temporary files of those apart that may write at the same time. */
  constructor(files: FileSystem, writer = 'reader') {
    this.#files = files;
    this.#writer = writer;
  }

  async put(location: string, bytes: Uint8Array): Promise<void> {
    const file = await this.openWrite(location);
    await file.write(bytes);
    if ((await file.publish()) === 'done') return;
    throw new StreamError({
      kind: 'conflict',
      code: 'BLOB_EXISTS',
      message: `a file exists already, and is never replaced location=${location}`,
      details: { location },
    });
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let left = range?.sizeBytes ?? Number.POSITIVE_INFINITY;
    for await (const piece of this.pieces(location, range?.offsetBytes)) {
      pieces.push(piece.subarray(0, left));
      left -= piece.length;
      if (left <= 0) break;
    }
    return Buffer.concat(pieces);
  }

  /** All of a blob, a part at a time. */
  async *pieces(location: string, offsetBytes = 0): AsyncGenerator<Uint8Array> {
    const reader = await this.#openRead(location, offsetBytes);
    try {
      for (;;) {
        const piece = await reader.read(READ_BYTES);
        if (piece.length === 0) return;
        yield piece;
      }
    } finally {
      await reader.close();
    }
  }

  /** A blob in the making. */
  async openWrite(location: string): Promise<{
    /** Takes ownership of the bytes. */
    write(bytes: Uint8Array): Promise<void>;
    /** `exists`: another blob has that name. */
    publish(): Promise<'done' | 'exists'>;
    /** Takes away what was written. */
    abandon(): Promise<void>;
  }> {
    const temporary = `${location}.${this.#writer}${TEMPORARY_END}`;
    const writer = await this.#files.openWrite(temporary);
    const abandon = async (): Promise<void> => {
      await writer.close().catch(() => {});
      await this.#files.remove(temporary);
    };
    return {
      write: (bytes) => writer.write(bytes),
      publish: async () => {
        await writer.close();
        if ((await this.#files.publish(temporary, location)) === 'done') return 'done';
        await this.#files.remove(temporary);
        return 'exists';
      },
      abandon,
    };
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    const found: BlobInfo[] = [];
    const visit = async (path: string): Promise<void> => {
      for (const child of await this.#files.list(path)) {
        if (child.kind === 'directory') await visit(child.path);
        else if (!child.path.endsWith(TEMPORARY_END)) {
          found.push({ location: child.path, sizeBytes: child.sizeBytes });
        }
      }
    };
    if ((await this.#files.stat(directory))?.kind === 'directory') await visit(directory);
    return found.sort((a, b) => (a.location < b.location ? -1 : 1));
  }

  async delete(location: string): Promise<void> {
    await this.#files.remove(location);
  }

  async #openRead(location: string, offsetBytes: number) {
    try {
      return await this.#files.openRead(location, offsetBytes);
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.code !== 'FILE_NOT_FOUND') throw thrown;
      throw new StreamError({
        kind: 'data',
        code: 'BLOB_NOT_FOUND',
        message: `a file of a savepoint does not exist, was it deleted or moved by hand? location=${location}`,
        details: { location },
        cause: thrown,
      });
    }
  }
}

const URI = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//;

/** The directory that a user means; a URI is one already, and the file system may refuse it. */
export function directoryOf(files: FileSystem, path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return URI.test(trimmed) ? trimmed : files.absolute(trimmed);
}
