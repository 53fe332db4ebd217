/** The stores of this folder over a fake of AWS, in virtual time. */
import { SeededRng, VirtualTime } from '../memory/virtual-time.ts';
import { AwsCalls, type AwsCallsParts } from './aws-calls.ts';
import { type AwsClients, createAwsClients } from './clients.ts';
import { DynamoBlobStore } from './dynamo-blob-store.ts';
import { DynamoRowStore } from './dynamo-row-store.ts';
import { FakeAws } from './fake-aws.conformance.ts';
import { FakeDynamoDb } from './fake-dynamodb.conformance.ts';
import { FakeS3 } from './fake-s3.conformance.ts';
import { S3BlobStore, type S3BlobStoreParts } from './s3-blob-store.ts';
import { TieredBlobStore, type TieredBlobStoreParts } from './tiered-blob-store.ts';

export const DIRECTORY = 's3://bucket/checkpoints';

export class AwsWorld {
  readonly time = new VirtualTime();
  readonly dynamoDb = new FakeDynamoDb('rows', 'segments');
  readonly s3 = new FakeS3('bucket', 'other');
  readonly aws = new FakeAws(this.dynamoDb, this.s3);
  readonly clients: AwsClients = createAwsClients({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: this.aws,
  });
  readonly calls: AwsCalls;

  constructor(parts: Partial<AwsCallsParts> = {}, seed = 1) {
    const { time } = this;
    this.calls = new AwsCalls({ clock: time, timers: time, rng: new SeededRng(seed), ...parts });
  }

  get rows(): DynamoRowStore {
    return new DynamoRowStore({
      dynamoDb: this.clients.dynamoDb,
      calls: this.calls,
      table: 'rows',
    });
  }

  get items(): DynamoBlobStore {
    const { dynamoDb } = this.clients;
    const parts = { dynamoDb, calls: this.calls, table: 'segments', directory: DIRECTORY };
    return new DynamoBlobStore(parts);
  }

  objects(parts: Partial<S3BlobStoreParts> = {}): S3BlobStore {
    return new S3BlobStore({ s3: this.clients.s3, calls: this.calls, ...parts });
  }

  tiered(parts: Partial<TieredBlobStoreParts> = {}): TieredBlobStore {
    return new TieredBlobStore({ items: this.items, objects: this.objects(), ...parts });
  }
}
