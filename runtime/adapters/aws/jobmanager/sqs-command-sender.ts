/** Commands to the inboxes of TaskManagers, as many in a message as fit. */
import {
  encodeItems,
  MAX_HEADER_BYTES,
  type PackedItem,
  packItem,
  type SqsQueues,
} from '../inbox/index.ts';
import type { AddressedCommand, CommandSender } from './effect-ports.ts';

export interface SqsCommandSenderParts {
  readonly queues: Pick<SqsQueues, 'send'>;
  /** `…/<p>-i-`; followed by `<jobId>-<taskManager>`. */
  readonly inboxUrlPrefix: string;
  readonly maxMessageBytes?: number;
}

/** Of a call to SQS, less a little for the attribute's name. */
const MAX_MESSAGE_BYTES = 1_000_000;

export function inboxUrl(urlPrefix: string, jobId: string, taskManager: number): string {
  return `${urlPrefix}${jobId}-${taskManager}`;
}

export class SqsCommandSender implements CommandSender {
  readonly #parts: SqsCommandSenderParts;

  constructor(parts: SqsCommandSenderParts) {
    this.#parts = parts;
  }

  async sendCommands(
    to: Parameters<CommandSender['sendCommands']>[0],
    commands: readonly AddressedCommand[],
  ): Promise<void> {
    const { queues, inboxUrlPrefix, maxMessageBytes = MAX_MESSAGE_BYTES } = this.#parts;
    const { jobId, attempt, taskManager } = to;
    const url = inboxUrl(inboxUrlPrefix, jobId, taskManager);
    const items = commands.map((command) => packItem({ type: 'command', lease: 0, ...command }));
    // Who reads them puts them in order: two messages may overtake each other.
    for (const some of inMessages(items, maxMessageBytes - MAX_HEADER_BYTES)) {
      await queues.send(url, encodeItems({ jobId, attempt }, some));
    }
  }
}

function inMessages(
  items: readonly PackedItem[],
  maxBytes: number,
): readonly (readonly PackedItem[])[] {
  const messages: PackedItem[][] = [];
  let leftBytes = 0;
  for (const item of items) {
    if (item.sizeBytes > leftBytes) {
      messages.push([]);
      leftBytes = maxBytes;
    }
    messages.at(-1)?.push(item);
    leftBytes -= item.sizeBytes;
  }
  return messages;
}
