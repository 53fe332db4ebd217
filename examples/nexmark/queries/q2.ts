import type { DataStream } from 'sluice';
import type { NexmarkEvent } from '../events.ts';
import { bidsOf } from '../streams.ts';

export interface AuctionPriceRow {
  readonly auction: number;
  readonly price: number;
}

/** Selection: the bids for one auction in 123. */
export function q2(events: DataStream<NexmarkEvent>): DataStream<AuctionPriceRow> {
  return bidsOf(events, ({ auction, price }) => ({ auction, price }))
    .filter((bid) => bid.auction % 123 === 0)
    .uid('q2');
}
