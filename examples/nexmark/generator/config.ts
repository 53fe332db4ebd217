/**
 * What the Nexmark generator may be told, with the defaults of the Nexmark project.
 *
 * @see https://github.com/nexmark/nexmark NexmarkConfiguration and GeneratorConfig
 */

/** The ids start here so that small data sets have joins that match. */
export const FIRST_PERSON_ID = 1000;
export const FIRST_AUCTION_ID = 1000;
export const FIRST_CATEGORY_ID = 10;

/** Out of every 50 events: 1 person, then 3 auctions, then 46 bids. */
export const PERSON_PROPORTION = 1;
export const AUCTION_PROPORTION = 3;
export const BID_PROPORTION = 46;
export const TOTAL_PROPORTION = PERSON_PROPORTION + AUCTION_PROPORTION + BID_PROPORTION;

export interface GeneratorConfig {
  /** Every draw comes from this seed and the event's number alone. */
  readonly seed: number;
  /** Epoch ms of event 0. */
  readonly baseTimeEpochMs: number;
  /** Events per second of event time. */
  readonly eventsPerSecond: number;
  /** Event times are shuffled within groups of this many events; 1: in order. */
  readonly outOfOrderGroupCount: number;
  /** Auctions open at any time, about. */
  readonly inFlightAuctionCount: number;
  /** Only the newest so many people sell and bid. */
  readonly activePersonCount: number;
  /** A share of 1 - 1/ratio of the bids goes to the hot auction. */
  readonly hotAuctionRatio: number;
  /** A share of 1 - 1/ratio of the bids comes from the hot bidder. */
  readonly hotBidderRatio: number;
  /** A share of 1 - 1/ratio of the auctions is opened by the hot seller. */
  readonly hotSellerRatio: number;
  /** Idealised sizes that `extra` pads an event to, on average. */
  readonly averagePersonSizeBytes: number;
  readonly averageAuctionSizeBytes: number;
  readonly averageBidSizeBytes: number;
}

export const DEFAULT_GENERATOR_CONFIG: GeneratorConfig = {
  seed: 1,
  baseTimeEpochMs: 1_436_918_400_000, // 2015-07-15T00:00:00Z, Beam's base time
  eventsPerSecond: 10_000,
  outOfOrderGroupCount: 1,
  inFlightAuctionCount: 100,
  activePersonCount: 1000,
  hotAuctionRatio: 2,
  hotBidderRatio: 4,
  hotSellerRatio: 4,
  averagePersonSizeBytes: 200,
  averageAuctionSizeBytes: 500,
  averageBidSizeBytes: 100,
};

/** Event time, in epoch ms, of the event with this number; whole microseconds are cut, as upstream. */
export function timestampOf(config: GeneratorConfig, eventNumber: number): number {
  const elapsedUs = Math.floor((eventNumber * 1_000_000) / config.eventsPerSecond);
  return config.baseTimeEpochMs + Math.floor(elapsedUs / 1000);
}

/** The number of the event that arrives at position `index`: a fixed shuffle within its group. */
export function eventNumberAt(config: GeneratorConfig, index: number): number {
  const size = config.outOfOrderGroupCount;
  if (size === 1) return index;
  return Math.floor(index / size) * size + ((index * 953) % size);
}

/** 0-based number of the newest person at this event (the person itself, if it is one). */
export function lastPersonNumber(eventNumber: number): number {
  const epoch = Math.floor(eventNumber / TOTAL_PROPORTION);
  const offset = Math.min(eventNumber % TOTAL_PROPORTION, PERSON_PROPORTION - 1);
  return epoch * PERSON_PROPORTION + offset;
}

/** 0-based number of the newest auction at this event; -1 before the first. */
export function lastAuctionNumber(eventNumber: number): number {
  const epoch = Math.floor(eventNumber / TOTAL_PROPORTION);
  const offset = (eventNumber % TOTAL_PROPORTION) - PERSON_PROPORTION;
  if (offset < 0) return epoch * AUCTION_PROPORTION - 1;
  return epoch * AUCTION_PROPORTION + Math.min(offset, AUCTION_PROPORTION - 1);
}
