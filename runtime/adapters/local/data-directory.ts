/**
 * A cluster's data directory: its rows and blobs, and the right of one process to use them. See
 * `docs/formats/data-directory.md`.
 *
 * - I1: the owner is a row. Who opens the directory takes it over with one conditional write, and
 *   only from a process that is dead or has closed it.
 * - I2: every write of rows checks the version of that row. So a former owner writes no rows, even
 *   if it was taken for dead and was not.
 * - I3: who has lost the directory does not get it back; it opens it again.
 */
import { randomUUID } from 'node:crypto';
import { unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  checkpointsDirectory,
  count,
  flag,
  isErrorWithCode,
  OWNER_KEY,
  type Row,
  type RowQuery,
  type RowStore,
  type RowWrite,
  record,
  savepointsDirectory,
  text,
} from '../../checkpoint/index.ts';
import { isStreamError, StreamError } from '../../core/index.ts';
import { reasonOf } from '../store-errors.ts';
import { DirectoryBlobStore, makeDirectory } from './directory-blob-store.ts';
import { LogRowStore } from './log-row-store.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** The row that says who owns the directory. */
interface OwnerRecord extends ProcessIdentity {
  /** Grows with every owner. */
  readonly epoch: number;
  readonly isClosed: boolean;
}

export interface DataDirectoryOptions {
  /** Whether an owner may still be working; replaced in tests. */
  readonly isAlive?: (owner: ProcessIdentity) => Promise<boolean>;
}

const ownerShape = record<OwnerRecord>(
  { epoch: count, pid: count, started: text, isClosed: flag },
  {},
);
const MAX_TRIES = 5;

export class DataDirectory {
  /** Absolute. */
  readonly path: string;
  readonly blobs: DirectoryBlobStore;
  /** Writes only while this process owns the directory; afterwards its errors have kind `fenced`. */
  readonly rows: RowStore;
  /** Of this owner. */
  readonly epoch: number;
  readonly #log: LogRowStore;
  readonly #owner: OwnerRecord;
  readonly #version: number;
  readonly #listeners: ((error: StreamError) => void)[] = [];
  #loss: StreamError | undefined;
  #isClosed = false;

  private constructor(path: string, log: LogRowStore, owner: OwnerRecord, version: number) {
    this.path = path;
    this.blobs = new DirectoryBlobStore();
    this.epoch = owner.epoch;
    this.#log = log;
    this.#owner = owner;
    this.#version = version;
    this.rows = {
      get: (partitionKey: string, sortKey: string): Promise<Row | undefined> =>
        log.get(partitionKey, sortKey),
      query: (partitionKey: string, query?: RowQuery): Promise<readonly Row[]> =>
        log.query(partitionKey, query),
      write: (steps: readonly RowWrite[]): Promise<void> => this.#write(steps),
    };
  }

  /**
   * Creates the directory when it is not there, and takes it over.
   *
   * @throws {StreamError} kind `invalid`: `DATA_DIRECTORY_IN_USE`, `DATA_DIRECTORY_NOT_WRITABLE`;
   * of the row store.
   */
  static async open(path: string, options: DataDirectoryOptions = {}): Promise<DataDirectory> {
    const directory = resolve(path);
    await checkWritable(directory);
    const log = await LogRowStore.open(directory);
    try {
      const { owner, version } = await takeOver(directory, log, options.isAlive ?? isAlive);
      const opened = new DataDirectory(directory, log, owner, version);
      await opened.blobs.sweep(directory);
      return opened;
    } catch (thrown) {
      await log.close();
      throw thrown;
    }
  }

  /** Checkpoints go here unless a job says otherwise. */
  get checkpointsDirectory(): string {
    return checkpointsDirectory(this.path);
  }

  /** Savepoints go here unless the user says otherwise. */
  get savepointsDirectory(): string {
    return savepointsDirectory(this.path);
  }

