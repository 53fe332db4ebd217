/** What the definitions of the two state machines are made of. Amazon States Language, JSONata. */

/** One state; its fields as the language has them. */
export type State = Readonly<Record<string, unknown>> & { readonly Type: string };

export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** A whole definition. */
export interface StateMachineDefinition extends States {
  readonly Comment: string;
  readonly QueryLanguage: 'JSONata';
}

export interface RetryRule {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy: 'FULL';
}

/**
 * What a caught error is told as. Causes are up to 32 KB; a cut one keeps payloads small. A
 * time-out may have none, and an expression of a `Fail` state that gives nothing is an error.
 */
export const CAUGHT_ERROR =
  '{"Error": $states.errorOutput.Error, "Cause": $exists($states.errorOutput.Cause) ' +
  '? $substring($states.errorOutput.Cause, 0, 2000) : ""}';

/**
 * Lambda did not take the call, or does not say. Every function that is retried for them is
 * idempotent, or fenced by its lease.
 */
export const LAMBDA_NOT_REACHED = [
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENILimitReachedException',
  'Lambda.SubnetIPAddressLimitReachedException',
  'Lambda.ResourceConflictException',
  'Lambda.ResourceNotReadyException',
] as const;

/** @param MaxAttempts after the first one. */
export function retryOf(
  ErrorEquals: readonly string[],
  MaxAttempts: number,
  MaxDelaySeconds: number,
): RetryRule {
  return {
    ErrorEquals,
    IntervalSeconds: 1,
    MaxAttempts,
    BackoffRate: 2,
    MaxDelaySeconds,
    JitterStrategy: 'FULL',
  };
}

/** An invocation of a function. */
export function invocation(
  functionArn: string,
  payload: Readonly<Record<string, unknown>>,
  timeoutSeconds: number,
): State {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: functionArn, Payload: payload },
    TimeoutSeconds: timeoutSeconds,
  };
}

/**
 * A message to the coordinator, whose answer comes under the task's token. Every attempt has a
 * token of its own, so every attempt has a deduplication id of its own: a retry that the queue took
 * for a copy would wait for ever.
 */
export function question(
  queueUrl: string,
  jobId: string,
  body: Readonly<Record<string, unknown>>,
  deduplication: readonly string[],
  timeoutSeconds: number,
): State {
  const parts = ['$states.context.Execution.Name', ...deduplication].map(
    (part) => `$string(${part})`,
  );
  const retries = '$string($states.context.State.RetryCount)';
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
    Arguments: {
      QueueUrl: queueUrl,
      MessageBody: { ...body, jobId, taskToken: '{% $states.context.Task.Token %}' },
      MessageGroupId: jobId,
      MessageDeduplicationId: `{% ${[...parts, retries].join(' & "." & ')} %}`,
    },
    TimeoutSeconds: timeoutSeconds,
  };
}
