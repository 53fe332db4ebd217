/**
 * The exchange between two worker threads, run with `node integration/bench/exchange.bench.ts`.
 *
 *     (b) a full seven-field Nexmark bid through keyBy at parallelism 2: rings and generated codecs
 *         against `postMessage` of arrays of objects, same source, same keyed count, fresh threads
 *     (c) a record sent to an idle slot and echoed: half of the round trip, in microseconds
 *
 * Each thread is a source and a keyed count; half of its records stay, half go to the other one.
 */
import {
  MessageChannel,
  type MessagePort,
  parentPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import type { FieldType } from '../../runtime/core/index.ts';
import {
  allocateRing,
  ChannelReader,
  ChannelWriter,
  Doorbell,
  hashPartitioner,
  RingReader,
  RingWriter,
} from '../../runtime/exchange/index.ts';

const ROUNDS = 5;
const RING_BYTES = 256 * 1024;
const MAX_PARALLELISM = 128;
const POOL = 16_384;
const KEYS = 10_000;
/** Records a thread emits before it looks at its input. */
const TURN_RECORDS = 512;
const OBJECTS_BATCH = 256;
/** Arrays a thread may have under way before it waits for the other one. */
const OBJECTS_IN_FLIGHT = 64;
const ECHOES = 5_000;

interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly channel: string;
  readonly url: string;
  readonly dateTime: number;
  readonly extra: string;
}

const BID: FieldType = {
  kind: 'row',
  fields: [
    { name: 'auction', type: { kind: 'long' } },
    { name: 'bidder', type: { kind: 'long' } },
    { name: 'price', type: { kind: 'long' } },
    { name: 'channel', type: { kind: 'string' } },
    { name: 'url', type: { kind: 'string' } },
    { name: 'dateTime', type: { kind: 'long' } },
    { name: 'extra', type: { kind: 'string' } },
  ],
};

type Mode = 'ring declared' | 'ring inferred' | 'objects' | 'echo';

interface Task {
  readonly mode: Mode;
  readonly index: number;
  readonly records: number;
  readonly rings: readonly SharedArrayBuffer[];
  readonly doorbells: readonly SharedArrayBuffer[];
  readonly port: MessagePort | undefined;
}

interface Result {
  readonly elapsedMs: number;
  readonly counted: number;
}

function bids(seed: number): Bid[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const letters = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(97 + next(26))).join('');
  return Array.from({ length: POOL }, (_, i) => ({
    auction: 1000 + next(KEYS),
    bidder: 1000 + next(1000),
    price: 100 + next(1_000_000),
    channel: ['Google', 'Facebook', 'Baidu', 'Apple'][next(4)] ?? '',
    url: `https://www.nexmark.com/${letters(8)}/item.htm?query=1`,
    dateTime: 1_700_000_000_000 + i * 10,
    extra: letters(30),
  }));
}

/** Counts and sums by key; what both contestants do with a record. */
class KeyedCount {
  readonly #counts = new Map<number, { count: number; sum: number }>();
  counted = 0;

  record(bid: Bid): void {
    this.counted++;
    const entry = this.#counts.get(bid.auction);
    if (entry === undefined) this.#counts.set(bid.auction, { count: 1, sum: bid.price });
    else {
      entry.count++;
      entry.sum += bid.price;
    }
  }
}

