import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { RowWrite } from '../../checkpoint/index.ts';
import { isStreamError } from '../../core/index.ts';
import { testRowStoreConformance } from '../row-store.conformance.ts';
import { AwsWorld } from './aws-world.conformance.ts';

const KEY = { partitionKey: 'p', sortKey: 'a' } as const;
const CREATE = { type: 'put', ...KEY, value: 1, expectedVersion: 0 } as const;
const OTHER = { partitionKey: 'p', sortKey: 'b' } as const;

testRowStoreConformance('DynamoDB, faked', async () => new AwsWorld().rows);
testRowStoreConformance('DynamoDB, faked, in pages of one row', async () => {
  const world = new AwsWorld();
  world.dynamoDb.pageBytes = 1;
  return world.rows;
});

describe('DynamoRowStore', () => {
  it('takes one request for a write of one step, and for a check', async () => {
    const { rows, aws } = new AwsWorld();
    await rows.write([CREATE]);
    await rows.write([{ type: 'put', ...KEY, value: 2 }]);
    await rows.write([{ type: 'check', ...KEY, expectedVersion: 2 }]);
    await rows.write([{ type: 'delete', ...KEY, expectedVersion: 2 }]);
    assert.deepEqual(aws.operations, ['PutItem', 'UpdateItem', 'GetItem', 'DeleteItem']);
  });

  it('takes one transaction for several steps, and reads only for several checks', async () => {
    const { rows, aws } = new AwsWorld();
    await rows.write([CREATE, { type: 'check', ...OTHER, expectedVersion: 0 }]);
    const checks: RowWrite[] = [
      { type: 'check', ...KEY, expectedVersion: 1 },
      { type: 'check', ...OTHER, expectedVersion: 0 },
    ];
    await rows.write(checks);
    const stale: RowWrite = { type: 'check', ...OTHER, expectedVersion: 7 };
    await assert.rejects(rows.write([...checks.slice(0, 1), stale]), {
      code: 'ROW_CONFLICT',
      details: { ...OTHER, expectedVersion: 7 },
    });
    assert.deepEqual(aws.operations, [
      'TransactWriteItems',
      'TransactGetItems',
      'TransactGetItems',
    ]);
  });

  it('marks garbage with the second from which it may go, and takes the mark away', async () => {
    const { rows, dynamoDb } = new AwsWorld();
    const expiresAtEpochMs = 1_000_500;
    const marked = async () => {
      const [item] = dynamoDb.items('rows');
      return [item?.expiresAt?.N, (await rows.get('p', 'a'))?.value];
    };
    await rows.write([{ ...CREATE, expiresAtEpochMs }]);
    assert.deepEqual(await marked(), ['1001', 1]);
    await rows.write([{ type: 'put', ...KEY, value: 2 }]);
    assert.deepEqual(await marked(), [undefined, 2]);
    await rows.write([{ type: 'put', ...KEY, value: 3, expiresAtEpochMs }]);
    assert.deepEqual(await marked(), ['1001', 3]);
    await rows.write([{ type: 'put', ...KEY, value: 4, expectedVersion: 3 }]);
    assert.deepEqual(await marked(), [undefined, 4]);
  });

  it('keeps a large value compressed, and gives it back', async () => {
    const { rows, dynamoDb } = new AwsWorld();
    const value = Array.from({ length: 5_000 }, (_, n) => ({ n, text: 'ünïcode' }));
    await rows.write([{ type: 'put', ...KEY, value }]);
    await rows.write([{ type: 'put', ...OTHER, value: 'small' }]);
    assert.deepEqual((await rows.get('p', 'a'))?.value, value);
    const [large, small] = dynamoDb.items('rows');
    assert.ok(large?.z !== undefined && large.j === undefined);
    assert.ok(small?.j !== undefined && small.z === undefined);
    // And changes from one to the other.
    await rows.write([{ type: 'put', ...KEY, value: 1 }]);
    await rows.write([{ type: 'put', ...OTHER, value }]);
    assert.deepEqual(
      (await rows.query('p')).map((row) => row.value),
      [1, value],
    );
  });

  it('says which item does not read as a row', async () => {
    const { rows, clients } = new AwsWorld();
    const value = Array.from({ length: 3_000 }, (_, n) => n);
    for (const broken of [{ j: { S: '{' } }, {}, { z: { B: Buffer.from(value) }, n: { N: '3' } }]) {
      const item = { pk: { S: 'p' }, sk: { S: 'a' }, v: { N: '1' }, ...broken };
      await clients.dynamoDb.send(new PutItemCommand({ TableName: 'rows', Item: item }));
      const expected = { code: 'ROW_CORRUPT', kind: 'data', message: /pk=p sk=a$/ };
      await assert.rejects(rows.get('p', 'a'), expected);
      await assert.rejects(rows.query('p'), expected);
    }
  });

  it('refuses rows, writes and keys that DynamoDB does not take, before it asks', async () => {
    const { rows, aws } = new AwsWorld();
    const noise = (sizeBytes: number) => randomText(sizeBytes);
    const put = (sortKey: string, value: unknown): RowWrite => ({
      type: 'put',
      partitionKey: 'p',
      sortKey,
      value,
      expectedVersion: 0,
    });
    await assert.rejects(rows.write([put('a', noise(900_000))]), {
      code: 'ROW_TOO_LARGE',
      kind: 'invalid',
      message: /larger than DynamoDB takes: .* sortKey=a sizeBytes=\d+ limitBytes=409600$/,
    });
    const many = Array.from({ length: 30 }, (_, n) => put(`r${n}`, noise(110_000)));
    await assert.rejects(rows.write(many), { code: 'ROW_WRITE_TOO_LARGE', kind: 'invalid' });
    for (const sortKey of ['', 'x'.repeat(1025)]) {
      await assert.rejects(rows.write([put(sortKey, 1)]), { code: 'ROW_KEY_INVALID' });
      await assert.rejects(rows.get('p', sortKey), { code: 'ROW_KEY_INVALID' });
    }
    assert.deepEqual(aws.operations, []);
  });
});

