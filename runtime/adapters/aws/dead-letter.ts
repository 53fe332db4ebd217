/**
 * A message nobody can take, as it is put aside: whole if it fits beside the reason, else its
 * beginning, and always in characters that the queue takes. Otherwise poison could not be put
 * aside, and would keep what follows it waiting. Pure.
 */
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';

/**
 * Of a message, with its attributes' names, types and values.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** A message, as it was received. */
export interface PoisonMessage {
  readonly body: string;
  /** Its attribute of that name. */
  readonly binary?: { readonly name: string; readonly bytes: Uint8Array };
}

/** What is sent to the dead-letter queue. */
export interface DeadLetter {
  readonly MessageBody: string;
  readonly MessageAttributes: Record<string, MessageAttributeValue>;
}

const MAX_REASON_CHARS = 1024;
/** Names, types and values of the reason and of the size, each at its largest. */
const RESERVED_BYTES = 3 * MAX_REASON_CHARS + 128;
const REPLACEMENT = '\ufffd';

/** @param reason begins with a code. */
export function deadLetter({ body, binary }: PoisonMessage, reason: string): DeadLetter {
  const bytes = binary?.bytes ?? new Uint8Array();
  const namesBytes = binary === undefined ? 0 : binary.name.length + 'Binary'.length;
  const sizeBytes = Buffer.byteLength(body) + bytes.length + namesBytes;
  let roomBytes = MAX_MESSAGE_BYTES - RESERVED_BYTES - namesBytes;
  const keptBody = beginningOf(body, roomBytes);
  roomBytes -= Buffer.byteLength(keptBody);
  const keptBytes = bytes.subarray(0, roomBytes);
  const isCut = keptBody.length < body.length || keptBytes.length < bytes.length;
  const hasBytes = binary !== undefined && keptBytes.length > 0;
  return {
    MessageBody: keptBody === '' ? '-' : keptBody,
    MessageAttributes: {
      reason: { DataType: 'String', StringValue: deadLetterReason(reason) },
      ...(isCut ? { sizeBytes: { DataType: 'Number', StringValue: String(sizeBytes) } } : {}),
      ...(hasBytes ? { [binary.name]: { DataType: 'Binary', BinaryValue: keptBytes } } : {}),
    },
  };
}

/** In characters that an attribute takes, and not empty. */
function deadLetterReason(text: string): string {
  const chars = [...text.slice(0, MAX_REASON_CHARS).toWellFormed()];
  const taken = chars.map((char) => (isTaken(char.charCodeAt(0)) ? char : REPLACEMENT)).join('');
  return taken === '' ? 'unknown' : taken;
}

/** SQS takes what XML does: tab, line feed and carriage return, and all from the space on. */
function isTaken(code: number): boolean {
  return code >= 0x20 ? code < 0xfffe : [0x09, 0x0a, 0x0d].includes(code);
}

/** As many whole characters as fit. */
function beginningOf(text: string, roomBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= roomBytes) return text;
  let end = roomBytes;
  // The first byte that is left out does not go on with a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
