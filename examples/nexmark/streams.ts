/**
 * The streams of people, auctions and bids that queries start from.
 *
 * I1  The watermark is exactly dateTime - 4 s of the newest event of any kind, and follows the
 *     record that advances it: SQL's `WATERMARK FOR dateTime AS dateTime - INTERVAL '4' SECOND`.
 * I2  From the source to the first keyBy everything runs in one subtask. So every subtask after
 *     it sees records and watermarks in the order of the input, and the same records are late at
 *     any parallelism.
 */
import {
  type DataStream,
  type FlatMapFunction,
  type Source,
  type StreamExecutionEnvironment,
  type WatermarkGenerator,
  type WatermarkOutput,
  WatermarkStrategy,
} from 'sluice';
import {
  AUCTION,
  type Auction,
  asNexmarkEvent,
  BID,
  type Bid,
  dateTimeOf,
  type NexmarkEvent,
  PERSON,
  type Person,
} from './events.ts';

const OUT_OF_ORDERNESS_MS = 4000;

export function nexmarkEvents<SplitT, EnumeratorStateT>(
  env: StreamExecutionEnvironment,
  source: Source<NexmarkEvent, SplitT, EnumeratorStateT>,
): DataStream<NexmarkEvent> {
  const strategy = WatermarkStrategy.forGenerator<NexmarkEvent>(() => new NexmarkWatermarks());
  return env
    .fromSource(source, strategy.withTimestampAssigner(timeOf), 'events')
    .uid('events')
    .setParallelism(1);
}

/** Also the place where lines of a file are checked: every event comes through here. */
function timeOf(event: NexmarkEvent): number {
  return dateTimeOf(asNexmarkEvent(event));
}

/** People, each cut to what the query needs of them (I2). */
export function personsOf<T>(
  events: DataStream<NexmarkEvent>,
  project: (person: Person) => T,
): DataStream<T> {
  return pickFrom(events, 'persons', (event) =>
    event.event_type === PERSON ? project(event.person) : undefined,
  );
}

/** Auctions, each cut to what the query needs of them (I2). */
export function auctionsOf<T>(
  events: DataStream<NexmarkEvent>,
  project: (auction: Auction) => T,
): DataStream<T> {
  return pickFrom(events, 'auctions', (event) =>
    event.event_type === AUCTION ? project(event.auction) : undefined,
  );
}

/** Bids, each cut to what the query needs of them (I2). */
export function bidsOf<T>(
  events: DataStream<NexmarkEvent>,
  project: (bid: Bid) => T,
): DataStream<T> {
  return pickFrom(events, 'bids', (event) =>
    event.event_type === BID ? project(event.bid) : undefined,
  );
}

/** What `pick` answers, where it answers something, in the order of the events (I2). */
export function pickFrom<T>(
  events: DataStream<NexmarkEvent>,
  name: string,
  pick: (event: NexmarkEvent) => T | undefined,
): DataStream<T> {
  const picking: FlatMapFunction<NexmarkEvent, T> = {
    flatMap(event, out) {
      const picked = pick(event);
      if (picked !== undefined) out.collect(picked);
    },
  };
  return events.flatMap(picking).name(name).setParallelism(1);
}

/** I1. */
class NexmarkWatermarks implements WatermarkGenerator<NexmarkEvent> {
  #newestMs = Number.NEGATIVE_INFINITY;

  onEvent(_event: NexmarkEvent, timestampMs: number, output: WatermarkOutput): void {
    if (timestampMs <= this.#newestMs) return;
    this.#newestMs = timestampMs;
    output.emitWatermark(timestampMs - OUT_OF_ORDERNESS_MS);
  }

  onPeriodicEmit(): void {}
}
