/**
 * The smoke stack's state machine, in JSONata: a Map that invokes the function, a Retry and a Catch
 * by error name, and a message that carries a task token and is waited for.
 *
 * Input `{run, squares}`, output `{squared, resumed}`.
 */
export function smokeDefinition(functionArn: string, queueUrl: string): object {
  return {
    QueryLanguage: 'JSONata',
    StartAt: 'Squares',
    States: {
      Squares: {
        ...{ Type: 'Map', Items: '{% $states.input.squares %}', MaxConcurrency: 2 },
        ItemSelector: {
          run: '{% $states.input.run %}',
          square: '{% $states.context.Map.Item.Value %}',
        },
        ItemProcessor: squareItem(functionArn),
        Assign: { run: '{% $states.input.run %}', squared: '{% $states.result %}' },
        Next: 'WaitForToken',
      },
      WaitForToken: {
        Type: 'Task',
        Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
        Arguments: {
          QueueUrl: queueUrl,
          MessageBody: { run: '{% $run %}', taskToken: '{% $states.context.Task.Token %}' },
        },
        TimeoutSeconds: 60,
        Output: { squared: '{% $squared %}', resumed: '{% $states.result.resumed %}' },
        End: true,
      },
    },
  };
}

function squareItem(functionArn: string): object {
  return {
    ProcessorConfig: { Mode: 'INLINE' },
    StartAt: 'Square',
    States: {
      Square: {
        ...{ Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke' },
        Arguments: { FunctionName: functionArn, Payload: '{% $states.input %}' },
        Output: '{% $states.result.Payload.squared %}',
        Retry: [{ ErrorEquals: ['OddNumber'], IntervalSeconds: 1, MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['OddNumber'], Output: 'odd', Next: 'Odd' }],
        End: true,
      },
      Odd: { Type: 'Pass', End: true },
    },
  };
}
