import {
  type DataStream,
  type KeyedCoProcessFunction,
  type KeyedProcessFunction,
  type ListState,
  ListStateDescriptor,
  type MapState,
  MapStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from 'sluice';
import type { Auction, Bid, NexmarkEvent } from '../events.ts';
import { auctionsOf, bidsOf } from '../streams.ts';

export interface CategoryPriceRow {
  /** The category. */
  readonly id: number;
  /** Average of its auctions' highest bids so far, truncated. */
  readonly final: number;
}

type OpenAuction = Pick<Auction, 'id' | 'category' | 'dateTime' | 'expires'>;
type Offer = Pick<Bid, 'auction' | 'price' | 'dateTime'>;

/** An auction has a new highest bid. */
interface HighestBid {
  readonly category: number;
  readonly price: number;
  /** The highest one before; null for the first. */
  readonly formerPrice: number | null;
}

/** Average price of a category's auctions: a row each time it changes, the last one counts. */
export function q4(events: DataStream<NexmarkEvent>): DataStream<CategoryPriceRow> {
  const auctions = auctionsOf(
    events,
    ({ id, category, dateTime, expires }): OpenAuction => ({ id, category, dateTime, expires }),
  );
  const offers = bidsOf(
    events,
    ({ auction, price, dateTime }): Offer => ({ auction, price, dateTime }),
  );
  return auctions
    .connect(offers)
    .keyBy('id', 'auction')
    .process(highestBids())
    .name('highest bids')
    .uid('q4-highest-bids')
    .keyBy('category')
    .process(averagePrices())
    .name('average prices')
    .uid('q4-average-prices');
}

/**
 * Joins an auction with the bids made from `dateTime` to `expires`, both included, whichever comes
 * first. All bids stay: the same id may come again, and counts once a category.
 */
function highestBids(): KeyedCoProcessFunction<number, OpenAuction, Offer, HighestBid> {
  let auctions: ListState<OpenAuction>;
  let offers: ListState<Offer>;
  let highest: MapState<number, number>;

  function higherBid({ category, dateTime, expires }: OpenAuction, offer: Offer) {
    if (offer.dateTime < dateTime || offer.dateTime > expires) return undefined;
    const formerPrice = highest.get(category) ?? null;
    if (formerPrice !== null && offer.price <= formerPrice) return undefined;
    highest.put(category, offer.price);
    return { category, price: offer.price, formerPrice };
  }

  return {
    open(ctx) {
      auctions = ctx.getListState(new ListStateDescriptor<OpenAuction>('auctions'));
      offers = ctx.getListState(new ListStateDescriptor<Offer>('offers'));
      highest = ctx.getMapState(new MapStateDescriptor<number, number>('highest-by-category'));
    },
    processElement1(auction, _ctx, out) {
      auctions.add(auction);
      for (const offer of offers.get()) {
        const change = higherBid(auction, offer);
        if (change !== undefined) out.collect(change);
      }
    },
    processElement2(offer, _ctx, out) {
      offers.add(offer);
      for (const auction of auctions.get()) {
        const change = higherBid(auction, offer);
        if (change !== undefined) out.collect(change);
      }
    },
  };
}

interface PriceSum {
  /** Exact: prices go up to 2^53. */
  readonly sum: bigint;
  readonly count: number;
}

function averagePrices(): KeyedProcessFunction<number, HighestBid, CategoryPriceRow> {
  let prices: ValueState<PriceSum>;
  return {
    open(ctx) {
      prices = ctx.getState(new ValueStateDescriptor<PriceSum>('prices'));
    },
    processElement(change, _ctx, out) {
      const former = prices.value();
      const next = {
        sum: (former?.sum ?? 0n) + BigInt(change.price) - BigInt(change.formerPrice ?? 0),
        count: (former?.count ?? 0) + (change.formerPrice === null ? 1 : 0),
      };
      prices.update(next);
      const final = truncatedAverage(next);
      if (former !== undefined && truncatedAverage(former) === final) return;
      out.collect({ id: change.category, final });
    },
  };
}

function truncatedAverage({ sum, count }: PriceSum): number {
  return Number(sum / BigInt(count));
}
