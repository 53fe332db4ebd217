/** Stores that take as long as those of AWS, and count as they do. */
import { zstdCompressSync } from 'node:zlib';
import { MemoryBlobStore, MemoryRowStore } from '../adapters/index.ts';
import {
  type BlobStore,
  parentOf,
  type Row,
  type RowQuery,
  type RowStore,
  type RowWrite,
} from '../checkpoint/index.ts';
import type { QuotaMeter } from './quota-meter.ts';
import type { SimWorld } from './sim-world.ts';

/** Mean times of calls, from the services' own metrics of small requests. */
export const CALL_MS = {
  dynamoRead: 4,
  dynamoWrite: 6,
  dynamoTransaction: 12,
  s3Put: 35,
  s3Get: 20,
  s3List: 30,
  s3Delete: 20,
  sqs: 8,
  stepFunctions: 25,
} as const;

const KIB = 1024;
/** `row-item.ts`: smaller values are not compressed. */
const COMPRESS_ABOVE_BYTES = 4 * KIB;
/** Keys, version, writer. */
const ITEM_OVERHEAD_BYTES = 150;
/** `DynamoBlobStore`: a listing of blobs asks each. */
const LIST_SHARDS = 8;

/** Something takes as long. */
export function pauseIn(world: SimWorld, delayMs: number): Promise<void> {
  return new Promise((resolve) => void world.schedule(delayMs, 'call', resolve));
}

/** As the item that `DynamoRowStore` makes of it. */
export function itemBytes(value: unknown): number {
  const json = Buffer.from(JSON.stringify(value));
  const isSmall = json.length <= COMPRESS_ABOVE_BYTES;
  return ITEM_OVERHEAD_BYTES + (isSmall ? json.length : zstdCompressSync(json).length);
}

export class QuotaRowStore implements RowStore {
  readonly #rows = new MemoryRowStore();
  readonly #sizes = new Map<string, number>();
  readonly #world: SimWorld;
  readonly #meter: QuotaMeter;

  constructor(world: SimWorld, meter: QuotaMeter) {
    this.#world = world;
    this.#meter = meter;
  }

  /** As stored; 0: there is none. */
  sizeOf(partitionKey: string, sortKey: string): number {
    return this.#sizes.get(`${partitionKey} ${sortKey}`) ?? 0;
  }

  async get(partitionKey: string, sortKey: string): Promise<Row | undefined> {
    this.#read('dynamodb:GetItem', partitionKey, this.sizeOf(partitionKey, sortKey));
    await pauseIn(this.#world, CALL_MS.dynamoRead);
    return await this.#rows.get(partitionKey, sortKey);
  }

  async query(partitionKey: string, query?: RowQuery): Promise<readonly Row[]> {
    const found = await this.#rows.query(partitionKey, query);
    const bytes = found.reduce((sum, row) => sum + this.sizeOf(partitionKey, row.sortKey), 0);
    this.#read('dynamodb:Query', partitionKey, bytes);
    await pauseIn(this.#world, CALL_MS.dynamoRead);
    return found;
  }

  async write(steps: readonly RowWrite[]): Promise<void> {
    const [first] = steps;
    const isTransaction = steps.length > 1;
    const sizes = steps.map((step) =>
      step.type === 'put'
        ? itemBytes(step.value)
        : Math.max(1, this.sizeOf(step.partitionKey, step.sortKey)),
    );
    let units = 0;
    for (const [index, { partitionKey }] of steps.entries()) {
      const sizeBytes = sizes[index] ?? 0;
      this.#meter.size('dynamoItemBytes', sizeBytes);
      const itemUnits = Math.ceil(sizeBytes / KIB) * (isTransaction ? 2 : 1);
      this.#meter.rate('dynamoWrites', partitionKey, itemUnits);
      units += itemUnits;
    }
    const operation = isTransaction
      ? 'dynamodb:TransactWriteItems'
      : `dynamodb:${first?.type === 'delete' ? 'DeleteItem' : 'UpdateItem'}`;
    this.#meter.bill(operation, { dynamoWriteUnits: units });
    if (isTransaction) {
      this.#meter.size('dynamoTransactionItems', steps.length);
      this.#meter.size(
        'dynamoTransactionBytes',
        sizes.reduce((sum, size) => sum + size, 0),
      );
    }
    await pauseIn(this.#world, isTransaction ? CALL_MS.dynamoTransaction : CALL_MS.dynamoWrite);
    await this.#rows.write(steps);
    for (const [index, { type, partitionKey, sortKey }] of steps.entries()) {
      const key = `${partitionKey} ${sortKey}`;
      if (type === 'put') this.#sizes.set(key, sizes[index] ?? 0);
      if (type === 'delete') this.#sizes.delete(key);
    }
  }

  /** Strongly consistent. */
  #read(operation: string, partitionKey: string, sizeBytes: number): void {
    const units = Math.max(1, Math.ceil(sizeBytes / (4 * KIB)));
    this.#meter.rate('dynamoReads', partitionKey, units);
    this.#meter.bill(operation, { dynamoReadUnits: units });
  }
}

/** Objects; small segments of state are rows, which its listings ask for, too. */
export class QuotaBlobStore implements BlobStore {
  readonly #blobs = new MemoryBlobStore();
  readonly #world: SimWorld;
  readonly #meter: QuotaMeter;

  constructor(world: SimWorld, meter: QuotaMeter) {
    this.#world = world;
    this.#meter = meter;
  }

  async put(location: string, bytes: Uint8Array): Promise<void> {
    this.#write('s3:PutObject', location, 1);
    await pauseIn(this.#world, CALL_MS.s3Put);
    await this.#blobs.put(location, bytes);
  }

  async get(location: string): Promise<Uint8Array> {
    this.#meter.rate('s3Reads', parentOf(location));
    this.#meter.bill('s3:GetObject', { s3ReadRequests: 1 });
    await pauseIn(this.#world, CALL_MS.s3Get);
    return await this.#blobs.get(location);
  }

  async list(directory: string): ReturnType<BlobStore['list']> {
    this.#write('s3:ListObjectsV2', `${directory}/`, 1);
    this.#meter.bill('dynamodb:Query', { dynamoReadUnits: LIST_SHARDS }, LIST_SHARDS);
    await pauseIn(this.#world, CALL_MS.s3List);
    return await this.#blobs.list(directory);
  }

  async delete(location: string): Promise<void> {
    this.#write('s3:DeleteObject', location, 0);
    await pauseIn(this.#world, CALL_MS.s3Delete);
    await this.#blobs.delete(location);
  }

  #write(operation: string, location: string, s3WriteRequests: number): void {
    this.#meter.rate('s3Writes', parentOf(location));
    this.#meter.bill(operation, { s3WriteRequests });
  }
}
