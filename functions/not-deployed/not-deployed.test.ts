import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { notDeployed } from './index.ts';

describe('notDeployed', () => {
  it('refuses every event and names the function', async () => {
    await assert.rejects(notDeployed('plan')({}), {
      code: 'NOT_DEPLOYED',
      message: 'this release has no such function: deploy a later one function=plan',
    });
  });
});
