/**
 * The calls to SQS that inboxes need. A message carries its bytes in a binary attribute: they count
 * as they are, where a body would have to be base64 text, a third larger. One message takes
 * whatever fits into a call, so there are no batches of messages, and no half of a send fails.
 *
 * I1  A send that may have happened is made again: who receives drops what comes twice.
 */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { AwsCalls } from '../aws-calls.ts';
import { deadLetter } from '../dead-letter.ts';
import { queueFailure } from './queue-failure.ts';

export interface SqsQueuesParts {
  readonly sqs: SQSClient;
  readonly calls: AwsCalls;
}

/** A message that was received and is not deleted. */
export interface ReceivedMessage {
  /** Names this receipt. */
  readonly handle: string;
  /** Undefined: it has none, so it is nobody's of ours. */
  readonly bytes: Uint8Array | undefined;
  readonly body: string;
}

export interface ReceiveOptions {
  /** Up to 20: how long to wait for the first message. */
  readonly waitS: number;
  /** For how long nobody else receives what is received. */
  readonly visibilityS: number;
  readonly signal: AbortSignal;
}

const ATTRIBUTE = 'f';
/** A body has one character at least. */
const BODY = '-';
const MESSAGES_A_CALL = 10;

export class SqsQueues {
  readonly #sqs: SQSClient;
  readonly #calls: AwsCalls;

  constructor({ sqs, calls }: SqsQueuesParts) {
    this.#sqs = sqs;
    this.#calls = calls;
  }

  /** @throws {StreamError} `INBOX_NOT_WRITABLE` */
  async send(queueUrl: string, bytes: Uint8Array): Promise<void> {
    await this.#send(queueUrl, BODY, { [ATTRIBUTE]: binary(bytes) });
  }

  /**
   * Puts a message aside that nobody can take.
   *
   * @throws {StreamError} `INBOX_NOT_WRITABLE`
   */
  async bury(deadLetterUrl: string, message: ReceivedMessage, reason: string): Promise<void> {
    const { bytes, body } = message;
    const poison = bytes === undefined ? { body } : { body, binary: { name: ATTRIBUTE, bytes } };
    const { MessageBody, MessageAttributes } = deadLetter(poison, reason);
    await this.#send(deadLetterUrl, MessageBody, MessageAttributes);
  }

  /** @throws {StreamError} `INBOX_NOT_READABLE`, also when aborted. */
  async receive(queueUrl: string, options: ReceiveOptions): Promise<readonly ReceivedMessage[]> {
    const { waitS, visibilityS, signal } = options;
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: MESSAGES_A_CALL,
      WaitTimeSeconds: waitS,
      VisibilityTimeout: visibilityS,
      MessageAttributeNames: [ATTRIBUTE],
    });
    try {
      const { Messages = [] } = await this.#calls.call(
        { permission: 'sqs:ReceiveMessage' },
        (attempt) => this.#sqs.send(command, { abortSignal: either(signal, attempt.options) }),
      );
      return Messages.map(received);
    } catch (thrown) {
      throw queueFailure('INBOX_NOT_READABLE', 'an inbox cannot be read', queueUrl, thrown);
    }
  }

  /** @returns how many could not be: they come again. */
  async delete(queueUrl: string, handles: readonly string[]): Promise<number> {
    return await this.#batches(handles, 'sqs:DeleteMessage', (entries) =>
      this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries })),
    );
  }

  /** Lets others receive them at once. @returns how many could not be: they come later. */
  async putBack(queueUrl: string, handles: readonly string[]): Promise<number> {
    return await this.#batches(handles, 'sqs:ChangeMessageVisibility', (entries) => {
      const visible = entries.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
      const command = { QueueUrl: queueUrl, Entries: visible };
      return this.#sqs.send(new ChangeMessageVisibilityBatchCommand(command));
    });
  }

  async #send(
    queueUrl: string,
    body: string,
    attributes: Record<string, MessageAttributeValue>,
  ): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: body,
      MessageAttributes: attributes,
    });
    try {
      await this.#calls.call({ permission: 'sqs:SendMessage' }, ({ options }) =>
        this.#sqs.send(command, options),
      );
    } catch (thrown) {
      throw queueFailure('INBOX_NOT_WRITABLE', 'an inbox cannot be written', queueUrl, thrown);
    }
  }

  async #batches(
    handles: readonly string[],
    permission: string,
    send: (entries: Entry[]) => Promise<{ readonly Failed?: readonly unknown[] | undefined }>,
  ): Promise<number> {
    let failed = 0;
    for (let from = 0; from < handles.length; from += MESSAGES_A_CALL) {
      const entries = handles
        .slice(from, from + MESSAGES_A_CALL)
        .map((handle, i) => ({ Id: String(i), ReceiptHandle: handle }));
      failed += await this.#calls
        .call({ permission }, () => send(entries))
        .then(
          ({ Failed = [] }) => Failed.length,
          () => entries.length,
        );
    }
    return failed;
  }
}

interface Entry {
  readonly Id: string;
  readonly ReceiptHandle: string;
}

function binary(bytes: Uint8Array): MessageAttributeValue {
  return { DataType: 'Binary', BinaryValue: bytes };
}

function received({ ReceiptHandle = '', Body = '', MessageAttributes }: Message): ReceivedMessage {
  return { handle: ReceiptHandle, bytes: MessageAttributes?.[ATTRIBUTE]?.BinaryValue, body: Body };
}

function either(
  signal: AbortSignal,
  { abortSignal }: { readonly abortSignal?: AbortSignal },
): AbortSignal {
  return abortSignal === undefined ? signal : AbortSignal.any([signal, abortSignal]);
}
