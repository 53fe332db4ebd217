import {
  type Collector,
  type DataStream,
  type KeyedCoProcessFunction,
  type ListState,
  ListStateDescriptor,
  TumblingEventTimeWindows,
} from 'sluice';
import { greatest } from '../aggregates.ts';
import type { Bid, NexmarkEvent } from '../events.ts';
import { timestamp } from '../rows.ts';
import { bidsOf } from '../streams.ts';

export interface HighestBidRow {
  readonly auction: number;
  readonly price: number;
  readonly bidder: number;
  readonly dateTime: string;
  readonly extra: string;
}

type SlimBid = Pick<Bid, 'auction' | 'price' | 'bidder' | 'dateTime' | 'extra'>;

interface HighestPrice {
  readonly price: number;
  readonly windowEndMs: number;
}

const WINDOW_MS = 10_000;

/** Highest bid: of every 10 s the highest price, joined with all bids of that price and time. */
export function q7(events: DataStream<NexmarkEvent>): DataStream<HighestBidRow> {
  const bids = bidsOf(
    events,
    ({ auction, price, bidder, dateTime, extra }): SlimBid => ({
      auction,
      price,
      bidder,
      dateTime,
      extra,
    }),
  );
  const highest = bidsOf(events, ({ price }) => price)
    .windowAll(TumblingEventTimeWindows.of(WINDOW_MS))
    .aggregate(greatest(), ({ window }, [price = 0], out: Collector<HighestPrice>) => {
      out.collect({ price, windowEndMs: window.end });
    })
    .name('highest price')
    .uid('q7-highest-price');
  return bids
    .connect(highest)
    .keyBy('price', 'price')
    .process(bidsOfHighestPrice())
    .name('bids of highest price')
    .uid('q7-join');
}

/**
 * A plain join on the price: a bid matches when it was made within the window or at its very end,
 * also when it comes too late to have counted for the highest price.
 *
 * I1  Highest prices stay for ever, one a window.
 * I2  A bid stays until its own window has fired: windows it may match end no later, and fire
 *     once, before the watermark that releases the timer.
 */
function bidsOfHighestPrice(): KeyedCoProcessFunction<
  number,
  SlimBid,
  HighestPrice,
  HighestBidRow
> {
  let bids: ListState<SlimBid>;
  let windowEnds: ListState<number>;
  return {
    open(ctx) {
      bids = ctx.getListState(new ListStateDescriptor<SlimBid>('bids'));
      windowEnds = ctx.getListState(new ListStateDescriptor<number>('window-ends'));
    },
    processElement1(bid, ctx, out) {
      for (const endMs of windowEnds.get()) if (isWithin(bid, endMs)) out.collect(toRow(bid));
      const firesAtMs = lastWindowFiresAtMs(bid);
      if (firesAtMs <= ctx.timerService.currentWatermark()) return;
      bids.add(bid);
      ctx.timerService.registerEventTimeTimer(firesAtMs);
    },
    processElement2({ windowEndMs }, _ctx, out) {
      windowEnds.add(windowEndMs);
      for (const bid of bids.get()) if (isWithin(bid, windowEndMs)) out.collect(toRow(bid));
    },
    onTimer(timestampMs) {
      bids.update(bids.get().filter((bid) => lastWindowFiresAtMs(bid) > timestampMs));
    },
  };
}

function isWithin(bid: SlimBid, windowEndMs: number): boolean {
  return bid.dateTime >= windowEndMs - WINDOW_MS && bid.dateTime <= windowEndMs;
}

function lastWindowFiresAtMs(bid: SlimBid): number {
  return Math.floor(bid.dateTime / WINDOW_MS) * WINDOW_MS + WINDOW_MS - 1;
}

function toRow({ auction, price, bidder, dateTime, extra }: SlimBid): HighestBidRow {
  return { auction, price, bidder, dateTime: timestamp(dateTime), extra };
}
