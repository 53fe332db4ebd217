import { type Collector, type DataStream, EventTimeSessionWindows } from 'sluice';
import { counting } from '../aggregates.ts';
import type { NexmarkEvent } from '../events.ts';
import { timestamp } from '../rows.ts';
import { bidsOf } from '../streams.ts';

export interface UserSessionRow {
  readonly bidder: number;
  readonly bid_count: number;
  readonly starttime: string;
  /** 10 s after the last bid. */
  readonly endtime: string;
}

const GAP_MS = 10_000;

/** User sessions: bids of a bidder no more than 10 s apart; one exactly at the end still merges. */
export function q11(events: DataStream<NexmarkEvent>): DataStream<UserSessionRow> {
  return bidsOf(events, ({ bidder }) => ({ bidder }))
    .keyBy('bidder')
    .window(EventTimeSessionWindows.withGap(GAP_MS))
    .aggregate(counting(), (bidder, { window }, [count = 0], out: Collector<UserSessionRow>) => {
      out.collect({
        bidder,
        bid_count: count,
        starttime: timestamp(window.start),
        endtime: timestamp(window.end),
      });
    })
    .name('sessions')
    .uid('q11');
}
