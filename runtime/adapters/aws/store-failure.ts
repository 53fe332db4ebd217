/** Failed calls as the errors that the ports of the stores declare. */
import { type ErrorDetails, StreamError } from '../../core/index.ts';
import { AwsCallFailed } from './aws-calls.ts';
import { adviceOf, kindOfFailure } from './aws-failure.ts';

/** `BLOB_NOT_READABLE` or `BLOB_NOT_WRITABLE`. */
export function blobFailure(
  access: 'read' | 'written',
  location: string,
  thrown: unknown,
): unknown {
  const code = access === 'read' ? 'BLOB_NOT_READABLE' : 'BLOB_NOT_WRITABLE';
  return storeFailure(code, `a blob cannot be ${access}`, { location }, thrown);
}

/** `FILE_NOT_READABLE` or `FILE_NOT_WRITABLE`. */
export function fileFailure(access: 'read' | 'written', path: string, thrown: unknown): unknown {
  const code = access === 'read' ? 'FILE_NOT_READABLE' : 'FILE_NOT_WRITABLE';
  return storeFailure(code, `a file cannot be ${access}`, { path }, thrown);
}

/** `ROW_STORE_NOT_READABLE` or `ROW_STORE_NOT_WRITABLE`. */
export function rowFailure(access: 'read' | 'written', table: string, thrown: unknown): unknown {
  const code = access === 'read' ? 'ROW_STORE_NOT_READABLE' : 'ROW_STORE_NOT_WRITABLE';
  return storeFailure(code, `rows cannot be ${access}`, { table }, thrown);
}

/** It is not known whether a write has happened, or will. */
export function rowOutcomeUnknown(table: string, sortKey: string, cause?: unknown): StreamError {
  const details = { table, sortKey };
  return new StreamError({
    kind: 'unavailable',
    code: 'ROW_OUTCOME_UNKNOWN',
    message: `it is unknown whether a row was written: read it again ${valuesText(details)}`,
    details,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Wrong before anything was sent. */
export function invalidCall(code: string, text: string, details: ErrorDetails): StreamError {
  const message = `${text} ${valuesText(details)}`;
  return new StreamError({ kind: 'invalid', code, message, details });
}

/** Anything else that was thrown stays as it is. */
function storeFailure(code: string, what: string, place: ErrorDetails, thrown: unknown): unknown {
  if (!(thrown instanceof AwsCallFailed)) return thrown;
  const { failure, attempts, mayHaveHappened } = thrown;
  const details: ErrorDetails = {
    ...place,
    reason: failure.reason,
    awsCode: failure.awsCode,
    attempts,
    mayHaveHappened,
    ...(failure.permission === undefined ? {} : { permission: failure.permission }),
    ...(failure.requestId === undefined ? {} : { requestId: failure.requestId }),
  };
  return new StreamError({
    kind: kindOfFailure(failure),
    code,
    message: `${what}: ${adviceOf(failure)} ${valuesText(details)}`,
    details,
    cause: thrown.cause,
  });
}

function valuesText(details: ErrorDetails): string {
  return Object.entries(details)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
