/**
 * Records of turns that cost less as objects than in their row.
 *
 * I1  An object has the name of one write of one term, so it is written once, and whoever claims
 *     the job later knows the names of those that no row refers to.
 */
import { type BlobStore, isErrorWithCode, turnObjectLocation } from '../checkpoint/index.ts';
import { isStreamError, StreamError } from '../core/index.ts';
import type { TurnRecord } from './job-turn.ts';

export interface TurnObjectsParts {
  readonly blobs: BlobStore;
  /** Below it, `<directory>/<jobId>/turns/`. */
  readonly directory: string;
  /** Records above this are objects, compressed. */
  readonly objectAboveBytes: number;
  readonly compress: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** @throws when it is not `sizeBytes` that come out. */
  readonly decompress: (bytes: Uint8Array, sizeBytes: number) => Promise<Uint8Array>;
}

/** What a row says of an object. Persisted: fields are only ever added. */
export interface TurnObject {
  readonly location: string;
  /** Before compression. */
  readonly jsonBytes: number;
}

/** Smaller ones are not compressed to see. */
const SURELY_SMALL_CHARS = 4 * 1024;
const MAX_TRIES = 3;

export class TurnObjects {
  readonly #parts: TurnObjectsParts;

  constructor(parts: TurnObjectsParts) {
    this.#parts = parts;
  }

  /** Where the record of a write lies, if it is an object (I1). */
  locationOf(jobId: string, term: number, writeNumber: number): string {
    return turnObjectLocation(this.#parts.directory, jobId, term, writeNumber);
  }

  /**
   * Writes the record, if it is to be an object.
   *
   * @returns undefined: it belongs into the row.
   * @throws {StreamError} of the store.
   */
  async put(location: string, json: string): Promise<TurnObject | undefined> {
    const { compress, objectAboveBytes } = this.#parts;
    if (json.length <= Math.min(SURELY_SMALL_CHARS, objectAboveBytes)) return undefined;
    const bytes = Buffer.from(json);
    const compressed = await compress(bytes);
    if (compressed.length <= objectAboveBytes) return undefined;
    await this.#putOnce(location, compressed);
    return { location, jsonBytes: bytes.length };
  }

  /** @throws {StreamError} `TURN_CORRUPT`, kind `data`; of the store. */
  async get(jobId: string, { location, jsonBytes }: TurnObject): Promise<TurnRecord> {
    const { blobs, decompress } = this.#parts;
    try {
      const json = Buffer.from(await decompress(await blobs.get(location), jsonBytes));
      return JSON.parse(json.toString('utf8')) as TurnRecord;
    } catch (thrown) {
      if (isStreamError(thrown) && thrown.kind !== 'data') throw thrown;
      throw turnCorrupt(jobId, thrown);
    }
  }

  /** @returns those that are still there. */
  async delete(locations: readonly string[]): Promise<readonly string[]> {
    const { blobs } = this.#parts;
    const left = await Promise.all(
      locations.map((location) =>
        blobs.delete(location).then(
          () => [],
          () => [location],
        ),
      ),
    );
    return left.flat();
  }

  /** I1: what is there already is what an earlier try has put. */
  async #putOnce(location: string, bytes: Uint8Array): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#parts.blobs.put(location, bytes);
        return;
      } catch (thrown) {
        if (isErrorWithCode(thrown, 'BLOB_EXISTS')) return;
        const isOpen = isStreamError(thrown) && thrown.kind === 'unavailable';
        if (!isOpen || tries === MAX_TRIES) throw thrown;
      }
    }
  }
}

export function turnCorrupt(jobId: string, cause?: unknown): StreamError {
  return new StreamError({
    kind: 'data',
    code: 'TURN_CORRUPT',
    message: `what a job's master left of its last turn does not read: restore the jobs table job=${jobId}`,
    details: { jobId },
    ...(cause === undefined ? {} : { cause }),
  });
}
