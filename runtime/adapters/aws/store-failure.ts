/** Failed calls as the errors that the ports of the stores declare. */
import { type ErrorDetails, StreamError } from '../../core/index.ts';
import { AwsCallFailed } from './aws-calls.ts';
import { type AwsFailure, adviceOf, kindOfFailure } from './aws-failure.ts';
import type { BucketOwners } from './s3-location.ts';

/** `BLOB_NOT_READABLE` or `BLOB_NOT_WRITABLE`. @param owners as the call has said them. */
export function blobFailure(
  access: 'read' | 'written',
  location: string,
  thrown: unknown,
  owners: BucketOwners = {},
): unknown {
  const code = access === 'read' ? 'BLOB_NOT_READABLE' : 'BLOB_NOT_WRITABLE';
  const owner = ownerOf(location, owners);
  const advice = (failure: AwsFailure): string => adviceOf(failure) + ownerHint(failure, owner);
  return storeFailure(code, `a blob cannot be ${access}`, { location, ...owner }, thrown, advice);
}

/** `FILE_NOT_READABLE` or `FILE_NOT_WRITABLE`: of data of a job, in a bucket that is not ours. */
export function fileFailure(
  access: 'read' | 'written',
  path: string,
  thrown: unknown,
  owners: BucketOwners = {},
): unknown {
  const code = access === 'read' ? 'FILE_NOT_READABLE' : 'FILE_NOT_WRITABLE';
  const [, bucket = ''] = /^s3:\/\/([^/]*)/.exec(path) ?? [];
  const owner = ownerOf(path, owners);
  const place = { bucket, path, ...owner };
  const advice = (failure: AwsFailure): string => fileAdviceOf(failure) + ownerHint(failure, owner);
  return storeFailure(code, `a file cannot be ${access}`, place, thrown, advice);
}

/** Who was expected to own the bucket; empty: anybody. */
function ownerOf(location: string, owners: BucketOwners): { readonly expectedOwner?: string } {
  const [, bucket = ''] = /^s3:\/\/([^/]*)/.exec(location) ?? [];
  const owner = owners[bucket];
  return owner === undefined ? {} : { expectedOwner: owner };
}

/** S3 says the same to who may not and to who takes a bucket for another account's. */
function ownerHint(
  { reason }: AwsFailure,
  { expectedOwner }: { readonly expectedOwner?: string },
): string {
  if (reason !== 'access-denied' || expectedOwner === undefined) return '';
  return (
    '; or the bucket was deleted, and another account has one of its name now: use nothing of ' +
    'it, and deploy the cluster again under another prefix'
  );
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
function storeFailure(
  code: string,
  what: string,
  place: ErrorDetails,
  thrown: unknown,
  advice: (failure: AwsFailure) => string = adviceOf,
): unknown {
  if (!(thrown instanceof AwsCallFailed)) return thrown;
  const { failure, attempts, mayHaveHappened } = thrown;
  const details: ErrorDetails = {
    ...place,
    reason: failure.reason,
    awsCode: failure.awsCode,
    attempts,
    mayHaveHappened,
    ...(failure.permission === undefined ? {} : { permission: failure.permission }),
    ...(failure.principal === undefined ? {} : { principal: failure.principal }),
    ...(failure.requestId === undefined ? {} : { requestId: failure.requestId }),
  };
  return new StreamError({
    kind: kindOfFailure(failure),
    code,
    message: `${what}: ${advice(failure)} ${valuesText(details)}`,
    details,
    cause: thrown.cause,
  });
}

/** What a deployer does about it. */
function fileAdviceOf(failure: AwsFailure): string {
  const own = adviceOf(failure);
  switch (failure.reason) {
    case 'missing-resource':
      return 'there is no such bucket: check its name';
    case 'access-denied':
      return (
        `${own}; to the cluster by bucket.grantRead(jobManager) or grantReadWrite, or deploy it ` +
        'with -c readFrom=<bucket> or -c writeTo=<bucket>. Is its name right? If it is of ' +
        'another account, its own policy has to allow it too;'
      );
    case 'kms-denied':
      return `${own}; to the cluster by key.grantEncryptDecrypt(jobManager) or -c dataKeyArns=<arn>`;
    case 'wrong-region':
      return 'the bucket lies in another region: a cluster and its data have to be in one';
    case 'credentials-expired':
      return 'the credentials have expired: sign in again; a function gets new ones by itself';
    default:
      return own;
  }
}

function valuesText(details: ErrorDetails): string {
  return Object.entries(details)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
