/**
 * Rows as DynamoDB items. ADR 10 says why writes of several steps are transactions.
 *
 * - I1: `ROW_CONFLICT` means that the write has not happened and will not; a write that is
 *   reported as done has happened once. Everything else is an error of kind `unavailable` or
 *   `invalid`.
 * - I2: so a write of one step is sent again only after it was refused: nothing stops a copy that
 *   is still under way from arriving after the row was deleted and created again. When its fate is
 *   unknown, the row tells by the id of its last write, or nobody does.
 * - I3: a transaction has a token by which the service knows its copies for ten minutes, longer
 *   than any budget. It is sent again unchanged, as the service asks.
 * - I4: reads are strongly consistent.
 */
import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactGetItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Row, RowQuery, RowStore, RowWrite } from '../../checkpoint/index.ts';
import { defined } from '../../core/index.ts';
import { checkSteps } from '../row-table.ts';
import { rowConflict } from '../store-errors.ts';
import { type AwsAttempt, AwsCallFailed, type AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { checkKey, decodeRow, type Item, keyOf, versionOf } from './row-item.ts';
import { conditionOf, putParts, updateParts } from './row-steps.ts';
import { causeOfCancel, sendTransaction } from './row-transaction.ts';
import { rowFailure, rowOutcomeUnknown } from './store-failure.ts';

export interface DynamoRowStoreParts {
  readonly dynamoDb: DynamoDBClient;
  readonly calls: AwsCalls;
  /** Has the key `pk`, `sk`, both strings. */
  readonly table: string;
}

type RowPut = RowWrite & { readonly type: 'put' };
type RowDelete = RowWrite & { readonly type: 'delete' };
type RowCheck = RowWrite & { readonly type: 'check' };

interface PreparedPut {
  readonly send: (attempt: AwsAttempt) => Promise<unknown>;
  readonly permission: string;
}

export class DynamoRowStore implements RowStore {
  readonly #dynamoDb: DynamoDBClient;
  readonly #calls: AwsCalls;
  readonly #table: string;

  constructor({ dynamoDb, calls, table }: DynamoRowStoreParts) {
    this.#dynamoDb = dynamoDb;
    this.#calls = calls;
    this.#table = table;
  }

  async get(partitionKey: string, sortKey: string): Promise<Row | undefined> {
    const item = await this.#item(partitionKey, sortKey);
    return item === undefined ? undefined : await decodeRow(item);
  }

  async query(partitionKey: string, query: RowQuery = {}): Promise<readonly Row[]> {
    const { sortKeyPrefix = '', descending = false, limit } = query;
    if (limit === 0) return [];
    const prefix = sortKeyPrefix === '' ? {} : { ':sk': { S: sortKeyPrefix } };
    const input: QueryCommandInput = {
      TableName: this.#table,
      KeyConditionExpression: `pk = :pk${sortKeyPrefix === '' ? '' : ' AND begins_with(sk, :sk)'}`,
      ExpressionAttributeValues: { ':pk': { S: partitionKey }, ...prefix },
      ScanIndexForward: !descending,
      ConsistentRead: true,
    };
    const items: Item[] = [];
    let from: Item | undefined;
    do {
      const page = await this.#page(
        input,
        from,
        limit === undefined ? undefined : limit - items.length,
      );
      items.push(...page.items);
      from = page.next;
    } while (from !== undefined && (limit === undefined || items.length < limit));
    return await Promise.all(items.map(decodeRow));
  }

  async write(steps: readonly RowWrite[]): Promise<void> {
    checkSteps(steps);
    for (const { partitionKey, sortKey } of steps) checkKey(partitionKey, sortKey);
    const [first, ...more] = steps;
    if (first === undefined) return;
    const checks = steps.filter((step) => step.type === 'check');
    if (checks.length === steps.length) return await this.#check(checks);
    if (more.length > 0 || first.type === 'check') return await this.#transact(steps);
    if (first.type === 'delete') return await this.#delete(first);
    return await this.#put(first);
  }

  async #put(step: RowPut): Promise<void> {
    const writeId = randomUUID();
    const { send, permission } = await this.#prepared(step, writeId);
    try {
      const outcome = await this.#calls.call({ permission, isOnceOnly: true }, (attempt) =>
        refusedOr(send(attempt)),
      );
      if (outcome === 'refused') throw rowConflict(step);
    } catch (thrown) {
      if (!(thrown instanceof AwsCallFailed)) throw thrown;
      if (!thrown.mayHaveHappened) throw rowFailure('written', this.#table, thrown);
      await this.#settle(step, writeId, thrown);
    }
  }

  async #prepared(step: RowPut, writeId: string): Promise<PreparedPut> {
    if (step.expectedVersion === undefined) {
      const command = new UpdateItemCommand(await updateParts(step, this.#table, writeId));
      const send = ({ options }: AwsAttempt) => this.#dynamoDb.send(command, options);
      return { send, permission: 'dynamodb:UpdateItem' };
    }
    const input = await putParts(step, step.expectedVersion, this.#table, writeId);
    const command = new PutItemCommand(input);
    const send = ({ options }: AwsAttempt) => this.#dynamoDb.send(command, options);
    return { send, permission: 'dynamodb:PutItem' };
  }

  /** I2: done when the row was last written by this write. */
  async #settle(step: RowPut, writeId: string, failed: AwsCallFailed): Promise<void> {
    const item = await this.#item(step.partitionKey, step.sortKey).catch(() => undefined);
    if (item?.w?.S !== writeId) throw rowOutcomeUnknown(this.#table, step.sortKey, failed.cause);
  }

  async #delete(step: RowDelete): Promise<void> {
    const { partitionKey, sortKey, expectedVersion } = step;
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyOf(partitionKey, sortKey),
      ...conditionOf(expectedVersion),
    });
    try {
      const operation = { permission: 'dynamodb:DeleteItem', isOnceOnly: true };
      const outcome = await this.#calls.call(operation, ({ options }) =>
        refusedOr(this.#dynamoDb.send(command, options)),
      );
      if (outcome === 'refused') throw rowConflict(step);
    } catch (thrown) {
      if (!(thrown instanceof AwsCallFailed)) throw thrown;
      if (thrown.mayHaveHappened) throw rowOutcomeUnknown(this.#table, sortKey, thrown.cause);
      throw rowFailure('written', this.#table, thrown);
    }
  }

  async #transact(steps: readonly RowWrite[]): Promise<void> {
    const parts = { dynamoDb: this.#dynamoDb, calls: this.#calls, table: this.#table };
    const outcome = await sendTransaction(parts, steps, randomUUID()).catch((thrown: unknown) => {
      const isUnknown = thrown instanceof AwsCallFailed && thrown.mayHaveHappened;
      if (!isUnknown) throw rowFailure('written', this.#table, thrown);
      throw rowOutcomeUnknown(this.#table, steps[0]?.sortKey ?? '', thrown.cause);
    });
    if (outcome.type === 'done') return;
    if (outcome.type === 'refused') throw rowConflict(outcome.step);
    throw rowOutcomeUnknown(this.#table, steps[0]?.sortKey ?? '');
  }

  /** Reads at one moment; a fifth of what a transaction of checks costs. */
  async #check(steps: readonly RowCheck[]): Promise<void> {
    const versions = steps.length === 1 ? await this.#version(steps) : await this.#versions(steps);
    const refused = steps.find((step, i) => versions[i] !== step.expectedVersion);
    if (refused !== undefined) throw rowConflict(refused);
  }

  async #version([step]: readonly RowCheck[]): Promise<readonly number[]> {
    const { partitionKey, sortKey } = defined(step, 'one');
    return [versionOf(await this.#item(partitionKey, sortKey))];
  }

  async #versions(steps: readonly RowCheck[]): Promise<readonly number[]> {
    const command = new TransactGetItemsCommand({
      TransactItems: steps.map(({ partitionKey, sortKey }) => ({
        Get: {
          TableName: this.#table,
          Key: keyOf(partitionKey, sortKey),
          ProjectionExpression: 'v',
        },
      })),
    });
    // A writer that is in the way cancels a reading transaction, too.
    const { Responses = [] } = await this.#read(({ options }) =>
      this.#dynamoDb.send(command, options).catch((thrown: unknown) => {
        throw causeOfCancel(thrown);
      }),
    );
    return Responses.map(({ Item: item }) => versionOf(item));
  }

  async #item(partitionKey: string, sortKey: string): Promise<Item | undefined> {
    checkKey(partitionKey, sortKey);
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: keyOf(partitionKey, sortKey),
      ConsistentRead: true,
    });
    const { Item: item } = await this.#read(({ options }) => this.#dynamoDb.send(command, options));
    return item;
  }

  async #page(
    input: QueryCommandInput,
    from: Item | undefined,
    limit: number | undefined,
  ): Promise<{ readonly items: readonly Item[]; readonly next: Item | undefined }> {
    const command = new QueryCommand({
      ...input,
      ...(limit === undefined ? {} : { Limit: limit }),
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
    const { Items = [], LastEvaluatedKey } = await this.#read(
      ({ options }) => this.#dynamoDb.send(command, options),
      'dynamodb:Query',
    );
    return { items: Items, next: LastEvaluatedKey };
  }

  async #read<T>(
    send: (attempt: AwsAttempt) => Promise<T>,
    permission = 'dynamodb:GetItem',
  ): Promise<T> {
    try {
      return await this.#calls.call({ permission }, send);
    } catch (thrown) {
      throw rowFailure('read', this.#table, thrown);
    }
  }
}

async function refusedOr(sent: Promise<unknown>): Promise<'done' | 'refused'> {
  try {
    await sent;
    return 'done';
  } catch (thrown) {
    if (awsCodeOf(thrown) === 'ConditionalCheckFailedException') return 'refused';
    throw thrown;
  }
}
