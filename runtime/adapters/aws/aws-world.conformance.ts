/** The stores of this folder over a fake of AWS, in virtual time. */
import { SeededRng, VirtualTime } from '../memory/virtual-time.ts';
import { AwsCalls, type AwsCallsParts } from './aws-calls.ts';
import { type AwsClients, createAwsClients } from './clients.ts';
import { DynamoRowStore } from './dynamo-row-store.ts';
import { FakeAws } from './fake-aws.conformance.ts';
import { FakeDynamoDb } from './fake-dynamodb.conformance.ts';

export class AwsWorld {
  readonly time = new VirtualTime();
  readonly dynamoDb = new FakeDynamoDb('rows', 'segments');
  readonly aws = new FakeAws(this.dynamoDb);
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
}
