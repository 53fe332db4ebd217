/** Goal: what is said of an invocation, and is left of it. Method: what is written and thrown. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from 'aws-lambda';
import { lambdaFailure } from '../../runtime/adapters/aws/index.ts';
import { StreamError } from '../../runtime/core/index.ts';
import { functionStack } from './function-stack.ts';
import { observe } from './observe.ts';
import { writtenLines, writtenTexts } from './written-lines.conformance.ts';

type Line = Readonly<Record<string, unknown>>;

const EVENT = { type: 'lost', jobId: 'j', attempt: 2, taskManager: 1, lease: 5, secret: 's' };
const CONTEXT = {
  functionName: 'p-settle',
  awsRequestId: 'request-1',
  getRemainingTimeInMillis: () => assert.fail('a timer of ours'),
} as unknown as Context;
const SECRET = 'not-for-you';

/** A function that adds a metric and says a word, and then fails or not. */
function functionThat(error?: Error) {
  const observed = observe('settle', 'p', { AWS_SECRET_ACCESS_KEY: SECRET });
  const { logger, metrics } = observed;
  const handler = functionStack<unknown, string>(observed).handler(async () => {
    logger.log('info', 'it works');
    metrics.add('JobFailed', 1);
    if (error !== undefined) throw error;
    return 'done';
  });
  return { handler, logger };
}

function said(lines: readonly Line[], message: string): Line {
  return lines.find((line) => line.message === message) ?? assert.fail(`nobody said: ${message}`);
}

describe('a function behind the stack', () => {
  it('says whose its lines are, and in the next invocation nothing of it', async () => {
    const { handler, logger } = functionThat();
    const lines = await writtenLines(async () => {
      assert.equal(await handler(EVENT, CONTEXT), 'done');
      logger.log('info', 'after it');
      await handler({}, CONTEXT);
    });
    const line = said(lines, 'it works');
    const { jobId, attempt, taskManager, lease, function_request_id, secret } = line;
    assert.deepEqual([jobId, attempt, taskManager, lease], ['j', 2, 1, 5]);
    assert.deepEqual([function_request_id, secret], ['request-1', undefined]);
    assert.equal(said(lines, 'after it').jobId, undefined);
    const works = lines.filter(({ message }) => message === 'it works');
    assert.deepEqual(
      works.map((line) => line.jobId),
      ['j', undefined],
    );
  });

  it('writes its metrics with the invocation, also with one that fails', async () => {
    for (const error of [undefined, new Error('no')]) {
      const { handler } = functionThat(error);
      const lines = await writtenLines(() => handler(EVENT, CONTEXT).catch(() => undefined));
      const metrics = lines.filter((line) => '_aws' in line);
      assert.deepEqual(
        metrics.map(({ JobFailed, prefix }) => [JobFailed, prefix]),
        [[1, 'p']],
      );
    }
  });

  it('writes nothing of metrics where there are none: ticks come every few seconds', async () => {
    const observed = observe('ticks', 'p', {});
    const handler = functionStack<unknown, string>(observed).handler(async () => 'done');
    const texts = await writtenTexts(() => handler(EVENT, CONTEXT));
    assert.deepEqual(
      texts.filter((text) => /metric/i.test(text)),
      [],
    );
  });

  it('throws what a state machine can read, with nothing secret; the log has more', async () => {
    const details = { jobId: 'other', token: 'tt' };
    const message = `damaged by ${SECRET}`;
    const error = new StreamError({ kind: 'data', code: 'ROW_CORRUPT', message, details });
    const { handler } = functionThat(error);
    const lines = await writtenLines(async () => {
      await assert.rejects(handler(EVENT, CONTEXT), (thrown: Error) => {
        const { name, stack = '' } = thrown;
        assert.doesNotMatch(stack, /not-for-you/);
        const cause = JSON.stringify({ errorMessage: thrown.message });
        const { kind, code, message: text } = lambdaFailure({ Error: name, Cause: cause });
        assert.deepEqual([kind, code, text], ['data', 'ROW_CORRUPT', 'damaged by ***']);
        return true;
      });
    });
    const line = said(lines, 'damaged by ***');
    assert.deepEqual([line.level, line.code, line.kind], ['ERROR', 'ROW_CORRUPT', 'data']);
    assert.match(String(line.stack), /function-stack\.test/);
    assert.doesNotMatch(JSON.stringify(lines), /not-for-you|"tt"/);
  });
});
