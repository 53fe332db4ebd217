/** A write of several steps as one transaction. */
import {
  type CancellationReason,
  type DynamoDBClient,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { RowWrite } from '../../checkpoint/index.ts';
import type { AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { itemSizeBytes } from './row-item.ts';
import { transactionStep } from './row-steps.ts';
import { invalidCall } from './store-failure.ts';

/** Of the service. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const CONDITION_FAILED = 'ConditionalCheckFailed';
/** Reasons of a cancelled transaction that pass, by the code that means the same elsewhere. */
const PASSING: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

export interface TransactionParts {
  readonly dynamoDb: DynamoDBClient;
  readonly calls: AwsCalls;
  readonly table: string;
}

export type TransactionOutcome =
  | { readonly type: 'done' }
  /** It has not happened, and will not. */
  | { readonly type: 'refused'; readonly step: RowWrite }
  /** An earlier copy got no answer, and this one was refused: perhaps because of it. */
  | { readonly type: 'unknown' };

/**
 * @param writeId also the token by which the service recognises copies.
 * @throws {AwsCallFailed}
 * @throws {StreamError} `ROW_TOO_LARGE`, `ROW_WRITE_TOO_LARGE`.
 */
export async function sendTransaction(
  { dynamoDb, calls, table }: TransactionParts,
  steps: readonly RowWrite[],
  writeId: string,
): Promise<TransactionOutcome> {
  const items = await Promise.all(steps.map((step) => transactionStep(step, table, writeId)));
  checkSize(items);
  const command = new TransactWriteItemsCommand({
    TransactItems: items,
    ClientRequestToken: writeId,
  });
  const operation = { permission: 'dynamodb:PutItem' };
  return await calls.call(operation, async ({ mayHaveHappened, options }) => {
    try {
      await dynamoDb.send(command, options);
      return { type: 'done' };
    } catch (thrown) {
      if (awsCodeOf(thrown) !== 'TransactionCanceledException') throw thrown;
      const { CancellationReasons: reasons = [] } = thrown as Cancelled;
      const at = reasons.findIndex(({ Code }) => Code === CONDITION_FAILED);
      const step = steps[at];
      if (step === undefined) throw passingReason(reasons, thrown);
      if (!mayHaveHappened) return { type: 'refused', step };
      const isOwn = reasons.some(({ Item: item }) => item?.w?.S === writeId);
      return { type: isOwn ? 'done' : 'unknown' };
    }
  });
}

interface Cancelled {
  readonly CancellationReasons?: readonly CancellationReason[];
}

/** The error to be judged: why a transaction was cancelled, rather than that it was. */
export function causeOfCancel(thrown: unknown): unknown {
  if (awsCodeOf(thrown) !== 'TransactionCanceledException') return thrown;
  return passingReason((thrown as Cancelled).CancellationReasons ?? [], thrown);
}

function passingReason(reasons: readonly CancellationReason[], thrown: unknown): unknown {
  const passing = reasons.find(({ Code = '' }) => PASSING.has(Code));
  const other = reasons.find(({ Code = 'None' }) => Code !== 'None');
  const { Code: name, Message: message } = passing ?? other ?? {};
  if (name === undefined) return thrown;
  const error = new Error(message ?? name, { cause: thrown });
  const { $metadata } = thrown as { readonly $metadata?: unknown };
  return Object.assign(error, { name, $metadata });
}

function checkSize(items: readonly TransactWriteItem[]): void {
  let sizeBytes = 0;
  for (const { Put, Update, Delete, ConditionCheck } of items) {
    sizeBytes += itemSizeBytes(Put?.Item ?? {});
    sizeBytes += itemSizeBytes({ ...Update?.Key, ...Update?.ExpressionAttributeValues });
    sizeBytes += itemSizeBytes({ ...Delete?.Key, ...ConditionCheck?.Key });
  }
  if (sizeBytes <= MAX_TRANSACTION_BYTES) return;
  const text = 'a write of several rows is larger than a DynamoDB transaction: write fewer at once';
  throw invalidCall('ROW_WRITE_TOO_LARGE', text, {
    steps: items.length,
    sizeBytes,
    limitBytes: MAX_TRANSACTION_BYTES,
  });
}
