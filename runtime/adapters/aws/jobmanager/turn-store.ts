/**
 * The record of a job between two turns, in its row.
 *
 * I1  A record is written on the condition that the row has the version that was read, and that its
 *     writer is still in charge of the job.
 * I2  A record that costs less as an object is one, under a name of its own: the row says which.
 *     It is there before the row, and its predecessor goes after it.
 * I3  What was written by this process last is not read again.
 */
import { randomUUID } from 'node:crypto';
import {
  type BlobStore,
  compress,
  decompress,
  isErrorWithCode,
  type RowStore,
  type RowWrite,
  turnKey,
} from '../../../checkpoint/index.ts';
import { StreamError } from '../../../core/index.ts';
import { NEW_TURN_RECORD, type TurnRecord } from '../../../jobmaster/index.ts';
import type { AwsPrices } from '../prices.ts';

/** A record, as it was read or written. */
export interface StoredTurn {
  /** Of the row; 0: there is none. */
  readonly version: number;
  /** Of who wrote it. */
  readonly term: number;
  readonly record: TurnRecord;
  /** Where it lies, if not in the row. */
  readonly location?: string;
}

/** The row. Persisted: fields are only ever added. */
interface TurnRow {
  readonly term: number;
  readonly record?: TurnRecord;
  readonly object?: { readonly location: string; readonly jsonBytes: number };
}

export interface TurnStoreParts {
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  /** Below it, `<directory>/<jobId>/turns/`. */
  readonly directory: string;
  /** Compressed records above this are objects. */
  readonly objectAboveBytes: number;
  readonly onLeftBehind: (location: string, thrown: unknown) => void;
}

const NEW: StoredTurn = { version: 0, term: 0, record: NEW_TURN_RECORD };
/** The row's own writes double in a transaction. */
const UNITS_A_WRITE = 2;
/** Smaller ones are not compressed to see. */
const SURELY_SMALL_BYTES = 4 * 1024;

/** Above this an object is put for less than a row of the size is written. */
export function objectThresholdBytes({ dynamoDb, s3 }: AwsPrices): number {
  const unitUsd = UNITS_A_WRITE * dynamoDb.writeUnitUsd;
  return Math.floor(s3.putUsd / unitUsd) * dynamoDb.writeUnitBytes;
}

export class TurnStore {
  readonly #parts: TurnStoreParts;

  constructor(parts: TurnStoreParts) {
    this.#parts = parts;
  }

  /**
   * @param kept what this process has, if anything.
   * @throws {StreamError} of the stores; `TURN_CORRUPT`.
   */
  async read(jobId: string, kept: StoredTurn | undefined): Promise<StoredTurn> {
    const { partitionKey, sortKey } = turnKey(jobId);
    const row = await this.#parts.rows.get(partitionKey, sortKey);
    if (row === undefined) return NEW;
    const { version } = row;
    const { term, record, object } = row.value as TurnRow;
    // I3.
    if (kept?.version === version && kept.term === term) return kept;
    if (record !== undefined) return { version, term, record };
    if (object === undefined) throw corrupt(jobId);
    return { version, term, record: await this.#load(jobId, object), location: object.location };
  }

  /**
   * @param before what was read or written last.
   * @param term of the writer, whose right to write `fence` checks.
   * @throws {StreamError} kind `fenced`, `TURN_FENCED`: somebody else has taken a turn (I1); of the
   * stores.
   */
  async write(
    jobId: string,
    record: TurnRecord,
    before: StoredTurn,
    { term, fence }: { readonly term: number; readonly fence: readonly RowWrite[] },
  ): Promise<StoredTurn> {
    const { rows } = this.#parts;
    const object = await this.#objectOf(jobId, record);
    const value: TurnRow = object === undefined ? { term, record } : { term, object };
    const expectedVersion = before.version;
    try {
      await rows.write([{ type: 'put', ...turnKey(jobId), value, expectedVersion }, ...fence]);
    } catch (thrown) {
      if (object !== undefined) await this.#delete(object.location);
      if (isErrorWithCode(thrown, 'ROW_CONFLICT')) throw fenced(jobId, thrown);
      throw thrown;
    }
    if (before.location !== undefined) await this.#delete(before.location);
    const version = expectedVersion + 1;
    const location = object === undefined ? {} : { location: object.location };
    return { version, term, record, ...location };
  }

  /** I2. */
  async #objectOf(jobId: string, record: TurnRecord): Promise<TurnRow['object']> {
    const { blobs, directory, objectAboveBytes } = this.#parts;
    const json = JSON.stringify(record);
    if (json.length <= SURELY_SMALL_BYTES) return undefined;
    const bytes = Buffer.from(json);
    const compressed = await compress(bytes);
    if (compressed.length <= objectAboveBytes) return undefined;
    const location = `${directory}/${jobId}/turns/${randomUUID()}`;
    await blobs.put(location, compressed);
    return { location, jsonBytes: bytes.length };
  }

  async #load(
    jobId: string,
    { location, jsonBytes }: NonNullable<TurnRow['object']>,
  ): Promise<TurnRecord> {
    try {
      const json = await decompress(await this.#parts.blobs.get(location), jsonBytes);
      return JSON.parse(Buffer.from(json).toString('utf8')) as TurnRecord;
    } catch (thrown) {
      if (isErrorWithCode(thrown, 'BLOB_NOT_READABLE')) throw thrown;
      throw corrupt(jobId, thrown);
    }
  }

  async #delete(location: string): Promise<void> {
    const { blobs, onLeftBehind } = this.#parts;
    await blobs.delete(location).catch((thrown: unknown) => onLeftBehind(location, thrown));
  }
}

function fenced(jobId: string, cause: unknown): StreamError {
  return new StreamError({
    kind: 'fenced',
    code: 'TURN_FENCED',
    message: `somebody else has taken a turn of the job: read it again job=${jobId}`,
    details: { jobId },
    cause,
  });
}

function corrupt(jobId: string, cause?: unknown): StreamError {
  return new StreamError({
    kind: 'data',
    code: 'TURN_CORRUPT',
    message: `what a job's master left of its last turn does not read: restore the jobs table job=${jobId}`,
    details: { jobId },
    ...(cause === undefined ? {} : { cause }),
  });
}
