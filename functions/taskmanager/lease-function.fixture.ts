/** The function as Lambda calls it, in front of a fake AWS. Its log says nothing. */
import type { Context } from 'aws-lambda';
import type { LeaseAnswer } from '../../runtime/adapters/aws/index.ts';
import { functionLogger, functionStack } from '../shared/index.ts';
import { createLeaseHandler } from './lease-handler.ts';
import { leaseSettings } from './lease-settings.ts';

export const REQUEST = { jobId: '0'.repeat(32), attempt: 0, taskManager: 0, lease: 0 };

/** As the stack sets it. @param endpoint of SQS. */
export function leaseEnvironment(endpoint: string): Readonly<Record<string, string>> {
  return {
    SLUICE_PREFIX: 'p',
    SLUICE_JOBS_TABLE: 'p-jobs',
    SLUICE_STATE_TABLE: 'p-state',
    SLUICE_BUCKET: 'bucket',
    SLUICE_BUCKET_OWNER: '123456789012',
    SLUICE_COORDINATOR_QUEUE_URL: `${endpoint}/1/p-coordinator.fifo`,
    SLUICE_INBOX_URL_PREFIX: `${endpoint}/1/p-i-`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
  };
}

/** Where its clients find AWS. */
export function useFakeAws(port: number): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
}

/** A process of the function. @param remainingMs of each invocation. */
export function leaseFunction(
  remainingMs: number,
  endpoint = process.env.AWS_ENDPOINT_URL ?? '',
): (event: unknown) => Promise<LeaseAnswer> {
  const logger = { log: () => undefined };
  const work = createLeaseHandler({
    settings: leaseSettings(leaseEnvironment(endpoint)),
    slotThreadUrl: new URL('./slot.worker.ts', import.meta.url),
    logger,
    processStart: { nodeMs: 1, loadedMs: 2 },
    write: () => undefined,
  });
  const observed = { ...functionLogger('taskmanager', 'p'), logger };
  const handler = functionStack<unknown, LeaseAnswer>(observed).handler(work);
  const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
  return (event) => handler(event, context);
}