describe('DynamoRowStore, when calls fail', () => {
  it('tries again what was throttled, and goes on', async () => {
    const { rows, aws } = new AwsWorld();
    aws.failNext('PutItem', 'throttled', 'throttled', 'throttled');
    await rows.write([CREATE]);
    assert.equal(aws.countOf('PutItem'), 4);
    assert.equal((await rows.get('p', 'a'))?.version, 1);
  });

  it('gives up a throttled write when its budget is spent, and says so', async () => {
    const { rows, aws, time } = new AwsWorld();
    aws.faultOf = () => 'throttled';
    await assert.rejects(rows.write([CREATE]), {
      code: 'ROW_STORE_NOT_WRITABLE',
      kind: 'unavailable',
      message: /the service throttles: raise its capacity.*awsCode=ProvisionedThroughput/,
    });
    assert.ok(time.nowEpochMs() <= 20_000);
    await assert.rejects(rows.get('p', 'a'), { code: 'ROW_STORE_NOT_READABLE' });
  });

  it('knows its own write when the answer was lost', async () => {
    for (const fault of ['lost-response', 'broken-after'] as const) {
      const { rows, aws } = new AwsWorld();
      aws.failNext('PutItem', fault);
      await rows.write([CREATE]);
      aws.failNext('UpdateItem', fault);
      await rows.write([{ type: 'put', ...KEY, value: 2 }]);
      assert.deepEqual(await rows.get('p', 'a'), { ...KEY, version: 2, value: 2 });
      assert.equal(aws.countOf('PutItem'), 1);
    }
  });

  it('says that an outcome is unknown, rather than that a condition was lost', async () => {
    for (const fault of ['lost-request', 'late', 'broken-before'] as const) {
      const { rows, aws } = new AwsWorld();
      aws.failNext('PutItem', fault);
      const expected = { code: 'ROW_OUTCOME_UNKNOWN', kind: 'unavailable' };
      await assert.rejects(rows.write([CREATE]), expected);
      aws.arrive();
      assert.equal((await rows.get('p', 'a'))?.version, fault === 'late' ? 1 : undefined);
      aws.failNext('DeleteItem', fault);
      await assert.rejects(rows.write([{ type: 'delete', ...KEY }]), expected);
    }
  });

  it('sends a transaction again, and has it done once', async () => {
    for (const fault of ['lost-response', 'broken-after', 'lost-request', 'late'] as const) {
      const { rows, aws } = new AwsWorld();
      aws.failNext('TransactWriteItems', fault);
      await rows.write([CREATE, { type: 'put', ...OTHER, value: 1 }]);
      aws.arrive();
      const versions = (await rows.query('p')).map(({ version }) => version);
      assert.deepEqual(versions, [1, 1]);
      assert.equal(aws.countOf('TransactWriteItems'), 2);
    }
  });

  it('does not call a transaction refused of which a copy may yet arrive', async () => {
    const { rows, aws } = new AwsWorld();
    await rows.write([CREATE]);
    aws.failNext('TransactWriteItems', 'late');
    const again = rows.write([CREATE, { type: 'check', ...OTHER, expectedVersion: 0 }]);
    await assert.rejects(again, { code: 'ROW_OUTCOME_UNKNOWN', kind: 'unavailable' });
    await rows.write([{ type: 'delete', ...KEY, expectedVersion: 1 }]);
    aws.arrive();
    assert.equal((await rows.get('p', 'a'))?.version, 1);
  });

  it('recognises its transaction where the service forgets tokens', async () => {
    const { rows, aws, dynamoDb } = new AwsWorld();
    dynamoDb.keepsTokens = false;
    aws.failNext('TransactWriteItems', 'lost-response');
    await rows.write([CREATE, { type: 'check', ...OTHER, expectedVersion: 0 }]);
    assert.equal((await rows.get('p', 'a'))?.version, 1);
    // Only deletes: there is nothing to recognise it by.
    aws.failNext('TransactWriteItems', 'lost-response');
    const drop: RowWrite[] = [
      { type: 'delete', ...KEY, expectedVersion: 1 },
      { type: 'check', ...OTHER, expectedVersion: 0 },
    ];
    await assert.rejects(rows.write(drop), { code: 'ROW_OUTCOME_UNKNOWN' });
  });

  it('tries again when another transaction holds a row, and refuses when it has won', async () => {
    const { rows, aws } = new AwsWorld();
    const steps = [CREATE, { type: 'check', ...OTHER, expectedVersion: 0 } as const];
    aws.failNext(
      'TransactWriteItems',
      { status: 400, code: 'TransactionInProgressException' },
      'none',
    );
    await rows.write(steps);
    await assert.rejects(rows.write(steps), { code: 'ROW_CONFLICT', details: CREATE_DETAILS });
  });

  it('tries a transaction again that another one has cancelled, also of reads', async () => {
    const { rows, aws, dynamoDb } = new AwsWorld();
    dynamoDb.conflicts = 1;
    await rows.write([CREATE, { type: 'check', ...OTHER, expectedVersion: 0 }]);
    dynamoDb.conflicts = 1;
    await rows.write([
      { type: 'check', ...KEY, expectedVersion: 1 },
      { type: 'check', ...OTHER, expectedVersion: 0 },
    ]);
    assert.deepEqual([aws.countOf('TransactWriteItems'), aws.countOf('TransactGetItems')], [2, 2]);
  });

  it('says which permission, table or credentials are missing', async () => {
    const { rows, aws } = new AwsWorld();
    const denied = 'User: arn:aws:sts::1:role is not authorized to perform: dynamodb:PutItem on x';
    aws.failNext('PutItem', { status: 400, code: 'AccessDeniedException', message: denied });
    const error = await rows.write([CREATE]).catch((thrown: unknown) => thrown);
    assert.ok(isStreamError(error));
    assert.equal(error.code, 'ROW_STORE_NOT_WRITABLE');
    assert.equal(error.kind, 'invalid');
    assert.match(error.message, /permission is missing: grant dynamodb:PutItem table=rows/);
    assert.equal(error.details.permission, 'dynamodb:PutItem');
    aws.failNext('GetItem', { status: 400, code: 'ExpiredTokenException' });
    await assert.rejects(rows.get('p', 'a'), {
      message: /credentials have expired: sign in again/,
    });
    aws.failNext('GetItem', { status: 400, code: 'ResourceNotFoundException' });
    await assert.rejects(rows.get('p', 'a'), {
      message: /does not exist in this account and region/,
    });
    assert.equal(aws.operations.length, 3);
  });
});

const CREATE_DETAILS = { ...KEY, expectedVersion: 0 };

/** Text that does not compress well. */
function randomText(chars: number): string {
  let state = 1;
  let text = '';
  while (text.length < chars) {
    state = Math.imul(state, 1664525) + 1013904223;
    text += String.fromCharCode(0x4e00 + ((state >>> 8) & 0x3fff));
  }
  return text;
}
