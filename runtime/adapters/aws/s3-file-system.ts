/**
 * Files as S3 objects, for sources and sinks; a path is `s3://bucket/key`. Directories are what the
 * slashes in keys suggest, or an empty object whose key ends with one.
 *
 * - I1: a file is visible, whole, once it is closed, and not before.
 * - I2: `rename` copies and then deletes. The new name appears whole and at once; between the two
 *   both are there, and a repeated rename finishes. S3 has nothing better.
 * - I3: what was uploaded of a file that is never closed is not visible; the bucket's life-cycle
 *   rule removes it.
 */
import { posix } from 'node:path';
import {
  CopyObjectCommand,
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
  StreamError,
} from '../../core/index.ts';
import type { AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { S3FileWriter } from './s3-file-writer.ts';
import { parseS3Location, s3Location } from './s3-location.ts';
import { fileFailure } from './store-failure.ts';

export interface S3FileSystemParts {
  readonly s3: S3Client;
  readonly calls: AwsCalls;
  /** Account that must own the buckets; a bucket of the same name in another one is refused. */
  readonly bucketOwner?: string;
  /** Bytes that are read, or written, with one request. @default 8 MiB */
  readonly partBytes?: number;
}

interface ObjectAt {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
}

const DEFAULT_PART_BYTES = 8 * 1024 * 1024;
const MISSING = new Set(['NoSuchKey', 'NotFound', 'NoSuchBucket']);
const READ = { permission: 's3:GetObject' };
const WRITE = { permission: 's3:PutObject' };
const LIST = { permission: 's3:ListBucket' };
const DELETE = { permission: 's3:DeleteObject' };

export class S3FileSystem implements FileSystem {
  readonly #s3: S3Client;
  readonly #calls: AwsCalls;
  readonly #owner: { readonly ExpectedBucketOwner?: string };
  readonly #partBytes: number;

  constructor({ s3, calls, bucketOwner, partBytes = DEFAULT_PART_BYTES }: S3FileSystemParts) {
    this.#s3 = s3;
    this.#calls = calls;
    this.#owner = bucketOwner === undefined ? {} : { ExpectedBucketOwner: bucketOwner };
    this.#partBytes = partBytes;
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    const sizeBytes = await this.#sizeBytes(path);
    if (sizeBytes !== undefined) return { path, kind: 'file', sizeBytes };
    const { keys, directories } = await this.#page(path, { isRecursive: false, maxKeys: 1 });
    const isThere = keys.length + directories.length > 0;
    return isThere ? { path, kind: 'directory', sizeBytes: 0 } : undefined;
  }

  async list(directory: string): Promise<readonly FileStatus[]> {
    const start = directory.endsWith('/') ? directory : `${directory}/`;
    const { keys, directories } = await this.#page(directory, { isRecursive: false });
    if (keys.length + directories.length === 0) throw notFound(directory);
    const { Key } = this.#at(start);
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

  async openRead(path: string, offsetBytes: number): Promise<FileReader> {
    const sizeBytes = await this.#sizeBytes(path);
    if (sizeBytes === undefined) throw notFound(path);
    return new S3FileReader((fromBytes, toBytes) => this.#range(path, fromBytes, toBytes), {
      offsetBytes,
      sizeBytes,
      partBytes: this.#partBytes,
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
    const mark = this.#at(path.endsWith('/') ? path : `${path}/`);
    const command = new PutObjectCommand({ ...mark, Body: new Uint8Array() });
    await this.#named(path, 'written', () =>
      this.#calls.call(WRITE, ({ options }) => this.#s3.send(command, options)),
    );
  }

  /** I2. */
  async rename(from: string, to: string): Promise<void> {
    const source = this.#at(from);
    const copy = new CopyObjectCommand({
      ...this.#at(to),
      CopySource: [source.Bucket, ...source.Key.split('/')].map(encodeURIComponent).join('/'),
    });
    await this.#named(to, 'written', async () => {
      try {
        await this.#calls.call(WRITE, ({ options }) => this.#s3.send(copy, options));
      } catch (thrown) {
        if (isMissing(thrown)) throw notFound(from);
        throw thrown;
      }
    });
    await this.remove(from);
  }

  async remove(path: string): Promise<void> {
    const command = new DeleteObjectCommand(this.#at(path));
    await this.#named(path, 'written', () =>
      this.#calls.call(DELETE, ({ options }) => this.#s3.send(command, options)),
    );
  }

  absolute(path: string): string {
    return path;
  }

  #at(path: string): ObjectAt {
    const { bucket, key } = parseS3Location(path);
    return { ...this.#owner, Bucket: bucket, Key: key };
  }

  /** Undefined: there is no such file. */
  async #sizeBytes(path: string): Promise<number | undefined> {
    if (path.endsWith('/')) return undefined;
    const command = new HeadObjectCommand(this.#at(path));
    return await this.#named(path, 'read', async () => {
      try {
        const head = await this.#calls.call(READ, ({ options }) => this.#s3.send(command, options));
        return head.ContentLength ?? 0;
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
    });
  }

  #range(path: string, fromBytes: number, toBytes: number): Promise<Uint8Array> {
    const Range = `bytes=${fromBytes}-${toBytes - 1}`;
    const command = new GetObjectCommand({ ...this.#at(path), Range });
    return this.#named(path, 'read', () =>
      this.#calls.call(READ, async ({ options }) => {
        const { Body } = await this.#s3.send(command, options);
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      }),
    );
  }

  /** What lies below a directory: all of it, or its direct children. */
  async #page(
    directory: string,
    { isRecursive, maxKeys }: { readonly isRecursive: boolean; readonly maxKeys?: number },
  ): Promise<{
    readonly keys: readonly { readonly key: string; readonly sizeBytes: number }[];
    readonly directories: readonly string[];
  }> {
    const { Key, ...bucket } = this.#at(directory.endsWith('/') ? directory : `${directory}/`);
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
      throw fileFailure(access, path, thrown);
    }
  }
}

/** Reads ahead by one request at a time. */
class S3FileReader implements FileReader {
  readonly #fetch: (fromBytes: number, toBytes: number) => Promise<Uint8Array>;
  readonly #sizeBytes: number;
  readonly #partBytes: number;
  #offsetBytes: number;
  #fetched = new Uint8Array();

  constructor(
    fetch: (fromBytes: number, toBytes: number) => Promise<Uint8Array>,
    at: { readonly offsetBytes: number; readonly sizeBytes: number; readonly partBytes: number },
  ) {
    this.#fetch = fetch;
    this.#offsetBytes = at.offsetBytes;
    this.#sizeBytes = at.sizeBytes;
    this.#partBytes = at.partBytes;
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    if (this.#fetched.length === 0 && this.#offsetBytes < this.#sizeBytes) {
      const toBytes = Math.min(this.#sizeBytes, this.#offsetBytes + this.#partBytes);
      this.#fetched = Uint8Array.from(await this.#fetch(this.#offsetBytes, toBytes));
      this.#offsetBytes = toBytes;
    }
    const taken = this.#fetched.subarray(0, maxBytes);
    this.#fetched = this.#fetched.subarray(taken.length);
    return taken;
  }

  async close(): Promise<void> {
    this.#fetched = new Uint8Array();
    this.#offsetBytes = this.#sizeBytes;
  }
}

function isMissing(thrown: unknown): boolean {
  return MISSING.has(awsCodeOf(thrown instanceof Error ? thrown.cause : undefined));
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
