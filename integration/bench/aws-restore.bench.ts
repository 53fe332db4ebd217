/**
 * The restore of a slot with a million keyed entries on the emulated AWS, run with
 * `npm run bench -- aws-restore`. Entries are int -> {count, sum}: a base segment in the bucket,
 * deltas of one percent there too, smaller ones in the table; read and filled in a thread of its
 * own, by way of the main thread's connections, as in the function.
 *
 *     (l) waiting for bytes, from the first request to the last answer; then the check of all
 *         bytes and the tables; of several rounds, the first in a new process and the median; and
 *         the time on a processor, as other work on the machine does not change it
 *
 * The stores are a program in Python on this machine, which also runs the slot: what is measured is
 * the client and an emulator, not S3.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import {
  AwsCalls,
  createAwsClients,
  DynamoBlobStore,
  S3BlobStore,
  TieredBlobStore,
} from '../../runtime/adapters/aws/index.ts';
import {
  RemoteBlobs,
  serveBlobs,
} from '../../runtime/adapters/aws/taskmanager/conformance/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { type BlobStore, OperatorStateHandler } from '../../runtime/checkpoint/index.ts';
import type { OperatorSubtaskStateRecord } from '../../runtime/protocol/index.ts';
import { AggregatingStateDescriptor } from '../../runtime/state/index.ts';
import { startEmulator } from '../aws/emulator/index.ts';
import { median } from './median.ts';

const ENTRIES = 1_000_000;
/** Dirty keys of the checkpoints after the base. */
const DELTAS = [10_000, 10_000, 10_000, 500, 500, 250, 250, 250];
const ROUNDS = 5;
const BUCKET = 'restore';
const TABLE = 'segments';
/** As a uid has it. */
const OPERATOR_ID = 'a'.repeat(32);
const DIRECTORY = `s3://${BUCKET}/checkpoints`;
const WORLD = { clock: new SystemClock(), rng: new SystemRng(), timers: new SystemTimers() };

interface Sum {
  count: number;
  sum: number;
}

const SUMS = new AggregatingStateDescriptor<number, Sum, number>('sums', {
  createAccumulator: () => ({ count: 0, sum: 0 }),
  add: (value, sum) => {
    sum.count++;
    sum.sum += value;
    return sum;
  },
  getResult: ({ sum }) => sum,
  merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
});

/** Of one restore, in ms. */
interface Parts {
  readonly fetchMs: number;
  readonly allMs: number;
  /** Of the slot's thread, on whatever else the machine is busy with. */
  readonly cpuMs: number;
}

function handler(blobs: BlobStore): OperatorStateHandler {
  return new OperatorStateHandler({
    ...{ operatorId: OPERATOR_ID, operatorName: 'sums', attempt: 0, tracksChanges: true },
    ...{ subtaskIndex: 0, parallelism: 1, maxParallelism: 128, blobs, clock: WORLD.clock },
  });
}

/** Checkpoints of a job: a base, and what has changed. */
async function write(blobs: BlobStore): Promise<OperatorSubtaskStateRecord> {
  const subject = handler(blobs);
  const keyed = subject.keyedState();
  const sums = keyed.getAggregatingState(SUMS);
  let record: OperatorSubtaskStateRecord | undefined;
  for (const [i, dirty] of [ENTRIES, ...DELTAS].entries()) {
    for (let n = 0; n < dirty; n += 1) {
      keyed.setCurrentKey(n * (ENTRIES / dirty));
      sums.add(n);
    }
    const snapshot = subject.snapshot({
      ...{ checkpointId: i + 1, triggeredAtEpochMs: 0, type: 'CHECKPOINT', full: false },
      ...{ mode: 'EXACTLY_ONCE', unalignedAfterMs: -1, directory: `${DIRECTORY}/job/shared` },
    });
    ({ record } = await snapshot.store());
  }
  if (record === undefined) throw new Error('nothing was written');
  return record;
}

