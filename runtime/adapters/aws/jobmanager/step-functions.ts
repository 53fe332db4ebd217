/** State machines as Step Functions has them. */
import {
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Logger } from '../../../core/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import { awsCodeOf } from '../aws-failure.ts';
import { type AwsClientSettings, awsClientConfig } from '../clients.ts';
import { callFailure } from './call-failure.ts';
import type { StateMachines } from './effect-ports.ts';

export interface StepFunctionsParts {
  readonly sfn: SFNClient;
  readonly calls: AwsCalls;
  /** What `start` starts, and `stop` stops; who does neither needs none. */
  readonly stateMachineArn?: string;
  readonly logger: Logger;
}

/** Of the service. */
const MAX_CAUSE_CHARS = 32_768;
const MAX_ERROR_CHARS = 256;
const OVER = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);
const ALREADY_STARTED = 'ExecutionAlreadyExists';
const NOT_THERE = 'ExecutionDoesNotExist';

export function createSfnClient(settings: AwsClientSettings = {}): SFNClient {
  return new SFNClient(awsClientConfig(settings));
}

export class StepFunctions implements StateMachines {
  readonly #parts: StepFunctionsParts;

  constructor(parts: StepFunctionsParts) {
    this.#parts = parts;
  }

  async succeed(taskToken: string, output: unknown): Promise<void> {
    const command = new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) });
    await this.#answer('states:SendTaskSuccess', (options) =>
      this.#parts.sfn.send(command, options),
    );
  }

  async fail(taskToken: string, code: string, reason: string): Promise<void> {
    const command = new SendTaskFailureCommand({
      taskToken,
      error: code.slice(0, MAX_ERROR_CHARS),
      cause: reason.slice(0, MAX_CAUSE_CHARS),
    });
    await this.#answer('states:SendTaskFailure', (options) =>
      this.#parts.sfn.send(command, options),
    );
  }

  async start(name: string, input: unknown): Promise<void> {
    const { sfn, calls, stateMachineArn } = this.#parts;
    const command = new StartExecutionCommand({
      stateMachineArn,
      name,
      input: JSON.stringify(input),
    });
    try {
      await calls.call({ permission: 'states:StartExecution' }, ({ options }) =>
        sfn.send(command, options).catch(undefinedIf((code) => code === ALREADY_STARTED)),
      );
    } catch (thrown) {
      throw callFailure('EXECUTION_NOT_STARTED', 'a job cannot be started', name, thrown);
    }
  }

  async stop(name: string, code: string, reason: string): Promise<void> {
    const { sfn, calls, stateMachineArn = '' } = this.#parts;
    const command = new StopExecutionCommand({
      executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`,
      error: code,
      cause: reason.slice(0, MAX_CAUSE_CHARS),
    });
    try {
      await calls.call({ permission: 'states:StopExecution' }, ({ options }) =>
        sfn.send(command, options).catch(undefinedIf((awsCode) => awsCode === NOT_THERE)),
      );
    } catch (thrown) {
      throw callFailure('EXECUTION_NOT_STOPPED', 'an execution cannot be ended', name, thrown);
    }
  }

  async #answer(
    permission: string,
    send: (options: { readonly abortSignal?: AbortSignal }) => Promise<unknown>,
  ): Promise<void> {
    const { calls, logger } = this.#parts;
    try {
      await calls.call({ permission }, async ({ options }) => {
        const isOver = undefinedIf((code) => OVER.has(code));
        const answer = await send(options).catch(isOver);
        if (answer === undefined) logger.log('info', 'nobody waits for an answer any more', {});
      });
    } catch (thrown) {
      throw callFailure('TOKEN_NOT_ANSWERED', 'a state machine cannot be answered', '', thrown);
    }
  }
}

function undefinedIf(isExpected: (awsCode: string) => boolean): (thrown: unknown) => undefined {
  return (thrown) => {
    if (isExpected(awsCodeOf(thrown))) return undefined;
    throw thrown;
  };
}
