/**
 * Blobs as files; a location is a path.
 *
 * - I1: a file under a blob's name is whole, durable and never changes: it is written and synced
 *   under a temporary name in the same directory, then linked to its own.
 * - I2: linking fails when the name is taken, in whatever process.
 * - I3: temporary files are no blobs. Those of a crash are removed by {@link sweep}.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { BlobInfo, BlobRange, BlobStore } from '../../checkpoint/index.ts';
import { isStreamError } from '../../core/index.ts';
import { blobError, blobExists, blobNotFound, reasonOf } from '../store-errors.ts';
import { checkLocal } from './check-local.ts';
import {
  createDirectories,
  PRIVATE_DIRECTORY_MODE,
  PRIVATE_FILE_MODE,
} from './create-directories.ts';

const TEMPORARY = /^\..*\.[0-9a-f-]{36}\.tmp$/;
const MAX_TRIES = 20;
const MISSING = new Set(['ENOENT', 'ENOTDIR']);

export class DirectoryBlobStore implements BlobStore {
  async put(location: string, bytes: Uint8Array): Promise<void> {
    checkLocal(location);
    for (let tries = 1; ; tries++) {
      try {
        return await this.#put(location, bytes);
      } catch (thrown) {
        if (isStreamError(thrown)) throw thrown;
        // Deletes have removed the directory, empty as it was, before there was a file in it.
        const isRace = reasonOf(thrown) === 'ENOENT' && tries < MAX_TRIES;
        if (isRace) continue;
        await rmdir(dirname(location)).catch(() => {});
        throw blobError('written', location, thrown);
      }
    }
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    checkLocal(location);
    let file: FileHandle | undefined;
    try {
      file = await open(location, 'r');
      const { size } = await file.stat();
      const offsetBytes = Math.min(range?.offsetBytes ?? 0, size);
      const sizeBytes = Math.min(range?.sizeBytes ?? size, size - offsetBytes);
      return await readFully(file, offsetBytes, sizeBytes);
    } catch (thrown) {
      if (MISSING.has(reasonOf(thrown))) throw blobNotFound(location, thrown);
      throw blobError('read', location, thrown);
    } finally {
      await file?.close();
    }
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    checkLocal(directory);
    const paths = await this.#paths(directory);
    const blobs = await Promise.all(
      paths.filter((path) => !isTemporary(path)).map((path) => infoOf(path)),
    );
    return blobs
      .filter((blob) => blob !== undefined)
      .sort((a, b) => (a.location < b.location ? -1 : 1));
  }

  async delete(location: string): Promise<void> {
    checkLocal(location);
    try {
      await unlink(location);
      // An empty directory is none in this port; when it is not empty, it stays.
      await rmdir(dirname(location)).catch(() => {});
    } catch (thrown) {
      if (!MISSING.has(reasonOf(thrown))) throw blobError('written', location, thrown);
    }
  }

  /** Removes what writers left that died; call it when no other process writes there. */
  async sweep(directory: string): Promise<void> {
    for (const path of (await this.#paths(directory)).filter(isTemporary)) {
      await unlink(path).catch(() => {});
    }
  }

  async #put(location: string, bytes: Uint8Array): Promise<void> {
    const directory = dirname(location);
    await makeDirectory(directory);
    const name = location.slice(location.lastIndexOf('/') + 1);
    const temporary = join(directory, `.${name}.${randomUUID()}.tmp`);
    try {
      const file = await open(temporary, 'wx', PRIVATE_FILE_MODE);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await link(temporary, location).catch((thrown: unknown) => {
        throw reasonOf(thrown) === 'EEXIST' ? blobExists(location) : thrown;
      });
    } finally {
      await unlink(temporary).catch(() => {});
    }
    await syncDirectory(directory);
  }

  async #paths(directory: string): Promise<string[]> {
    try {
      const entries = await readdir(directory, { withFileTypes: true, recursive: true });
      return entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => relative(directory, join(parentPath, name)))
        .map((path) => `${directory}/${path}`);
    } catch (thrown) {
      if (MISSING.has(reasonOf(thrown))) return [];
      throw blobError('read', directory, thrown);
    }
  }
}

/** Creates a directory, and those above it, for this user alone; they outlive a loss of power. */
export async function makeDirectory(directory: string): Promise<void> {
  const created = await createDirectories(directory, PRIVATE_DIRECTORY_MODE);
  for (const path of created) await syncDirectory(dirname(path));
}

/** Makes names created in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The bytes in the range, as far as the file has them. */
export async function readFully(
  file: FileHandle,
  offsetBytes: number,
  sizeBytes: number,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(sizeBytes);
  let readBytes = 0;
  while (readBytes < sizeBytes) {
    const at = offsetBytes + readBytes;
    const { bytesRead } = await file.read(buffer, readBytes, sizeBytes - readBytes, at);
    if (bytesRead === 0) break;
    readBytes += bytesRead;
  }
  return buffer.subarray(0, readBytes);
}

function isTemporary(path: string): boolean {
  return TEMPORARY.test(path.slice(path.lastIndexOf('/') + 1));
}

/** Undefined when it is deleted meanwhile. */
async function infoOf(location: string): Promise<BlobInfo | undefined> {
  try {
    return { location, sizeBytes: (await stat(location)).size };
  } catch (thrown) {
    if (MISSING.has(reasonOf(thrown))) return undefined;
    throw blobError('read', location, thrown);
  }
}
