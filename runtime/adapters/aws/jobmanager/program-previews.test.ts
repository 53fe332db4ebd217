import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { StreamError } from '../../../core/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../index.ts';
import { AwsCalls } from '../aws-calls.ts';
import { thrownByFunction } from './lambda-failure.ts';
import { acceptedPreview, ProgramPreviews } from './program-previews.ts';

const ASKED = { uploadId: 'an-upload', jobId: 'a'.repeat(32), args: ['x'], configuration: {} };

interface Answer {
  readonly payload?: string;
  readonly FunctionError?: string;
}

function previews(answer: () => Promise<Answer>) {
  const sent: { readonly FunctionName?: string; readonly payload: unknown }[] = [];
  const send = async ({ input }: InvokeCommand) => {
    const { FunctionName = '', Payload = new Uint8Array() } = input;
    sent.push({ FunctionName, payload: JSON.parse(Buffer.from(Payload as Uint8Array).toString()) });
    const { payload = '', ...rest } = await answer();
    return { ...rest, Payload: Buffer.from(payload) };
  };
  const lambda = { send } as unknown as Pick<LambdaClient, 'send'>;
  const world = { clock: new SystemClock(), rng: new SystemRng(), timers: new SystemTimers() };
  const parts = { lambda, calls: new AwsCalls(world), functionName: 'jobs-plan' };
  return {
    sent,
    preview: (asked: object = {}) => new ProgramPreviews(parts).preview({ ...ASKED, ...asked }),
  };
}

describe('ProgramPreviews', () => {
  it('asks the function once, and gives back what it answers', async () => {
    const answer = { type: 'planned', plan: { jid: 'a' } };
    const { preview, sent } = previews(async () => ({ payload: JSON.stringify(answer) }));
    assert.deepEqual(await preview(), answer);
    assert.deepEqual(sent, [{ FunctionName: 'jobs-plan', payload: { preview: ASKED } }]);
  });

  it('gives back what the function has thrown, and what became of its process', async () => {
    const thrown = thrownByFunction(
      new StreamError({ kind: 'unavailable', code: 'STORE_DOWN', message: 'no store' }),
    );
    const cases = [
      [{ errorType: thrown.name, errorMessage: thrown.message }, 'STORE_DOWN'],
      [{ errorType: 'Runtime.OutOfMemory', errorMessage: 'killed' }, 'LAMBDA_OUT_OF_MEMORY'],
      [{ errorMessage: '2026-01-01 Task timed out after 120.00 seconds' }, 'LAMBDA_TIMED_OUT'],
    ] as const;
    for (const [error, code] of cases) {
      const failed = { FunctionError: 'Unhandled', payload: JSON.stringify(error) };
      const { preview } = previews(async () => failed);
      await assert.rejects(preview(), { code, kind: 'unavailable' });
    }
  });

  it('says that a program waits for ever when nothing is answered', async () => {
    for (const payload of ['', 'null']) {
      const { preview } = previews(async () => ({ payload }));
      await assert.rejects(preview(), { code: 'PREVIEW_UNANSWERED', kind: 'user' });
    }
  });

  it('gives up when the client would, and says what else to do', async () => {
    const late = () => Promise.reject(Object.assign(new Error('late'), { name: 'TimeoutError' }));
    const { preview, sent } = previews(late);
    await assert.rejects(preview(), { code: 'PREVIEW_TIMED_OUT', message: /run it/ });
    assert.equal(sent.length, 1);
    const savepoint = { path: 's3://bucket/savepoint', allowNonRestoredState: false };
    await assert.rejects(preview({ savepoint }), { message: /sluice savepoint check/ });
  });

  it('names the permission that is missing', async () => {
    const name = 'AccessDeniedException';
    const { preview } = previews(() => Promise.reject(Object.assign(new Error('no'), { name })));
    await assert.rejects(preview(), { code: 'PREVIEW_FAILED', message: /lambda:InvokeFunction/ });
  });
});

describe('acceptedPreview', () => {
  it('throws what the program was refused for', () => {
    const refused = { type: 'refused', kind: 'user', code: 'A_CODE', message: 'text' } as const;
    assert.throws(() => acceptedPreview(refused), {
      code: 'A_CODE',
      kind: 'user',
      message: 'text',
    });
    const notTaken = { type: 'not-taken', status: 404, message: 'no such jar' } as const;
    assert.throws(() => acceptedPreview(notTaken), { status: 404, message: 'no such jar' });
  });
});
