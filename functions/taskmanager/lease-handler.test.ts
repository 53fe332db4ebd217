import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from 'aws-lambda';
import type { LeaseAnswer } from '../../runtime/adapters/aws/index.ts';
import { functionLogger, functionStack } from '../shared/index.ts';
import { createLeaseHandler } from './lease-handler.ts';
import { leaseSettings } from './lease-settings.ts';

describe('the taskmanager function', () => {
  const work = createLeaseHandler({
    settings: leaseSettings({
      SLUICE_PREFIX: 'p',
      SLUICE_JOBS_TABLE: 'p-jobs',
      SLUICE_STATE_TABLE: 'p-state',
      SLUICE_BUCKET: 'bucket',
      SLUICE_BUCKET_OWNER: '123456789012',
      SLUICE_COORDINATOR_QUEUE_URL: 'https://sqs.test/1/p-coordinator.fifo',
      SLUICE_INBOX_URL_PREFIX: 'https://sqs.test/1/p-i-',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
    }),
    slotThreadUrl: new URL('file:///nowhere.mjs'),
    logger: { log: () => undefined },
    processStart: { nodeMs: 1, loadedMs: 2 },
    write: () => undefined,
  });
  const observed = { ...functionLogger('taskmanager', 'p'), logger: { log: () => undefined } };
  const handler = functionStack<unknown, LeaseAnswer>(observed).handler(work);
  const context = { getRemainingTimeInMillis: () => 1000 } as Context;
  const jobId = '0'.repeat(32);

  it('refuses what is no request for a lease', async () => {
    for (const event of [
      undefined,
      {},
      { jobId: 'x', attempt: 0, taskManager: 0, lease: 0 },
      { jobId, attempt: -1, taskManager: 0, lease: 0 },
      { jobId, attempt: 0, taskManager: 0.5, lease: 0 },
    ]) {
      const code = 'NOT_A_LEASE_REQUEST';
      const message = /\[kind=invalid\]$/;
      await assert.rejects(handler(event, context), { name: code, message });
    }
  });
});
