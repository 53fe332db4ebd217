/**
 * What an error of the AWS SDK means: whether the call may have happened, whether another attempt
 * may help, and what to do about it. Pure.
 */
import type { ErrorKind } from '../../core/index.ts';

export type AwsFailureReason =
  /** Asked too often; it did not happen. */
  | 'throttled'
  /** No answer, or that of a service in trouble. */
  | 'unavailable'
  /** The caller has given up: the invocation ends. */
  | 'aborted'
  | 'credentials-expired'
  | 'credentials-invalid'
  | 'access-denied'
  | 'kms-denied'
  /** No such bucket, table or queue. */
  | 'missing-resource'
  | 'wrong-region'
  /** Nobody has said which. */
  | 'region-missing'
  /** The service understands the call and says no. */
  | 'refused';

export interface AwsFailure {
  readonly reason: AwsFailureReason;
  /** True when it is not known that the call did not happen. */
  readonly mayHaveHappened: boolean;
  /** Whether another attempt may succeed. */
  readonly mayPass: boolean;
  /** The service's or Node's name for it, `ProvisionedThroughputExceededException`. */
  readonly awsCode: string;
  /** The IAM action that is missing, `s3:PutObject`. */
  readonly permission?: string;
  /** Who lacks it, where the service says so: the ARN of a role's session. */
  readonly principal?: string;
  readonly requestId?: string;
  readonly httpStatus?: number;
}

const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'ProvisionedThroughputExceeded',
  'ThrottlingException',
  'ThrottlingError',
  'Throttling',
  'ThrottledException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'SlowDown',
  'BandwidthLimitExceeded',
  'TransactionConflictException',
  'TransactionConflict',
  'ReplicatedWriteConflictException',
  'ConditionalRequestConflict',
  'ConcurrentModificationException',
  'OperationAborted',
]);
/** Refused on the way, and helped by another attempt: the SDK corrects its clock by the answer. */
const NOT_HAPPENED = new Set([
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
const BAD_CREDENTIALS = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'InvalidToken',
  'CredentialsProviderError',
  'TokenProviderError',
]);
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'AuthorizationError']);
const MISSING = new Set([
  'NoSuchBucket',
  'ResourceNotFoundException',
  'TableNotFoundException',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
]);
const WRONG_REGION = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);
/** Of Node's sockets, the request handler and abort signals. */
const NO_ANSWER =
  /^(E[A-Z_]{3,}|UND_ERR_\w+|TimeoutError|NetworkingError|ERR_(STREAM|SOCKET|SSL|TLS)\w*)$/;
const DENIED_PRINCIPAL = /User: (arn:\S+) is not authorized/;
const DENIED_ACTION = /not authorized to perform:? ([A-Za-z0-9-]+:[A-Za-z]+)/;

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown; readonly requestId?: unknown };
  readonly $response?: { readonly statusCode?: unknown };
}

/** @param permission the IAM action the call needs, for when the service does not say. */
export function awsFailure(thrown: unknown, permission?: string): AwsFailure {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as SdkError;
  const httpStatus = numberOf(error.$metadata?.httpStatusCode ?? error.$response?.statusCode);
  const text = typeof error.message === 'string' ? error.message : '';
  // The SDK throws a plain error, before it calls anything.
  const awsCode = text === 'Region is missing' ? 'RegionMissing' : awsCodeOf(thrown);
  const reason = reasonOf(awsCode, text, httpStatus);
  const requestId = error.$metadata?.requestId;
  const denied = reason === 'access-denied' || reason === 'kms-denied';
  const action = denied ? (DENIED_ACTION.exec(text)?.[1] ?? permission) : undefined;
  const principal = denied ? DENIED_PRINCIPAL.exec(text)?.[1] : undefined;
  return {
    reason,
    ...effectOf(reason, awsCode, httpStatus),
    awsCode,
    ...(action === undefined ? {} : { permission: action }),
    ...(principal === undefined ? {} : { principal }),
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(httpStatus === undefined ? {} : { httpStatus }),
  };
}

