import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { QueueRecord } from '../../runtime/adapters/aws/index.ts';

/** Messages of an event, in their order. */
export function queueRecordsOf({ Records }: Pick<SQSEvent, 'Records'>): readonly QueueRecord[] {
  return Records.map(({ messageId, receiptHandle, body, attributes }: SQSRecord) => ({
    ...{ messageId, receiptHandle, body },
    group: attributes.MessageGroupId ?? '',
    receives: Number(attributes.ApproximateReceiveCount),
  }));
}
