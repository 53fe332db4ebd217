import {
  type Collector,
  type DataStream,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from 'sluice';
import { counting, keepingGreatest } from '../aggregates.ts';
import type { NexmarkEvent } from '../events.ts';
import { bidsOf } from '../streams.ts';

export interface HotItemRow {
  readonly auction: number;
  /** Bids in the window. */
  readonly num: number;
}

interface AuctionCount extends HotItemRow {
  readonly windowEndMs: number;
}

const SIZE_MS = 10_000;
const SLIDE_MS = 2_000;

/** Hot items: of every 10 s, each 2 s, the auctions with the most bids. */
export function q5(events: DataStream<NexmarkEvent>): DataStream<HotItemRow> {
  return (
    bidsOf(events, ({ auction }) => ({ auction }))
      .keyBy('auction')
      .window(SlidingEventTimeWindows.of(SIZE_MS, SLIDE_MS))
      .aggregate(counting(), (auction, { window }, [num = 0], out: Collector<AuctionCount>) => {
        out.collect({ auction, num, windowEndMs: window.end });
      })
      .name('bids per auction')
      .uid('q5-counts')
      .keyBy('windowEndMs')
      // A count has the last timestamp of its window: each slide's counts meet in one of these.
      .window(TumblingEventTimeWindows.of(SLIDE_MS))
      .aggregate(
        keepingGreatest((count) => count.num),
        (_windowEndMs, _ctx, [winners = []], out: Collector<HotItemRow>) => {
          for (const { auction, num } of winners) out.collect({ auction, num });
        },
      )
      .name('hot items')
      .uid('q5-winners')
  );
}
