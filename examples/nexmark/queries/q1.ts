import type { DataStream } from 'sluice';
import type { Bid, NexmarkEvent } from '../events.ts';
import { priceInEuro, timestamp } from '../rows.ts';
import { bidsOf } from '../streams.ts';

export interface EuroBidRow {
  readonly auction: number;
  readonly bidder: number;
  /** DECIMAL(23, 3). */
  readonly price: string;
  readonly dateTime: string;
  readonly extra: string;
}

/** Currency conversion: every bid, its price in euro. */
export function q1(events: DataStream<NexmarkEvent>): DataStream<EuroBidRow> {
  return bidsOf(events, (bid) => bid)
    .map(toRow)
    .uid('q1');
}

function toRow({ auction, bidder, price, dateTime, extra }: Bid): EuroBidRow {
  return { auction, bidder, price: priceInEuro(price), dateTime: timestamp(dateTime), extra };
}
