/**
 * Small blobs as DynamoDB items, below one directory: that of the checkpoints of all jobs.
 *
 *     pk  <directory>/<first name below it>#<shard>     sk  the rest of the location
 *     b   the bytes        n  their size        w  id of the put
 *
 * - I1: a location's keys follow from it alone, and a listing's partitions from its directory.
 * - I2: a partition takes 1,000 write units a second. The slots of a job all write at the same
 *   barrier, so its items are spread over eight partitions; a listing asks all of them.
 * - I3: an item is created on the condition that there is none; a put whose first answer was lost
 *   recognises its own by `w`.
 * - I4: no item expires: a hibernating job needs its state after any time.
 */
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import type { BlobInfo, BlobRange, BlobStore } from '../../checkpoint/index.ts';
import { blobExists, blobNotFound } from '../store-errors.ts';
import { type AwsAttempt, AwsCallFailed, type AwsCalls } from './aws-calls.ts';
import { awsCodeOf } from './aws-failure.ts';
import { checkKey, type Item, itemSizeBytes, keyOf, MAX_ITEM_BYTES } from './row-item.ts';
import { blobFailure, invalidCall } from './store-failure.ts';

export interface DynamoBlobStoreParts {
  readonly dynamoDb: DynamoDBClient;
  readonly calls: AwsCalls;
  /** Has the key `pk`, `sk`, both strings. */
  readonly table: string;
  /** Of the checkpoints of all jobs, `s3://bucket/checkpoints`. */
  readonly directory: string;
}

const SHARDS = 8;
const DELETES_A_CALL = 25;

/** `job` is what comes first below the directory, `rest` what follows. */
interface Place {
  readonly job: string;
  readonly rest: string;
}

export class DynamoBlobStore implements BlobStore {
  readonly #dynamoDb: DynamoDBClient;
  readonly #calls: AwsCalls;
  readonly #table: string;
  readonly #directory: string;

  constructor({ dynamoDb, calls, table, directory }: DynamoBlobStoreParts) {
    this.#dynamoDb = dynamoDb;
    this.#calls = calls;
    this.#table = table;
    this.#directory = directory;
  }

  /** Whether a location, or what a directory holds, may lie here. */
  covers(location: string): boolean {
    return this.#placeOf(location) !== undefined;
  }