async function restore(blobs: BlobStore, record: OperatorSubtaskStateRecord): Promise<Parts> {
  const { operatorId, keyedStates, keyedSegments } = record;
  const startCpu = process.threadCpuUsage();
  const startMs = performance.now();
  let lastMs = startMs;
  const timed: BlobStore = {
    get: async (location, range) => {
      const bytes = await blobs.get(location, range);
      lastMs = performance.now();
      return bytes;
    },
    put: (location, bytes) => blobs.put(location, bytes),
    list: (directory) => blobs.list(directory),
    delete: (location) => blobs.delete(location),
  };
  const subject = handler(timed);
  await subject.restore({
    ...{ operatorId, keyedStates, keyedSegments: [keyedSegments], operatorStates: [] },
  });
  const keyed = subject.keyedState();
  keyed.getAggregatingState(SUMS);
  const allMs = performance.now() - startMs;
  const { user, system } = process.threadCpuUsage(startCpu);
  const size = keyed.tables()[0]?.size;
  if (size !== ENTRIES) throw new Error(`lost entries: ${size}`);
  return { fetchMs: lastMs - startMs, allMs, cpuMs: (user + system) / 1000 };
}

/** A slot's thread. */
async function slot(): Promise<void> {
  const { blobs, record } = workerData as {
    readonly blobs: MessagePort;
    readonly record: OperatorSubtaskStateRecord;
  };
  const remote = new RemoteBlobs(blobs, {});
  const rounds: Parts[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await restore(remote, record));
  parentPort?.postMessage(rounds);
  remote.close();
}

async function inSlot(store: BlobStore, record: OperatorSubtaskStateRecord): Promise<Parts[]> {
  const { port1, port2 } = new MessageChannel();
  serveBlobs(port1, store);
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { blobs: port2, record },
    transferList: [port2],
  });
  const [rounds] = (await once(worker, 'message')) as [Parts[]];
  await worker.terminate();
  port1.close();
  return rounds;
}

async function main(): Promise<void> {
  const workDirectory = mkdtempSync(join(tmpdir(), 'sluice-restore-'));
  const emulator = await startEmulator({ workDirectory });
  const { region, endpoint, credentials } = emulator;
  const clients = createAwsClients({ program: 'bench', region, endpoint, credentials });
  try {
    const { s3, dynamoDb } = clients;
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    await dynamoDb.send(
      new CreateTableCommand({
        TableName: TABLE,
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
    const calls = new AwsCalls(WORLD);
    const store = new TieredBlobStore({
      items: new DynamoBlobStore({ dynamoDb, calls, table: TABLE, directory: DIRECTORY }),
      objects: new S3BlobStore({ s3, calls }),
    });
    const record = await write(store);
    const sizes = record.keyedSegments.map(({ bytes }) => bytes);
    const stored = sizes.flatMap((bytes) => ('location' in bytes ? [bytes] : []));
    const rows = stored.filter(({ location }) => location.endsWith('.row')).length;
    const sizeBytes = stored.reduce((sum, bytes) => sum + bytes.sizeBytes, 0);
    const rounds = await inSlot(store, record);
    const cell = (parts: readonly Parts[]): string => {
      const fetchMs = median(parts.map((part) => part.fetchMs));
      const allMs = median(parts.map((part) => part.allMs));
      const cpuMs = median(parts.map((part) => part.cpuMs));
      const ms = (value: number): string => `${value.toFixed(0).padStart(5)} ms`;
      return `bytes ${ms(fetchMs)}  tables ${ms(allMs - fetchMs)}  all ${ms(allMs)}  cpu ${ms(cpuMs)}\n`;
    };
    process.stdout.write(
      `(l) restore of ${ENTRIES} entries in a slot: ${sizes.length} segments, ` +
        `${stored.length - rows} objects, ${rows} rows, ${sizes.length - stored.length} inline, ` +
        `${(sizeBytes / 1e6).toFixed(1)} MB\n`,
    );
    process.stdout.write(`    first           ${cell(rounds.slice(0, 1))}`);
    process.stdout.write(`    median of ${ROUNDS}     ${cell(rounds)}`);
  } finally {
    clients.close();
    await emulator.stop();
    rmSync(workDirectory, { recursive: true, force: true });
  }
}

if (isMainThread) await main();
else await slot();
