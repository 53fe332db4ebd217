import { SQSClient } from '@aws-sdk/client-sqs';
import { type AwsClientSettings, awsClientConfig } from '../clients.ts';

/** A long poll is answered after 20 s. */
const SQS_REQUEST_TIMEOUT_MS = 25_000;

/** For queues of every kind. */
export function createSqsClient(settings: AwsClientSettings = {}): SQSClient {
  const requestTimeoutMs = settings.requestTimeoutMs ?? SQS_REQUEST_TIMEOUT_MS;
  return new SQSClient({
    ...awsClientConfig({ ...settings, requestTimeoutMs }),
    // A given endpoint is meant, whatever host the URL of a queue names.
    ...(settings.endpoint === undefined ? {} : { useQueueUrlAsEndpoint: false }),
  });
}
