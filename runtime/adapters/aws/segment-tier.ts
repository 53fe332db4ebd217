/**
 * Where a piece of state lies: a DynamoDB item or an S3 object, by what it costs over its life.
 *
 * An item is written and deleted at a unit a KiB (DeleteItem is billed as a write of the item; only
 * expiry is free, and state that a hibernating job needs must not expire). An object is put at a
 * flat price and deleted for nothing. So items are cheaper while they are small.
 */
import type { AwsPrices } from './prices.ts';

/** The life of a piece of state. */
export interface SegmentLife {
  /** How often it is read back: at a restore, from a checkpoint that still refers to it. */
  readonly reads: number;
  /** From its checkpoint until a new base has made it garbage. */
  readonly storedHours: number;
}

/**
 * A delta, of a checkpoint a minute, is garbage within the hour, and one restore reads what fifty
 * checkpoints wrote. Neither matters much: at a size of four write units an item and an object cost
 * the same within a percent, so longer lives move the threshold by one unit, and no further.
 */
export const USUAL_LIFE: SegmentLife = { reads: 0.02, storedHours: 1 };

/** Keys, write id and attribute names of an item, beside the bytes themselves. */
export const ITEM_OVERHEAD_BYTES = 320;

const GB_BYTES = 1024 ** 3;
const HOURS_A_MONTH = 730;
/** Of an item; the service's limit. */
const MAX_ITEM_BYTES = 400 * 1024;

/** US dollars for a piece of this size as an item. */
export function dynamoSegmentUsd(sizeBytes: number, prices: AwsPrices, life: SegmentLife): number {
  const { writeUnitUsd, writeUnitBytes, readUnitUsd, readUnitBytes, storageGbMonthUsd } =
    prices.dynamoDb;
  const itemBytes = sizeBytes + ITEM_OVERHEAD_BYTES;
  const writeAndDelete = 2 * Math.ceil(itemBytes / writeUnitBytes) * writeUnitUsd;
  const reads = life.reads * Math.ceil(itemBytes / readUnitBytes) * readUnitUsd;
  return writeAndDelete + reads + storageUsd(itemBytes, storageGbMonthUsd, life);
}

/** US dollars for a piece of this size as an object. */
export function s3SegmentUsd(sizeBytes: number, prices: AwsPrices, life: SegmentLife): number {
  const { putUsd, getUsd, deleteUsd, storageGbMonthUsd } = prices.s3;
  const requests = putUsd + deleteUsd + life.reads * getUsd;
  return requests + storageUsd(sizeBytes, storageGbMonthUsd, life);
}

/**
 * The largest size, in bytes, that is cheaper as an item: the cost of an item grows in steps at
 * which it takes one more unit.
 *
 * @returns 0 when no item is cheaper.
 */
export function tierThresholdBytes(prices: AwsPrices, life: SegmentLife = USUAL_LIFE): number {
  const { writeUnitBytes } = prices.dynamoDb;
  let thresholdBytes = 0;
  for (let itemBytes = writeUnitBytes; itemBytes <= MAX_ITEM_BYTES; itemBytes += writeUnitBytes) {
    const sizeBytes = itemBytes - ITEM_OVERHEAD_BYTES;
    if (dynamoSegmentUsd(sizeBytes, prices, life) > s3SegmentUsd(sizeBytes, prices, life)) break;
    thresholdBytes = sizeBytes;
  }
  return thresholdBytes;
}

function storageUsd(sizeBytes: number, gbMonthUsd: number, { storedHours }: SegmentLife): number {
  return (sizeBytes / GB_BYTES) * gbMonthUsd * (storedHours / HOURS_A_MONTH);
}
