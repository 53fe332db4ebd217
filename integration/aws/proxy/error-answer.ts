import { createHash, randomUUID } from 'node:crypto';
import type { JsonObject, ServiceCall } from './service-call.ts';

/** An answer that the proxy gives itself. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const JSON_TYPE = 'application/x-amz-json-1.0';

/** An error in the form of the call's service: XML for S3, JSON and a header for the others. */
export function errorAnswer({ service }: ServiceCall, status: number, code: string): OwnAnswer {
  const message = 'injected by the proxy of a test';
  if (service === 's3') {
    const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return answer(status, xml, { 'content-type': 'application/xml' });
  }
  const headers = { 'content-type': JSON_TYPE, 'x-amzn-errortype': code };
  return answer(status, JSON.stringify({ __type: code, message }), headers);
}

/** What SQS answers when it has accepted the call's messages. */
export function acceptedAnswer({ operation, input = {} }: ServiceCall): OwnAnswer {
  const accepted =
    operation === 'SendMessage'
      ? receipt(input)
      : { Successful: entriesOf(input).map((entry) => ({ Id: entry.Id, ...receipt(entry) })) };
  return answer(200, JSON.stringify(accepted), { 'content-type': JSON_TYPE });
}

/** What ReceiveMessage answers with these messages. */
export function messagesAnswer(messages: readonly JsonObject[]): OwnAnswer {
  const body = messages.length === 0 ? {} : { Messages: messages };
  return answer(200, JSON.stringify(body), { 'content-type': JSON_TYPE });
}

function answer(status: number, text: string, headers: Record<string, string>): OwnAnswer {
  const requestId = { 'x-amzn-requestid': randomUUID() };
  return { status, headers: { ...headers, ...requestId }, body: Buffer.from(text) };
}

function entriesOf(input: JsonObject): JsonObject[] {
  return Array.isArray(input.Entries) ? input.Entries : [];
}

function receipt(message: JsonObject): JsonObject {
  // The SDK compares the sum with the body that it has sent.
  const sum = createHash('md5').update(String(message.MessageBody));
  return { MessageId: randomUUID(), MD5OfMessageBody: sum.digest('hex') };
}
