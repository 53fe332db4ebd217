import type { RowWrite } from '../checkpoint/index.ts';
import { type ErrorKind, StreamError } from '../core/index.ts';

/** Errno codes that no retry, but another path or other permissions, helps against. */
const LASTING = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  // Of what is created: no place for it. What is missing has errors of its own.
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
  'ELOOP',
]);

/** How to act on a refusal of the file system. */
function kindOfReason(reason: string): ErrorKind {
  return LASTING.has(reason) ? 'invalid' : 'unavailable';
}

function adviceFor(reason: string): string {
  return LASTING.has(reason)
    ? 'choose another directory, or check its permissions'
    : 'check the disk, its free space and the permissions';
}

/** The errno code, `ENOSPC`. */
export function reasonOf(thrown: unknown): string {
  const code = (thrown as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

export function blobExists(location: string): StreamError {
  const message = `a blob exists already, and is never replaced location=${location}`;
  return new StreamError({ kind: 'conflict', code: 'BLOB_EXISTS', message, details: { location } });
}

export function blobNotFound(location: string, cause?: unknown): StreamError {
  const message = `a blob does not exist: was it deleted or moved by hand? location=${location}`;
  const details = { location };
  return new StreamError({ kind: 'data', code: 'BLOB_NOT_FOUND', message, details, cause });
}

export function blobError(
  access: 'read' | 'written',
  location: string,
  cause: unknown,
): StreamError {
  const reason = reasonOf(cause);
  return new StreamError({
    kind: kindOfReason(reason),
    code: access === 'read' ? 'BLOB_NOT_READABLE' : 'BLOB_NOT_WRITABLE',
    message: `a blob cannot be ${access}: ${adviceFor(reason)} location=${location} reason=${reason}`,
    details: { location, reason },
    cause,
  });
}

export function rowConflict({ partitionKey, sortKey, expectedVersion }: RowWrite): StreamError {
  const version = expectedVersion ?? 0;
  const place = `partitionKey=${partitionKey} sortKey=${sortKey} expectedVersion=${version}`;
  return new StreamError({
    kind: 'conflict',
    code: 'ROW_CONFLICT',
    message: `a row has changed since it was read: read it again ${place}`,
    details: { partitionKey, sortKey, expectedVersion: version },
  });
}

export function rowStoreError(
  access: 'read' | 'written',
  path: string,
  cause: unknown,
): StreamError {
  const reason = reasonOf(cause);
  const advice = adviceFor(reason);
  return new StreamError({
    kind: kindOfReason(reason),
    code: access === 'read' ? 'ROW_STORE_NOT_READABLE' : 'ROW_STORE_NOT_WRITABLE',
    message: `the rows of a cluster cannot be ${access}: ${advice} path=${path} reason=${reason}`,
    details: { path, reason },
    cause,
  });
}

/** A file of the row log was deleted or moved by hand. */
export function rowLogLost(path: string): StreamError {
  const advice = 'a file with the rows of a cluster is missing: put it back, from a copy';
  const message = `${advice} path=${path}`;
  return new StreamError({ kind: 'data', code: 'ROW_LOG_LOST', message, details: { path } });
}
