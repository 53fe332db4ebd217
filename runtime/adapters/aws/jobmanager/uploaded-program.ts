/**
 * Uploads in the bucket, by their id. What a client sends as an id is checked before it becomes
 * part of a key.
 */
import { type BlobStore, isErrorWithCode } from '../../../checkpoint/index.ts';
import { ConfigOptions, MAX_BUNDLE_BYTES } from '../../../core/index.ts';
import {
  HttpRefusal,
  type ReadProgram,
  readProgram,
  type UploadedProgram,
} from '../../http/index.ts';
import { checkBundle } from './job-programs.ts';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}_[\w.-]{1,100}$/;
const WHOLE_PROGRAM = { offsetBytes: 0, sizeBytes: MAX_BUNDLE_BYTES + 1 } as const;

export function isUploadId(id: string): boolean {
  return ID.test(id);
}

/** @throws {HttpRefusal} 404: no upload is called so. */
export function checkUploadId(id: string): void {
  if (!isUploadId(id)) throw uploadMissing(id);
}

export function uploadMissing(id: string): HttpRefusal {
  return new HttpRefusal(404, `Jar file ${id} does not exist`);
}

/** Where the bytes of an upload lie. @param root `s3://bucket` */
export function uploadLocation(root: string, id: string): string {
  return `${root}/uploads/${id}`;
}

/** What its id says of an upload: a UUID of version 7 begins with the time. */
export function uploadOf(id: string): UploadedProgram {
  const uploadedAtEpochMs = Number.parseInt(id.slice(0, 13).replace('-', ''), 16);
  const name = id.slice(37);
  // What an archive has in it is seen when it runs.
  const entries = /\.(jar|zip)$/i.test(name) ? [] : [ConfigOptions.JOB_EXPORT.defaultValue];
  return { id, name, uploadedAtEpochMs, entries };
}

/** Of what is too large, a byte too many: an upload by URL may have any size. */
export async function presentProgram(
  blobs: Pick<BlobStore, 'get'>,
  location: string,
): Promise<Uint8Array | undefined> {
  try {
    return await blobs.get(location, WHOLE_PROGRAM);
  } catch (thrown) {
    if (isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) return undefined;
    throw thrown;
  }
}

/** @throws {HttpRefusal} 404 */
export async function readUpload(
  blobs: Pick<BlobStore, 'get'>,
  root: string,
  id: string,
): Promise<Uint8Array> {
  checkUploadId(id);
  const bytes = await presentProgram(blobs, uploadLocation(root, id));
  if (bytes === undefined) throw uploadMissing(id);
  return bytes;
}

/**
 * An upload by URL was not looked at before.
 *
 * @throws {HttpRefusal} as `readProgram`.
 * @throws {StreamError} as `checkBundle`.
 */
export async function unpackedUpload(
  id: string,
  upload: Uint8Array,
  jobId: string,
): Promise<ReadProgram> {
  checkBundle(upload, jobId);
  return await readProgram(uploadOf(id).name, upload, MAX_BUNDLE_BYTES);
}
