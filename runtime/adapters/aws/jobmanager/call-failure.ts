import { StreamError } from '../../../core/index.ts';
import { AwsCallFailed } from '../aws-calls.ts';
import { adviceOf, kindOfFailure } from '../aws-failure.ts';

/** A failed call as an error; anything else that was thrown stays as it is. */
export function callFailure(code: string, what: string, place: string, thrown: unknown): unknown {
  if (!(thrown instanceof AwsCallFailed)) return thrown;
  const { failure, attempts, cause } = thrown;
  const { reason, awsCode } = failure;
  return new StreamError({
    kind: kindOfFailure(failure),
    code,
    message: `${what}: ${adviceOf(failure)} place=${place} awsCode=${awsCode} attempts=${attempts}`,
    details: { place, reason, awsCode, attempts },
    cause,
  });
}
