/**
 * A log of one process in a file.
 *
 * I1  A log is no reason for anything to fail: what cannot be written is not.
 * I2  It is bounded: a full file is kept beside its successor, an older one goes.
 * I3  What was appended is in the file soon: at the end of the turn, or before, when it is much.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
const MAX_WAITING_BYTES = 64 * 1024;

export const OLDER_SUFFIX = '.1';

export class BoundedLogFile {
  readonly #path: string;
  readonly #maxFileBytes: number;
  #descriptor: number | undefined;
  #sizeBytes = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isClosed = false;

  constructor(path: string, maxFileBytes = MAX_FILE_BYTES) {
    this.#path = path;
    this.#maxFileBytes = maxFileBytes;
  }

  append(text: string | Uint8Array): void {
    if (this.#isClosed) return;
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (this.#waiting.length === 0) setImmediate(() => this.flush());
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.flush();
  }

  flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (bytes.length === 0) return;
    try {
      writeSync(this.#open(), bytes);
      this.#sizeBytes += bytes.length;
    } catch {
      // I1.
    }
  }

  close(): void {
    this.flush();
    this.#isClosed = true;
    this.#release();
  }

  #open(): number {
    // I2.
    if (this.#sizeBytes > this.#maxFileBytes) {
      this.#release();
      renameSync(this.#path, `${this.#path}${OLDER_SUFFIX}`);
    }
    if (this.#descriptor === undefined) {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#descriptor = openSync(this.#path, 'a', 0o600);
      this.#sizeBytes = fstatSync(this.#descriptor).size;
    }
    return this.#descriptor;
  }

  #release(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