  async put(location: string, bytes: Uint8Array): Promise<void> {
    const writeId = randomUUID();
    const item: Item = {
      ...this.#keyOf(location),
      b: { B: bytes },
      n: { N: String(bytes.length) },
      w: { S: writeId },
    };
    checkSize(location, item, bytes.length);
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const isCreated = await this.#write(location, 'PutItem', async ({ options }) => {
      try {
        await this.#dynamoDb.send(command, options);
        return true;
      } catch (thrown) {
        if (awsCodeOf(thrown) !== 'ConditionalCheckFailedException') throw thrown;
        // I3: or another's.
        return (thrown as { readonly Item?: Item }).Item?.w?.S === writeId;
      }
    });
    if (!isCreated) throw blobExists(location);
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: this.#keyOf(location),
      ProjectionExpression: 'b',
      ConsistentRead: true,
    });
    const { Item: item } = await this.#read(location, 'GetItem', ({ options }) =>
      this.#dynamoDb.send(command, options),
    );
    if (item === undefined) throw blobNotFound(location);
    const bytes = item.b?.B ?? new Uint8Array();
    if (range === undefined) return bytes;
    return bytes.subarray(range.offsetBytes, range.offsetBytes + range.sizeBytes);
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    const place = this.#placeOf(directory);
    if (place === undefined) return [];
    const shards = Array.from({ length: SHARDS }, (_, shard) => this.#shard(place, shard));
    const found = (await Promise.all(shards)).flat();
    return found.sort((a, b) => (a.location < b.location ? -1 : 1));
  }

  async delete(location: string): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.#table, Key: this.#keyOf(location) });
    await this.#write(location, 'DeleteItem', ({ options }) =>
      this.#dynamoDb.send(command, options),
    );
  }

  async deleteMany(locations: readonly string[]): Promise<readonly string[]> {
    const failed: string[] = [];
    for (let from = 0; from < locations.length; from += DELETES_A_CALL) {
      const batch = locations.slice(from, from + DELETES_A_CALL);
      await this.#deleteBatch(batch).catch(() => failed.push(...batch));
    }
    return failed;
  }

  async #deleteBatch(locations: readonly string[]): Promise<void> {
    let left: WriteRequest[] = locations.map((location) => ({
      DeleteRequest: { Key: this.#keyOf(location) },
    }));
    await this.#calls.call({ permission: 'dynamodb:BatchWriteItem' }, async ({ options }) => {
      const command = new BatchWriteItemCommand({ RequestItems: { [this.#table]: left } });
      const { UnprocessedItems } = await this.#dynamoDb.send(command, options);
      left = UnprocessedItems?.[this.#table] ?? [];
      if (left.length > 0) throw Object.assign(new Error('not all'), { name: 'ThrottlingError' });
    });
  }

  async #shard(place: Place, shard: number): Promise<readonly BlobInfo[]> {
    const directory = `${this.#directory}/${place.job}`;
    const found: BlobInfo[] = [];
    let from: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: `pk = :pk${place.rest === '' ? '' : ' AND begins_with(sk, :sk)'}`,
        ExpressionAttributeValues: {
          ':pk': { S: `${directory}#${shard}` },
          ...(place.rest === '' ? {} : { ':sk': { S: `${place.rest}/` } }),
        },
        ProjectionExpression: 'sk, n',
        ConsistentRead: true,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      });
      const page = await this.#read(directory, 'Query', ({ options }) =>
        this.#dynamoDb.send(command, options),
      );
      for (const { sk, n } of page.Items ?? []) {
        found.push({ location: `${directory}/${sk?.S}`, sizeBytes: Number(n?.N) });
      }
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return found;
  }

  async #read<T>(
    location: string,
    action: string,
    send: (attempt: AwsAttempt) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#calls.call({ permission: `dynamodb:${action}` }, send);
    } catch (thrown) {
      throw blobFailure('read', location, thrown);
    }
  }

  async #write<T>(
    location: string,
    action: string,
    send: (attempt: AwsAttempt) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#calls.call({ permission: `dynamodb:${action}` }, send);
    } catch (thrown) {
      throw thrown instanceof AwsCallFailed ? blobFailure('written', location, thrown) : thrown;
    }
  }

  #keyOf(location: string): Item {
    const { job = '', rest = '' } = this.#placeOf(location) ?? {};
    if (rest === '') {
      const text = 'a blob in DynamoDB lies below a job in the checkpoint directory';
      throw invalidCall('BLOB_OUTSIDE_TABLE', text, { location, directory: this.#directory });
    }
    const partition = `${this.#directory}/${job}#${shardOf(rest)}`;
    checkKey(partition, rest);
    return keyOf(partition, rest);
  }

  #placeOf(location: string): Place | undefined {
    if (!location.startsWith(`${this.#directory}/`)) return undefined;
    const below = location.slice(this.#directory.length + 1);
    const end = below.indexOf('/');
    if (end < 0) return { job: below, rest: '' };
    return { job: below.slice(0, end), rest: below.slice(end + 1) };
  }
}

function shardOf(rest: string): number {
  return crc32(rest) % SHARDS;
}

function checkSize(location: string, item: Item, sizeBytes: number): void {
  if (itemSizeBytes(item) <= MAX_ITEM_BYTES) return;
  const text = 'a blob is larger than a DynamoDB item: put it in S3, or lower the tier threshold';
  throw invalidCall('BLOB_TOO_LARGE', text, { location, sizeBytes, limitBytes: MAX_ITEM_BYTES });
}
