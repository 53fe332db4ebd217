/**
 * CPU that a call of an AWS adapter takes, run with `node integration/bench/aws-client.bench.ts`.
 *
 *     (g) microseconds of this process for one call. Without network: building and signing the
 *         request, reading the answer, by the adapter and the SDK; the request is answered where it
 *         would be sent. Over loopback: also node:http, a kept connection and the kernel; the
 *         server is another process, whose time is not counted.
 *
 * Random bytes, which do not compress.
 */
import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import {
  AwsCalls,
  type AwsClients,
  type AwsRequestHandler,
  createAwsClients,
  createSqsClient,
  DynamoBlobStore,
  DynamoRowStore,
  S3BlobStore,
  SqsQueues,
} from '../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { median } from './median.ts';

const ROUNDS = 7;
const WARM_UP_ROUNDS = 3;
const CALLS_A_ROUND = 200;
const IN_FLIGHT = 8;
const KB = 1024;

/** Empty, but for what the SDK checks of a message: the digest of its body. */
const ANSWER = JSON.stringify({ MD5OfMessageBody: createHash('md5').update('-').digest('hex') });

type Call = (n: number) => Promise<unknown>;
type Sqs = ReturnType<typeof createSqsClient>;

const QUEUE_URL = 'https://sqs.us-east-1.amazonaws.com/1/queue';

/** The other process: an answer of nothing to everything, a body to GET. */
async function serve(): Promise<void> {
  const object = randomBytes(100 * KB);
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      if (incoming.method !== 'GET') response.end(ANSWER);
      else response.end(incoming.url?.includes('small') === true ? object.subarray(0, KB) : object);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
}

async function round(call: Call): Promise<number> {
  const before = process.cpuUsage();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < CALLS_A_ROUND) await call(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS_A_ROUND;
}

/** The median, in µs of CPU a call. */
async function measure(call: Call): Promise<number> {
  const rounds: number[] = [];
  for (let n = -WARM_UP_ROUNDS; n < ROUNDS; n++) {
    const tookUs = await round(call);
    if (n >= 0) rounds.push(tookUs);
  }
  return median(rounds);
}

/** Answers at once, as the server does. */
function answering(object: Buffer): AwsRequestHandler {
  return {
    async handle(request) {
      const { method, path } = request as { readonly method: string; readonly path: string };
      const found = path.includes('small') ? object.subarray(0, KB) : object;
      const body = Readable.from([method === 'GET' ? found : Buffer.from(ANSWER)]);
      return { response: { statusCode: 200, headers: {}, body } as never };
    },
  };
}

/** The calls to be measured, by name. */
function callsOf({ dynamoDb, s3 }: AwsClients, sqs: Sqs): ReadonlyMap<string, Call> {
  const world = { clock: new SystemClock(), rng: new SystemRng(), timers: new SystemTimers() };
  const calls = new AwsCalls(world);
  const rows = new DynamoRowStore({ dynamoDb, calls, table: 'rows' });
  const objects = new S3BlobStore({ s3, calls });
  const queues = new SqsQueues({ sqs, calls });
  const directory = 's3://bucket/c';
  const items = new DynamoBlobStore({ dynamoDb, calls, table: 'segments', directory });
  const [small, large] = [randomBytes(KB), randomBytes(100 * KB)];
  const text = (bytes: Buffer): string => bytes.toString('latin1').replace(/[^!-~]/g, '-');
  const put = (value: string): Call => {
    const key = { partitionKey: 'p', expectedVersion: 0, value };
    return (n) => rows.write([{ type: 'put', sortKey: String(n), ...key }]);
  };
  const check = { type: 'check', partitionKey: 'p', sortKey: 'owner', expectedVersion: 1 } as const;
  const append: Call = (n) =>
    rows.write([
      { type: 'put', partitionKey: 'p', sortKey: String(n), value: {}, expectedVersion: 0 },
      { type: 'put', partitionKey: 'p', sortKey: 'head', value: {}, expectedVersion: 1 },
      check,
    ]);
  return new Map<string, Call>([
    ['PutItem, a row of 1 KB', put(text(small))],
    ['PutItem, a row of 100 KB', put(text(large))],
    ['TransactWriteItems, an append', append],
    ['PutItem, a segment of 1 KB', (n) => items.put(`${directory}/j/shared/${n}`, small)],
    ['PutItem, a segment of 100 KB', (n) => items.put(`${directory}/j/shared/${n}`, large)],
    ['PutObject, 1 KB', (n) => objects.put(`s3://bucket/${n}`, small)],
    ['PutObject, 100 KB', (n) => objects.put(`s3://bucket/${n}`, large)],
    ['GetObject, 1 KB', (n) => objects.get(`s3://bucket/small-${n}`)],
    ['GetObject, 100 KB', (n) => objects.get(`s3://bucket/${n}`)],
    ['SendMessage, frames of 1 KB', () => queues.send(QUEUE_URL, small)],
    ['SendMessage, frames of 100 KB', () => queues.send(QUEUE_URL, large)],
  ]);
}

async function main(): Promise<void> {
  const server = fork(import.meta.filename, ['serve']);
  const [port] = (await once(server, 'message')) as [number];
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const settings = { region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials };
  const requestHandler = answering(randomBytes(100 * KB));
  const apart = createAwsClients({ ...settings, requestHandler });
  const connected = createAwsClients(settings);
  const queue = createSqsClient(settings);
  const overLoopback = callsOf(connected, queue);
  process.stdout.write(
    `(g) CPU of a call, median of ${ROUNDS} rounds of ${CALLS_A_ROUND}, ${IN_FLIGHT} in flight\n` +
      `    ${''.padEnd(32)} without network   over loopback\n`,
  );
  for (const [name, call] of callsOf(apart, createSqsClient({ ...settings, requestHandler }))) {
    const alone = await measure(call);
    const sent = await measure(overLoopback.get(name) ?? call);
    const us = (value: number): string => `${value.toFixed(0).padStart(12)} µs`;
    process.stdout.write(`    ${name.padEnd(32)} ${us(alone)} ${us(sent)}\n`);
  }
  connected.close();
  queue.destroy();
  server.kill();
}

if (process.argv[2] === 'serve') await serve();
else await main();
