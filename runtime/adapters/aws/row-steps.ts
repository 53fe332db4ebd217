/** Steps of a write as parts of DynamoDB requests. */
import type {
  PutItemCommandInput,
  TransactWriteItem,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { RowWrite } from '../../checkpoint/index.ts';
import { encodeValue, type Item, itemSizeBytes, keyOf, MAX_ITEM_BYTES } from './row-item.ts';
import { invalidCall } from './store-failure.ts';

type RowPut = RowWrite & { readonly type: 'put' };

/** As the service returns the row that was there. */
const ON_REFUSED = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

const NOT_NEWER = 'attribute_not_exists(pk) OR v <= :at';

interface Condition {
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Item;
}

/** @param expectedVersion undefined: none. */
export function conditionOf(expectedVersion: number | undefined): Condition {
  if (expectedVersion === undefined) return {};
  if (expectedVersion === 0) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ConditionExpression: 'v = :expected',
    ExpressionAttributeValues: { ':expected': { N: String(expectedVersion) } },
  };
}

/** @throws {StreamError} `ROW_TOO_LARGE` */
export async function putParts(
  step: RowPut,
  expectedVersion: number,
  table: string,
  writeId: string,
): Promise<PutItemCommandInput & { readonly Item: Item }> {
  const item: Item = {
    ...keyOf(step.partitionKey, step.sortKey),
    v: { N: String(expectedVersion + 1) },
    w: { S: writeId },
    ...(await encodeValue(step.value)),
    ...expiryOf(step),
  };
  checkSize(item);
  return { TableName: table, Item: item, ...conditionOf(expectedVersion) };
}

/**
 * A put whatever is there, or is not newer: only the service knows which version that is.
 *
 * @throws {StreamError} `ROW_TOO_LARGE`
 */
export async function updateParts(
  step: RowPut,
  table: string,
  writeId: string,
): Promise<UpdateItemCommandInput & { readonly UpdateExpression: string }> {
  const key = keyOf(step.partitionKey, step.sortKey);
  const value = await encodeValue(step.value);
  checkSize({ ...key, w: { S: writeId }, v: { N: '0' }, ...value });
  const { atVersion } = step;
  const version =
    atVersion === undefined
      ? {
          next: 'if_not_exists(v, :zero) + :one',
          values: { ':zero': { N: '0' }, ':one': { N: '1' } },
        }
      : { next: ':at', values: { ':at': { N: String(atVersion) } } };
  const condition = atVersion === undefined ? {} : { ConditionExpression: NOT_NEWER };
  const isCompressed = 'z' in value;
  const parts: Item = isCompressed ? { ':z': value.z, ':n': value.n } : { ':j': value.j };
  const { expiresAt } = expiryOf(step);
  const expires = expiresAt === undefined ? {} : { ':e': expiresAt };
  const [set, remove] = isCompressed ? ['z = :z, n = :n', 'j'] : ['j = :j', 'z, n'];
  const change =
    expiresAt === undefined
      ? `${set} REMOVE ${remove}, expiresAt`
      : `${set}, expiresAt = :e REMOVE ${remove}`;
  return {
    TableName: table,
    Key: key,
    ...condition,
    UpdateExpression: `SET v = ${version.next}, w = :w, ${change}`,
    ExpressionAttributeValues: {
      ...version.values,
      ':w': { S: writeId },
      ...parts,
      ...expires,
    },
  };
}

/** @throws {StreamError} `ROW_TOO_LARGE` */
export async function transactionStep(
  step: RowWrite,
  table: string,
  writeId: string,
): Promise<TransactWriteItem> {
  if (step.type === 'put') {
    const { expectedVersion } = step;
    return expectedVersion === undefined
      ? { Update: await updateParts(step, table, writeId) }
      : { Put: { ...(await putParts(step, expectedVersion, table, writeId)), ...ON_REFUSED } };
  }
  const at = { TableName: table, Key: keyOf(step.partitionKey, step.sortKey) };
  if (step.type === 'delete') return { Delete: { ...at, ...conditionOf(step.expectedVersion) } };
  const { ConditionExpression = '', ...values } = conditionOf(step.expectedVersion);
  return { ConditionCheck: { ...at, ConditionExpression, ...values } };
}

/** The table's attribute of this name tells when a row goes, in seconds. */
function expiryOf({ expiresAtEpochMs }: RowPut): { readonly expiresAt?: { readonly N: string } } {
  if (expiresAtEpochMs === undefined) return {};
  return { expiresAt: { N: String(Math.ceil(expiresAtEpochMs / 1_000)) } };
}

function checkSize(item: Item): void {
  const sizeBytes = itemSizeBytes(item);
  if (sizeBytes <= MAX_ITEM_BYTES) return;
  const text = 'a row is larger than DynamoDB takes: keep the large part in a blob';
  throw invalidCall('ROW_TOO_LARGE', text, {
    sortKey: item.sk?.S ?? '',
    sizeBytes,
    limitBytes: MAX_ITEM_BYTES,
  });
}