function ringWorker(task: Task, source: readonly Bid[]): () => Promise<Result> {
  const { index, records, rings, doorbells } = task;
  const [mine, other] = [new Doorbell(doorbells[index]), new Doorbell(doorbells[1 - index])];
  const [out, input] = [rings[index], rings[1 - index]];
  if (out === undefined || input === undefined) throw new Error('two rings');
  const type = task.mode === 'ring declared' ? BID : undefined;
  const writer = new ChannelWriter({ ring: new RingWriter(out, other), keyed: true, type });
  const reader = new ChannelReader({ ring: new RingReader(input, other), keyed: true });
  const partitioner = hashPartitioner((bid) => (bid as Bid).auction, 2, MAX_PARALLELISM);
  const count = new KeyedCount();
  const sink = {
    record: (value: unknown) => count.record(value as Bid),
    watermark: () => undefined,
    idle: () => undefined,
    barrier: () => undefined,
    end: () => undefined,
    endOfPartition: () => undefined,
  };
  const turn = (from: number): number => {
    const end = Math.min(records, from + TURN_RECORDS);
    for (let i = from; i < end; i++) {
      const bid = source[i & (POOL - 1)] as Bid;
      const target = partitioner.select(bid, bid.dateTime);
      if (target === index) sink.record(bid);
      else writer.writeRecord(bid, bid.dateTime, partitioner.keyGroup);
    }
    return end;
  };
  return async () => {
    const start = performance.now();
    let emitted = 0;
    let ended = false;
    while (!reader.ended || !ended || !writer.isAvailable()) {
      const seen = mine.signals();
      const available = writer.drain();
      if (available && emitted < records) emitted = turn(emitted);
      if (emitted === records && !ended) {
        writer.writeEnd();
        ended = true;
      }
      const frames = reader.poll(sink, 4);
      if (frames === 0 && (!writer.isAvailable() || ended)) {
        if (!reader.ended || !writer.isAvailable()) mine.waitBlocking(seen, 1000);
      }
    }
    return { elapsedMs: performance.now() - start, counted: count.counted };
  };
}

function objectsWorker(task: Task, source: readonly Bid[]): () => Promise<Result> {
  const { index, records, port } = task;
  if (port === undefined) throw new Error('a port');
  const partitioner = hashPartitioner((bid) => (bid as Bid).auction, 2, MAX_PARALLELISM);
  const count = new KeyedCount();
  let inFlight = 0;
  let ended = false;
  let wake = () => {};
  port.on('message', (message: Bid[] | 'ack' | 'end') => {
    if (message === 'ack') inFlight--;
    else if (message === 'end') ended = true;
    else {
      for (const bid of message) count.record(bid);
      port.postMessage('ack');
    }
    wake();
  });
  const woken = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return async () => {
    const start = performance.now();
    let batch: Bid[] = [];
    const send = () => {
      if (batch.length > 0) port.postMessage(batch);
      if (batch.length > 0) inFlight++;
      batch = [];
    };
    for (let i = 0; i < records; i++) {
      const bid = source[i & (POOL - 1)] as Bid;
      if (partitioner.select(bid, bid.dateTime) === index) count.record(bid);
      else batch.push(bid);
      if (batch.length === OBJECTS_BATCH) send();
      if (i % (4 * TURN_RECORDS) === 0) await new Promise(setImmediate);
      while (inFlight >= OBJECTS_IN_FLIGHT) await woken();
    }
    send();
    port.postMessage('end');
    while (!ended || inFlight > 0) await woken();
    const elapsedMs = performance.now() - start;
    port.close();
    return { elapsedMs, counted: count.counted };
  };
}

/** Answers each record with one, sleeping on its doorbell in between. */
async function echo(task: Task): Promise<void> {
  const [out, input] = [task.rings[1], task.rings[0]];
  const [other, mine] = [new Doorbell(task.doorbells[0]), new Doorbell(task.doorbells[1])];
  if (out === undefined || input === undefined) throw new Error('two rings');
  const writer = new ChannelWriter({ ring: new RingWriter(out, other), keyed: false });
  const reader = new ChannelReader({ ring: new RingReader(input, other), keyed: false });
  const sink = {
    record(value: unknown, timestampMs: number, keyGroup: number) {
      writer.writeRecord(value, timestampMs, keyGroup);
      writer.flush();
    },
    watermark: () => undefined,
    idle: () => undefined,
    barrier: () => undefined,
    end: () => undefined,
    endOfPartition: () => undefined,
  };
  while (!reader.ended) {
    const seen = mine.signals();
    if (reader.poll(sink, 1) === 0) await mine.wait(seen);
  }
}

