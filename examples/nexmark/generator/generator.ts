/**
 * The Nexmark generator, written after the rules of the Nexmark project's: 1 : 3 : 46 people,
 * auctions and bids, ids in sequence, hot sellers, bidders and auctions, event times spaced by the
 * rate. Each event depends on (config, index) alone: ranges of indices can be made anywhere.
 *
 * @see https://github.com/nexmark/nexmark nexmark-flink generator
 */
import { AUCTION, BID, type NexmarkEvent, PERSON } from '../events.ts';
import { nextAuction } from './auction.ts';
import { nextBid } from './bid.ts';
import {
  AUCTION_PROPORTION,
  eventNumberAt,
  type GeneratorConfig,
  PERSON_PROPORTION,
  TOTAL_PROPORTION,
  timestampOf,
} from './config.ts';
import { EventRandom } from './event-random.ts';
import { nextPerson } from './person.ts';

/** Makes the event that arrives at `index`, 0-based. */
export type EventAt = (index: number) => NexmarkEvent;

/** The returned function reuses one random sequence; its events are new objects. */
export function nexmarkGenerator(config: GeneratorConfig): EventAt {
  const random = new EventRandom();
  return (index) => {
    const eventNumber = eventNumberAt(config, index);
    const dateTime = timestampOf(config, eventNumber);
    random.reset(config.seed, eventNumber);
    const place = eventNumber % TOTAL_PROPORTION;
    if (place < PERSON_PROPORTION) {
      return { event_type: PERSON, person: nextPerson(config, random, eventNumber, dateTime) };
    }
    if (place < PERSON_PROPORTION + AUCTION_PROPORTION) {
      return { event_type: AUCTION, auction: nextAuction(config, random, eventNumber, dateTime) };
    }
    return { event_type: BID, bid: nextBid(config, random, eventNumber, dateTime) };
  };
}
