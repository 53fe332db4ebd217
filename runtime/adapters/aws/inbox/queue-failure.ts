import { StreamError } from '../../../core/index.ts';
import { AwsCallFailed } from '../aws-calls.ts';
import { adviceOf, kindOfFailure } from '../aws-failure.ts';

/**
 * A failed call to a queue as an error; anything else that was thrown stays as it is. One that is
 * not there may be later, which is not so of buckets and tables: inboxes are made while the job
 * runs, and a new one is not seen everywhere at once.
 */
export function queueFailure(
  code: string,
  what: string,
  queueUrl: string,
  thrown: unknown,
): unknown {
  if (!(thrown instanceof AwsCallFailed)) return thrown;
  const { failure, attempts } = thrown;
  const { reason, awsCode } = failure;
  const details = { queueUrl, reason, awsCode, attempts };
  return new StreamError({
    kind: reason === 'missing-resource' ? 'unavailable' : kindOfFailure(failure),
    code,
    message: `${what}: ${adviceOf(failure)} queueUrl=${queueUrl} reason=${reason} awsCode=${awsCode} attempts=${attempts}`,
    details,
    cause: thrown.cause,
  });
}
