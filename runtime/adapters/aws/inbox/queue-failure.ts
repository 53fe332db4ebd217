import { StreamError } from '../../../core/index.ts';
import { AwsCallFailed } from '../aws-calls.ts';
import { adviceOf, kindOfFailure } from '../aws-failure.ts';

/** A failed call to a queue as an error; anything else that was thrown stays as it is. */
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
    kind: kindOfFailure(failure),
    code,
    message: `${what}: ${adviceOf(failure)} queueUrl=${queueUrl} reason=${reason} awsCode=${awsCode} attempts=${attempts}`,
    details,
    cause: thrown.cause,
  });
}
