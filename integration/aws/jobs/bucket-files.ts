/** What a test puts into buckets, and finds there. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';

export async function createBuckets(s3: S3Client, ...names: readonly string[]): Promise<void> {
  for (const Bucket of names) await s3.send(new CreateBucketCommand({ Bucket }));
}

export async function putText(
  s3: S3Client,
  Bucket: string,
  Key: string,
  Body: string,
): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

/** Keys below a prefix, sorted. */
export async function keysBelow(
  s3: S3Client,
  Bucket: string,
  Prefix: string,
): Promise<readonly string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key = '' }) => Key).toSorted();
}

/** As readers of a sink's output see it: lines of the files whose names do not begin with a dot. */
export async function visibleLines(
  s3: S3Client,
  Bucket: string,
  directory: string,
): Promise<readonly string[]> {
  const keys = await keysBelow(s3, Bucket, `${directory}/`);
  const visible = keys.filter((key) => !key.endsWith('/') && !/\/[._][^/]*$/.test(key));
  const texts = await Promise.all(
    visible.map(async (Key) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToString()) ?? '';
    }),
  );
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}
