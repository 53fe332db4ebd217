/**
 * Large blobs in parts: several connections at once, and a lost one costs a part.
 *
 * - I1: as of a whole object, it is the completion that creates it, on the same condition.
 * - I2: an upload that fails is aborted; what is left after a crash, the bucket's life-cycle rule
 *   removes.
 */
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { AwsAttempt, AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { checksumOf } from './s3-checksum.ts';

export interface MultipartSettings {
  /** Larger blobs go in parts. */
  readonly aboveBytes: number;
  /** From 5 MiB, the least that S3 takes. */
  readonly partBytes: number;
  readonly partsInFlight: number;
}

/** Parts cost a PUT each, $0.30 a TB, and a connection gives about 50 MB/s. */
export const DEFAULT_MULTIPART: MultipartSettings = {
  aboveBytes: 32 * 1024 * 1024,
  partBytes: 16 * 1024 * 1024,
  partsInFlight: 4,
};

const MAX_PARTS = 10_000;
const PUT = { permission: 's3:PutObject' };

interface Parts {
  readonly s3: S3Client;
  readonly calls: AwsCalls;
  readonly settings: MultipartSettings | undefined;
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
  readonly Metadata: Record<string, string>;
}

/** Where the parts of a blob begin and end. */
export function planParts(
  sizeBytes: number,
  partBytes: number,
): readonly { readonly startBytes: number; readonly endBytes: number }[] {
  const stepBytes = Math.max(partBytes, Math.ceil(sizeBytes / MAX_PARTS));
  const count = Math.ceil(sizeBytes / stepBytes);
  return Array.from({ length: count }, (_, n) => ({
    startBytes: n * stepBytes,
    endBytes: Math.min(sizeBytes, (n + 1) * stepBytes),
  }));
}

/**
 * @param isOwn whether the object that is in the way was created by this put.
 * @returns undefined when the blob is not large.
 * @throws {AwsCallFailed}
 */
export async function putInParts(
  parts: Parts,
  target: Target,
  bytes: Uint8Array,
  isOwn: (attempt: AwsAttempt) => Promise<boolean>,
): Promise<'created' | 'exists' | undefined> {
  const { s3, calls, settings = DEFAULT_MULTIPART } = parts;
  if (bytes.length <= settings.aboveBytes) return undefined;
  const { Metadata, ...at } = target;
  const create = new CreateMultipartUploadCommand({ ...at, Metadata, ChecksumAlgorithm: 'CRC32' });
  const { UploadId } = await calls.call(PUT, ({ options }) => s3.send(create, options));
  const upload = { ...at, UploadId };
  try {
    const uploaded = await uploadParts({ s3, calls, settings }, upload, bytes);
    const complete = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: uploaded },
      IfNoneMatch: '*',
    });
    return await calls.call(PUT, async (attempt) => {
      try {
        await s3.send(complete, attempt.options);
        return 'created';
      } catch (thrown) {
        const code = awsCodeOf(thrown);
        // An upload that is completed is no more.
        const isDone = code === 'NoSuchUpload' && attempt.mayHaveHappened;
        if (code !== 'PreconditionFailed' && !isDone) throw thrown;
        if (await isOwn(attempt)) return 'created';
        await abort(s3, upload);
        return 'exists';
      }
    });
  } catch (thrown) {
    await abort(s3, upload);
    throw thrown;
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

async function uploadParts(
  { s3, calls, settings }: Parts & { readonly settings: MultipartSettings },
  upload: Upload,
  bytes: Uint8Array,
): Promise<CompletedPart[]> {
  const plan = planParts(bytes.length, settings.partBytes);
  const uploaded: CompletedPart[] = new Array(plan.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < plan.length; n = next++) {
      const { startBytes = 0, endBytes = 0 } = plan[n] ?? {};
      const body = bytes.subarray(startBytes, endBytes);
      const ChecksumCRC32 = checksumOf(body);
      const PartNumber = n + 1;
      const command = new UploadPartCommand({
        ...upload,
        PartNumber,
        Body: body,
        ContentLength: body.length,
        ChecksumCRC32,
      });
      const { ETag } = await calls
        .call(PUT, ({ options }) => s3.send(command, options))
        .catch((thrown: unknown) => {
          // The others begin no more.
          next = plan.length;
          throw thrown;
        });
      uploaded[n] = { PartNumber, ChecksumCRC32, ...(ETag === undefined ? {} : { ETag }) };
    }
  };
  const workers = Array.from({ length: settings.partsInFlight }, work);
  const outcomes = await Promise.allSettled(workers);
  // Not before all have ended: a part that arrives after the abort would be billed for ever.
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return uploaded;
}

async function abort(s3: S3Client, { Bucket, Key, UploadId }: Upload): Promise<void> {
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => {});
}
