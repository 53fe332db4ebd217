import type { DataStream } from 'sluice';
import type { Bid, NexmarkEvent } from '../events.ts';
import { timestamp } from '../rows.ts';
import { bidsOf } from '../streams.ts';

export interface BidRow {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly dateTime: string;
  readonly extra: string;
}

/** Pass-through: every bid. */
export function q0(events: DataStream<NexmarkEvent>): DataStream<BidRow> {
  return bidsOf(events, (bid) => bid)
    .map(toRow)
    .uid('q0');
}

function toRow({ auction, bidder, price, dateTime, extra }: Bid): BidRow {
  return { auction, bidder, price, dateTime: timestamp(dateTime), extra };
}
