/**
 * The inboxes of jobs: standard queues, made when a job is planned and deleted when it has ended.
 *
 * I1  Making one that is there, with the same attributes, gives the same queue.
 * I2  A queue may be used a second after it was made, so whoever makes some waits that long: to a
 *     coordinator or a lease that comes at once it would not be there.
 * I3  None is made again that was deleted, which takes a minute: a job's id is used once.
 */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  type QueueAttributeName,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Timers } from '../../../core/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import { awsCodeOf } from '../aws-failure.ts';
import { callFailure } from './call-failure.ts';
import type { Inboxes } from './effect-ports.ts';
import { inboxUrl } from './sqs-command-sender.ts';

export interface SqsInboxesParts {
  readonly sqs: SQSClient;
  readonly calls: AwsCalls;
  readonly timers: Timers;
  /** `…/<p>-i-` */
  readonly inboxUrlPrefix: string;
  /** Who only deletes needs none. */
  readonly deadLetterArn?: string;
  /** Of the account; absent: the service's own. */
  readonly kmsKeyArn?: string;
  /** Of the cluster. */
  readonly prefix: string;
}

/** Who has not taken a message by then has restarted several times. */
const RETENTION_S = 86_400;
/** A reader hides what it takes for as long as it says itself. */
const VISIBILITY_S = 60;
/** A message is received once a lease and restart, until its attempt is over. */
const MAX_RECEIVES = 50;
const MAX_MESSAGE_BYTES = 1_048_576;
const QUEUES_AT_ONCE = 16;
/** I2. */
const USABLE_AFTER_MS = 1_000;
const GONE = new Set(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);

export class SqsInboxes implements Inboxes {
  readonly #parts: SqsInboxesParts;

  constructor(parts: SqsInboxesParts) {
    this.#parts = parts;
  }

  /** @throws {StreamError} `INBOX_NOT_CREATED` */
  async create(jobId: string, from: number, to: number): Promise<void> {
    await this.#each(from, to, async (taskManager) => {
      const { sqs, calls, prefix } = this.#parts;
      const name = this.#nameOf(jobId, taskManager);
      const command = new CreateQueueCommand({
        QueueName: name,
        Attributes: this.#attributes(),
        tags: { 'sluice:cluster': prefix, 'sluice:job': jobId },
      });
      try {
        await calls.call({ permission: 'sqs:CreateQueue' }, ({ options }) =>
          sqs.send(command, options),
        );
      } catch (thrown) {
        throw callFailure('INBOX_NOT_CREATED', 'an inbox cannot be made', name, thrown);
      }
    });
    await new Promise<void>((resolve) => {
      this.#parts.timers.schedule(USABLE_AFTER_MS, resolve);
    });
  }

  /** @throws {StreamError} `INBOX_NOT_DELETED` */
  async delete(jobId: string, count: number): Promise<void> {
    await this.#each(0, count, async (taskManager) => {
      const { sqs, calls, inboxUrlPrefix } = this.#parts;
      const url = inboxUrl(inboxUrlPrefix, jobId, taskManager);
      try {
        await calls.call({ permission: 'sqs:DeleteQueue' }, ({ options }) =>
          sqs.send(new DeleteQueueCommand({ QueueUrl: url }), options).catch(undefinedIfGone),
        );
      } catch (thrown) {
        throw callFailure('INBOX_NOT_DELETED', 'an inbox cannot be deleted', url, thrown);
      }
    });
  }

  #nameOf(jobId: string, taskManager: number): string {
    return inboxUrl(this.#parts.inboxUrlPrefix, jobId, taskManager).replace(/^.*\//, '');
  }

  #attributes(): Partial<Record<QueueAttributeName, string>> {
    const { deadLetterArn, kmsKeyArn } = this.#parts;
    const redrive = { deadLetterTargetArn: deadLetterArn, maxReceiveCount: MAX_RECEIVES };
    return {
      MessageRetentionPeriod: String(RETENTION_S),
      VisibilityTimeout: String(VISIBILITY_S),
      MaximumMessageSize: String(MAX_MESSAGE_BYTES),
      ...(deadLetterArn === undefined ? {} : { RedrivePolicy: JSON.stringify(redrive) }),
      ...(kmsKeyArn === undefined
        ? { SqsManagedSseEnabled: 'true' }
        : { KmsMasterKeyId: kmsKeyArn, KmsDataKeyReusePeriodSeconds: '3600' }),
    };
  }

  async #each(
    from: number,
    to: number,
    work: (taskManager: number) => Promise<void>,
  ): Promise<void> {
    for (let at = from; at < to; at += QUEUES_AT_ONCE) {
      const some = Array.from({ length: Math.min(QUEUES_AT_ONCE, to - at) }, (_, i) => at + i);
      await Promise.all(some.map(work));
    }
  }
}

function undefinedIfGone(thrown: unknown): undefined {
  if (!GONE.has(awsCodeOf(thrown))) throw thrown;
  return undefined;
}
