import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SQSRecord } from 'aws-lambda';
import { queueRecordsOf } from './queue-records.ts';

function recordOf(queue: string, group?: string): SQSRecord {
  const attributes = {
    ApproximateReceiveCount: '2',
    ...(group === undefined ? {} : { MessageGroupId: group }),
  };
  return {
    messageId: `of ${queue}`,
    body: '{}',
    eventSourceARN: `arn:aws:sqs:us-east-1:1:${queue}`,
    attributes,
  } as SQSRecord;
}

describe('queueRecordsOf', () => {
  it('tells ticks from messages of jobs, and names their group and receives', () => {
    const Records = [recordOf('p-coordinator.fifo', 'g'), recordOf('p-ticks')];
    const records = queueRecordsOf({ Records }, 'https://sqs.us-east-1.amazonaws.com/1/p-ticks');
    assert.deepEqual(
      records.map(({ queue, group, receives }) => [queue, group, receives]),
      [
        ['jobs', 'g', 2],
        ['ticks', '', 2],
      ],
    );
  });
});
