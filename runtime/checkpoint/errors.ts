import { type ErrorDetails, type ErrorKind, isStreamError, StreamError } from '../core/index.ts';

/** What can be wrong with stored checkpoints, savepoints and jobs. */
export type StorageErrorCode =
  /** A checkpoint id was used before, for something else: abort, and take a higher id. */
  | 'CHECKPOINT_ID_TAKEN'
  /** It is not known whether the log row was written; see `CheckpointStore`. */
  | 'CHECKPOINT_OUTCOME_UNKNOWN'
  /** The log has no such checkpoint. */
  | 'CHECKPOINT_NOT_FOUND'
  /** A persisted job row does not read as one. */
  | 'JOB_RECORD_CORRUPT'
  /** Bytes of a manifest are damaged. */
  | 'MANIFEST_CORRUPT'
  /** A manifest ends too early. */
  | 'MANIFEST_TRUNCATED'
  /** Written by a newer release. */
  | 'MANIFEST_VERSION_NEWER'
  /** Something else lies under a manifest's name. */
  | 'NOT_A_MANIFEST'
  /** A value does not have the shape its format asks for; always wrapped. */
  | 'RECORD_SHAPE'
  /** No savepoint or checkpoint at a path. */
  | 'RESTORE_PATH_NOT_FOUND'
  /** A path holds several checkpoints; the message lists them. */
  | 'RESTORE_PATH_AMBIGUOUS'
  /** Another job owns it. */
  | 'SAVEPOINT_CLAIMED'
  /** Only savepoints are disposed of by path. */
  | 'SAVEPOINT_NOT_DISPOSABLE'
  /** A blob a manifest refers to has not the checksum it was written with. */
  | 'STATE_BLOB_CORRUPT'
  /** A blob a manifest refers to is not there. */
  | 'STATE_BLOB_MISSING'
  /** A blob a manifest refers to has not the size it was written with. */
  | 'STATE_BLOB_TRUNCATED';

/** Message first, then the details as `key=value`. */
export function storageError(
  kind: ErrorKind,
  code: StorageErrorCode,
  text: string,
  details: ErrorDetails = {},
  cause?: unknown,
): StreamError {
  const values = Object.entries(details).map(([key, value]) => `${key}=${value}`);
  const message = values.length === 0 ? text : `${text}; ${values.join(' ')}`;
  return new StreamError({
    kind,
    code,
    message,
    details,
    ...(cause === undefined ? {} : { cause }),
  });
}

export function isErrorWithCode(thrown: unknown, code: string): thrown is StreamError {
  return isStreamError(thrown) && thrown.code === code;
}
