export {
  decodeMessage,
  encodeClaim,
  encodeItems,
  INBOX_FORMAT_VERSION,
  type InboxAddress,
  type InboxClaim,
  type InboxContent,
  type InboxItem,
  MAX_HEADER_BYTES,
  type PackedItem,
  packItem,
} from './envelope.ts';
export { queueFailure } from './queue-failure.ts';
export { createSqsClient } from './sqs-client.ts';
export { type ReceivedMessage, SqsQueues } from './sqs-queues.ts';
