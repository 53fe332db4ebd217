import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { QueueRecord } from '../../runtime/adapters/aws/index.ts';

/** Messages of an event, in their order. @param tickQueueUrl those of any other queue are jobs'. */
export function queueRecordsOf(
  { Records }: Pick<SQSEvent, 'Records'>,
  tickQueueUrl: string,
): readonly QueueRecord[] {
  const tickQueue = tickQueueUrl.slice(tickQueueUrl.lastIndexOf('/') + 1);
  return Records.map(({ messageId, body, eventSourceARN, attributes }: SQSRecord) => ({
    messageId,
    body,
    queue: eventSourceARN.endsWith(`:${tickQueue}`) ? 'ticks' : 'jobs',
    group: attributes.MessageGroupId ?? '',
    receives: Number(attributes.ApproximateReceiveCount),
  }));
}
