import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { parseS3Location } from '../s3-location.ts';

/** A URL that takes one PUT of an object, with these headers, for so long. */
export async function presignUpload(
  s3: S3Client,
  location: string,
  headers: Readonly<Record<string, string>>,
  validS: number,
): Promise<string> {
  const { bucket, key } = parseS3Location(location);
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    ContentType: headers['content-type'],
  });
  const signableHeaders = new Set(Object.keys(headers));
  return await getSignedUrl(s3, command, { expiresIn: validS, signableHeaders });
}
