/**
 * The program of a job, as it was planned. It is never written over; who finds another one, or
 * none, runs nothing: two TaskManagers with different programs would make one wrong result.
 */
import { createHash } from 'node:crypto';
import { type BlobStore, isErrorWithCode } from '../../checkpoint/index.ts';
import { StreamError } from '../../core/index.ts';

/** SHA-256 in hex. */
export function programDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * @param digest as it was planned; undefined: not known.
 * @throws {StreamError} `PROGRAM_NOT_FOUND`, `PROGRAM_CHANGED`; of the store.
 */
export async function readProgram(
  blobs: Pick<BlobStore, 'get'>,
  location: string,
  digest: string | undefined,
): Promise<Uint8Array> {
  const bytes = await blobs.get(location).catch((thrown: unknown) => {
    if (!isErrorWithCode(thrown, 'BLOB_NOT_FOUND')) throw thrown;
    const text = 'the program of a job is gone from the bucket: submit the job again, from its';
    throw refused('PROGRAM_NOT_FOUND', `${text} newest checkpoint`, { location }, thrown);
  });
  if (digest === undefined) return bytes;
  const found = programDigest(bytes);
  if (found !== digest) throw programChanged(location, digest, found);
  return bytes;
}

/** The object at the program's place is another one than was planned. */
function programChanged(location: string, planned: string, found: string): StreamError {
  const text =
    'the program of a job was written over after it was planned: submit the other one as a job ' +
    'of its own, from the newest checkpoint';
  return refused('PROGRAM_CHANGED', text, { location, planned, found });
}

function refused(
  code: string,
  text: string,
  details: Readonly<Record<string, string>>,
  cause?: unknown,
): StreamError {
  const values = Object.entries(details).map(([key, value]) => `${key}=${value}`);
  const message = `${text}; ${values.join(' ')}`;
  const init = { kind: 'invalid', code, message, details } as const;
  return new StreamError(cause === undefined ? init : { ...init, cause });
}
