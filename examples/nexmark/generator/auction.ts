import type { Auction } from '../events.ts';
import {
  AUCTION_PROPORTION,
  FIRST_AUCTION_ID,
  FIRST_CATEGORY_ID,
  FIRST_PERSON_ID,
  type GeneratorConfig,
  lastAuctionNumber,
  lastPersonNumber,
  TOTAL_PROPORTION,
  timestampOf,
} from './config.ts';
import type { EventRandom } from './event-random.ts';
import { nextPersonNumber } from './person.ts';
import { nextExtra, nextWord } from './text.ts';

const CATEGORY_COUNT = 5;
/** Bids may be for so many auctions ahead of the newest, as if events were swapped. */
const AUCTION_ID_LEAD = 10;
/** The hot seller is the first of every so many people. */
const HOT_SELLER_SPACING = 100;

export function nextAuction(
  config: GeneratorConfig,
  random: EventRandom,
  eventNumber: number,
  dateTime: number,
): Auction {
  const seller =
    random.nextInt(config.hotSellerRatio) > 0
      ? Math.floor(lastPersonNumber(eventNumber) / HOT_SELLER_SPACING) * HOT_SELLER_SPACING
      : nextPersonNumber(config, random, eventNumber);
  const category = FIRST_CATEGORY_ID + random.nextInt(CATEGORY_COUNT);
  const initialBid = random.nextPrice();
  const expires = dateTime + nextLengthMs(config, random, eventNumber, dateTime);
  const itemName = nextWord(random, 20);
  const description = nextWord(random, 100);
  const reserve = initialBid + random.nextPrice();
  const sizeBytes = 8 + itemName.length + description.length + 5 * 8;
  return {
    id: lastAuctionNumber(eventNumber) + FIRST_AUCTION_ID,
    itemName,
    description,
    initialBid,
    reserve,
    dateTime,
    expires,
    seller: seller + FIRST_PERSON_ID,
    category,
    extra: nextExtra(random, sizeBytes, config.averageAuctionSizeBytes),
  };
}

/** 0-based number of a random auction that is likely open, or one of the few to come. */
export function nextAuctionNumber(
  config: GeneratorConfig,
  random: EventRandom,
  eventNumber: number,
): number {
  const newest = lastAuctionNumber(eventNumber);
  const oldest = Math.max(newest - config.inFlightAuctionCount, 0);
  return oldest + random.nextInt(newest - oldest + 1 + AUCTION_ID_LEAD);
}

/** An auction lasts, on average, until `inFlightAuctionCount` more have been opened. */
function nextLengthMs(
  config: GeneratorConfig,
  random: EventRandom,
  eventNumber: number,
  dateTime: number,
): number {
  const eventsAhead = Math.floor(
    (config.inFlightAuctionCount * TOTAL_PROPORTION) / AUCTION_PROPORTION,
  );
  const horizonMs = timestampOf(config, eventNumber + eventsAhead) - dateTime;
  return 1 + random.nextInt(Math.max(horizonMs * 2, 1));
}
