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
export {
  decidePacking,
  type PackingDecision,
  type PackingSettings,
} from './packing-policy.ts';
export { queueFailure } from './queue-failure.ts';
export { createSqsClient } from './sqs-client.ts';
export { SqsInbox, type SqsInboxParts, type SqsInboxSettings } from './sqs-inbox.ts';
export { SqsOutbox, type SqsOutboxParts } from './sqs-outbox.ts';
export { type ReceivedMessage, SqsQueues } from './sqs-queues.ts';
