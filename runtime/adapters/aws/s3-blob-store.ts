/**
 * Blobs as S3 objects; a location is `s3://bucket/key`.
 *
 * - I1: an object is created on the condition that there is none, and carries the id of the put
 *   that created it. So a put whose first answer was lost recognises its own object.
 * - I2: S3 checks the CRC-32 of what it receives; it is computed here, once.
 * - I3: which buckets may be used IAM alone decides: who grants one need not say it twice.
 */
import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { BlobInfo, BlobRange, BlobStore } from '../../checkpoint/index.ts';
import { blobExists, blobNotFound } from '../store-errors.ts';
import type { AwsAttempt, AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { checksumOf } from './s3-checksum.ts';
import {
  type BucketOwners,
  type ExpectedOwner,
  expectedOwner,
  parseS3Location,
  s3Location,
} from './s3-location.ts';
import { type MultipartSettings, putInParts } from './s3-multipart.ts';
import { blobFailure } from './store-failure.ts';

export interface S3BlobStoreParts {
  readonly s3: S3Client;
  readonly calls: AwsCalls;
  /** @default anybody's */
  readonly bucketOwners?: BucketOwners;
  readonly multipart?: MultipartSettings;
}

/** Metadata of an object: which put has created it. */
const WRITE_ID = 'sluice-write';
const DELETES_A_CALL = 1000;
const MISSING = new Set(['NoSuchKey', 'NotFound']);

export class S3BlobStore implements BlobStore {
  readonly #s3: S3Client;
  readonly #calls: AwsCalls;
  readonly #owners: BucketOwners;
  readonly #multipart: MultipartSettings | undefined;

  constructor({ s3, calls, bucketOwners = {}, multipart }: S3BlobStoreParts) {
    this.#s3 = s3;
    this.#calls = calls;
    this.#owners = bucketOwners;
    this.#multipart = multipart;
  }

  async put(location: string, bytes: Uint8Array): Promise<void> {
    const at = this.#at(location);
    const writeId = randomUUID();
    try {
      const outcome =
        (await putInParts(
          { s3: this.#s3, calls: this.#calls, settings: this.#multipart },
          { ...at, Metadata: { [WRITE_ID]: writeId } },
          bytes,
          (attempt) => this.#isOwn(at, writeId, attempt),
        )) ?? (await this.#putWhole(at, bytes, writeId));
      if (outcome === 'exists') throw blobExists(location);
    } catch (thrown) {
      throw this.#failure('written', location, thrown);
    }
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const command = new GetObjectCommand({ ...this.#at(location), ...rangeOf(range) });
    const operation = { permission: 's3:GetObject' };
    try {
      const bytes = await this.#calls.call(operation, async ({ options }) => {
        const { Body } = await this.#s3.send(command, options).catch(rangeAsEmpty);
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      });
      return range === undefined ? bytes : bytes.subarray(0, range.sizeBytes);
    } catch (thrown) {
      if (isMissing(thrown)) throw blobNotFound(location, causeOf(thrown));
      throw this.#failure('read', location, thrown);
    }
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    const { Key, ...bucket } = this.#at(directory);
    const found: BlobInfo[] = [];
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...bucket,
        Prefix: `${Key}/`,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await this.#listing(directory, ({ options }) => this.#s3.send(command, options));
      for (const { Key: key = '', Size: sizeBytes = 0 } of page.Contents ?? []) {
        found.push({ location: s3Location({ bucket: bucket.Bucket, key }), sizeBytes });
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
    // S3 sorts by UTF-8, the port as JavaScript does.
    return found.sort((a, b) => (a.location < b.location ? -1 : 1));
  }

  async delete(location: string): Promise<void> {
    const command = new DeleteObjectCommand(this.#at(location));
    try {
      await this.#calls.call({ permission: 's3:DeleteObject' }, ({ options }) =>
        this.#s3.send(command, options),
      );
    } catch (thrown) {
      throw this.#failure('written', location, thrown);
    }
  }

  async deleteMany(locations: readonly string[]): Promise<readonly string[]> {
    const byBucket = Map.groupBy(locations, (location) => location.split('/', 3).join('/'));
    const failed: string[] = [];
    for (const inBucket of byBucket.values()) {
      for (let from = 0; from < inBucket.length; from += DELETES_A_CALL) {
        const batch = inBucket.slice(from, from + DELETES_A_CALL);
        failed.push(...(await this.#deleteBatch(batch).catch(() => batch)));
      }
    }
    return failed;
  }

  /** Those of one bucket that are still there, perhaps. */
  async #deleteBatch(locations: readonly string[]): Promise<readonly string[]> {
    const targets = locations.map((location) => this.#at(location));
    const command = new DeleteObjectsCommand({
      ...expectedOwner(this.#owners, targets[0]?.Bucket ?? ''),
      Bucket: targets[0]?.Bucket,
      Delete: { Objects: targets.map(({ Key }) => ({ Key })), Quiet: true },
    });
    const { Errors = [] } = await this.#calls.call(
      { permission: 's3:DeleteObject' },
      ({ options }) => this.#s3.send(command, options),
    );
    const failed = new Set(Errors.map(({ Key }) => Key));
    return locations.filter((_, n) => failed.has(targets[n]?.Key));
  }

  async #putWhole(at: At, bytes: Uint8Array, writeId: string): Promise<'created' | 'exists'> {
    const command = new PutObjectCommand({
      ...at,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumCRC32: checksumOf(bytes),
      IfNoneMatch: '*',
      Metadata: { [WRITE_ID]: writeId },
    });
    return await this.#calls.call({ permission: 's3:PutObject' }, async (attempt) => {
      try {
        await this.#s3.send(command, attempt.options);
        return 'created';
      } catch (thrown) {
        if (awsCodeOf(thrown) !== 'PreconditionFailed') throw thrown;
        return (await this.#isOwn(at, writeId, attempt)) ? 'created' : 'exists';
      }
    });
  }

  /** I1: whether an earlier attempt has created the object that is in the way. */
  async #isOwn(at: At, writeId: string, attempt: AwsAttempt): Promise<boolean> {
    if (!attempt.mayHaveHappened) return false;
    const command = new HeadObjectCommand(at);
    try {
      const { Metadata = {} } = await this.#s3.send(command, attempt.options);
      return Metadata[WRITE_ID] === writeId;
    } catch (thrown) {
      if (!MISSING.has(awsCodeOf(thrown))) throw thrown;
      // Deleted meanwhile: the name is free again.
      throw Object.assign(new Error('gone', { cause: thrown }), { name: 'OperationAborted' });
    }
  }

  async #listing<T>(location: string, send: (attempt: AwsAttempt) => Promise<T>): Promise<T> {
    try {
      return await this.#calls.call({ permission: 's3:ListBucket' }, send);
    } catch (thrown) {
      throw this.#failure('read', location, thrown);
    }
  }

  #at(location: string): At {
    const { bucket, key } = parseS3Location(location);
    return { ...expectedOwner(this.#owners, bucket), Bucket: bucket, Key: key };
  }

  #failure(access: 'read' | 'written', location: string, thrown: unknown): unknown {
    return blobFailure(access, location, thrown, this.#owners);
  }
}

interface At extends ExpectedOwner {
  readonly Bucket: string;
  readonly Key: string;
}

/** S3 knows no empty range; one byte too many is cut off. */
function rangeOf(range: BlobRange | undefined): { readonly Range?: string } {
  if (range === undefined) return {};
  const { offsetBytes, sizeBytes } = range;
  return { Range: `bytes=${offsetBytes}-${offsetBytes + Math.max(1, sizeBytes) - 1}` };
}

/** A range behind the end: 416. */
function rangeAsEmpty(thrown: unknown): { readonly Body?: undefined } {
  if (awsCodeOf(thrown) === 'InvalidRange') return {};
  throw thrown;
}

function isMissing(thrown: unknown): boolean {
  return MISSING.has(awsCodeOf(causeOf(thrown)));
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? thrown.cause : undefined;
}
