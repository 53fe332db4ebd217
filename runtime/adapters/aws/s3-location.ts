/** `s3://bucket/key`. */
import { invalidCall } from './store-failure.ts';

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

const SCHEME = 's3://';
const PATTERN = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/s;
const MAX_KEY_BYTES = 1024;

/** @throws {StreamError} `S3_LOCATION_INVALID` */
export function parseS3Location(location: string): S3Location {
  const [, bucket, key] = PATTERN.exec(location) ?? [];
  if (bucket !== undefined && key !== undefined && Buffer.byteLength(key) <= MAX_KEY_BYTES) {
    return { bucket, key };
  }
  const text = 'a location is not one in S3: write it as s3://bucket/key, the key up to 1024 bytes';
  throw invalidCall('S3_LOCATION_INVALID', text, { location });
}

/** Whether a location claims to be in S3. */
export function isS3Location(location: string): boolean {
  return location.startsWith(SCHEME);
}

export function s3Location({ bucket, key }: S3Location): string {
  return `${SCHEME}${bucket}/${key}`;
}

/**
 * Accounts that must own a bucket, by its name: where another one has it meanwhile, S3 refuses the
 * call. Buckets that are not named may belong to anybody who grants them.
 */
export type BucketOwners = Readonly<Record<string, string>>;

/** As a request says it. */
export interface ExpectedOwner {
  readonly ExpectedBucketOwner?: string;
}

/** The part of a request that says who must own its bucket. */
export function expectedOwner(owners: BucketOwners, bucket: string): ExpectedOwner {
  const owner = owners[bucket];
  return owner === undefined ? {} : { ExpectedBucketOwner: owner };
}
