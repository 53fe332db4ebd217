import {
  type DataStream,
  type KeyedCoProcessFunction,
  type ListState,
  ListStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from 'sluice';
import type { Auction, Bid, NexmarkEvent } from '../events.ts';
import { timestamp } from '../rows.ts';
import { auctionsOf, bidsOf } from '../streams.ts';

/** The auction's ten columns, then the bid's. */
export interface WinningBidRow extends Omit<Auction, 'dateTime' | 'expires'> {
  readonly dateTime: string;
  readonly expires: string;
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly bid_dateTime: string;
  readonly bid_extra: string;
}

type SlimBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'dateTime' | 'extra'>;

/** Winning bids: a row each time an auction has a better bid, the last one counts. */
export function q9(events: DataStream<NexmarkEvent>): DataStream<WinningBidRow> {
  const bids = bidsOf(
    events,
    ({ auction, bidder, price, dateTime, extra }): SlimBid => ({
      auction,
      bidder,
      price,
      dateTime,
      extra,
    }),
  );
  return auctionsOf(events, (auction) => auction)
    .connect(bids)
    .keyBy('id', 'auction')
    .process(winningBids())
    .name('winning bids')
    .uid('q9');
}

/**
 * Joins an auction with the bids made from `dateTime` to `expires`, both included, whichever comes
 * first. The highest bid wins, of equal ones the earliest, of these the first to arrive. All bids
 * stay: the same auction may come again.
 */
function winningBids(): KeyedCoProcessFunction<number, Auction, SlimBid, WinningBidRow> {
  let auctions: ListState<Auction>;
  let bids: ListState<SlimBid>;
  let winning: ValueState<SlimBid>;

  function wins({ dateTime, expires }: Auction, bid: SlimBid): boolean {
    if (bid.dateTime < dateTime || bid.dateTime > expires) return false;
    const best = winning.value();
    if (best !== undefined && !isBetter(bid, best)) return false;
    winning.update(bid);
    return true;
  }

  return {
    open(ctx) {
      auctions = ctx.getListState(new ListStateDescriptor<Auction>('auctions'));
      bids = ctx.getListState(new ListStateDescriptor<SlimBid>('bids'));
      winning = ctx.getState(new ValueStateDescriptor<SlimBid>('winning'));
    },
    processElement1(auction, _ctx, out) {
      auctions.add(auction);
      for (const bid of bids.get()) if (wins(auction, bid)) out.collect(toRow(auction, bid));
    },
    processElement2(bid, _ctx, out) {
      bids.add(bid);
      for (const auction of auctions.get())
        if (wins(auction, bid)) out.collect(toRow(auction, bid));
    },
  };
}

function isBetter(bid: SlimBid, best: SlimBid): boolean {
  return bid.price > best.price || (bid.price === best.price && bid.dateTime < best.dateTime);
}

function toRow(auction: Auction, bid: SlimBid): WinningBidRow {
  return {
    id: auction.id,
    itemName: auction.itemName,
    description: auction.description,
    initialBid: auction.initialBid,
    reserve: auction.reserve,
    dateTime: timestamp(auction.dateTime),
    expires: timestamp(auction.expires),
    seller: auction.seller,
    category: auction.category,
    extra: auction.extra,
    auction: bid.auction,
    bidder: bid.bidder,
    price: bid.price,
    bid_dateTime: timestamp(bid.dateTime),
    bid_extra: bid.extra,
  };
}
