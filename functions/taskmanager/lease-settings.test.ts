import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseEnvironment } from './lease-function.fixture.ts';
import { leaseSettings } from './lease-settings.ts';

const ENVIRONMENT = {
  ...leaseEnvironment('https://sqs.test'),
  SLUICE_LEASE_MS: '5000',
  SLUICE_LEASE_MARGIN_MS: '2000',
};

describe('leaseSettings', () => {
  it('takes what the stack sets, and names what follows from it', () => {
    const { deadLetterUrl, lease, network } = leaseSettings(ENVIRONMENT);
    assert.equal(deadLetterUrl, 'https://sqs.test/1/p-inbox-dlq');
    assert.deepEqual([lease.leaseMs, lease.leaseMarginMs, lease.memoryMb], [5000, 2000, 1769]);
    assert.equal(lease.jobsDirectory, 's3://bucket/jobs');
    assert.equal(network.packing.claimBytes, 507_904);
    assert.ok(network.inbox.deleteLingerMs < 1000 * network.inbox.visibilityS);
  });

  it('refuses an environment that lacks something or has something wrong', () => {
    for (const [name, value] of [
      ['SLUICE_BUCKET', undefined],
      ['SLUICE_BUCKET_OWNER', undefined],
      ['SLUICE_INBOX_URL_PREFIX', 'https://sqs.test/1/inbox'],
      ['SLUICE_LEASE_MS', 'long'],
    ] as const) {
      assert.throws(() => leaseSettings({ ...ENVIRONMENT, [name]: value }), {
        code: 'ENVIRONMENT_INCOMPLETE',
        details: { name, value: value ?? '' },
      });
    }
  });
});
