/** Data that jobs read and write, beside what is granted to the cluster as a grantee. Pure. */
import { StreamError } from '../runtime/core/index.ts';
import { type Grant, KEY_ACTIONS } from './grants.ts';

/** A bucket of jobs' input or output, or a part of it. It may be in another account. */
export interface DataBucket {
  readonly bucketName: string;
  /**
   * A key, or a directory: it and all below it, `2026/orders`.
   *
   * @defaultValue the whole bucket
   */
  readonly path?: string;
  /** `READ_WRITE`: also writes and deletes there, as sinks do. @defaultValue `READ` */
  readonly access?: 'READ' | 'READ_WRITE';
}

export interface DataAccess {
  readonly buckets: readonly DataBucket[];
  /** ARNs of the keys that encrypt them, where those are the account's own. */
  readonly keyArns: readonly string[];
}

const READS = ['s3:GetObject'] as const;
const WRITES = ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'] as const;
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** What IAM takes for a wildcard or a variable. */
const NOT_PLAIN = /[*?$]|\/\/|^\//;
const BELOW = 'Files of jobs: their names are not known before.';

/**
 * @param partition of the ARNs, `aws`.
 * @throws {StreamError} `DATA_BUCKET_INVALID`, naming it.
 */
export function dataGrants({ buckets, keyArns }: DataAccess, partition: string): readonly Grant[] {
  const grants = buckets.flatMap((bucket) => bucketGrants(bucket, partition));
  return keyArns.length === 0 ? grants : [...grants, { actions: KEY_ACTIONS, resources: keyArns }];
}

function bucketGrants(bucket: DataBucket, partition: string): readonly Grant[] {
  const { bucketName, path = '', access = 'READ' } = bucket;
  if (!BUCKET_NAME.test(bucketName) || NOT_PLAIN.test(path)) throw invalid(bucket);
  const bucketArn = `arn:${partition}:s3:::${bucketName}`;
  const key = path.replace(/\/$/, '');
  const resources =
    key === '' ? [`${bucketArn}/*`] : [`${bucketArn}/${key}`, `${bucketArn}/${key}/*`];
  const actions = access === 'READ_WRITE' ? [...READS, ...WRITES] : READS;
  return [
    { actions, resources, wildcard: BELOW },
    // Without it S3 says of an object that is not there that access is denied.
    { actions: ['s3:ListBucket'], resources: [bucketArn] },
  ];
}

/** `bucket/path,bucket,…` */
export function dataBucketsOf(text: string, access: 'READ' | 'READ_WRITE'): readonly DataBucket[] {
  return text.split(',').map((location) => {
    const [bucketName = '', ...keys] = location
      .trim()
      .replace(/^s3:\/\//, '')
      .split('/');
    const path = keys.join('/');
    return { bucketName, access, ...(path === '' ? {} : { path }) };
  });
}

function invalid({ bucketName, path = '' }: DataBucket): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'DATA_BUCKET_INVALID',
    message:
      "a data bucket is a bucket's name and, with a slash between them, a key or a directory, " +
      `without wildcards; bucketName=${bucketName} path=${path}`,
  });
}
