/**
 * `FileSystem.publish` on S3, which has no rename: a copy under the final name, then the deletion.
 *
 * - I1: the copy says of which file it is one, and is made on the condition that nothing is there.
 *   Who finds the final name knows by that whether to finish or to keep its hands off.
 * - I2: the old name goes after the new one is there: whoever repeats finds one of them, or both.
 */
import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { PublishOutcome } from '../../core/index.ts';
import { AwsCallFailed, type AwsCalls } from './aws-calls.ts';
import { planParts } from './s3-multipart.ts';

/** An object as the SDK wants it. */
export interface S3ObjectAt {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
}

/** What is known of an object. */
export interface S3ObjectHead {
  readonly sizeBytes: number;
  readonly etag: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface S3PublishParts {
  readonly s3: S3Client;
  readonly calls: AwsCalls;
  /** Undefined: there is none. */
  readonly headOf: (at: S3ObjectAt) => Promise<S3ObjectHead | undefined>;
  readonly remove: (at: S3ObjectAt) => Promise<void>;
  /** S3 takes 5 GB at once; parts go side by side. @default 512 MiB */
  readonly copyPartBytes?: number | undefined;
}

const PUT = { permission: 's3:PutObject' };
/** Of the final name: the hidden name that it had. */
const ORIGIN = 'sluice-origin';
const COPY_PART_BYTES = 512 * 1024 * 1024;
/** A failed condition means that somebody was faster; once more, and it is known who. */
const MAX_LOOKS = 3;

/** @throws {AwsCallFailed} */
export async function publishObject(
  parts: S3PublishParts,
  from: S3ObjectAt,
  to: S3ObjectAt,
): Promise<PublishOutcome> {
  const origin = originOf(from);
  for (let looks = 1; ; looks++) {
    const [visible, waiting] = await Promise.all([parts.headOf(to), parts.headOf(from)]);
    const isOwn = visible?.metadata[ORIGIN] === origin;
    if (visible !== undefined && !isOwn) return waiting === undefined ? 'done' : 'exists';
    if (visible === undefined && waiting === undefined) {
      // Its way from one name to the other may have been between the two looks.
      return (await parts.headOf(to)) === undefined ? 'gone' : 'done';
    }
    try {
      if (visible === undefined && waiting !== undefined) await copy(parts, from, to, waiting);
      // I2.
      if (waiting !== undefined) await parts.remove(from);
      return 'done';
    } catch (thrown) {
      if (!isOvertaken(thrown) || looks === MAX_LOOKS) throw thrown;
    }
  }
}

/** I1. */
async function copy(
  parts: S3PublishParts,
  from: S3ObjectAt,
  to: S3ObjectAt,
  { sizeBytes }: S3ObjectHead,
): Promise<void> {
  const { s3, calls, copyPartBytes = COPY_PART_BYTES } = parts;
  const { Bucket, Key } = from;
  const CopySource = [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/');
  const Metadata = { [ORIGIN]: originOf(from) };
  if (sizeBytes > copyPartBytes) {
    await copyInParts(parts, { CopySource, sizeBytes, copyPartBytes }, to, Metadata);
    return;
  }
  const command = new CopyObjectCommand({
    ...to,
    ...{ CopySource, Metadata, MetadataDirective: 'REPLACE', IfNoneMatch: '*' },
  });
  await calls.call(PUT, ({ options }) => s3.send(command, options));
}

interface CopySourceParts {
  readonly CopySource: string;
  readonly sizeBytes: number;
  readonly copyPartBytes: number;
}

async function copyInParts(
  { s3, calls }: S3PublishParts,
  { CopySource, sizeBytes, copyPartBytes }: CopySourceParts,
  to: S3ObjectAt,
  Metadata: Record<string, string>,
): Promise<void> {
  const create = new CreateMultipartUploadCommand({ ...to, Metadata });
  const { UploadId } = await calls.call(PUT, ({ options }) => s3.send(create, options));
  const upload = { ...to, UploadId };
  try {
    const copied = planParts(sizeBytes, copyPartBytes).map(
      async ({ startBytes, endBytes }, index): Promise<CompletedPart> => {
        const PartNumber = index + 1;
        const CopySourceRange = `bytes=${startBytes}-${endBytes - 1}`;
        const command = new UploadPartCopyCommand({
          ...upload,
          ...{ CopySource, CopySourceRange, PartNumber },
        });
        const { CopyPartResult } = await calls.call(PUT, ({ options }) =>
          s3.send(command, options),
        );
        return { PartNumber, ETag: CopyPartResult?.ETag };
      },
    );
    // Not before all have ended: a part that arrives after the abort would be billed for ever.
    await Promise.allSettled(copied);
    const complete = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: await Promise.all(copied) },
      IfNoneMatch: '*',
    });
    await calls.call(PUT, ({ options }) => s3.send(complete, options));
  } catch (thrown) {
    await s3.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw thrown;
  }
}

/** Somebody else has made the copy, completed it, or taken the old name away meanwhile. */
function isOvertaken(thrown: unknown): boolean {
  if (!(thrown instanceof AwsCallFailed)) return false;
  return ['PreconditionFailed', 'NoSuchKey', 'NoSuchUpload'].includes(thrown.failure.awsCode);
}

/** Metadata is ASCII and short, keys are not. */
function originOf({ Bucket, Key }: S3ObjectAt): string {
  return createHash('sha256').update(`${Bucket}/${Key}`).digest('hex');
}
