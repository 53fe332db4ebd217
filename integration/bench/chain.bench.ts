/**
 * Source → filter → map → keyBy → 10 s tumbling count and sum over 10 k keys, parallelism 1: the
 * engine's plain operator chain against a naive chain with an object per record, in one process.
 *
 * Run with `npm run bench`. Prints records per second of both, medians of several passes taken in
 * turn, and their ratio.
 */
import {
  DoorbellThread,
  InThreadExecutor,
  NodeFileSystem,
  openEmbeddedStorage,
  SeededRng,
  SystemClock,
  SystemTimers,
} from '../../runtime/adapters/index.ts';
import { StreamExecutionEnvironment } from '../../runtime/api/index.ts';
import type { ReaderOutput, Sink, Source } from '../../runtime/connectors/index.ts';
import { Doorbell } from '../../runtime/exchange/index.ts';
import { WatermarkStrategy } from '../../runtime/time/index.ts';
import { TumblingEventTimeWindows } from '../../runtime/windowing/index.ts';
import { median } from './median.ts';
import { runNaiveChain } from './naive-chain.ts';

export interface Bid {
  readonly auction: number;
  readonly price: number;
  readonly time: number;
}

const RECORDS = 4_000_000;
const DISTINCT = 16_384;
const KEYS = 10_000;
const PASSES = 5;
const WATERMARK_EVERY = 1000;

const bids: readonly Bid[] = Array.from({ length: DISTINCT }, (_, i) => ({
  auction: (i * 7919) % KEYS,
  price: (i * 31) % 1000,
  time: 0,
}));

/** Event time moves 10 s in every 100 k records: ten records a key and window. */
const timestampOf = (index: number): number => Math.floor(index / 10);

const source: Source<Bid, { readonly from: number }, null> = {
  name: 'pre-made bids',
  boundedness: 'BOUNDED',
  createEnumerator: (ctx) => ({
    start: () => undefined,
    addReader: (subtaskIndex) => {
      ctx.assignSplits(subtaskIndex, [{ from: 0 }]);
      ctx.signalNoMoreSplits(subtaskIndex);
    },
    handleSplitRequest: () => undefined,
    addSplitsBack: () => undefined,
    snapshotState: () => null,
    close: () => undefined,
  }),
  createReader: () => {
    let next = 0;
    return {
      start: () => undefined,
      pollNext: (output: ReaderOutput<Bid>, maxRecords: number) => {
        const end = Math.min(RECORDS, next + maxRecords);
        for (; next < end; next += 1) {
          output.collect(bids[next % DISTINCT] as Bid, timestampOf(next));
        }
        return next === RECORDS ? 'end' : 'more';
      },
      available: () => Promise.resolve(),
      handleEvent: () => undefined,
      snapshotState: () => [{ from: next }],
      close: () => undefined,
    };
  },
};

interface Total {
  count: number;
  sum: number;
}

async function runEngine(): Promise<Total> {
  const clock = new SystemClock();
  const executor = new InThreadExecutor({
    clock,
    timers: new SystemTimers(),
    rng: new SeededRng(1),
    logger: { log: () => undefined },
    fileSystem: new NodeFileSystem(),
    openStorage: openEmbeddedStorage,
    createThread: () => new DoorbellThread(new Doorbell(), clock),
    onPrint: () => undefined,
  });
  const total: Total = { count: 0, sum: 0 };
  const sink: Sink<Total> = {
    name: 'checksum',
    guarantee: 'NONE',
    createWriter: () => ({
      write: (value) => {
        total.count += value.count;
        total.sum += value.sum;
      },
      flush: () => undefined,
      prepareCommit: () => [],
      close: () => undefined,
    }),
  };
  const env = new StreamExecutionEnvironment({ executor });
  const everyThousand = WatermarkStrategy.forGenerator<Bid>(() => {
    let seen = 0;
    return {
      onEvent: (_bid, timestampMs, output) => {
        seen += 1;
        if (seen % WATERMARK_EVERY === 0) output.emitWatermark(timestampMs - 1);
      },
      onPeriodicEmit: () => undefined,
    };
  });
  env
    .fromSource(source, everyThousand, 'bids')
    .filter((bid) => bid.price % 10 !== 0)
    .map((bid) => ({ auction: bid.auction, price: bid.price * 2, time: bid.time }))
    .keyBy((bid) => bid.auction)
    .window(TumblingEventTimeWindows.of(10_000))
    .aggregate({
      createAccumulator: (): Total => ({ count: 0, sum: 0 }),
      add: (bid, total) => {
        total.count += 1;
        total.sum += bid.price;
        return total;
      },
      getResult: (total) => total,
      merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
    })
    .sinkTo(sink);
  await env.execute('chain');
  return total;
}

const engineRates: number[] = [];
const naiveRates: number[] = [];
for (let pass = 0; pass <= PASSES; pass += 1) {
  const engineStartMs = performance.now();
  const engine = await runEngine();
  const engineMs = performance.now() - engineStartMs;
  const naiveStartMs = performance.now();
  const naive = runNaiveChain(bids, RECORDS, timestampOf, WATERMARK_EVERY);
  const naiveMs = performance.now() - naiveStartMs;
  if (engine.count !== naive.count || engine.sum !== naive.sum) {
    throw new Error(`checksums differ: ${JSON.stringify({ engine, naive })}`);
  }
  if (pass === 0) continue;
  engineRates.push(RECORDS / engineMs / 1000);
  naiveRates.push(RECORDS / naiveMs / 1000);
}
const engineRate = median(engineRates);
const naiveRate = median(naiveRates);
const cell = (rate: number): string => `${rate.toFixed(2)} M records/s`;
process.stdout.write(`window chain, parallelism 1, ${KEYS} keys, ${PASSES} passes of ${RECORDS}\n`);
process.stdout.write(`  naive objects   ${cell(naiveRate)}\n`);
process.stdout.write(`  sluice, plain   ${cell(engineRate)}\n`);
process.stdout.write(`  ratio           ${(engineRate / naiveRate).toFixed(2)}x\n`);
