import { posix } from 'node:path';
import {
  type FileReader,
  type FileStatus,
  type FileSystem,
  type FileWriter,
  type PublishOutcome,
  StreamError,
} from '../../core/index.ts';
import { publishByRename } from '../publish-by-rename.ts';

const WORKING_DIRECTORY = '/memory';

/**
 * Files in memory, for tests and the in-memory cluster. A file being written shows itself empty
 * until it is closed. Every promise settles without waiting for anything.
 */
export class MemoryFileSystem implements FileSystem {
  /** Contents by absolute path. */
  readonly #files = new Map<string, Uint8Array>();
  readonly #directories = new Set<string>([WORKING_DIRECTORY, '/']);
  readonly #denied = new Set<string>();
  #openFiles = 0;

  /** Readers and writers that were opened and not closed. */
  get openFiles(): number {
    return this.#openFiles;
  }

  /** Puts a file there at once, with the directories above it. */
  put(path: string, content: string | Uint8Array): void {
    const absolute = this.absolute(path);
    this.#makeDirectories(posix.dirname(absolute));
    this.#files.set(absolute, typeof content === 'string' ? Buffer.from(content) : content);
  }

  /** The content of a file as text; undefined when it does not exist. */
  text(path: string): string | undefined {
    const bytes = this.#files.get(this.absolute(path));
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }

  bytes(path: string): Uint8Array | undefined {
    return this.#files.get(this.absolute(path));
  }

  /** The absolute paths of all files, sorted. */
  paths(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** Opening or changing this path is refused from now on. */
  deny(path: string): void {
    this.#denied.add(this.absolute(path));
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    const absolute = this.absolute(path);
    const bytes = this.#files.get(absolute);
    if (bytes !== undefined) return { path, kind: 'file', sizeBytes: bytes.length };
    if (!this.#directories.has(absolute)) return undefined;
    return { path, kind: 'directory', sizeBytes: 0 };
  }

  async list(directory: string): Promise<readonly FileStatus[]> {
    const absolute = this.absolute(directory);
    this.#checkReadable(absolute);
    if (!this.#directories.has(absolute)) throw fileError('FILE_NOT_FOUND', absolute);
    const children = this.#all().filter(
      (path) => posix.dirname(path) === absolute && path !== absolute,
    );
    const start = directory.endsWith('/') ? directory : `${directory}/`;
    const found = await Promise.all(
      children.map((path) => this.stat(start + posix.basename(path))),
    );
    return found.filter((child) => child !== undefined);
  }

  async glob(pattern: string): Promise<readonly string[]> {
    const absolute = this.absolute(pattern);
    const matches = this.#all().filter((path) => posix.matchesGlob(path, absolute));
    if (posix.isAbsolute(pattern)) return matches;
    return matches.map((path) => posix.relative(WORKING_DIRECTORY, path));
  }

  async openRead(path: string, offsetBytes: number): Promise<FileReader> {
    const absolute = this.absolute(path);
    this.#checkReadable(absolute);
    const bytes = this.#files.get(absolute);
    if (bytes === undefined) throw fileError('FILE_NOT_FOUND', absolute);
    let at = offsetBytes;
    return {
      read: async (maxBytes) => {
        const chunk = new Uint8Array(bytes.subarray(at, at + maxBytes));
        at += chunk.length;
        return chunk;
      },
      close: this.#closer(() => {}),
    };
  }

  async openWrite(path: string): Promise<FileWriter> {
    const absolute = this.absolute(path);
    this.#checkWritable(absolute);
    if (this.#directories.has(absolute)) throw fileError('FILE_NOT_WRITABLE', absolute);
    this.put(path, '');
    const chunks: Uint8Array[] = [];
    return {
      write: async (bytes) => {
        this.#checkWritable(absolute);
        chunks.push(bytes);
      },
      close: this.#closer(() => this.#files.set(absolute, Buffer.concat(chunks))),
    };
  }

  async makeDirectory(path: string): Promise<void> {
    const absolute = this.absolute(path);
    this.#checkWritable(absolute);
    this.#makeDirectories(absolute);
  }

  publish(from: string, to: string): Promise<PublishOutcome> {
    const exists = async (path: string): Promise<boolean> => (await this.stat(path)) !== undefined;
    const rename = async (source: string, target: string): Promise<void> =>
      this.#rename(source, target);
    return publishByRename({ exists, rename }, from, to);
  }

  async remove(path: string): Promise<void> {
    this.#checkWritable(this.absolute(path));
    this.#files.delete(this.absolute(path));
  }

  absolute(path: string): string {
    return posix.resolve(WORKING_DIRECTORY, path);
  }

  #rename(from: string, to: string): void {
    const [source, target] = [this.absolute(from), this.absolute(to)];
    this.#checkWritable(target);
    const bytes = this.#files.get(source);
    if (bytes === undefined) throw fileError('FILE_NOT_WRITABLE', source);
    this.#files.delete(source);
    this.#files.set(target, bytes);
  }

  #all(): string[] {
    return [...this.#files.keys(), ...this.#directories].sort();
  }

  #closer(onClose: () => void): () => Promise<void> {
    this.#openFiles += 1;
    let isOpen = true;
    return async () => {
      if (!isOpen) return;
      isOpen = false;
      this.#openFiles -= 1;
      onClose();
    };
  }

  #makeDirectories(absolute: string): void {
    for (let path = absolute; !this.#directories.has(path); path = posix.dirname(path)) {
      if (this.#files.has(path)) throw fileError('FILE_NOT_WRITABLE', path);
      this.#directories.add(path);
    }
  }

  #checkReadable(absolute: string): void {
    if (this.#denied.has(absolute)) throw fileError('FILE_NOT_READABLE', absolute);
  }

  #checkWritable(absolute: string): void {
    for (let path = absolute; path !== '/'; path = posix.dirname(path)) {
      if (this.#denied.has(path)) throw fileError('FILE_NOT_WRITABLE', absolute);
    }
  }
}

function fileError(code: string, path: string): StreamError {
  const message = `the in-memory file system refuses a call path=${path} reason=${code}`;
  return new StreamError({ kind: 'user', code, message, details: { path } });
}
