import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Emulator } from './emulator/index.ts';

/** The root user's clients of the services. */
export interface Clients {
  readonly dynamo: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly stepFunctions: SFNClient;
  /** Closes their connections. */
  destroy(): void;
}

/**
 * Clients for a test's own looks.
 *
 * @param endpoint the emulator's, or its `directEndpoint` to be neither counted nor disturbed; SQS
 * calls go to that endpoint too, not to the queue's URL.
 */
export function clientsOf(
  { region, credentials, ...emulator }: Emulator,
  endpoint: string = emulator.endpoint,
): Clients {
  const config = { region, credentials, endpoint };
  const dynamo = new DynamoDBClient(config);
  const events = new EventBridgeClient(config);
  const lambda = new LambdaClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const sqs = new SQSClient({ ...config, useQueueUrlAsEndpoint: false });
  const stepFunctions = new SFNClient(config);
  const all = [dynamo, events, lambda, s3, sqs, stepFunctions];
  const destroy = (): void => {
    for (const client of all) client.destroy();
  };
  return { dynamo, events, lambda, s3, sqs, stepFunctions, destroy };
}
