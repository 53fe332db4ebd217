/**
 * What AWS bills for one call, from the bytes of its request and its answer.
 *
 * Sources: aws.amazon.com/sqs/pricing (each 64 KB chunk of a payload is a request),
 * docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html (units) and
 * CapacityUnitCalculations.html (sizes), aws.amazon.com/s3/pricing (request classes).
 */
import type { JsonObject, ServiceCall } from './service-call.ts';

const SQS_CHUNK_BYTES = 64 * 1024;
const HTTP_API_CHUNK_BYTES = 512 * 1024;
const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;
const TRANSACTION_FACTOR = 2;
const EVENTUAL_FACTOR = 0.5;

/** What is billed, by price. Absent means none. */
export interface BilledUnits {
  readonly sqsStandardRequests?: number;
  readonly sqsFifoRequests?: number;
  readonly dynamoWriteUnits?: number;
  readonly dynamoReadUnits?: number;
  /** PUT, COPY, POST, LIST. */
  readonly s3WriteRequests?: number;
  /** GET, HEAD and all others that are not free. */
  readonly s3ReadRequests?: number;
  readonly lambdaInvocations?: number;
  readonly httpApiRequests?: number;
}

/** The answer to a call. */
export interface CallAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** The units that one call is billed. */
export function billedUnits(
  call: ServiceCall,
  requestBytes: number,
  answer: CallAnswer,
): BilledUnits {
  switch (call.service) {
    case 'sqs':
      return sqsUnits(call, answer);
    case 'dynamodb':
      return dynamoUnits(call, answer);
    case 's3':
      return s3Units(call, answer);
    case 'lambda':
      // Throttled and refused invocations are free.
      return call.operation === 'Invoke' && answer.status < 400 ? { lambdaInvocations: 1 } : {};
    case 'execute-api':
      return { httpApiRequests: chunks(requestBytes, HTTP_API_CHUNK_BYTES) };
    default:
      return {};
  }
}

function chunks(sizeBytes: number, chunkBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / chunkBytes));
}

function sqsUnits(call: ServiceCall, answer: CallAnswer): BilledUnits {
  const requests = chunks(sqsPayloadBytes(call, answer), SQS_CHUNK_BYTES);
  return call.resource.endsWith('.fifo')
    ? { sqsFifoRequests: requests }
    : { sqsStandardRequests: requests };
}

function sqsPayloadBytes({ operation, input }: ServiceCall, answer: CallAnswer): number {
  if (operation === 'SendMessage') return messageBytes(input ?? {}, 'MessageBody');
  if (operation === 'SendMessageBatch') {
    return sum(objectsIn(input?.Entries), (entry) => messageBytes(entry, 'MessageBody'));
  }
  if (operation === 'ReceiveMessage' && answer.status < 400) {
    const { Messages } = jsonObject(answer.body);
    return sum(objectsIn(Messages), (message) => messageBytes(message, 'Body'));
  }
  return 0;
}

/** Body and attributes of a message as it is sent, or received: the field names differ. */
export function messageBytes(message: JsonObject, bodyField: 'MessageBody' | 'Body'): number {
  const attributes = Object.entries(asObject(message.MessageAttributes));
  const bodyBytes = Buffer.byteLength(String(message[bodyField] ?? ''));
  return bodyBytes + sum(attributes, ([name, value]) => attributeBytes(name, asObject(value)));
}

function attributeBytes(name: string, value: JsonObject): number {
  const { DataType = '', StringValue = '', BinaryValue = '' } = value;
  return (
    Buffer.byteLength(name) +
    Buffer.byteLength(String(DataType)) +
    Buffer.byteLength(String(StringValue)) +
    Buffer.byteLength(String(BinaryValue), 'base64')
  );
}

function s3Units({ operation }: ServiceCall, { status }: CallAnswer): BilledUnits {
  // 4xx are billed, such as a lost If-None-Match; 5xx are not. Deletes are free.
  if (status >= 500 || /^(Delete|Abort)/.test(operation)) return {};
  const isWrite = /^(Put|Post|Copy|Create|Upload|Complete|List)/.test(operation);
  return isWrite || operation.startsWith('PUT') ? { s3WriteRequests: 1 } : { s3ReadRequests: 1 };
}

/**
 * Capacity of a DynamoDB call: what the answer says (`ReturnConsumedCapacity`), else from sizes.
 * An update is billed by its item's size, which only the table knows: without the answer's word it
 * is a lower bound, from the key and the new values.
 */
