/**
 * CPU that a call of an AWS adapter takes, run with `node integration/bench/aws-client.bench.ts`.
 *
 *     (g) microseconds of this process for one call: building, signing, sending over a kept
 *         connection of the loopback interface, reading the answer. The server is another process,
 *         that answers without looking; its time, and waiting, are not counted.
 *
 * The last lines subtract what a bare request of node:http takes with the same body: that much the
 * network costs, the rest is the SDK and the adapter. Random bytes, which do not compress.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AwsCalls,
  createAwsClients,
  DynamoBlobStore,
  DynamoRowStore,
  S3BlobStore,
} from '../../runtime/adapters/aws/index.ts';
import { SystemClock, SystemRng, SystemTimers } from '../../runtime/adapters/index.ts';
import { median } from './median.ts';

const ROUNDS = 7;
const WARM_UP_ROUNDS = 3;
const CALLS_A_ROUND = 200;
const IN_FLIGHT = 8;
const KB = 1024;

type Call = (n: number) => Promise<unknown>;

/** The other process: an empty answer to everything, a body to GET. */
async function serve(): Promise<void> {
  const object = randomBytes(100 * KB);
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      if (incoming.method !== 'GET') response.end('{}');
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

function bareRequest(endpoint: string, method: string, path: string, body: Buffer): Call {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return () =>
    new Promise((resolve, reject) => {
      const headers = { 'content-length': body.length };
      const sent = request(`${endpoint}${path}`, { agent, method, headers }, (response) => {
        response.on('data', () => {});
        response.on('end', resolve);
      });
      sent.on('error', reject);
      sent.end(body);
    });
}

async function main(): Promise<void> {
  const server = fork(import.meta.filename, ['serve']);
  const [port] = (await once(server, 'message')) as [number];
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const clients = createAwsClients({ region: 'us-east-1', endpoint, credentials });
  const world = { clock: new SystemClock(), rng: new SystemRng(), timers: new SystemTimers() };
  const calls = new AwsCalls(world);
  const rows = new DynamoRowStore({ dynamoDb: clients.dynamoDb, calls, table: 'rows' });
  const objects = new S3BlobStore({ s3: clients.s3, calls });
  const directory = 's3://bucket/c';
  const items = new DynamoBlobStore({ dynamoDb: clients.dynamoDb, calls, table: 's', directory });
  const [small, large] = [randomBytes(KB), randomBytes(100 * KB)];
  const text = (bytes: Buffer): string => bytes.toString('latin1').replace(/[^!-~]/g, '-');
  const put = (value: string): Call => {
    const key = { partitionKey: 'p', expectedVersion: 0, value };
    return (n) => rows.write([{ type: 'put', sortKey: String(n), ...key }]);
  };
  const table: readonly (readonly [name: string, call: Call])[] = [
    ['PutItem of a row, 1 KB of JSON', put(text(small))],
    ['PutItem of a row, 100 KB of JSON', put(text(large))],
    ['PutItem of a segment, 1 KB', (n) => items.put(`${directory}/j/shared/${n}`, small)],
    ['PutItem of a segment, 100 KB', (n) => items.put(`${directory}/j/shared/${n}`, large)],
    ['PutObject, 1 KB', (n) => objects.put(`s3://bucket/${n}`, small)],
    ['PutObject, 100 KB', (n) => objects.put(`s3://bucket/${n}`, large)],
    ['GetObject, 1 KB', (n) => objects.get(`s3://bucket/small-${n}`)],
    ['GetObject, 100 KB', (n) => objects.get(`s3://bucket/${n}`)],
    ['bare PUT, 1 KB', bareRequest(endpoint, 'PUT', '/x', small)],
    ['bare PUT, 100 KB', bareRequest(endpoint, 'PUT', '/x', large)],
    ['bare GET, 1 KB', bareRequest(endpoint, 'GET', '/small', Buffer.of())],
    ['bare GET, 100 KB', bareRequest(endpoint, 'GET', '/x', Buffer.of())],
  ];
  process.stdout.write(`(g) CPU of a call, median of ${ROUNDS} rounds of ${CALLS_A_ROUND}\n`);
  for (const [name, call] of table) {
    const tookUs = await measure(call);
    process.stdout.write(`    ${name.padEnd(34)} ${tookUs.toFixed(0).padStart(6)} µs\n`);
  }
  clients.close();
  server.kill();
  process.exit();
}

if (process.argv[2] === 'serve') await serve();
else await main();
