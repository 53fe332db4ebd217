/**
 * Writes the records of one subtask into part files, one open file a bucket.
 *
 * Owns the open and the rolled files until `prepareCommit` hands the latter over.
 *
 * I1  A file that readers see is complete: it is renamed only after it was closed.
 * I2  `flush` closes every open file; what follows it goes into new ones.
 * I3  A part's name is used once, by this attempt and by those before it.
 * I4  `close` removes what was not handed over; what was, a committer needs.
 * I5  In-progress files of the job's earlier attempts go once a checkpoint of this attempt is
 *     complete: until then another subtask may still have to commit one of them.
 */
import type { FileSystem, Logger } from '../../core/index.ts';
import type { SinkWriter } from '../sink.ts';
import type { Compression } from './decompress.ts';
import type { FileCommittable } from './file-committer.ts';
import type { RecordEncoder } from './file-format.ts';
import { checkBucket, removeLeftOvers } from './output-directory.ts';
import { PartFile } from './part-file.ts';
import { inProgressName, type PartNaming, type PartOwner, partName } from './part-name.ts';
import { WriteBacklog } from './write-backlog.ts';

/**
 * Beyond this, or what the file system likes, the file that was opened first is rolled: open files
 * are few, and so is memory.
 */
export const MAX_OPEN_BUCKETS = 128;

/** What a bucket function is told of a record. The object is reused: copy what is kept. */
export interface BucketContext {
  /** `NO_TIMESTAMP_MS` for a record without event time. */
  readonly timestampMs: number;
  readonly watermarkMs: number;
}

export interface FileWriterInit<T> {
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly directory: string;
  readonly encoder: RecordEncoder<T>;
  readonly bucket: ((value: T, ctx: BucketContext) => string) | undefined;
  readonly maxSizeBytes: number;
  readonly maxRecords: number;
  readonly compression: Compression;
  readonly naming: PartNaming;
  readonly owner: PartOwner;
  /** The first counter that is free (I3). */
  readonly nextCounter: number;
}

interface OpenPart {
  readonly file: PartFile;
  readonly finalPath: string;
}

interface RolledPart {
  readonly file: PartFile;
  readonly committable: FileCommittable;
}

export class FileSinkWriter<T> implements SinkWriter<T, FileCommittable> {
  readonly #init: FileWriterInit<T>;
  readonly #backlog = new WriteBacklog();
  readonly #bucketContext = { timestampMs: 0, watermarkMs: 0 };
  /** By bucket, in the order they were opened. */
  readonly #open = new Map<string, OpenPart>();
  #rolled: RolledPart[] = [];
  #finishing: Promise<void>[] = [];
  #nextCounter: number;
  #mayHaveLeftOvers: boolean;
  #closing: Promise<void> | undefined;

  constructor(init: FileWriterInit<T>) {
    this.#init = init;
    this.#nextCounter = init.nextCounter;
    this.#mayHaveLeftOvers = init.owner.attempt > 0;
  }

  /** Bytes that were handed to the file system and are not written yet. */
  get outstandingBytes(): number {
    return this.#backlog.outstandingBytes;
  }

  write(value: T, timestampMs: number, watermarkMs: number): void {
    const { encoder, maxSizeBytes, maxRecords } = this.#init;
    const bucket = this.#bucketOf(value, timestampMs, watermarkMs);
    let part = this.#open.get(bucket);
    if (part === undefined) {
      const header = encoder.fileHeader(value);
      part = this.#openPart(bucket);
      part.file.appendHeader(header);
    }
    const { file } = part;
    file.append(encoder.encode(value));
    if (file.recordCount >= maxRecords || file.sizeBytes >= maxSizeBytes) this.#roll(bucket, part);
  }

  suspension(): Promise<void> | undefined {
    return this.#backlog.suspension();
  }

  async flush(): Promise<void> {
    for (const [bucket, part] of [...this.#open]) this.#roll(bucket, part);
    await Promise.all(this.#finishing.splice(0));
    this.#backlog.check();
  }

  prepareCommit(): readonly FileCommittable[] {
    const committables = this.#rolled.map(({ committable }) => committable);
    this.#rolled = [];
    return committables;
  }

  /** I5. One subtask does it for all. */
  async notifyCheckpointComplete(): Promise<void> {
    if (!this.#mayHaveLeftOvers) return;
    const { fileSystem, logger, directory, naming, owner } = this.#init;
    try {
      await removeLeftOvers(fileSystem, directory, naming, owner);
      this.#mayHaveLeftOvers = false;
    } catch (thrown) {
      // Nobody sees them: no reason to fail, and the next checkpoint tries again.
      logger.log('warn', `hidden files of earlier attempts are left: ${thrown}`, { directory });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#discardAll();
    return this.#closing;
  }

  #bucketOf(value: T, timestampMs: number, watermarkMs: number): string {
    if (this.#init.bucket === undefined) return '';
    this.#bucketContext.timestampMs = timestampMs;
    this.#bucketContext.watermarkMs = watermarkMs;
    const bucket = this.#init.bucket(value, this.#bucketContext);
    return this.#open.has(bucket) ? bucket : checkBucket(bucket);
  }

  #openPart(bucket: string): OpenPart {
    const { fileSystem, directory, compression, naming, owner } = this.#init;
    const { maxOpenFiles = MAX_OPEN_BUCKETS } = fileSystem;
    if (this.#open.size >= Math.min(maxOpenFiles, MAX_OPEN_BUCKETS)) {
      for (const [oldest, part] of this.#open) {
        this.#roll(oldest, part);
        break;
      }
    }
    const folder = bucket === '' ? directory : `${directory}/${bucket}`;
    const name = partName(naming, owner, this.#nextCounter);
    this.#nextCounter += 1;
    const path = `${folder}/${inProgressName(name, owner)}`;
    const file = new PartFile(path, fileSystem, this.#backlog, compression);
    const part = { file, finalPath: `${folder}/${name}` };
    this.#open.set(bucket, part);
    return part;
  }

  #roll(bucket: string, { file, finalPath }: OpenPart): void {
    this.#open.delete(bucket);
    this.#finishing.push(file.finish());
    const { path: inProgressPath, recordCount } = file;
    this.#rolled.push({ file, committable: { inProgressPath, finalPath, recordCount } });
  }

  async #discardAll(): Promise<void> {
    const files = [...this.#open.values(), ...this.#rolled].map(({ file }) => file);
    this.#open.clear();
    this.#rolled = [];
    const discarded = await Promise.allSettled(files.map((file) => file.discard()));
    for (const one of discarded) if (one.status === 'rejected') throw one.reason;
  }
}
