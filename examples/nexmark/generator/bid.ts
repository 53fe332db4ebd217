import type { Bid } from '../events.ts';
import { nextAuctionNumber } from './auction.ts';
import {
  FIRST_AUCTION_ID,
  FIRST_PERSON_ID,
  type GeneratorConfig,
  lastAuctionNumber,
  lastPersonNumber,
} from './config.ts';
import { EventRandom } from './event-random.ts';
import { nextPersonNumber } from './person.ts';
import { nextExtra, nextWord } from './text.ts';

const HOT_AUCTION_SPACING = 100;
const HOT_BIDDER_SPACING = 100;
/** Half of the bids come through one of the hot channels. */
const HOT_CHANNEL_RATIO = 2;
const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple'];
const CHANNEL_COUNT = 10_000;
const BID_FIXED_SIZE_BYTES = 4 * 8;

/**
 * A random bid. Unlike upstream, which adds the first person's id to `bidder` twice (so that
 * bidders start at 2000 and hardly match a person), it is added once here.
 */
export function nextBid(
  config: GeneratorConfig,
  random: EventRandom,
  eventNumber: number,
  dateTime: number,
): Bid {
  const auction =
    random.nextInt(config.hotAuctionRatio) > 0
      ? Math.floor(lastAuctionNumber(eventNumber) / HOT_AUCTION_SPACING) * HOT_AUCTION_SPACING
      : nextAuctionNumber(config, random, eventNumber);
  // The hot bidder is the second of every hundred people: the first is the hot seller.
  const bidder =
    random.nextInt(config.hotBidderRatio) > 0
      ? Math.floor(lastPersonNumber(eventNumber) / HOT_BIDDER_SPACING) * HOT_BIDDER_SPACING + 1
      : nextPersonNumber(config, random, eventNumber);
  const price = random.nextPrice();
  const isHot = random.nextInt(HOT_CHANNEL_RATIO) > 0;
  const place = isHot ? random.nextInt(HOT_CHANNELS.length) : random.nextInt(CHANNEL_COUNT);
  return {
    auction: auction + FIRST_AUCTION_ID,
    bidder: bidder + FIRST_PERSON_ID,
    price,
    channel: isHot ? (HOT_CHANNELS[place] ?? '') : channelName(place),
    url: isHot ? urlOf(CHANNEL_COUNT + place) : urlOf(place),
    dateTime,
    extra: nextExtra(random, BID_FIXED_SIZE_BYTES, config.averageBidSizeBytes),
  };
}

const channelNames: string[] = [];
const urls: string[] = [];
const urlRandom = new EventRandom();

function channelName(channel: number): string {
  channelNames[channel] ??= `channel-${channel}`;
  return channelNames[channel];
}

/** A channel's url: three random folders, and for nine in ten its id; the same in every job. */
function urlOf(place: number): string {
  const known = urls[place];
  if (known !== undefined) return known;
  urlRandom.reset(0, place + 1);
  const folders = [0, 0, 0].map(() => nextWord(urlRandom, 5, '_')).join('/');
  let url = `https://www.nexmark.com/${folders}/item.htm?query=1`;
  if (place < CHANNEL_COUNT && urlRandom.nextInt(10) > 0) {
    url += `&channel_id=${Math.abs(reverseBits(place))}`;
  }
  urls[place] = url;
  return url;
}

/** Java's Integer.reverse. */
function reverseBits(value: number): number {
  let result = 0;
  for (let bit = 0; bit < 32; bit++) result |= ((value >>> bit) & 1) << (31 - bit);
  return result;
}
