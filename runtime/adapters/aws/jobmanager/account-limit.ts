/** How many TaskManagers the account itself would let run, whatever the cluster was told. */
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type Logger, OTHER_INVOCATIONS, toStreamError } from '../../../core/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import { type AwsClientSettings, awsClientConfig } from '../clients.ts';

export interface AccountLimitParts {
  readonly lambda: LambdaClient;
  readonly calls: AwsCalls;
  readonly logger: Logger;
  /** TaskManagers have a concurrency of their own: what others reserve does not concern them. */
  readonly isReserved: boolean;
}

export function createLambdaClient(settings: AwsClientSettings = {}): LambdaClient {
  return new LambdaClient(awsClientConfig(settings));
}

/**
 * Of Lambda's quota of concurrent executions, what is left for TaskManagers: not what functions of
 * the account have reserved for themselves.
 *
 * @returns undefined when Lambda does not say; then the cluster's own limit has to do.
 */
export async function accountTaskManagers({
  lambda,
  calls,
  logger,
  isReserved,
}: AccountLimitParts): Promise<number | undefined> {
  try {
    const answer = await calls.call({ permission: 'lambda:GetAccountSettings' }, ({ options }) =>
      lambda.send(new GetAccountSettingsCommand({}), options),
    );
    const { ConcurrentExecutions: all, UnreservedConcurrentExecutions: unreserved } =
      answer.AccountLimit ?? {};
    const executions = isReserved ? all : (unreserved ?? all);
    return executions === undefined ? undefined : Math.max(0, executions - OTHER_INVOCATIONS);
  } catch (thrown) {
    const { code, message: reason } = toStreamError(thrown);
    logger.log('warn', "the account's quota of invocations is not known", { code, reason });
    return undefined;
  }
}
