/** What the functions of a cluster are made of: clients, stores, logs, from their environment. */
import { randomUUID } from 'node:crypto';
import {
  AwsCalls,
  type AwsClients,
  type BucketOwners,
  createAwsClients,
  createSqsClient,
  DynamoBlobStore,
  DynamoRowStore,
  jobFilesOnAws,
  S3BlobStore,
  S3FileSystem,
  TaskManagerReservations,
  TieredBlobStore,
} from '../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { type BlobStore, JobStore } from '../../runtime/checkpoint/index.ts';
import type { FileSystem } from '../../runtime/core/index.ts';
import { FunctionEnvironment } from './function-environment.ts';
import { type Observation, observe } from './observe.ts';

export interface FunctionWorld extends Observation {
  readonly environment: FunctionEnvironment;
  readonly prefix: string;
  readonly clock: SystemClock;
  readonly timers: SystemTimers;
  readonly rng: SystemRng;
  readonly calls: AwsCalls;
  readonly clients: AwsClients;
  readonly sqs: ReturnType<typeof createSqsClient>;
  readonly rows: DynamoRowStore;
  readonly jobs: JobStore;
  /** `s3://bucket` */
  readonly root: string;
  readonly objects: S3BlobStore;
  /** Of the cluster's bucket: one that a stranger has made again in its place is not used. */
  readonly bucketOwners: BucketOwners;
}

/** @param name of the function. */
export function functionWorld(
  name: string,
  values: Readonly<Record<string, string | undefined>> = process.env,
): FunctionWorld {
  const environment = new FunctionEnvironment(values);
  const prefix = environment.text('SLUICE_PREFIX');
  const clock = new SystemClock();
  const timers = new SystemTimers();
  const rng = new SystemRng();
  const observation = observe(name, prefix);
  const calls = new AwsCalls({
    ...{ clock, timers, rng },
    onRetry: (operation, { awsCode }, delayMs) =>
      observation.logger.log('debug', 'a call is tried again', { operation, awsCode, delayMs }),
  });
  const clients = createAwsClients({ program: name });
  const table = environment.text('SLUICE_JOBS_TABLE');
  const rows = new DynamoRowStore({ dynamoDb: clients.dynamoDb, calls, table });
  const bucket = environment.text('SLUICE_BUCKET');
  const bucketOwners = { [bucket]: environment.text('SLUICE_BUCKET_OWNER') };
  return {
    ...observation,
    ...{ environment, prefix, clock, timers, rng, calls, clients, rows },
    sqs: createSqsClient({ program: name }),
    jobs: new JobStore(rows, randomUUID()),
    root: `s3://${bucket}`,
    objects: new S3BlobStore({ s3: clients.s3, calls, bucketOwners }),
    bucketOwners,
  };
}

/** Where the state of jobs lies, segments in their table. */
export function stateBlobs({
  environment,
  clients,
  calls,
  root,
  objects,
}: FunctionWorld): BlobStore {
  const items = new DynamoBlobStore({
    ...{ dynamoDb: clients.dynamoDb, calls },
    table: environment.text('SLUICE_STATE_TABLE'),
    directory: `${root}/checkpoints`,
  });
  return new TieredBlobStore({ items, objects });
}

/** What sources and sinks of jobs use. */
export function jobFiles({ clients, calls, bucketOwners }: FunctionWorld): FileSystem {
  return jobFilesOnAws(new S3FileSystem({ s3: clients.s3, calls, bucketOwners }));
}

export function reservationsOf({ environment, rows }: FunctionWorld): TaskManagerReservations {
  return new TaskManagerReservations(rows, environment.count('SLUICE_MAX_TASK_MANAGERS'));
}
