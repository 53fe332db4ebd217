/**
 * What wakes a job that hibernates, as a source says it: events of EventBridge's default bus, or
 * times. A source that says nothing leaves it to the job's options.
 *
 * @see docs/aws/hibernation.md
 */
import type { EventPattern } from './event-pattern.ts';

export type WakeOffer =
  /** Whatever matches says that something may have come. It is not read: the source looks itself. */
  | { readonly kind: 'events'; readonly pattern: EventPattern }
  /** As EventBridge Scheduler writes it, in UTC: `rate(1 hour)`, `cron(0 6 ? * MON-FRI *)`. */
  | { readonly kind: 'schedule'; readonly schedule: string };

/** Objects that come to a bucket, which has to send its events to EventBridge. */
export function objectsCreated(bucket: string, keyPrefix = ''): WakeOffer {
  const object = keyPrefix === '' ? {} : { object: { key: [{ prefix: keyPrefix }] } };
  return {
    kind: 'events',
    pattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { bucket: { name: [bucket] }, ...object },
    },
  };
}

/**
 * An alarm of CloudWatch that goes off, such as one on the visible messages of an SQS queue: the
 * messages stay where they are, and nobody polls.
 */
export function alarmGoesOff(alarmName: string): WakeOffer {
  return {
    kind: 'events',
    pattern: {
      source: ['aws.cloudwatch'],
      'detail-type': ['CloudWatch Alarm State Change'],
      detail: { alarmName: [alarmName], state: { value: ['ALARM'] } },
    },
  };
}
