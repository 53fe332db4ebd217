import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from 'aws-lambda';
import type { HttpEvent } from '../../runtime/adapters/aws/index.ts';
import type { ClusterApi } from '../../runtime/adapters/index.ts';
import type { Logger } from '../../runtime/core/index.ts';
import { functionLogger } from '../shared/index.ts';
import { createHandler } from './create-handler.ts';

const api = {
  jobs: { list: async () => [] },
  clock: { nowEpochMs: () => 0, monotonicMs: () => 0 },
  // The routes asked here use no more of it.
} as unknown as ClusterApi;

async function ask(event: Partial<HttpEvent>) {
  const logged: string[] = [];
  const logger: Logger = { log: (level) => void logged.push(level) };
  const handler = createHandler(api, { ...functionLogger('api', 'p'), logger });
  const whole: HttpEvent = {
    rawPath: '/jobs',
    rawQueryString: '',
    headers: {},
    isBase64Encoded: false,
    requestContext: { http: { method: 'GET' } },
    ...event,
  };
  const { statusCode, body } = await handler(whole, {} as Context);
  return { statusCode, body: JSON.parse(body) as { errors?: string[] }, logged };
}

describe('the handler of the API', () => {
  it('answers', async () => {
    assert.deepEqual(await ask({}), { statusCode: 200, body: { jobs: [] }, logged: ['info'] });
  });

  it('answers malformed requests in Flink’s shape', async () => {
    const post = { http: { method: 'POST' } };
    const headers = { 'Content-Type': 'application/json' };
    for (const event of [
      { rawPath: '/%E0%A4' },
      { rawPath: '/jobs', requestContext: post, headers, body: '{' },
      { rawPath: '/jobs', requestContext: post, headers, body: '[]' },
      { rawPath: '/jobs/x' },
    ]) {
      const { statusCode, body } = await ask(event);
      assert.equal(statusCode, 400);
      assert.equal(body.errors?.length, 1);
    }
    assert.equal((await ask({ rawPath: '/nothing' })).statusCode, 404);
  });
});