  /** To be called now and then: a former owner that writes nothing learns of it here. */
  async assertOwner(): Promise<void> {
    if (this.#loss !== undefined) throw this.#loss;
    const { partitionKey, sortKey } = OWNER_KEY;
    const row = await this.#log.get(partitionKey, sortKey);
    if (row?.version !== this.#version) throw this.#lose(row);
  }

  /** Called once, when another process has taken the directory over: stop, and write nothing. */
  onLost(listener: (error: StreamError) => void): void {
    if (this.#loss === undefined) this.#listeners.push(listener);
    else listener(this.#loss);
  }

  /** Gives the directory up: the next one need not find out whether this process lives. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const value: OwnerRecord = { ...this.#owner, isClosed: true };
    const step = { type: 'put', ...OWNER_KEY, value, expectedVersion: this.#version } as const;
    try {
      if (this.#loss === undefined) await this.#log.write([step]);
    } catch (thrown) {
      if (!isErrorWithCode(thrown, 'ROW_CONFLICT')) throw thrown;
    } finally {
      await this.#log.close();
    }
  }

  async #write(steps: readonly RowWrite[]): Promise<void> {
    if (this.#loss !== undefined) throw this.#loss;
    try {
      const check = { type: 'check', ...OWNER_KEY, expectedVersion: this.#version } as const;
      await this.#log.write([check, ...steps]);
    } catch (thrown) {
      if (isErrorWithCode(thrown, 'ROW_CONFLICT')) await this.assertOwner();
      throw thrown;
    }
  }

  #lose(row: Row | undefined): StreamError {
    const owner = row === undefined ? undefined : ownerShape(row.value, row.sortKey);
    const details = { path: this.path, epoch: this.epoch, ownerPid: owner?.pid ?? 0 };
    const reason = 'another process has taken the data directory over: this one stops';
    const error = new StreamError({
      kind: 'fenced',
      code: 'DATA_DIRECTORY_LOST',
      message: `${reason} path=${this.path} ownerPid=${details.ownerPid} epoch=${this.epoch}`,
      details,
    });
    this.#loss = error;
    for (const listener of this.#listeners.splice(0)) listener(error);
    return error;
  }
}

async function takeOver(
  directory: string,
  log: LogRowStore,
  isOwnerAlive: (owner: ProcessIdentity) => Promise<boolean>,
): Promise<{ readonly owner: OwnerRecord; readonly version: number }> {
  const { partitionKey, sortKey } = OWNER_KEY;
  const identity = await ownIdentity();
  for (let tries = 1; ; tries++) {
    const row = await log.get(partitionKey, sortKey);
    const current = row === undefined ? undefined : ownerShape(row.value, sortKey);
    if (current !== undefined && !current.isClosed && (await isOwnerAlive(current))) {
      throw inUse(directory, current);
    }
    const owner = { ...identity, epoch: (current?.epoch ?? 0) + 1, isClosed: false };
    const expectedVersion = row?.version ?? 0;
    try {
      await log.write([{ type: 'put', ...OWNER_KEY, value: owner, expectedVersion }]);
      return { owner, version: expectedVersion + 1 };
    } catch (thrown) {
      // Another one was faster; it is alive.
      if (!isErrorWithCode(thrown, 'ROW_CONFLICT') || tries === MAX_TRIES) throw thrown;
    }
  }
}

async function checkWritable(directory: string): Promise<void> {
  const probe = join(directory, `.probe.${randomUUID()}.tmp`);
  try {
    await makeDirectory(directory);
    await writeFile(probe, 'sluice', { flag: 'wx' });
    await unlink(probe);
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    const reason = reasonOf(thrown);
    const advice = 'the data directory cannot be written: check its permissions and free space';
    throw new StreamError({
      kind: 'invalid',
      code: 'DATA_DIRECTORY_NOT_WRITABLE',
      message: `${advice}, or take another one path=${directory} reason=${reason}`,
      details: { path: directory, reason },
      cause: thrown,
    });
  }
}

function inUse(path: string, { pid }: OwnerRecord): StreamError {
  const advice = 'another process uses the data directory: stop it, or take another directory';
  return new StreamError({
    kind: 'invalid',
    code: 'DATA_DIRECTORY_IN_USE',
    message: `${advice} path=${path} pid=${pid}`,
    details: { path, pid },
  });
}
