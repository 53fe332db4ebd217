/**
 * Files as S3 objects, for sources and sinks; a path is `s3://bucket/key`. Directories are what the
 * slashes in keys suggest, or an empty object whose key ends with one.
 *
 * - I1: a file is visible, whole, once it is closed, and not before.
 * - I2: what is read of a file is of one version of it; once it is written over, reading fails.
 * - I3: what was uploaded of a file that is never closed is not visible; the bucket's life-cycle
 *   rule removes it.
 */
import { posix } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  type FileReader,
  type FileStatus,
  type FileSystem,
  type FileWriter,
  type PublishOutcome,
  StreamError,
} from '../../core/index.ts';
import { AwsCallFailed, type AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { S3FileReader } from './s3-file-reader.ts';
import { S3FileWriter } from './s3-file-writer.ts';
import { type BucketOwners, expectedOwner, parseS3Location, s3Location } from './s3-location.ts';
import { publishObject, type S3ObjectAt, type S3ObjectHead } from './s3-publish.ts';
import { fileFailure } from './store-failure.ts';

export interface S3FileSystemParts {
  readonly s3: S3Client;
  readonly calls: AwsCalls;
  /** @default anybody's */
  readonly bucketOwners?: BucketOwners;
  /** Bytes that are read with one request, and held by an open reader. @default 8 MiB */
  readonly readBytes?: number;
  /** Bytes that are written with one request, and held by an open writer. @default 5 MiB */
  readonly partBytes?: number;
  /** Larger files are published in parts of this size. @default 512 MiB; S3 copies 5 GB at once */
  readonly copyPartBytes?: number;
}

const READ_BYTES = 8 * 1024 * 1024;
/** The least that S3 takes. */
const PART_BYTES = 5 * 1024 * 1024;
/** Of a subtask: 80 MiB of parts. */
const MAX_OPEN_FILES = 16;
const MISSING = new Set(['NoSuchKey', 'NotFound', 'NoSuchBucket']);
const READ = { permission: 's3:GetObject' };
const WRITE = { permission: 's3:PutObject' };
const LIST = { permission: 's3:ListBucket' };
const DELETE = { permission: 's3:DeleteObject' };

export class S3FileSystem implements FileSystem {
  readonly maxOpenFiles = MAX_OPEN_FILES;
  readonly #s3: S3Client;
  readonly #calls: AwsCalls;
  readonly #owners: BucketOwners;
  readonly #readBytes: number;
  readonly #partBytes: number;
  readonly #copyPartBytes: number | undefined;

  constructor(parts: S3FileSystemParts) {
    const { s3, calls, bucketOwners = {}, readBytes, partBytes, copyPartBytes } = parts;
    this.#s3 = s3;
    this.#calls = calls;
    this.#owners = bucketOwners;
    this.#readBytes = readBytes ?? READ_BYTES;
    this.#partBytes = partBytes ?? PART_BYTES;
    this.#copyPartBytes = copyPartBytes;
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    const head = await this.#headOf(path);
    if (head !== undefined) return { path, kind: 'file', sizeBytes: head.sizeBytes };
    const { keys, directories } = await this.#page(path, { isRecursive: false, maxKeys: 1 });
    const isThere = keys.length + directories.length > 0;
    return isThere ? { path, kind: 'directory', sizeBytes: 0 } : undefined;
  }

  async list(directory: string): Promise<readonly FileStatus[]> {
    const start = directory.endsWith('/') ? directory : `${directory}/`;
    const { keys, directories } = await this.#page(directory, { isRecursive: false });
    if (keys.length + directories.length === 0) throw notFound(directory);
    const { Key } = this.#below(directory);
    const files = keys
      // The mark of the directory itself.
      .filter(({ key }) => key !== Key)
      .map(({ key, sizeBytes }): FileStatus => {
        return { path: start + key.slice(Key.length), kind: 'file', sizeBytes };
      });
    const below = directories.map((key): FileStatus => {
      return { path: start + key.slice(Key.length, -1), kind: 'directory', sizeBytes: 0 };
    });
    return [...files, ...below].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async glob(pattern: string): Promise<readonly string[]> {
    const { Bucket } = this.#at(pattern);
    const fixed = pattern.slice(0, pattern.search(/[*?[{]/)).replace(/[^/]*$/, '');
    const base = pattern.search(/[*?[{]/) < 0 ? posix.dirname(pattern) : fixed;
    const { keys } = await this.#page(base, { isRecursive: true });
    const paths = new Set<string>();
    for (const { key } of keys) {
      const parts = key.split('/');
      for (let depth = 1; depth <= parts.length; depth += 1) {
        const name = parts.slice(0, depth).join('/');
        if (name !== '' && !name.endsWith('/'))
          paths.add(s3Location({ bucket: Bucket, key: name }));
      }
    }
    const bare = pattern.slice('s3://'.length);
    return [...paths].filter((path) => posix.matchesGlob(path.slice(5), bare)).sort();
  }

  /** I2. */
  async openRead(path: string, offsetBytes: number): Promise<FileReader> {
    const head = await this.#headOf(path);
    if (head === undefined) throw notFound(path);
    const { sizeBytes, etag } = head;
    return new S3FileReader((from, to) => this.#range(path, etag, from, to), {
      ...{ offsetBytes, sizeBytes },
      partBytes: this.#readBytes,
    });
  }

  async openWrite(path: string): Promise<FileWriter> {
    const status = await this.stat(path);
    if (status?.kind === 'directory') throw isDirectory(path);
    const at = this.#at(path);
    return new S3FileWriter({
      s3: this.#s3,
      calls: this.#calls,
      path,
      at,
      partBytes: this.#partBytes,
    });
  }

  async makeDirectory(path: string): Promise<void> {
    const mark = this.#below(path);
    // A bucket is there or is not.
    if (mark.Key === '') return;
    const command = new PutObjectCommand({ ...mark, Body: new Uint8Array() });
    await this.#named(path, 'written', () =>
      this.#calls.call(WRITE, ({ options }) => this.#s3.send(command, options)),
    );
  }

  publish(from: string, to: string): Promise<PublishOutcome> {
    const parts = {
      ...{ s3: this.#s3, calls: this.#calls },
      headOf: (at: S3ObjectAt) => this.#head(at),
      remove: (at: S3ObjectAt) => this.#remove(at),
      copyPartBytes: this.#copyPartBytes,
    };
    return this.#named(to, 'written', () => publishObject(parts, this.#at(from), this.#at(to)));
  }

  async remove(path: string): Promise<void> {
    await this.#named(path, 'written', () => this.#remove(this.#at(path)));
  }

  absolute(path: string): string {
    return path;
  }

  #at(path: string): S3ObjectAt {
    const { bucket, key } = parseS3Location(path);
    return { ...expectedOwner(this.#owners, bucket), Bucket: bucket, Key: key };
  }

  /** What keys below a directory begin with; the directory may be a whole bucket. */
  #below(directory: string): S3ObjectAt {
    // Any name will do: it goes again.
    const { Key, ...bucket } = this.#at(`${directory.replace(/\/$/, '')}/-`);
    return { ...bucket, Key: Key.slice(0, -1) };
  }

  /** Undefined: there is no such file. */
  async #headOf(path: string): Promise<S3ObjectHead | undefined> {
    if (path.endsWith('/') || !path.includes('/', 's3://'.length)) return undefined;
    return await this.#named(path, 'read', async () => {
      try {
        return await this.#head(this.#at(path));
      } catch (thrown) {
        if (!(thrown instanceof AwsCallFailed)) throw thrown;
        const { reason } = thrown.failure;
        if (reason !== 'refused' && reason !== 'access-denied') throw thrown;
        return await this.#explain(this.#at(path), thrown);
      }
    });
  }

  /**
   * An answer to HEAD has no body: what is wrong, a listing says. Who may read what lies below a
   * directory, may not read a file of the directory's name, which then is none.
   */
  async #explain(at: S3ObjectAt, unsaid: AwsCallFailed): Promise<undefined> {
    const { Key: Prefix, ...bucket } = at;
    const command = new ListObjectsV2Command({ ...bucket, Prefix, MaxKeys: 1 });
    try {
      const page = await this.#calls.call(LIST, ({ options }) => this.#s3.send(command, options));
      const isThere = page.Contents?.[0]?.Key === Prefix;
      if (unsaid.failure.reason === 'access-denied' && !isThere) return undefined;
    } catch (thrown) {
      if (!(thrown instanceof AwsCallFailed)) throw thrown;
      if (thrown.failure.reason !== 'access-denied') throw thrown;
      // Both are denied: the permission is that of the first, and only the second says to whom.
      const failure = { ...thrown.failure, permission: READ.permission };
      throw new AwsCallFailed(failure, false, thrown.attempts, thrown.cause);
    }
    throw unsaid;
  }

  async #head(at: S3ObjectAt): Promise<S3ObjectHead | undefined> {
    const command = new HeadObjectCommand(at);
    try {
      const head = await this.#calls.call(READ, ({ options }) => this.#s3.send(command, options));
      const { ContentLength: sizeBytes = 0, ETag: etag, Metadata: metadata = {} } = head;
      return { sizeBytes, etag, metadata };
    } catch (thrown) {
      if (isMissing(thrown)) return undefined;
      throw thrown;
    }
  }

  async #remove(at: S3ObjectAt): Promise<void> {
    const command = new DeleteObjectCommand(at);
    await this.#calls.call(DELETE, ({ options }) => this.#s3.send(command, options));
  }

  #range(path: string, etag: string | undefined, from: number, to: number): Promise<Uint8Array> {
    const command = new GetObjectCommand({
      ...this.#at(path),
      Range: `bytes=${from}-${to - 1}`,
      ...(etag === undefined ? {} : { IfMatch: etag }),
    });
    return this.#named(path, 'read', async () => {
      try {
        return await this.#calls.call(READ, async ({ options }) => {
          const { Body } = await this.#s3.send(command, options);
          return (await Body?.transformToByteArray()) ?? new Uint8Array();
        });
      } catch (thrown) {
        const code = thrown instanceof AwsCallFailed ? thrown.failure.awsCode : '';
        // I2.
        if (['PreconditionFailed', 'NoSuchKey', 'InvalidRange'].includes(code)) throw changed(path);
        throw thrown;
      }
    });
  }

  /** What lies below a directory: all of it, or its direct children. */
  async #page(
    directory: string,
    { isRecursive, maxKeys }: { readonly isRecursive: boolean; readonly maxKeys?: number },
  ): Promise<{
    readonly keys: readonly { readonly key: string; readonly sizeBytes: number }[];
    readonly directories: readonly string[];
  }> {
    const { Key, ...bucket } = this.#below(directory);
    const keys: { key: string; sizeBytes: number }[] = [];
    const directories: string[] = [];
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...bucket,
        Prefix: Key,
        ...(isRecursive ? {} : { Delimiter: '/' }),
        ...(maxKeys === undefined ? {} : { MaxKeys: maxKeys }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await this.#named(directory, 'read', () =>
        this.#calls.call(LIST, ({ options }) => this.#s3.send(command, options)),
      );
      for (const { Key: key = '', Size: sizeBytes = 0 } of page.Contents ?? []) {
        keys.push({ key, sizeBytes });
      }
      directories.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
      token = maxKeys === undefined ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return { keys, directories };
  }

  async #named<T>(path: string, access: 'read' | 'written', act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (thrown) {
      throw fileFailure(access, path, thrown, this.#owners);
    }
  }
}

function isMissing(thrown: unknown): boolean {
  return MISSING.has(awsCodeOf(thrown instanceof Error ? thrown.cause : undefined));
}

function changed(path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'FILE_CHANGED',
    message:
      'an input file was written over or deleted while it was read: write new files under new ' +
      `names path=${path}`,
    details: { path },
  });
}

function notFound(path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'FILE_NOT_FOUND',
    message: `there is no such file or directory path=${path}`,
    details: { path },
  });
}

function isDirectory(path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'FILE_NOT_WRITABLE',
    message: `a file cannot be written where a directory is path=${path}`,
    details: { path },
  });
}
