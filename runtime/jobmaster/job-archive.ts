/**
 * What only a job's own pages show of a job that has ended: a blob of its own, beside the row that
 * lists name it by. However many jobs a cluster remembers, it holds and reads what lists need.
 *
 * I1  The blob is there before the row says so, and goes before the row does: none is left without
 *     a row but by a crash between, and the job's next end replaces it.
 * I2  A job whose blob cannot be read any more is still listed; what is missing is told once.
 */
import { archiveLocation, type BlobStore, isErrorWithCode } from '../checkpoint/index.ts';
import { type Logger, toStreamError } from '../core/index.ts';
import type { EndedJobDetails, EndedJobRecord } from './dispatcher-records.ts';

export interface JobArchiveParts {
  readonly blobs: Pick<BlobStore, 'put' | 'get' | 'delete'>;
  /** Of the cluster. */
  readonly directory: string;
  readonly logger: Logger;
}

/** Who looks at a job asks again and again, by several routes. */
const KEPT_COUNT = 16;
const VERSION = 1;

/** The blob. Persisted: fields are only ever added. */
interface ArchiveRecord {
  readonly version: number;
  readonly details: EndedJobDetails;
}

export class JobArchive {
  readonly #parts: JobArchiveParts;
  /** Read last; the one of longest ago first. */
  readonly #kept = new Map<string, Promise<EndedJobDetails | undefined>>();

  constructor(parts: JobArchiveParts) {
    this.#parts = parts;
  }

  /** @returns what the row is to hold: without the details, unless they could not be stored. */
  async put(jobId: string, record: EndedJobRecord): Promise<EndedJobRecord> {
    const { blobs, directory, logger } = this.#parts;
    const { endedAtEpochMs, netRuntimeMs, error, vertices, taskCounts, ...details } = record;
    const location = archiveLocation(directory, jobId);
    const archive: ArchiveRecord = { version: VERSION, details };
    const bytes = Buffer.from(JSON.stringify(archive));
    try {
      await blobs.put(location, bytes).catch(async (thrown: unknown) => {
        if (!isErrorWithCode(thrown, 'BLOB_EXISTS')) throw thrown;
        // I1.
        await blobs.delete(location);
        await blobs.put(location, bytes);
      });
    } catch (thrown) {
      const { code, message: reason } = toStreamError(thrown);
      const fields = { jobId, code, reason };
      logger.log('warn', 'the archive of a job could not be written: its row has it', fields);
      return record;
    }
    return {
      ...{ endedAtEpochMs, netRuntimeMs, vertices, isArchived: true },
      ...(error === undefined ? {} : { error }),
      ...(taskCounts === undefined ? {} : { taskCounts }),
    };
  }

  /**
   * Undefined: it is not there any more (I2).
   *
   * @throws {StreamError} of the blob store, while it does not answer.
   */
  async get(jobId: string): Promise<EndedJobDetails | undefined> {
    const known = this.#kept.get(jobId);
    const details = known ?? this.#read(jobId);
    this.#kept.delete(jobId);
    this.#kept.set(jobId, details);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEPT_COUNT) this.#kept.delete(oldest);
    return await details.catch((thrown: unknown) => {
      if (this.#kept.get(jobId) === details) this.#kept.delete(jobId);
      throw thrown;
    });
  }

  /** I1: before the row. */
  async remove(jobId: string): Promise<void> {
    const { blobs, directory } = this.#parts;
    this.#kept.delete(jobId);
    await blobs.delete(archiveLocation(directory, jobId));
  }

  async #read(jobId: string): Promise<EndedJobDetails | undefined> {
    const { blobs, directory, logger } = this.#parts;
    const location = archiveLocation(directory, jobId);
    try {
      const text = Buffer.from(await blobs.get(location)).toString('utf8');
      const { version, details } = JSON.parse(text) as ArchiveRecord;
      // Written by this class, or by a later one that has told so.
      if (version === VERSION) return details;
      logger.log('warn', 'the archive of a job is of another release', { jobId, version });
    } catch (thrown) {
      const isMissing = isErrorWithCode(thrown, 'BLOB_NOT_FOUND');
      if (!isMissing && !(thrown instanceof SyntaxError)) throw thrown;
      const { message: reason } = toStreamError(thrown);
      logger.log('warn', 'the archive of a job cannot be read', { jobId, location, reason });
    }
    return undefined;
  }
}
