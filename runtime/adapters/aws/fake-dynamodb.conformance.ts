/**
 * DynamoDB for tests: tables with the key `pk`, `sk`, conditions, transactions with tokens, pages.
 * Binary values stay the base64 text they come as.
 */
import type { FakeRequest, FakeResponse, FakeService } from './fake-aws.conformance.ts';
import { meets, updated } from './fake-expressions.conformance.ts';
import { type Item, itemSizeBytes } from './row-item.ts';

/** A request's body; of each operation some of it. */
interface Input {
  readonly TableName: string;
  readonly Key: Item;
  readonly Item: Item;
  readonly ConditionExpression?: string;
  readonly UpdateExpression: string;
  readonly KeyConditionExpression: string;
  readonly ExpressionAttributeValues?: Item;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly ScanIndexForward?: boolean;
  readonly ConsistentRead?: boolean;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
  readonly TransactItems: readonly Readonly<Record<string, Input>>[];
  readonly ClientRequestToken?: string;
  readonly RequestItems: Readonly<Record<string, readonly Readonly<Record<string, Input>>[]>>;
}

type Action = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';

class Refusal extends Error {
  readonly code: string;
  readonly more: object;

  constructor(code: string, message: string, more: object = {}) {
    super(message);
    this.code = code;
    this.more = more;
  }
}

export class FakeDynamoDb implements FakeService {
  readonly throttling = [400, 'ProvisionedThroughputExceededException'] as const;
  /** Of a page of a query. */
  pageBytes = 1024 * 1024;
  /** Deletes and puts of a batch that are done at a time. */
  batchCount = 25;
  /** DynamoDB does; emulators may not. */
  keepsTokens = true;
  /** Transactions to come that another one is in the way of. */
  conflicts = 0;
  /** Called when a write has had its effect. */
  onApplied: () => void = () => {};
  readonly #tables: ReadonlyMap<string, Map<string, Item>>;
  readonly #tokens = new Map<string, string>();

  constructor(...tables: readonly string[]) {
    this.#tables = new Map(tables.map((table) => [table, new Map<string, Item>()]));
  }

  /** Every item of a table, in no order. */
  items(table: string): readonly Item[] {
    return [...this.#table(table).values()];
  }

  operationOf({ headers }: FakeRequest): string | undefined {
    const [, operation] = /^DynamoDB_\d+\.(\w+)$/.exec(headers['x-amz-target'] ?? '') ?? [];
    return operation;
  }

  answer(request: FakeRequest): FakeResponse {
    try {
      const input = JSON.parse(request.body.toString('utf8')) as Input;
      return json(200, this.#run(this.operationOf(request) ?? '', input));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return json(400, errorBody(thrown.code, thrown.message, thrown.more));
    }
  }

  refusal(status: number, code: string, message: string): FakeResponse {
    return json(status, errorBody(code, message, {}));
  }

  #run(operation: string, input: Input): object {
    if (operation.startsWith('Transact')) this.#conflict(input);
    switch (operation) {
      case 'GetItem':
        return itemOutput(this.#table(input.TableName).get(placeOf(input.Key)));
      case 'PutItem':
        return this.#single('Put', input);
      case 'UpdateItem':
        return this.#single('Update', input);
      case 'DeleteItem':
        return this.#single('Delete', input);
      case 'Query':
        return this.#query(input);
      case 'TransactGetItems':
        return {
          Responses: input.TransactItems.map(({ Get }) => this.#run('GetItem', Get as Input)),
        };
      case 'TransactWriteItems':
        return this.#transact(input);
      case 'BatchWriteItem':
        return this.#batch(input);
      default:
        throw new Refusal('UnknownOperationException', operation);
    }
  }

  #single(action: Action, input: Input): object {
    const found = this.#table(input.TableName).get(placeOf(keyIn(input)));
    if (!isMet(found, input)) {
      const returned = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? found : undefined;
      const message = 'The conditional request failed';
      throw new Refusal('ConditionalCheckFailedException', message, itemOutput(returned));
    }
    this.#apply(action, input);
    this.onApplied();
    return {};
  }

  #conflict({ TransactItems }: Input): void {
    if (this.conflicts === 0) return;
    this.conflicts -= 1;
    const CancellationReasons = TransactItems.map((_, i) => ({
      Code: i === 0 ? 'None' : 'TransactionConflict',
    }));
    throw new Refusal('TransactionCanceledException', 'cancelled', { CancellationReasons });
  }

  #transact({ TransactItems, ClientRequestToken: token }: Input): object {
    const text = JSON.stringify(TransactItems);
    const seen = token === undefined ? undefined : this.#tokens.get(token);
    if (seen === text) return {};
    if (seen !== undefined) throw new Refusal('IdempotentParameterMismatchException', 'changed');
    const steps = TransactItems.map((item) => Object.entries(item)[0] as [Action, Input]);
    const places = new Set(steps.map(([, step]) => placeOf(keyIn(step))));
    if (places.size < steps.length || steps.length > 100) {
      throw new Refusal('ValidationException', 'two operations on one item, or too many');
    }
    const reasons = steps.map(([, step]) => {
      const found = this.#table(step.TableName).get(placeOf(keyIn(step)));
      if (isMet(found, step)) return { Code: 'None' };
      const isAsked = step.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      const Message = 'The conditional request failed';
      return {
        Code: 'ConditionalCheckFailed',
        Message,
        ...itemOutput(isAsked ? found : undefined),
      };
    });
    if (reasons.some(({ Code }) => Code !== 'None')) {
      const codes = reasons.map(({ Code }) => Code).join(', ');
      const message = `Transaction cancelled, please refer to cancellation reasons [${codes}]`;
      throw new Refusal('TransactionCanceledException', message, { CancellationReasons: reasons });
    }
    for (const [action, step] of steps) this.#apply(action, step);
    if (token !== undefined && this.keepsTokens) this.#tokens.set(token, text);
    this.onApplied();
    return {};
  }

