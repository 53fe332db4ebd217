import type { FileHandle } from 'node:fs/promises';
import { glob, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  type FileReader,
  type FileStatus,
  type FileSystem,
  type FileWriter,
  type PublishOutcome,
  StreamError,
} from '../../core/index.ts';
import { publishByRename } from '../publish-by-rename.ts';
import { checkLocal } from './check-local.ts';
import { createDirectories } from './create-directories.ts';

type Access = 'read' | 'write';

/** What may be different at the next try. */
const MAY_PASS: readonly string[] = [
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'ETIMEDOUT',
];
/** Systems and file systems on which a directory is no file to open, or cannot be synced. */
const CANNOT_SYNC_DIRECTORIES: readonly string[] = ['EACCES', 'EINVAL', 'EISDIR', 'EPERM'];

/** The machine's files. Relative paths start at the working directory of the process. */
export class NodeFileSystem implements FileSystem {
  async stat(path: string): Promise<FileStatus | undefined> {
    checkLocal(path);
    try {
      const stats = await stat(path);
      return { path, kind: stats.isDirectory() ? 'directory' : 'file', sizeBytes: stats.size };
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw fileError(path, 'read', thrown);
    }
  }

  async list(directory: string): Promise<readonly FileStatus[]> {
    const names = await attempt(directory, 'read', () => readdir(directory));
    const start = directory.endsWith('/') ? directory : `${directory}/`;
    const children = await Promise.all(names.sort().map((name) => this.stat(start + name)));
    return children.filter((child) => child !== undefined);
  }

  async glob(pattern: string): Promise<readonly string[]> {
    const paths: string[] = [];
    await attempt(pattern, 'read', async () => {
      for await (const path of glob(pattern)) paths.push(path);
    });
    return paths.sort();
  }

  async openRead(path: string, offsetBytes: number): Promise<FileReader> {
    const handle = await attempt(path, 'read', () => open(path, 'r'));
    return new NodeFileReader(path, handle, offsetBytes);
  }

  async openWrite(path: string): Promise<FileWriter> {
    const handle = await attempt(path, 'write', async () => {
      await makeDirectories(dirname(path));
      return open(path, 'w');
    });
    return new NodeFileWriter(path, handle);
  }

  async makeDirectory(path: string): Promise<void> {
    await attempt(path, 'write', () => makeDirectories(path));
  }

  publish(from: string, to: string): Promise<PublishOutcome> {
    const exists = async (path: string): Promise<boolean> => (await this.stat(path)) !== undefined;
    return publishByRename({ exists, rename: renameDurably }, from, to);
  }

  remove(path: string): Promise<void> {
    return attempt(path, 'write', () => rm(path, { force: true }));
  }

  absolute(path: string): string {
    return resolve(path);
  }
}

class NodeFileReader implements FileReader {
  readonly #path: string;
  readonly #handle: FileHandle;
  #offsetBytes: number;
  #closing: Promise<void> | undefined;

  constructor(path: string, handle: FileHandle, offsetBytes: number) {
    this.#path = path;
    this.#handle = handle;
    this.#offsetBytes = offsetBytes;
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    // Not from Node's pool: what is read is kept as long as the caller likes.
    const buffer = Buffer.allocUnsafeSlow(maxBytes);
    const { bytesRead } = await attempt(this.#path, 'read', () =>
      this.#handle.read(buffer, 0, maxBytes, this.#offsetBytes),
    );
    this.#offsetBytes += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    this.#closing ??= this.#handle.close();
    return this.#closing;
  }
}

class NodeFileWriter implements FileWriter {
  readonly #path: string;
  readonly #handle: FileHandle;
  #tail: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#tail.then(() =>
      attempt(this.#path, 'write', () => this.#handle.writeFile(bytes)),
    );
    // A failed write fails those after it, through the chain; nobody else may look at it.
    written.catch(() => {});
    this.#tail = written;
    return written;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#tail;
      await attempt(this.#path, 'write', async () => {
        await this.#handle.datasync();
        await syncDirectory(dirname(this.#path));
      });
    } finally {
      await this.#handle.close();
    }
  }
}

function renameDurably(from: string, to: string): Promise<void> {
  return attempt(to, 'write', async () => {
    await rename(from, to);
    await syncDirectory(dirname(to));
    if (dirname(from) !== dirname(to)) await syncDirectory(dirname(from));
  });
}

/** With the names of those that are new in their parents. */
async function makeDirectories(path: string): Promise<void> {
  for (const created of await createDirectories(path)) await syncDirectory(dirname(created));
}

/** Makes names in a directory durable, where the system can. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (!CANNOT_SYNC_DIRECTORIES.includes(codeOf(thrown) ?? '')) throw thrown;
  }
}

async function attempt<T>(path: string, access: Access, call: () => Promise<T>): Promise<T> {
  checkLocal(path);
  try {
    return await call();
  } catch (thrown) {
    throw fileError(path, access, thrown);
  }
}

function isMissing(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as NodeJS.ErrnoException | undefined)?.code;
}

function fileError(path: string, access: Access, cause: unknown): StreamError {
  const code = codeOf(cause) ?? 'UNKNOWN';
  const isNotFound = access === 'read' && isMissing(cause);
  const message = isNotFound
    ? 'a file does not exist: check the spelling of its path'
    : access === 'read'
      ? 'a file cannot be read: check its permissions'
      : 'a file cannot be written: check permissions and free space';
  return new StreamError({
    kind: MAY_PASS.includes(code) ? 'unavailable' : 'user',
    code: isNotFound
      ? 'FILE_NOT_FOUND'
      : access === 'read'
        ? 'FILE_NOT_READABLE'
        : 'FILE_NOT_WRITABLE',
    message: `${message} path=${resolve(path)} reason=${code}`,
    details: { path, reason: code },
    cause,
  });
}
