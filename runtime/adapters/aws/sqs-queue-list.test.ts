import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeededRng, VirtualTime } from '../memory/virtual-time.ts';
import { AwsCalls } from './aws-calls.ts';
import { FakeAws, type FakeRequest, type FakeResponse } from './fake-aws.conformance.ts';
import { connectQueueList, type SqsQueueList } from './sqs-queue-list.ts';

const BASE = 'http://127.0.0.1:1/000000000000/';

/** Lists two queues a page, whatever is asked for. */
class FakeQueues {
  readonly throttling: readonly [number, string] = [400, 'RequestThrottled'];
  readonly names: string[];

  constructor(...names: string[]) {
    this.names = names;
  }

  operationOf({ headers }: FakeRequest): string | undefined {
    return headers['x-amz-target']?.replace('AmazonSQS.', '');
  }

  answer(request: FakeRequest): FakeResponse {
    const body = JSON.parse(request.body.toString()) as Record<string, string>;
    const operation = this.operationOf(request);
    if (operation === 'ListQueues') return json(this.#page(body));
    const name = body.QueueUrl?.slice(BASE.length) ?? '';
    if (!this.names.includes(name)) return this.refusal(400, 'QueueDoesNotExist', 'no such queue');
    if (operation === 'GetQueueAttributes') {
      return json({ Attributes: { CreatedTimestamp: '1700000000' } });
    }
    this.names.splice(this.names.indexOf(name), 1);
    return json({});
  }

  refusal(status: number, code: string, message: string): FakeResponse {
    return { ...json({ __type: `com.amazonaws.sqs#${code}`, message }), status };
  }

  #page({ QueueNamePrefix = '', NextToken = '0' }: Record<string, string>): unknown {
    const found = this.names.filter((name) => name.startsWith(QueueNamePrefix));
    const end = Number(NextToken) + 2;
    const urls = found.slice(end - 2, end).map((name) => `${BASE}${name}`);
    return { QueueUrls: urls, ...(end < found.length ? { NextToken: String(end) } : {}) };
  }
}

function json(value: unknown): FakeResponse {
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  return { status: 200, headers, body: JSON.stringify(value) };
}

function worldOf(...names: string[]): {
  readonly queues: SqsQueueList;
  readonly fake: FakeQueues;
  readonly aws: FakeAws;
} {
  const fake = new FakeQueues(...names);
  const aws = new FakeAws(fake);
  const time = new VirtualTime();
  const calls = new AwsCalls({ clock: time, timers: time, rng: new SeededRng(1) });
  const queues = connectQueueList(calls, {
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: aws,
  });
  return { queues, fake, aws };
}

describe('SqsQueueList', () => {
  it('lists all pages of the queues whose name begins so', async () => {
    const { queues } = worldOf('p-i-1', 'p-i-2', 'p-ticks', 'p-i-3', 'p-i-4', 'p-i-5');
    const expected = [1, 2, 3, 4, 5].map((n) => `${BASE}p-i-${n}`);
    assert.deepEqual(await queues.urls('p-i-'), expected);
    assert.deepEqual(await queues.urls('q-i-'), []);
  });

  it('says when a queue was made, and nothing of one that is gone', async () => {
    const { queues } = worldOf('p-i-1');
    assert.equal(await queues.createdAtEpochMs(`${BASE}p-i-1`), 1_700_000_000_000);
    assert.equal(await queues.createdAtEpochMs(`${BASE}p-i-2`), undefined);
  });

  it('deletes a queue, also one that is gone', async () => {
    const { queues, fake } = worldOf('p-i-1');
    await queues.delete(`${BASE}p-i-1`);
    await queues.delete(`${BASE}p-i-1`);
    assert.deepEqual(fake.names, []);
  });

  it('names the permission that is missing', async () => {
    const { queues, aws } = worldOf('p-i-1');
    aws.failNext('DeleteQueue', { status: 403, code: 'AccessDenied' });
    await assert.rejects(queues.delete(`${BASE}p-i-1`), {
      code: 'QUEUE_NOT_REACHED',
      kind: 'invalid',
      message: /permission is missing: grant sqs:DeleteQueue queue=.*p-i-1 awsCode=AccessDenied/,
    });
  });
});
