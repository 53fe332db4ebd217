/** The stores on the emulator: conformance, real requests that fail on the way. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import {
  AwsCalls,
  type AwsClients,
  createAwsClients,
  DynamoBlobStore,
  DynamoRowStore,
  S3BlobStore,
  TieredBlobStore,
} from '../../runtime/adapters/aws/index.ts';
import {
  testBlobStoreConformance,
  testRowStoreConformance,
} from '../../runtime/adapters/conformance/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { isErrorWithCode } from '../../runtime/checkpoint/index.ts';
import { type Emulator, startEmulator } from './emulator/index.ts';
import { InjectingProxy } from './injecting-proxy.ts';
import { FAULTS } from './proxy/index.ts';

const DIRECTORY = 's3://stores/checkpoints';
const MIB = 1024 * 1024;
/** S3's least part, so that the emulator, as S3, takes it. */
const IN_PARTS = { aboveBytes: 6 * MIB, partBytes: 5 * MIB, partsInFlight: 3 };

const proxy = new InjectingProxy({ seed: 5 });
let emulator: Emulator;
let workDirectory: string;
let clients: AwsClients;
const world = { clock: new SystemClock(), rng: new SystemRng(), timers: new SystemTimers() };
const calls = new AwsCalls(world);
let nextName = 1;

before(async () => {
  workDirectory = await mkdtemp(join(tmpdir(), 'sluice-stores-'));
  emulator = await startEmulator({ workDirectory, frontDoor: proxy });
  const { region, endpoint, credentials } = emulator;
  clients = createAwsClients({ region, endpoint, credentials, program: 'test' });
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'stores' }));
  await createTable('segments');
});
after(async () => {
  clients?.close();
  await emulator?.stop();
  await rm(workDirectory, { recursive: true, force: true });
});

async function createTable(name: string): Promise<void> {
  await clients.dynamoDb.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
}

async function emptyRows(): Promise<DynamoRowStore> {
  const table = `rows-${nextName++}`;
  await createTable(table);
  return new DynamoRowStore({ dynamoDb: clients.dynamoDb, calls, table });
}

function items(): DynamoBlobStore {
  const { dynamoDb } = clients;
  return new DynamoBlobStore({ dynamoDb, calls, table: 'segments', directory: DIRECTORY });
}

function objects(): S3BlobStore {
  return new S3BlobStore({ s3: clients.s3, calls, multipart: IN_PARTS });
}

function directory(): string {
  return `${DIRECTORY}/job-${nextName++}`;
}

testRowStoreConformance('DynamoDB, emulated', emptyRows);
testBlobStoreConformance('S3, emulated', async () => ({
  blobs: objects(),
  directory: directory(),
}));
testBlobStoreConformance('DynamoDB, emulated', async () => ({
  blobs: items(),
  directory: directory(),
}));
testBlobStoreConformance('DynamoDB and S3, emulated', async () => ({
  blobs: new TieredBlobStore({ items: items(), objects: objects() }),
  directory: directory(),
}));

