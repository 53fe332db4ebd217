/**
 * Quotas of AWS that a job's coordinator could meet, as an account has them that has asked for
 * nothing. Read 2026-11-22 from the services' quota pages:
 * docs.aws.amazon.com/{AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html,
 * amazondynamodb/latest/developerguide/{ServiceQuotas,bp-partition-key-design}.html,
 * AmazonS3/latest/userguide/optimizing-performance.html,
 * step-functions/latest/dg/service-quotas.html, lambda/latest/dg/gettingstarted-limits.html}.
 */

/** A quota is about the most at one moment (`size`, `level`) or within a window (`rate`). */
export interface AwsQuota {
  readonly text: string;
  readonly limit: number;
  /** Of a rate. */
  readonly windowMs?: number;
}

const KIB = 1024;
const SECOND_MS = 1_000;

export const AWS_QUOTAS = {
  /** High-throughput mode spreads groups over partitions; a job is one group. */
  fifoCalls: { text: 'SQS FIFO, calls of an action/s and group', limit: 300, windowMs: SECOND_MS },
  fifoMessages: {
    ...{ text: 'SQS FIFO, messages of an action/s and group', limit: 3_000, windowMs: SECOND_MS },
  },
  fifoInFlight: { text: 'SQS FIFO, messages in flight', limit: 20_000 },
  standardInFlight: { text: 'SQS standard, messages in flight in a queue', limit: 120_000 },
  sqsCallBytes: { text: 'SQS, bytes of a message or batch', limit: KIB * KIB },
  sqsDelayMs: { text: 'SQS, ms of delay', limit: 900 * SECOND_MS },
  dynamoItemBytes: { text: 'DynamoDB, bytes of an item', limit: 400 * KIB },
  dynamoTransactionItems: { text: 'DynamoDB, items of a transaction', limit: 100 },
  dynamoTransactionBytes: { text: 'DynamoDB, bytes of a transaction', limit: 4 * KIB * KIB },
  dynamoWrites: {
    text: 'DynamoDB, write units/s and partition',
    limit: 1_000,
    windowMs: SECOND_MS,
  },
  dynamoReads: { text: 'DynamoDB, read units/s and partition', limit: 3_000, windowMs: SECOND_MS },
  s3Writes: { text: 'S3, PUT LIST DELETE/s and prefix', limit: 3_500, windowMs: SECOND_MS },
  s3Reads: { text: 'S3, GET/s and prefix', limit: 5_500, windowMs: SECOND_MS },
  stepPayloadBytes: { text: 'Step Functions, bytes of a payload', limit: 256 * KIB },
  stepAnswers: { text: 'Step Functions, SendTask…/s', limit: 500, windowMs: SECOND_MS },
  stepEvents: { text: 'Step Functions, events of an execution', limit: 25_000 },
  lambdaConcurrency: { text: 'Lambda, concurrent executions', limit: 1_000 },
  lambdaStarts: {
    ...{ text: 'Lambda, environments started/10 s', limit: 1_000, windowMs: 10 * SECOND_MS },
  },
} as const satisfies Readonly<Record<string, AwsQuota>>;

export type QuotaName = keyof typeof AWS_QUOTAS;
