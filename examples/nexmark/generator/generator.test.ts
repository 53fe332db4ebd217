import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dateTimeOf, type NexmarkEvent } from '../events.ts';
import { DEFAULT_GENERATOR_CONFIG, type GeneratorConfig } from './config.ts';
import { nexmarkGenerator } from './generator.ts';

const COUNT = 50_000;

function generate(config: Partial<GeneratorConfig> = {}, count = COUNT): NexmarkEvent[] {
  const eventAt = nexmarkGenerator({ ...DEFAULT_GENERATOR_CONFIG, ...config });
  return Array.from({ length: count }, (_, index) => eventAt(index));
}

const events = generate();
const persons = events.flatMap((event) => (event.event_type === 0 ? [event.person] : []));
const auctions = events.flatMap((event) => (event.event_type === 1 ? [event.auction] : []));
const bids = events.flatMap((event) => (event.event_type === 2 ? [event.bid] : []));

function share<T>(all: readonly T[], matches: (value: T) => boolean): number {
  return all.filter(matches).length / all.length;
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`);
}

describe('nexmarkGenerator', () => {
  it('makes the same event for an index whatever was made before it', () => {
    const eventAt = nexmarkGenerator(DEFAULT_GENERATOR_CONFIG);
    for (const index of [49_999, 7, 0, 1, 31_234, 7])
      assert.deepEqual(eventAt(index), events[index]);
  });

  it('makes other events from another seed, with the same ids and times', () => {
    const others = generate({ seed: 2 }, 1000);
    assert.notDeepEqual(others, events.slice(0, 1000));
    assert.deepEqual(others.map(dateTimeOf), events.slice(0, 1000).map(dateTimeOf));
  });

  it('tells seeds beyond 2^32 apart', () => {
    assert.notDeepEqual(generate({ seed: 1 }, 50), generate({ seed: 1 + 2 ** 32 }, 50));
  });

  it('makes 1 person, 3 auctions and 46 bids in every 50 events, in this order', () => {
    for (let first = 0; first < COUNT; first += 50) {
      const kinds = events.slice(first, first + 50).map((event) => event.event_type);
      assert.deepEqual(kinds, [0, 1, 1, 1, ...new Array<number>(46).fill(2)]);
    }
  });

  it('numbers people and auctions from 1000 without gaps', () => {
    assert.deepEqual(
      persons.map((person) => person.id),
      persons.map((_, i) => 1000 + i),
    );
    assert.deepEqual(
      auctions.map((auction) => auction.id),
      auctions.map((_, i) => 1000 + i),
    );
  });

  it('spaces event times by the rate', () => {
    const base = DEFAULT_GENERATOR_CONFIG.baseTimeEpochMs;
    events.forEach((event, i) => void assert.equal(dateTimeOf(event), base + Math.floor(i / 10)));
    const slow = generate({ eventsPerSecond: 3 }, 7).map((event) => dateTimeOf(event) - base);
    assert.deepEqual(slow, [0, 333, 666, 1000, 1333, 1666, 2000]);
  });

  it('shuffles event times within out-of-order groups and loses none', () => {
    const shuffled = generate({ outOfOrderGroupCount: 100 }, 1000);
    assert.notDeepEqual(shuffled, events.slice(0, 1000));
    const byTime = (a: NexmarkEvent, b: NexmarkEvent) => dateTimeOf(a) - dateTimeOf(b);
    assert.deepEqual(
      new Set(shuffled.toSorted(byTime).map((event) => JSON.stringify(event))),
      new Set(events.slice(0, 1000).map((event) => JSON.stringify(event))),
    );
  });

  it('sends half of the bids to a hot auction and three in four from a hot bidder', () => {
    near(
      share(bids, (bid) => bid.auction % 100 === 0),
      0.5,
      0.02,
    );
    near(
      share(bids, (bid) => (bid.bidder - 1001) % 100 === 0),
      0.75,
      0.02,
    );
    near(
      share(auctions, (auction) => (auction.seller - 1000) % 100 === 0),
      0.75,
      0.03,
    );
  });

  it('draws auctions and bidders that are there or about to be', () => {
    let newestAuction = 0;
    let newestPerson = 0;
    for (const event of events) {
      if (event.event_type === 0) newestPerson = event.person.id;
      else if (event.event_type === 1) newestAuction = event.auction.id;
      else {
        const { auction, bidder } = event.bid;
        assert.ok(auction >= Math.max(1000, newestAuction - 199) && auction <= newestAuction + 10);
        assert.ok(bidder >= 1000 && bidder <= newestPerson + 10);
      }
    }
  });

  it('draws prices log-uniformly between 100 and 100,000,000', () => {
    const prices = bids.map((bid) => bid.price);
    assert.ok(Math.min(...prices) >= 100 && Math.max(...prices) <= 100_000_000);
    near(
      share(prices, (price) => price < 100_000),
      0.5,
      0.02,
    );
  });

  it('lets an auction last about as long as 100 more take to open', () => {
    const meanMs = auctions.reduce((sum, a) => sum + (a.expires - a.dateTime), 0) / auctions.length;
    near(meanMs, 166, 10);
    assert.ok(auctions.every((auction) => auction.expires > auction.dateTime));
    assert.ok(auctions.every((auction) => auction.category >= 10 && auction.category <= 14));
  });

  it('pads events to their average sizes', () => {
    const mean = (sizes: number[]) => sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    near(mean(bids.map((bid) => 32 + bid.extra.length)), 100, 2);
    near(
      mean(auctions.map((a) => 48 + a.itemName.length + a.description.length + a.extra.length)),
      500,
      5,
    );
  });

  it('gives a hot channel to half of the bids and the same url to a channel always', () => {
    const hot = new Set(['Google', 'Facebook', 'Baidu', 'Apple']);
    near(
      share(bids, (bid) => hot.has(bid.channel)),
      0.5,
      0.02,
    );
    const urls = new Map<string, string>();
    for (const { channel, url } of bids) {
      assert.equal(urls.get(channel) ?? url, url);
      urls.set(channel, url);
    }
    near(
      share(
        bids.filter((b) => !hot.has(b.channel)),
        (b) => b.url.includes('&channel_id='),
      ),
      0.9,
      0.02,
    );
  });
});