/** The service's or Node's name of an error. */
export function awsCodeOf(thrown: unknown): string {
  const { name, code } = (thrown ?? {}) as SdkError;
  const isPlain = name === undefined || name === 'Error' || name === 'UnknownError';
  const chosen = isPlain && typeof code === 'string' ? code : name;
  return typeof chosen === 'string' ? chosen : 'UnknownError';
}

/** How a caller should act. */
export function kindOfFailure({ reason }: AwsFailure): ErrorKind {
  switch (reason) {
    case 'throttled':
    case 'unavailable':
    case 'aborted':
    // The next call fetches new ones, where the provider can.
    case 'credentials-expired':
      return 'unavailable';
    default:
      return 'invalid';
  }
}

/** What to do about it; ends a message's first part. */
export function adviceOf({ reason, permission, awsCode }: AwsFailure): string {
  switch (reason) {
    case 'throttled':
      return 'the service throttles: raise its capacity or quota, or checkpoint less often';
    case 'unavailable':
      return 'the service does not answer: try again, and check network and endpoint';
    case 'aborted':
      return 'the call was given up, as the invocation ends';
    case 'credentials-expired':
      return 'the credentials have expired: sign in again';
    case 'credentials-invalid':
      return 'the credentials are missing or wrong: check profile, role and region';
    case 'access-denied':
      return `permission is missing: grant ${permission ?? 'the action'}${listHint(permission)}`;
    case 'kms-denied':
      return `the encryption key cannot be used: grant ${permission ?? 'kms:Decrypt and kms:GenerateDataKey'} on it, and check that it is enabled`;
    case 'missing-resource':
      return 'it does not exist in this account and region: check the name, or deploy the stack';
    case 'wrong-region':
      return 'it lies in another region: use a client of that region';
    case 'region-missing':
      return 'no region is set: set AWS_REGION, or a region in the profile (AWS_PROFILE)';
    case 'refused':
      return `the service refuses the call with ${awsCode}`;
  }
}

/** S3 says 403 instead of 404 to who may not list. */
function listHint(permission: string | undefined): string {
  const isRead = permission === 's3:GetObject';
  return isRead ? ', and s3:ListBucket, without which a missing object looks denied' : '';
}

function reasonOf(awsCode: string, text: string, httpStatus: number | undefined): AwsFailureReason {
  if (awsCode === 'AbortError') return 'aborted';
  if (THROTTLED.has(awsCode) || httpStatus === 429) return 'throttled';
  if (EXPIRED.has(awsCode)) return 'credentials-expired';
  if (BAD_CREDENTIALS.has(awsCode)) return 'credentials-invalid';
  if (/^KMS/.test(awsCode)) return 'kms-denied';
  if (DENIED.has(awsCode)) return /\bkms\b/i.test(text) ? 'kms-denied' : 'access-denied';
  if (awsCode === 'RegionMissing') return 'region-missing';
  if (MISSING.has(awsCode)) return 'missing-resource';
  if (WRONG_REGION.has(awsCode) || httpStatus === 301 || httpStatus === 307) return 'wrong-region';
  if (NOT_HAPPENED.has(awsCode) || NO_ANSWER.test(awsCode)) return 'unavailable';
  if (awsCode === 'TransactionInProgressException') return 'unavailable';
  if (httpStatus === 403) return 'access-denied';
  const isBroken = httpStatus !== undefined && (httpStatus >= 500 || httpStatus < 300);
  return isBroken ? 'unavailable' : 'refused';
}

function effectOf(
  reason: AwsFailureReason,
  awsCode: string,
  httpStatus: number | undefined,
): Pick<AwsFailure, 'mayHaveHappened' | 'mayPass'> {
  if (reason === 'throttled') return { mayHaveHappened: false, mayPass: true };
  if (reason === 'aborted') return { mayHaveHappened: true, mayPass: false };
  if (reason === 'unavailable')
    return { mayHaveHappened: !NOT_HAPPENED.has(awsCode), mayPass: true };
  // Neither an answer nor a known failure: nothing is known of it.
  return { mayHaveHappened: reason === 'refused' && httpStatus === undefined, mayPass: false };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
