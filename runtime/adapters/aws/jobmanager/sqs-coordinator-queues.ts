/** The coordinator's queues as SQS has them. */

import { createHash } from 'node:crypto';
import {
  SendMessageCommand,
  type SendMessageCommandInput,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { AwsCalls } from '../aws-calls.ts';
import { deadLetter } from '../dead-letter.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { sqsJson } from '../sqs-json.ts';
import { callFailure } from './call-failure.ts';
import type { CoordinatorQueues } from './effect-ports.ts';

export interface SqsCoordinatorQueuesParts {
  readonly sqs: SQSClient;
  readonly calls: AwsCalls;
  /** `…/<p>-coordinator.fifo` */
  readonly coordinatorUrl: string;
  /** `…/<p>-ticks`; who sends none needs none. */
  readonly tickUrl?: string;
}

export class SqsCoordinatorQueues implements CoordinatorQueues {
  readonly #parts: SqsCoordinatorQueuesParts;

  constructor(parts: SqsCoordinatorQueuesParts) {
    this.#parts = parts;
  }

  async send(message: CoordinatorMessage, id: string): Promise<void> {
    await this.#send({
      QueueUrl: this.#parts.coordinatorUrl,
      MessageBody: sqsJson(message),
      MessageGroupId: message.jobId,
      MessageDeduplicationId: idOf(id),
    });
  }

  async tick(message: CoordinatorMessage, delayS: number): Promise<void> {
    const QueueUrl = this.#tickUrl;
    await this.#send({ QueueUrl, MessageBody: sqsJson(message), DelaySeconds: delayS });
  }

  async bury(from: 'jobs' | 'ticks', body: string, group: string, reason: string): Promise<void> {
    const { coordinatorUrl } = this.#parts;
    const message = deadLetter({ body }, reason);
    if (from === 'ticks') {
      await this.#send({ ...message, QueueUrl: `${this.#tickUrl}-dlq` });
      return;
    }
    await this.#send({
      ...message,
      QueueUrl: coordinatorUrl.replace(/\.fifo$/, '-dlq.fifo'),
      MessageGroupId: group === '' ? 'none' : group,
      MessageDeduplicationId: idOf(body),
    });
  }

  get #tickUrl(): string {
    return this.#parts.tickUrl ?? '';
  }

  async #send(input: SendMessageCommandInput): Promise<void> {
    const { sqs, calls } = this.#parts;
    try {
      await calls.call({ permission: 'sqs:SendMessage' }, ({ options }) =>
        sqs.send(new SendMessageCommand(input), options),
      );
    } catch (thrown) {
      const what = 'a message cannot be sent';
      throw callFailure('QUEUE_NOT_WRITABLE', what, input.QueueUrl ?? '', thrown);
    }
  }
}

/** An id takes 128 characters of a small alphabet. */
function idOf(text: string): string {
  if (/^[\w-]{1,128}$/.test(text)) return text;
  return createHash('sha256').update(text).digest('hex');
}
