import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AwsWorld, DIRECTORY } from './aws-world.conformance.ts';

const AT = `${DIRECTORY}/job/shared/a.row`;
const BYTES = Buffer.from('hello world');

describe('DynamoBlobStore', () => {
  it('spreads the blobs of a job over partitions, and lists them all', async () => {
    const { items, dynamoDb, aws } = new AwsWorld();
    const locations = Array.from({ length: 100 }, (_, n) => `${DIRECTORY}/job/shared/${n}.row`);
    for (const location of locations) await items.put(location, BYTES);
    const partitions = new Set(dynamoDb.items('segments').map(({ pk }) => pk?.S));
    assert.deepEqual(
      [...partitions].sort(),
      [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `${DIRECTORY}/job#${n}`),
    );
    const listed = await items.list(`${DIRECTORY}/job`);
    assert.deepEqual(
      listed.map(({ location }) => location),
      [...locations].sort(),
    );
    assert.equal(aws.countOf('Query'), 8);
    assert.deepEqual(await items.list('s3://elsewhere/job'), []);
  });

  it('knows its own item when the answer was lost, and never takes another for it', async () => {
    const { items, aws } = new AwsWorld();
    aws.failNext('PutItem', 'lost-response');
    await items.put(AT, BYTES);
    aws.failNext('PutItem', 'lost-request', 'throttled');
    await assert.rejects(items.put(AT, BYTES), { code: 'BLOB_EXISTS' });
    assert.equal(aws.countOf('PutItem'), 5);
  });

  it('refuses what is too large, or lies nowhere below its directory', async () => {
    const { items, aws } = new AwsWorld();
    await assert.rejects(items.put(AT, Buffer.alloc(410_000)), {
      code: 'BLOB_TOO_LARGE',
      message: /location=.*a\.row sizeBytes=410000 limitBytes=409600$/,
    });
    for (const location of ['s3://other/job/shared/a.row', `${DIRECTORY}/job`]) {
      await assert.rejects(items.put(location, BYTES), { code: 'BLOB_OUTSIDE_TABLE' });
    }
    assert.deepEqual(aws.operations, []);
    await items.put(AT, Buffer.alloc(400_000));
    assert.equal((await items.get(AT)).length, 400_000);
  });

  it('deletes 25 with a request, again those that were left over', async () => {
    const { items, dynamoDb, aws } = new AwsWorld();
    const locations = Array.from({ length: 30 }, (_, n) => `${DIRECTORY}/job/shared/${n}.row`);
    for (const location of locations) await items.put(location, BYTES);
    dynamoDb.batchCount = 10;
    aws.failNext('BatchWriteItem', 'throttled');
    assert.deepEqual(await items.deleteMany(locations), []);
    assert.deepEqual(dynamoDb.items('segments'), []);
    // 25 in three requests after a throttled one, 5 in one.
    assert.equal(aws.countOf('BatchWriteItem'), 5);
    aws.failNext('BatchWriteItem', { status: 400, code: 'AccessDeniedException' });
    assert.deepEqual(await items.deleteMany(locations.slice(0, 2)), locations.slice(0, 2));
  });

  it('says what is wrong with the table', async () => {
    const { items, aws } = new AwsWorld();
    const missing = { status: 400, code: 'ResourceNotFoundException' };
    for (const operation of ['PutItem', 'DeleteItem', 'GetItem', 'Query']) {
      aws.failNext(operation, missing);
    }
    const message = /does not exist in this account and region/;
    await assert.rejects(items.put(AT, BYTES), { code: 'BLOB_NOT_WRITABLE', message });
    await assert.rejects(items.delete(AT), { code: 'BLOB_NOT_WRITABLE', message });
    await assert.rejects(items.get(AT), { code: 'BLOB_NOT_READABLE', message });
    await assert.rejects(items.list(`${DIRECTORY}/job`), { code: 'BLOB_NOT_READABLE', message });
  });
});
