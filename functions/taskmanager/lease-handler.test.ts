import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseFunction } from './lease-function.fixture.ts';

describe('the taskmanager function', () => {
  const handler = leaseFunction(1_000, 'https://sqs.test');
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
      await assert.rejects(handler(event), { name: code, message });
    }
  });
});