describe('the stores on the emulator', () => {
  it('keep a large row compressed, and give it back', async () => {
    const rows = await emptyRows();
    const value = Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'ünïcode' }));
    const key = { partitionKey: 'p', sortKey: 'a' };
    await rows.write([{ type: 'put', ...key, value }]);
    assert.deepEqual(await rows.get('p', 'a'), { ...key, version: 1, value });
  });

  it('page through more than fits an answer', async () => {
    const [blobs, rows] = [items(), await emptyRows()];
    const at = directory();
    const large = Buffer.alloc(300_000, 'x');
    const names = Array.from({ length: 40 }, (_, n) => `${at}/shared/${10 + n}.row`);
    await Promise.all(names.map((location) => blobs.put(location, large)));
    assert.deepEqual(
      (await blobs.list(at)).map(({ location }) => location),
      names,
    );
    assert.deepEqual(await blobs.deleteMany(names), []);
    assert.deepEqual(await blobs.list(at), []);
    for (let n = 0; n < 4; n++) {
      const value = { n, text: noise(300_000) };
      await rows.write([{ type: 'put', partitionKey: 'p', sortKey: String(n), value }]);
    }
    assert.equal((await rows.query('p')).length, 4);
    assert.equal((await rows.query('p', { limit: 3 })).length, 3);
  });

  it('upload a large blob in parts, once', async () => {
    const blobs = objects();
    const location = `${directory()}/large`;
    const bytes = Buffer.alloc(12 * MIB, 'abc');
    await blobs.put(location, bytes);
    await assert.rejects(blobs.put(location, bytes), { code: 'BLOB_EXISTS' });
    assert.equal(Buffer.compare(await blobs.get(location), bytes), 0);
    const piece = await blobs.get(location, { offsetBytes: 5 * MIB - 1, sizeBytes: 3 });
    assert.deepEqual(Buffer.from(piece), bytes.subarray(5 * MIB - 1, 5 * MIB + 2));
  });

  it('say which table or bucket is missing', async () => {
    const rows = new DynamoRowStore({ dynamoDb: clients.dynamoDb, calls, table: 'missing' });
    const message = /does not exist in this account and region/;
    await assert.rejects(rows.get('p', 'a'), { code: 'ROW_STORE_NOT_READABLE', message });
    await assert.rejects(objects().get('s3://missing/a'), { code: 'BLOB_NOT_READABLE', message });
  });
});

describe('the stores on the emulator, behind a network that fails', () => {
  const cut = { kind: 'cut', isCarriedOut: true } as const;
  const lost = { kind: 'cut', isCarriedOut: false } as const;
  afterEach(() => proxy.calm());

  it('write every row once, or say that they do not know', async () => {
    const rows = await emptyRows();
    for (const fault of [FAULTS.dynamoThrottled, FAULTS.dynamoAnswerLost, cut, lost]) {
      proxy.inject({ service: 'dynamodb', fault, probability: 0.1 });
    }
    let known = 0;
    for (let n = 1; n <= 60; n++) {
      const expectedVersion = (await rows.get('p', 'a'))?.version ?? 0;
      const value = `write ${n}`;
      const step = {
        type: 'put',
        partitionKey: 'p',
        sortKey: 'a',
        value,
        expectedVersion,
      } as const;
      const written = await rows.write([step]).then(
        () => true,
        (thrown: unknown) => {
          assert.ok(isErrorWithCode(thrown, 'ROW_OUTCOME_UNKNOWN'), String(thrown));
          return false;
        },
      );
      const row = await rows.get('p', 'a');
      if (written) assert.deepEqual([row?.version, row?.value], [expectedVersion + 1, value]);
      known += written ? 1 : 0;
    }
    assert.ok(known >= 40, `known=${known}`);
  });

  it('have transactions done once, and blobs stored once', async () => {
    const [rows, blobs, at] = [await emptyRows(), objects(), directory()];
    for (const fault of [FAULTS.dynamoThrottled, FAULTS.dynamoAnswerLost, cut]) {
      proxy.inject({
        service: 'dynamodb',
        operation: 'TransactWriteItems',
        fault,
        probability: 0.2,
      });
    }
    for (const fault of [FAULTS.s3SlowDown, FAULTS.s3AnswerLost, cut, lost]) {
      proxy.inject({ service: 's3', fault, probability: 0.1 });
    }
    for (let n = 0; n < 20; n++) {
      await rows.write([
        { type: 'put', partitionKey: 'p', sortKey: `row ${n}`, value: n, expectedVersion: 0 },
        { type: 'put', partitionKey: 'p', sortKey: 'head', value: n, expectedVersion: n },
      ]);
      await blobs.put(`${at}/${n}`, Buffer.from(String(n)));
      await assert.rejects(blobs.put(`${at}/${n}`, Buffer.from('x')), { code: 'BLOB_EXISTS' });
    }
    assert.equal((await rows.get('p', 'head'))?.version, 20);
    assert.equal((await blobs.list(at)).length, 20);
  });
});

/** Text that does not compress well. */
function noise(chars: number): string {
  let state = 1;
  const codes = Array.from({ length: chars }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return 33 + ((state >>> 16) % 90);
  });
  return String.fromCharCode(...codes.slice(0, 60_000)).repeat(Math.ceil(chars / 60_000));
}
