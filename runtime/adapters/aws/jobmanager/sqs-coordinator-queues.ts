/** The coordinator's queues as SQS has them. */

import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { AwsAttempt, AwsCalls } from '../aws-calls.ts';
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

  async hide(from: 'jobs' | 'ticks', handles: readonly string[], forS: number): Promise<void> {
    const QueueUrl = from === 'ticks' ? this.#tickUrl : this.#parts.coordinatorUrl;
    const Entries = handles.map((ReceiptHandle, index) => {
      return { Id: String(index), ReceiptHandle, VisibilityTimeout: forS };
    });
    await this.#change('sqs:ChangeMessageVisibility', QueueUrl, (options) =>
      this.#parts.sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }), options),
    );
  }

  async done(handles: readonly string[]): Promise<void> {
    const QueueUrl = this.#parts.coordinatorUrl;
    const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    await this.#change('sqs:DeleteMessage', QueueUrl, (options) =>
      this.#parts.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }), options),
    );
  }

  /** Receipts that the queue takes no longer are passed over: their messages come again. */
  async #change(
    permission: string,
    queueUrl: string,
    send: (options: AwsAttempt['options']) => Promise<unknown>,
  ): Promise<void> {
    try {
      await this.#parts.calls.call({ permission }, ({ options }) => send(options));
    } catch (thrown) {
      throw callFailure('QUEUE_NOT_WRITABLE', 'messages cannot be changed', queueUrl, thrown);
    }
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
