/**
 * A row as a DynamoDB item; see `docs/formats/dynamodb.md`.
 *
 *     pk, sk  the keys            v  version           w  who wrote it last: an id of the write
 *     j       the value as JSON   or  z  the same, a zstd frame, and  n  its size before
 *     expiresAt  of garbage: when it goes, in seconds
 *
 * The value is one attribute: a tree of attribute values would cost more bytes, and CPU twice.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { compress, decompress, type Row } from '../../checkpoint/index.ts';
import { defined, StreamError } from '../../core/index.ts';
import { invalidCall } from './store-failure.ts';

/** By attribute name. */
export type Item = Record<string, AttributeValue>;

/** The value's attributes. */
export type ValueAttributes =
  | { readonly j: { readonly S: string } }
  | { readonly z: { readonly B: Uint8Array }; readonly n: { readonly N: string } };

/** Larger JSON is compressed: an item is billed by the KiB, and limited to 400 of them. */
const COMPRESS_ABOVE_BYTES = 4 * 1024;
/** Of the service. */
export const MAX_ITEM_BYTES = 400 * 1024;
const MAX_PARTITION_KEY_BYTES = 2048;
const MAX_SORT_KEY_BYTES = 1024;
/** Of a number: at most 21 bytes. */
const NUMBER_BYTES = 21;

/** The value, encoded once, whatever is done with it. */
export async function encodeValue(value: unknown): Promise<ValueAttributes> {
  const json = JSON.stringify(value);
  // Three bytes a character is the most that UTF-8 takes.
  if (json.length * 3 <= COMPRESS_ABOVE_BYTES) return { j: { S: json } };
  const bytes = Buffer.from(json);
  if (bytes.length <= COMPRESS_ABOVE_BYTES) return { j: { S: json } };
  return { z: { B: await compress(bytes) }, n: { N: String(bytes.length) } };
}

/** @throws {StreamError} `ROW_CORRUPT`, kind `data`. */
export async function decodeRow(item: Item): Promise<Row> {
  const { pk, sk } = item;
  try {
    const value: unknown = JSON.parse(await jsonOf(item));
    return {
      partitionKey: defined(pk?.S, 'an item has a key'),
      sortKey: defined(sk?.S, 'an item has a key'),
      version: versionOf(item),
      value,
    };
  } catch (thrown) {
    throw new StreamError({
      kind: 'data',
      code: 'ROW_CORRUPT',
      message: `an item was not written by this project, or is damaged: restore the table, or remove it pk=${pk?.S} sk=${sk?.S}`,
      details: { partitionKey: pk?.S ?? '', sortKey: sk?.S ?? '' },
      cause: thrown,
    });
  }
}

async function jsonOf({ j, z, n }: Item): Promise<string> {
  if (z?.B === undefined) return defined(j?.S, 'an item has a value');
  return (await decompress(z.B, Number(n?.N))).toString('utf8');
}

/** 0: there is none. */
export function versionOf(item: Item | undefined): number {
  return Number(item?.v?.N ?? 0);
}

export function keyOf(partitionKey: string, sortKey: string): Item {
  return { pk: { S: partitionKey }, sk: { S: sortKey } };
}

/** @throws {StreamError} `ROW_KEY_INVALID` */
export function checkKey(partitionKey: string, sortKey: string): void {
  const sizes = [Buffer.byteLength(partitionKey), Buffer.byteLength(sortKey)] as const;
  const fits = sizes[0] <= MAX_PARTITION_KEY_BYTES && sizes[1] <= MAX_SORT_KEY_BYTES;
  if (fits && sizes[0] > 0 && sizes[1] > 0) return;
  const text = 'keys of a row have 1 to 2048 and 1 to 1024 bytes in DynamoDB: shorten the ids';
  throw invalidCall('ROW_KEY_INVALID', text, {
    partitionKeyBytes: sizes[0],
    sortKeyBytes: sizes[1],
    sortKey: sortKey.slice(0, 80),
  });
}

/** As the service counts them, or a few more. */
export function itemSizeBytes(item: Item): number {
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(item)) {
    sizeBytes += name.length;
    if (value.S !== undefined) sizeBytes += Buffer.byteLength(value.S);
    else if (value.B !== undefined) sizeBytes += value.B.length;
    else sizeBytes += NUMBER_BYTES;
  }
  return sizeBytes;
}
