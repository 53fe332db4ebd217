import { StreamError } from '../../core/index.ts';

const URI = /^[a-z][a-z0-9+.-]+:\/\//;

/**
 * A URI would be a directory named `s3:` of this machine, made in silence.
 *
 * @throws {StreamError} kind `invalid`, code `FILE_SYSTEM_UNKNOWN`.
 */
export function checkLocal(path: string): void {
  if (!URI.test(path)) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'FILE_SYSTEM_UNKNOWN',
    message:
      'a process on a machine of yours has files of that machine only; s3:// is for jobs on AWS ' +
      `path=${path}`,
    details: { path },
  });
}
