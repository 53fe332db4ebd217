/**
 * A savepoint from the AWS console: input `{jobId, targetDirectory?}`, output what the coordinator
 * answers, the savepoint's path. One that fails fails the execution, under its error's code.
 */
import { question, retryOf, type StateMachineDefinition } from './state-machine.ts';

export interface TriggerSavepointParts {
  readonly coordinatorQueueUrl: string;
}

/** Longer than any checkpoint time-out of good sense; a savepoint of 100 GB takes minutes. */
const SAVEPOINT_TIMEOUT_SECONDS = 3_600;

export function triggerSavepointDefinition(parts: TriggerSavepointParts): StateMachineDefinition {
  const body = {
    type: 'request',
    requestId: '{% $states.context.Execution.Id %}',
    request:
      '{% $merge([{"type": "savepoint"}, $exists($states.input.targetDirectory) ? {"targetDirectory": $states.input.targetDirectory} : {}]) %}',
  };
  const jobId = '{% $states.input.jobId %}';
  return {
    Comment: 'Takes a savepoint of a Sluice job',
    QueryLanguage: 'JSONata',
    StartAt: 'IsInputValid',
    States: {
      IsInputValid: {
        Type: 'Choice',
        Choices: [
          {
            Condition:
              '{% $type($states.input.jobId) = "string" and $contains($states.input.jobId, /^[0-9a-f]{32}$/) %}',
            Next: 'TakeSavepoint',
          },
        ],
        Default: 'InputInvalid',
      },
      TakeSavepoint: {
        ...question(parts.coordinatorQueueUrl, jobId, body, [], SAVEPOINT_TIMEOUT_SECONDS),
        Retry: [retryOf(['SQS.SdkClientException', 'SQS.AmazonSQSException'], 10, 60)],
        Output: '{% $states.result %}',
        End: true,
      },
      InputInvalid: {
        Type: 'Fail',
        Error: 'INPUT_INVALID',
        Cause: 'the input is {"jobId": "<32 hex digits>", "targetDirectory": "<s3://…, optional>"}',
      },
    },
  };
}