async function runWorker(task: Task): Promise<void> {
  // A pending Atomics.waitAsync does not keep a thread alive; a port with a listener does.
  parentPort?.on('message', () => {});
  if (task.mode === 'echo') {
    parentPort?.postMessage('ready');
    await echo(task);
  } else {
    const source = bids(task.index + 1);
    const warmUpAndRun = task.mode === 'objects' ? objectsWorker : ringWorker;
    const run = warmUpAndRun(task, source);
    parentPort?.postMessage('ready');
    await new Promise((resolve) => parentPort?.once('message', resolve));
    parentPort?.postMessage(await run());
  }
  parentPort?.close();
}

function startPair(mode: Mode, records: number): Worker[] {
  const rings = [allocateRing(RING_BYTES), allocateRing(RING_BYTES)];
  const doorbells = [new Doorbell().memory, new Doorbell().memory];
  const ports = new MessageChannel();
  return [ports.port1, ports.port2].map((port, index) => {
    const transferList = mode === 'objects' ? [port] : [];
    const task = { mode, index, records, rings, doorbells, port: transferList[0] };
    return new Worker(new URL(import.meta.url), { workerData: task, transferList });
  });
}

function message<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** M records/s of both threads together. */
async function throughput(mode: Mode, records: number): Promise<number> {
  const workers = startPair(mode, records);
  await Promise.all(workers.map(message));
  const results = workers.map((worker) => message<Result>(worker));
  for (const worker of workers) worker.postMessage('go');
  const done = await Promise.all(results);
  await Promise.all(workers.map((worker) => worker.terminate()));
  const counted = done.reduce((sum, { counted }) => sum + counted, 0);
  if (counted !== 2 * records) throw new Error(`lost records: ${counted} of ${2 * records}`);
  return (2 * records) / Math.max(...done.map(({ elapsedMs }) => elapsedMs)) / 1000;
}

async function latencyUs(): Promise<number> {
  const rings = [allocateRing(RING_BYTES), allocateRing(RING_BYTES)];
  const [here, there] = [new Doorbell(), new Doorbell()];
  const [out, input] = rings;
  if (out === undefined || input === undefined) throw new Error('two rings');
  const doorbells = [here.memory, there.memory];
  const task = { mode: 'echo', index: 1, records: ECHOES, rings, doorbells, port: undefined };
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  await message(worker);
  const writer = new ChannelWriter({ ring: new RingWriter(out, there), keyed: false });
  const reader = new ChannelReader({ ring: new RingReader(input, there), keyed: false });
  let arrived = 0;
  const sink = {
    record: () => void arrived++,
    watermark: () => undefined,
    idle: () => undefined,
    barrier: () => undefined,
    end: () => undefined,
    endOfPartition: () => undefined,
  };
  const tripsUs: number[] = [];
  for (let i = 0; i < ECHOES; i++) {
    const start = performance.now();
    writer.writeRecord({ id: i, name: 'x' }, i, -1);
    writer.flush();
    while (arrived <= i) {
      const seen = here.signals();
      if (reader.poll(sink, 1) === 0) await here.wait(seen);
    }
    tripsUs.push(1000 * (performance.now() - start));
  }
  writer.writeEnd();
  await worker.terminate();
  return median(tripsUs.slice(ECHOES / 5)) / 2;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function main(): Promise<void> {
  const contestants: [Mode, number][] = [
    ['objects', 2_000_000],
    ['ring declared', 6_000_000],
    ['ring inferred', 6_000_000],
  ];
  const rates = new Map<Mode, number[]>(contestants.map(([mode]) => [mode, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [mode, records] of contestants) {
      rates.get(mode)?.push(await throughput(mode, records));
    }
  }
  const baseline = median(rates.get('objects') ?? []);
  process.stdout.write(`(b) full bid through keyBy, parallelism 2, median of ${ROUNDS}\n`);
  for (const [mode, values] of rates) {
    const rate = median(values);
    process.stdout.write(
      `    ${mode.padEnd(14)} ${rate.toFixed(2).padStart(6)} M records/s  ` +
        `${(rate / baseline).toFixed(2)}x of objects\n`,
    );
  }
  const hopUs = await latencyUs();
  process.stdout.write(`(c) idle to delivered over one ring: ${hopUs.toFixed(1)} us median\n`);
}

await (parentPort === null ? main() : runWorker(workerData as Task));