function dynamoUnits(call: ServiceCall, answer: CallAnswer): BilledUnits {
  const output = jsonObject(answer.body);
  if (answer.status >= 400 && !isLostCondition(output)) return {};
  const input = call.input ?? {};
  const said = consumedUnits(output.ConsumedCapacity);
  const isWrite = /^(Put|Update|Delete|BatchWrite|TransactWrite)/.test(call.operation);
  if (isWrite) return { dynamoWriteUnits: said ?? writeUnits(call.operation, input) };
  if (!/^(Get|BatchGet|Query|Scan|TransactGet)/.test(call.operation)) return {};
  return { dynamoReadUnits: said ?? readUnits(call.operation, input, output) };
}

function isLostCondition({ __type: type }: JsonObject): boolean {
  return /ConditionalCheckFailed|TransactionCanceled/.test(String(type));
}

function consumedUnits(consumed: unknown): number | undefined {
  const list = Array.isArray(consumed) ? consumed : consumed === undefined ? [] : [consumed];
  if (list.length === 0) return undefined;
  return sum(list, (entry) => Number(asObject(entry).CapacityUnits ?? 0));
}

function writeUnits(operation: string, input: JsonObject): number {
  if (operation === 'BatchWriteItem') {
    const requests = Object.values(asObject(input.RequestItems)).flatMap(objectsIn);
    return sum(requests, ({ PutRequest, DeleteRequest }) =>
      oneWrite(asObject(PutRequest ?? DeleteRequest)),
    );
  }
  if (operation === 'TransactWriteItems') {
    const actions = objectsIn(input.TransactItems).flatMap((item) => Object.values(item));
    return TRANSACTION_FACTOR * sum(actions, (action) => oneWrite(asObject(action)));
  }
  return oneWrite(input);
}

function oneWrite(request: JsonObject): number {
  const { Item, Key, ExpressionAttributeValues } = request;
  const sizeBytes =
    Item === undefined
      ? itemBytes(asObject(Key)) + itemBytes(asObject(ExpressionAttributeValues))
      : itemBytes(asObject(Item));
  return chunks(sizeBytes, WRITE_UNIT_BYTES);
}

function readUnits(operation: string, input: JsonObject, output: JsonObject): number {
  const factor = input.ConsistentRead === true ? 1 : EVENTUAL_FACTOR;
  if (operation === 'Query' || operation === 'Scan') {
    const sizeBytes = sum(objectsIn(output.Items), itemBytes);
    return factor * chunks(sizeBytes, READ_UNIT_BYTES);
  }
  if (operation === 'BatchGetItem') return batchReadUnits(input, output);
  if (operation === 'TransactGetItems') {
    const items = objectsIn(output.Responses);
    return TRANSACTION_FACTOR * sum(items, (item) => oneRead(asObject(item.Item)));
  }
  return factor * oneRead(asObject(output.Item));
}

function batchReadUnits(input: JsonObject, output: JsonObject): number {
  const responses = asObject(output.Responses);
  return sum(Object.entries(asObject(input.RequestItems)), ([table, request]) => {
    const { Keys, ConsistentRead } = asObject(request);
    const found = objectsIn(responses[table]);
    const missing = objectsIn(Keys).length - found.length;
    const units = sum(found, oneRead) + Math.max(0, missing);
    return units * (ConsistentRead === true ? 1 : EVENTUAL_FACTOR);
  });
}

function oneRead(item: JsonObject): number {
  return chunks(itemBytes(item), READ_UNIT_BYTES);
}

/** Size of an item as DynamoDB counts it: names and values. */
export function itemBytes(item: JsonObject): number {
  return sum(
    Object.entries(item),
    ([name, value]) => Buffer.byteLength(name) + valueBytes(asObject(value)),
  );
}

function valueBytes(value: JsonObject): number {
  const { S, N, B, L, M, SS, NS, BS } = value;
  if (typeof S === 'string') return Buffer.byteLength(S);
  if (typeof N === 'string') return numberBytes(N);
  if (typeof B === 'string') return Buffer.byteLength(B, 'base64');
  if (Array.isArray(SS)) return sum(SS, (text) => Buffer.byteLength(String(text)));
  if (Array.isArray(NS)) return sum(NS, (text) => numberBytes(String(text)));
  if (Array.isArray(BS)) return sum(BS, (text) => Buffer.byteLength(String(text), 'base64'));
  // A list or a map costs 3 bytes, each of its elements one more.
  if (Array.isArray(L)) return 3 + sum(L, (element) => 1 + valueBytes(asObject(element)));
  if (M !== undefined) return 3 + Object.keys(asObject(M)).length + itemBytes(asObject(M));
  return 1;
}

/** About a byte for two significant digits, and one. */
function numberBytes(text: string): number {
  const digits = text
    .replace(/e.*$/i, '')
    .replace(/\D/g, '')
    .replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + 1;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(asObject) : [];
}

function jsonObject(body: Buffer): JsonObject {
  try {
    return asObject(JSON.parse(body.toString()));
  } catch {
    return {};
  }
}
