/**
 * The smoke stack's one function. Called by the state machine, by both queues and by the HTTP API;
 * it touches the table, the bucket and the state machine with the real SDK.
 */
import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { APIGatewayProxyEventV2, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';

const TableName = process.env.TABLE ?? '';
const Bucket = process.env.BUCKET ?? '';
const dynamo = new DynamoDBClient({});
const s3 = new S3Client({});
const stepFunctions = new SFNClient({});

/** What the state machine's Map hands over. */
export interface SquareEvent {
  readonly run: string;
  readonly square: number;
}

/** What the stack's tests send to its queues. */
export interface QueueMessage {
  readonly run: string;
  readonly number?: number;
  /** The handler throws for this one, so that only it comes again. */
  readonly isPoison?: boolean;
  readonly taskToken?: string;
  /** A timer that the handler leaves behind. */
  readonly leaveTimerMs?: number;
}

/** Sleeps, then writes a row `woke`; longer than the function's timeout it is a zombie's. */
export interface SleepEvent {
  readonly run: string;
  readonly sleepMs: number;
}

type SmokeEvent = SquareEvent | SleepEvent | SQSEvent | APIGatewayProxyEventV2;

/** An error with a name for the state machine's Retry and Catch. */
class OddNumber extends Error {
  override name = 'OddNumber';
}

export async function handler(event: SmokeEvent): Promise<unknown> {
  if ('Records' in event) return takeMessages(event);
  if ('requestContext' in event) return { path: event.rawPath, method: event.requestContext.http };
  return 'sleepMs' in event ? oversleep(event) : square(event);
}

async function oversleep({ run, sleepMs }: SleepEvent): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, sleepMs));
  await dynamo.send(new PutItemCommand({ TableName, Item: { pk: { S: run }, sk: { S: 'woke' } } }));
}

async function square({ run, square: number }: SquareEvent): Promise<{ squared: number }> {
  if (number < 0) throw new OddNumber(`no square of number=${number}`);
  await s3.send(
    new PutObjectCommand({
      ...{ Bucket, Key: `${run}/${number}`, Body: String(number ** 2), IfNoneMatch: '*' },
    }),
  );
  return { squared: number ** 2 };
}

async function takeMessages({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const record of Records) {
    try {
      await take(record);
    } catch {
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
}

async function take({ body, messageId }: SQSRecord): Promise<void> {
  const message: QueueMessage = JSON.parse(body);
  if (message.isPoison) throw new Error(`poison: messageId=${messageId}`);
  if (message.leaveTimerMs !== undefined) setTimeout(() => {}, message.leaveTimerMs);
  if (message.taskToken !== undefined) {
    const output = JSON.stringify({ resumed: message.run });
    await stepFunctions.send(new SendTaskSuccessCommand({ taskToken: message.taskToken, output }));
    return;
  }
  const number = String(message.number);
  await dynamo.send(
    new PutItemCommand({
      ...{ TableName, Item: { pk: { S: message.run }, sk: { S: `seen#${messageId}` } } },
    }),
  );
  await dynamo.send(
    new UpdateItemCommand({
      ...{ TableName, Key: { pk: { S: message.run }, sk: { S: 'order' } } },
      UpdateExpression: 'SET numbers = list_append(if_not_exists(numbers, :none), :number)',
      ExpressionAttributeValues: { ':none': { L: [] }, ':number': { L: [{ N: number }] } },
    }),
  );
}
