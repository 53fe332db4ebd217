import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { FileWriter } from '../../core/index.ts';
import type { AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { fileFailure } from './store-failure.ts';

export interface S3FileWriterParts {
  readonly s3: S3Client;
  readonly calls: AwsCalls;
  /** For messages. */
  readonly path: string;
  readonly at: {
    readonly Bucket: string;
    readonly Key: string;
    readonly ExpectedBucketOwner?: string;
  };
  /** From 5 MiB, the least that S3 takes for a part that is not the last. */
  readonly partBytes: number;
}

const WRITE = { permission: 's3:PutObject' };

/** S3 takes 10,000 parts: they grow, so that a file may have 155 GB and more. */
const PARTS_OF_A_SIZE = 2_000;

/**
 * A file of up to one part is put whole when it is closed; a larger one goes in parts as it is
 * written, so that memory holds one part at most, and becomes visible with the last.
 */
export class S3FileWriter implements FileWriter {
  readonly #parts: S3FileWriterParts;
  readonly #uploaded: CompletedPart[] = [];
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #uploadId: string | undefined;
  #tail: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(parts: S3FileWriterParts) {
    this.#parts = parts;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#tail.then(() => this.#named(() => this.#take(bytes)));
    // A failed write fails those after it, and the close; nobody else may look at it.
    written.catch(() => undefined);
    this.#tail = written;
    return written;
  }

  close(): Promise<void> {
    this.#closed ??= this.#tail.then(() => this.#named(() => this.#finish()));
    return this.#closed;
  }

  async #take(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    const doublings = Math.floor(this.#uploaded.length / PARTS_OF_A_SIZE);
    if (this.#pendingBytes >= this.#parts.partBytes * 2 ** doublings) await this.#uploadPart();
  }

  async #finish(): Promise<void> {
    const { s3, calls, at } = this.#parts;
    if (this.#uploadId === undefined) {
      const put = new PutObjectCommand({ ...at, Body: this.#takePending() });
      await calls.call(WRITE, ({ options }) => s3.send(put, options));
      return;
    }
    if (this.#pendingBytes > 0) await this.#uploadPart();
    const complete = new CompleteMultipartUploadCommand({
      ...at,
      UploadId: this.#uploadId,
      MultipartUpload: { Parts: this.#uploaded },
    });
    await calls.call(WRITE, async ({ options, mayHaveHappened }) => {
      try {
        await s3.send(complete, options);
      } catch (thrown) {
        // An upload that is completed is no more; nobody else knows of this one.
        if (awsCodeOf(thrown) !== 'NoSuchUpload' || !mayHaveHappened) throw thrown;
        await s3.send(new HeadObjectCommand(at), options);
      }
    });
  }

  async #uploadPart(): Promise<void> {
    const { s3, calls, at } = this.#parts;
    const create = new CreateMultipartUploadCommand(at);
    this.#uploadId ??= (
      await calls.call(WRITE, ({ options }) => s3.send(create, options))
    ).UploadId;
    const PartNumber = this.#uploaded.length + 1;
    const upload = new UploadPartCommand({
      ...at,
      UploadId: this.#uploadId,
      PartNumber,
      Body: this.#takePending(),
    });
    const { ETag } = await calls.call(WRITE, ({ options }) => s3.send(upload, options));
    this.#uploaded.push({ PartNumber, ...(ETag === undefined ? {} : { ETag }) });
  }

  #takePending(): Uint8Array {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  async #named(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      await this.#abort();
      throw fileFailure('written', this.#parts.path, thrown);
    }
  }

  async #abort(): Promise<void> {
    const { s3, calls, at } = this.#parts;
    if (this.#uploadId === undefined) return;
    const abort = new AbortMultipartUploadCommand({ ...at, UploadId: this.#uploadId });
    // What stays, the bucket's life-cycle rule removes.
    await calls.call(WRITE, ({ options }) => s3.send(abort, options)).catch(() => undefined);
  }
}
