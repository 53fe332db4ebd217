/**
 * Files for a slot's thread, by way of the main thread.
 *
 * - I1: of an open file that is read, the thread holds one block and the main thread prepares one
 *   more: who does not read on, stops it.
 * - I2: a write settles when the file system has taken it, so that who waits for it is slowed down.
 * - I3: what a thread that is gone had open for reading is closed; what it wrote is not finished.
 */
import type { MessagePort } from 'node:worker_threads';
import {
  type FileReader,
  type FileStatus,
  type FileSystem,
  type FileWriter,
  type PublishOutcome,
  StreamError,
} from '../../../core/index.ts';
import { ownBytes, PortCaller, servePort } from './port-calls.ts';

/** What of a file system a slot's thread cannot ask for. */
export interface FileLimits {
  readonly maxOpenFiles?: number | undefined;
}

type FileCall =
  | { readonly operation: 'stat' | 'list' | 'glob'; readonly path: string }
  | { readonly operation: 'openWrite' | 'makeDirectory' | 'remove'; readonly path: string }
  | { readonly operation: 'openRead'; readonly path: string; readonly offsetBytes: number }
  | { readonly operation: 'publish'; readonly path: string; readonly to: string }
  | { readonly operation: 'read'; readonly file: number }
  | { readonly operation: 'write'; readonly file: number; readonly bytes: Uint8Array }
  | { readonly operation: 'close'; readonly file: number };

/** A request of S3 brings as much. */
const BLOCK_BYTES = 8 * 1024 * 1024;

/** In the slot's thread. Paths are absolute: there is no working directory to start from. */
export class RemoteFiles implements FileSystem {
  readonly maxOpenFiles?: number;
  readonly #caller: PortCaller<FileCall>;

  constructor(port: MessagePort, { maxOpenFiles }: FileLimits) {
    this.#caller = new PortCaller(port);
    if (maxOpenFiles !== undefined) this.maxOpenFiles = maxOpenFiles;
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    return (await this.#caller.ask({ operation: 'stat', path })) as FileStatus | undefined;
  }

  async list(directory: string): Promise<readonly FileStatus[]> {
    const found = await this.#caller.ask({ operation: 'list', path: directory });
    return found as readonly FileStatus[];
  }

  async glob(pattern: string): Promise<readonly string[]> {
    return (await this.#caller.ask({ operation: 'glob', path: pattern })) as readonly string[];
  }

  async openRead(path: string, offsetBytes: number): Promise<FileReader> {
    const file = await this.#caller.ask({ operation: 'openRead', path, offsetBytes });
    return new RemoteReader(this.#caller, file as number);
  }

  async openWrite(path: string): Promise<FileWriter> {
    const file = await this.#caller.ask({ operation: 'openWrite', path });
    return new RemoteWriter(this.#caller, file as number);
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#caller.ask({ operation: 'makeDirectory', path });
  }

  async publish(from: string, to: string): Promise<PublishOutcome> {
    const outcome = await this.#caller.ask({ operation: 'publish', path: from, to });
    return outcome as PublishOutcome;
  }

  async remove(path: string): Promise<void> {
    await this.#caller.ask({ operation: 'remove', path });
  }

  absolute(path: string): string {
    return path;
  }

  close(): void {
    this.#caller.close();
  }
}

/** I1. */
class RemoteReader implements FileReader {
  readonly #caller: PortCaller<FileCall>;
  readonly #file: number;
  #block: Uint8Array = new Uint8Array();
  #next: Promise<Uint8Array> | undefined;
  #isAtEnd = false;
  #closing: Promise<unknown> | undefined;

  constructor(caller: PortCaller<FileCall>, file: number) {
    this.#caller = caller;
    this.#file = file;
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    if (this.#block.length === 0 && !this.#isAtEnd) {
      const next = this.#next ?? this.#ask();
      this.#next = undefined;
      this.#block = await next;
      this.#isAtEnd = this.#block.length === 0;
      if (!this.#isAtEnd && this.#closing === undefined) this.#next = this.#ask();
    }
    const taken = this.#block.subarray(0, maxBytes);
    this.#block = this.#block.subarray(taken.length);
    return taken;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#caller.ask({ operation: 'close', file: this.#file });
    this.#block = new Uint8Array();
    this.#isAtEnd = true;
    await this.#closing;
  }

  #ask(): Promise<Uint8Array> {
    const asked = this.#caller.ask({ operation: 'read', file: this.#file });
    // Whoever reads on hears of it; nobody else may look at it.
    asked.catch(() => undefined);
    return asked as Promise<Uint8Array>;
  }
}

/** I2. */
class RemoteWriter implements FileWriter {
  readonly #caller: PortCaller<FileCall>;
  readonly #file: number;
  #closing: Promise<unknown> | undefined;

  constructor(caller: PortCaller<FileCall>, file: number) {
    this.#caller = caller;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const own = ownBytes(bytes);
    await this.#caller.ask({ operation: 'write', file: this.#file, bytes: own }, own);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#caller.ask({ operation: 'close', file: this.#file });
    await this.#closing;
  }
}

/** In the main thread: answers until the port is closed (I3). */
export function serveFiles(port: MessagePort, files: FileSystem): void {
  const server = new FileServer(files);
  servePort<FileCall>(port, (call) => server.answer(call));
  port.on('close', () => server.close());
}

class FileServer {
  readonly #files: FileSystem;
  readonly #readers = new Map<number, FileReader>();
  readonly #writers = new Map<number, FileWriter>();
  #nextFile = 0;
  #isClosed = false;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  async answer(call: FileCall): Promise<unknown> {
    switch (call.operation) {
      case 'stat':
      case 'list':
      case 'glob':
      case 'makeDirectory':
      case 'remove':
        return await this.#files[call.operation](call.path);
      case 'publish':
        return await this.#files.publish(call.path, call.to);
      case 'openRead':
        return await this.#openRead(call.path, call.offsetBytes);
      case 'openWrite':
        return this.#keep(this.#writers, await this.#files.openWrite(call.path));
      case 'read':
        return await opened(this.#readers, call.file).read(BLOCK_BYTES);
      case 'write':
        return await opened(this.#writers, call.file).write(call.bytes);
      case 'close':
        return await this.#closeFile(call.file);
    }
  }

  /** I3. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers.values()) discard(reader);
    this.#readers.clear();
    this.#writers.clear();
  }

  async #openRead(path: string, offsetBytes: number): Promise<number> {
    const reader = await this.#files.openRead(path, offsetBytes);
    if (this.#isClosed) discard(reader);
    return this.#keep(this.#readers, reader);
  }

  #keep<FileT>(files: Map<number, FileT>, opened: FileT): number {
    const file = this.#nextFile++;
    if (!this.#isClosed) files.set(file, opened);
    return file;
  }

  async #closeFile(file: number): Promise<void> {
    const opened = this.#readers.get(file) ?? this.#writers.get(file);
    this.#readers.delete(file);
    this.#writers.delete(file);
    await opened?.close();
  }
}

function opened<FileT>(files: ReadonlyMap<number, FileT>, file: number): FileT {
  const found = files.get(file);
  if (found !== undefined) return found;
  throw new StreamError({
    kind: 'internal',
    code: 'FILE_NOT_OPEN',
    message: `a file is used that was closed before file=${file}`,
  });
}

/** Nobody is left to hear that it could not be closed. */
function discard(reader: FileReader): void {
  reader.close().catch(() => undefined);
}
