import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { billedUnits, itemBytes, messageBytes } from './billed-units.ts';
import type { JsonObject } from './service-call.ts';

function units(service: string, operation: string, input: JsonObject, output = {}, status = 200) {
  const call = { service, operation, resource: String(input.QueueUrl ?? ''), input };
  return billedUnits(call, 0, { status, body: Buffer.from(JSON.stringify(output)) });
}

describe('billedUnits of SQS', () => {
  const body = (sizeBytes: number) => ({ MessageBody: 'x'.repeat(sizeBytes) });

  it('bills a request for each 64 KB of a call, of all its messages together', () => {
    assert.deepEqual(units('sqs', 'SendMessage', body(1)), { sqsStandardRequests: 1 });
    assert.deepEqual(units('sqs', 'SendMessage', body(65_536)), { sqsStandardRequests: 1 });
    assert.deepEqual(units('sqs', 'SendMessage', body(65_537)), { sqsStandardRequests: 2 });
    const Entries = [body(40_000), body(40_000)];
    assert.deepEqual(units('sqs', 'SendMessageBatch', { Entries }), { sqsStandardRequests: 2 });
  });

  it('bills what was received, and an empty receive too', () => {
    const Messages = [{ Body: 'x'.repeat(100_000) }];
    assert.deepEqual(units('sqs', 'ReceiveMessage', {}, { Messages }), { sqsStandardRequests: 2 });
    assert.deepEqual(units('sqs', 'ReceiveMessage', {}), { sqsStandardRequests: 1 });
  });

  it('tells FIFO queues apart', () => {
    const input = { QueueUrl: 'q.fifo' };
    assert.deepEqual(units('sqs', 'DeleteMessageBatch', input), { sqsFifoRequests: 1 });
  });

  it('counts attributes, binary ones as bytes', () => {
    const MessageAttributes = { a: { DataType: 'Binary', BinaryValue: 'AAAA' } };
    assert.equal(messageBytes({ Body: 'é', MessageAttributes }, 'Body'), 2 + 1 + 6 + 3);
  });
});

describe('billedUnits of DynamoDB', () => {
  const Item = { pk: { S: 'k' }, data: { B: Buffer.alloc(1_500).toString('base64') } };

  it('bills a write by kilobytes, twice in a transaction', () => {
    assert.deepEqual(units('dynamodb', 'PutItem', { Item }), { dynamoWriteUnits: 2 });
    const TransactItems = [{ Put: { Item } }, { Update: { Key: { pk: { S: 'k' } } } }];
    assert.deepEqual(units('dynamodb', 'TransactWriteItems', { TransactItems }), {
      dynamoWriteUnits: 6,
    });
    const RequestItems = { t: [{ PutRequest: { Item } }, { DeleteRequest: { Key: {} } }] };
    assert.deepEqual(units('dynamodb', 'BatchWriteItem', { RequestItems }), {
      dynamoWriteUnits: 3,
    });
  });

  it('bills a read by 4 kilobytes, half when it is eventual', () => {
    const output = { Item: { pk: { S: 'x'.repeat(5_000) } } };
    const strong = { ConsistentRead: true };
    assert.deepEqual(units('dynamodb', 'GetItem', strong, output), { dynamoReadUnits: 2 });
    assert.deepEqual(units('dynamodb', 'GetItem', {}, output), { dynamoReadUnits: 1 });
    assert.deepEqual(units('dynamodb', 'Query', strong, { Items: [] }), { dynamoReadUnits: 1 });
    const RequestItems = { t: { Keys: [{}, {}], ConsistentRead: true } };
    const Responses = { t: [output.Item] };
    assert.deepEqual(units('dynamodb', 'BatchGetItem', { RequestItems }, { Responses }), {
      dynamoReadUnits: 3,
    });
  });

  it('believes the capacity that the answer states', () => {
    const output = { ConsumedCapacity: { CapacityUnits: 7 } };
    assert.deepEqual(units('dynamodb', 'UpdateItem', { Key: {} }, output), { dynamoWriteUnits: 7 });
  });

  it('bills a lost condition, and not a throttled write', () => {
    const lost = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' };
    assert.deepEqual(units('dynamodb', 'PutItem', { Item }, lost, 400), { dynamoWriteUnits: 2 });
    const throttled = { __type: 'ProvisionedThroughputExceededException' };
    assert.deepEqual(units('dynamodb', 'PutItem', { Item }, throttled, 400), {});
  });

  it('measures items as DynamoDB does', () => {
    assert.equal(itemBytes({ n: { N: '-123.45' } }), 1 + 4);
    assert.equal(itemBytes({ l: { L: [{ S: 'ab' }, { BOOL: true }] } }), 1 + 3 + 3 + 2);
    assert.equal(itemBytes({ m: { M: { k: { S: 'v' } } } }), 1 + 3 + 1 + 2);
    assert.equal(itemBytes({ s: { SS: ['a', 'bc'] } }), 1 + 3);
  });
});

describe('billedUnits of S3, Lambda and HTTP APIs', () => {
  it('tells writes from reads; deletes and 5xx are free, a lost condition is not', () => {
    assert.deepEqual(units('s3', 'PutObject', {}), { s3WriteRequests: 1 });
    assert.deepEqual(units('s3', 'PutObject', {}, {}, 412), { s3WriteRequests: 1 });
    assert.deepEqual(units('s3', 'PutObject', {}, {}, 503), {});
    assert.deepEqual(units('s3', 'ListObjectsV2', {}), { s3WriteRequests: 1 });
    assert.deepEqual(units('s3', 'HeadObject', {}), { s3ReadRequests: 1 });
    assert.deepEqual(units('s3', 'DeleteObject', {}), {});
  });

  it('bills an invocation that was let in', () => {
    assert.deepEqual(units('lambda', 'Invoke', {}), { lambdaInvocations: 1 });
    assert.deepEqual(units('lambda', 'Invoke', {}, {}, 429), {});
  });

  it('bills an HTTP API by 512 KB of its request', () => {
    const call = { service: 'execute-api', operation: 'POST /', resource: '', input: undefined };
    const answer = { status: 200, body: Buffer.alloc(0) };
    assert.deepEqual(billedUnits(call, 600_000, answer), { httpApiRequests: 2 });
  });
});
