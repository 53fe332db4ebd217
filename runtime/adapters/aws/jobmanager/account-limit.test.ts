import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { AwsAttempt, AwsCalls } from '../aws-calls.ts';
import { accountTaskManagers } from './account-limit.ts';

async function asked(answer: () => Promise<object>, isReserved = false) {
  const warnings: string[] = [];
  const calls = {
    call: (_operation: object, send: (attempt: AwsAttempt) => Promise<unknown>) =>
      send({ options: {} } as AwsAttempt),
  } as unknown as AwsCalls;
  const lambda = { send: answer } as unknown as LambdaClient;
  const logger = { log: (_level: string, message: string) => void warnings.push(message) };
  return { limit: await accountTaskManagers({ lambda, calls, logger, isReserved }), warnings };
}

describe('accountTaskManagers', () => {
  it('leaves room for the other functions in the quota of the account', async () => {
    for (const [executions, limit] of [
      [1_000, 996],
      [10, 6],
      [2, 0],
    ]) {
      const answer = { AccountLimit: { ConcurrentExecutions: executions } };
      assert.deepEqual(await asked(async () => answer), { limit, warnings: [] });
    }
  });

  it('leaves alone what other functions of the account have reserved for themselves', async () => {
    const quota = { ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 100 };
    const answer = async () => ({ AccountLimit: quota });
    assert.equal((await asked(answer)).limit, 96);
    // Of these it is the TaskManagers' own.
    assert.equal((await asked(answer, true)).limit, 996);
  });

  it('says nothing when Lambda does not, and that this is so', async () => {
    assert.deepEqual(await asked(async () => ({})), { limit: undefined, warnings: [] });
    const denied = await asked(() => Promise.reject(new Error('denied')));
    assert.equal(denied.limit, undefined);
    assert.equal(denied.warnings.length, 1);
  });
});
