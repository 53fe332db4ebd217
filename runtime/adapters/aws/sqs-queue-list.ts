/** Queues by the beginning of their name: to find those that nobody deletes any more. */
import {
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { StreamError } from '../../core/index.ts';
import { type AwsAttempt, AwsCallFailed, type AwsCalls } from './aws-calls.ts';
import { adviceOf, awsCodeOf, kindOfFailure } from './aws-failure.ts';
import { type AwsClientSettings, awsClientConfig } from './clients.ts';

export interface SqsQueueListParts {
  readonly sqs: SQSClient;
  readonly calls: AwsCalls;
}

/** The most that SQS gives at once. */
const QUEUES_A_PAGE = 1_000;
const GONE = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);

/** With a client of its own. */
export function connectQueueList(calls: AwsCalls, settings: AwsClientSettings = {}): SqsQueueList {
  return new SqsQueueList({ sqs: new SQSClient(awsClientConfig(settings)), calls });
}

export class SqsQueueList {
  readonly #sqs: SQSClient;
  readonly #calls: AwsCalls;

  constructor({ sqs, calls }: SqsQueueListParts) {
    this.#sqs = sqs;
    this.#calls = calls;
  }

  /**
   * URLs of all queues whose name begins so. SQS may list a queue for a minute after it was
   * deleted, and not list a new one for as long.
   *
   * @throws {StreamError} `QUEUE_NOT_REACHED`
   */
  async urls(namePrefix: string): Promise<readonly string[]> {
    const urls: string[] = [];
    let from: string | undefined;
    do {
      const command = new ListQueuesCommand({
        QueueNamePrefix: namePrefix,
        MaxResults: QUEUES_A_PAGE,
        ...(from === undefined ? {} : { NextToken: from }),
      });
      const page = await this.#call('sqs:ListQueues', namePrefix, ({ options }) =>
        this.#sqs.send(command, options),
      );
      urls.push(...(page.QueueUrls ?? []));
      from = page.NextToken;
    } while (from !== undefined);
    return urls;
  }

  /** @returns undefined for a queue that is gone. */
  async createdAtEpochMs(url: string): Promise<number | undefined> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['CreatedTimestamp'],
    });
    const answer = await this.#call('sqs:GetQueueAttributes', url, ({ options }) =>
      this.#sqs.send(command, options).catch(undefinedIfGone),
    );
    const seconds = Number(answer?.Attributes?.CreatedTimestamp);
    return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  }

  /** Also settles for a queue that is gone. */
  async delete(url: string): Promise<void> {
    const command = new DeleteQueueCommand({ QueueUrl: url });
    await this.#call('sqs:DeleteQueue', url, ({ options }) =>
      this.#sqs.send(command, options).catch(undefinedIfGone),
    );
  }

  async #call<T>(
    permission: string,
    queue: string,
    send: (attempt: AwsAttempt) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#calls.call({ permission }, send);
    } catch (thrown) {
      if (!(thrown instanceof AwsCallFailed)) throw thrown;
      const { failure, attempts, cause } = thrown;
      const place = `queue=${queue} awsCode=${failure.awsCode} attempts=${attempts}`;
      throw new StreamError({
        kind: kindOfFailure(failure),
        code: 'QUEUE_NOT_REACHED',
        message: `queues cannot be listed or deleted: ${adviceOf(failure)} ${place}`,
        details: { queue, awsCode: failure.awsCode, permission, attempts },
        cause,
      });
    }
  }
}

function undefinedIfGone(thrown: unknown): undefined {
  if (!GONE.has(awsCodeOf(thrown))) throw thrown;
  return undefined;
}