  #batch({ RequestItems }: Input): object {
    const unprocessed: Record<string, unknown[]> = {};
    for (const [table, requests] of Object.entries(RequestItems)) {
      if (requests.length > 25) throw new Refusal('ValidationException', 'too many');
      for (const [i, request] of requests.entries()) {
        const { PutRequest, DeleteRequest } = request;
        const at = { TableName: table } as Input;
        if (i >= this.batchCount) unprocessed[table] = [...(unprocessed[table] ?? []), request];
        else if (PutRequest !== undefined) this.#apply('Put', { ...at, ...PutRequest });
        else this.#apply('Delete', { ...at, ...(DeleteRequest as Input) });
      }
    }
    return { UnprocessedItems: unprocessed };
  }

  #apply(action: Action, input: Input): void {
    const table = this.#table(input.TableName);
    const place = placeOf(keyIn(input));
    if (action === 'Delete') table.delete(place);
    if (action === 'Put') table.set(place, checked(input.Item));
    if (action === 'Update') {
      const { UpdateExpression, ExpressionAttributeValues = {} } = input;
      const found = table.get(place) ?? input.Key;
      table.set(place, checked(updated(found, UpdateExpression, ExpressionAttributeValues)));
    }
  }

  #query(input: Input): object {
    const { KeyConditionExpression, ExpressionAttributeValues = {}, ScanIndexForward } = input;
    if (input.ConsistentRead !== true) throw new Refusal('ValidationException', 'not consistent');
    const found = this.items(input.TableName)
      .filter((item) => meets(item, KeyConditionExpression, ExpressionAttributeValues))
      .sort((a, b) => Buffer.compare(Buffer.from(sortKeyOf(a)), Buffer.from(sortKeyOf(b))));
    if (ScanIndexForward === false) found.reverse();
    const { ExclusiveStartKey: from, Limit = Number.POSITIVE_INFINITY } = input;
    const start = from === undefined ? 0 : 1 + found.findIndex((item) => isAt(item, from));
    const items: Item[] = [];
    let sizeBytes = 0;
    for (const item of found.slice(start)) {
      if (items.length === Limit || (items.length > 0 && sizeBytes >= this.pageBytes)) break;
      items.push(item);
      sizeBytes += itemSizeBytes(item);
    }
    const last = items.at(-1);
    const isCut =
      last !== undefined && (start + items.length < found.length || items.length === Limit);
    const next = isCut ? { LastEvaluatedKey: { pk: last.pk, sk: last.sk } } : {};
    return { Items: items, Count: items.length, ...next };
  }

  #table(name: string): Map<string, Item> {
    const table = this.#tables.get(name);
    if (table !== undefined) return table;
    throw new Refusal('ResourceNotFoundException', 'Requested resource not found');
  }
}

function keyIn(input: Input): Item {
  return input.Key ?? input.Item;
}

function placeOf(key: Item): string {
  const [pk, sk] = [key.pk?.S ?? '', key.sk?.S ?? ''];
  if (pk !== '' && sk !== '') return JSON.stringify([pk, sk]);
  throw new Refusal('ValidationException', 'One or more parameter values are not valid');
}

function isAt(item: Item, key: Item): boolean {
  return placeOf(item) === placeOf(key);
}

function sortKeyOf(item: Item): string {
  return item.sk?.S ?? '';
}

function isMet(found: Item | undefined, input: Input): boolean {
  const { ConditionExpression, ExpressionAttributeValues = {} } = input;
  if (ConditionExpression === undefined) return true;
  return meets(found, ConditionExpression, ExpressionAttributeValues);
}

function checked(item: Item): Item {
  if (itemSizeBytes(item) <= 400 * 1024 * 1.4) return item;
  throw new Refusal('ValidationException', 'Item size has exceeded the maximum allowed size');
}

function itemOutput(item: Item | undefined): object {
  return item === undefined ? {} : { Item: item };
}

function errorBody(code: string, message: string, more: object): object {
  return { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message, ...more };
}

function json(status: number, body: object): FakeResponse {
  const headers = { 'content-type': 'application/x-amz-json-1.0' };
  return { status, headers, body: JSON.stringify(body) };
}
