import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SQSRecord } from 'aws-lambda';
import { queueRecordsOf } from './queue-records.ts';

function recordOf(messageId: string, group?: string): SQSRecord {
  const attributes = {
    ApproximateReceiveCount: '2',
    ...(group === undefined ? {} : { MessageGroupId: group }),
  };
  const receiptHandle = `handle of ${messageId}`;
  return { messageId, receiptHandle, body: '{}', attributes } as SQSRecord;
}

describe('queueRecordsOf', () => {
  it('names the group of each, how often it was received, and how it is called', () => {
    const Records = [recordOf('of a job', 'g'), recordOf('a tick')];
    assert.deepEqual(queueRecordsOf({ Records }), [
      {
        ...{ messageId: 'of a job', receiptHandle: 'handle of of a job', body: '{}' },
        ...{ group: 'g', receives: 2 },
      },
      {
        ...{ messageId: 'a tick', receiptHandle: 'handle of a tick', body: '{}' },
        ...{ group: '', receives: 2 },
      },
    ]);
  });
});
