/**
 * What the windowed and joined queries answer, in plain loops over all events: the oracle that
 * tests compare the jobs with. Slow on purpose; nothing is shared with the queries.
 *
 * @see Flink SQL's window operators for what is late: a record all of whose windows have fired,
 * that is, end - 1 ms <= watermark.
 */
import { type Auction, type Bid, dateTimeOf, type NexmarkEvent, type Person } from './events.ts';

type Row = Readonly<Record<string, unknown>>;

/** A record, and the watermark when it arrived. */
interface Arrival<T> {
  readonly value: T;
  readonly watermarkMs: number;
}

interface Arrivals {
  readonly persons: readonly Arrival<Person>[];
  readonly auctions: readonly Arrival<Auction>[];
  readonly bids: readonly Arrival<Bid>[];
}

/** Rows of append queries in any order; of q4 and q9 the last row of every id. */
export const PLAIN_ANSWERS: Readonly<Record<string, (events: readonly NexmarkEvent[]) => Row[]>> = {
  q4: (events) => plainQ4(arrivalsOf(events)),
  q5: (events) => plainQ5(arrivalsOf(events)),
  q7: (events) => plainQ7(arrivalsOf(events)),
  q8: (events) => plainQ8(arrivalsOf(events)),
  q9: (events) => plainQ9(arrivalsOf(events)),
  q11: (events) => plainQ11(arrivalsOf(events)),
};

function arrivalsOf(events: readonly NexmarkEvent[]): Arrivals {
  const persons: Arrival<Person>[] = [];
  const auctions: Arrival<Auction>[] = [];
  const bids: Arrival<Bid>[] = [];
  let watermarkMs = Number.NEGATIVE_INFINITY;
  for (const event of events) {
    if (event.event_type === 0) persons.push({ value: event.person, watermarkMs });
    else if (event.event_type === 1) auctions.push({ value: event.auction, watermarkMs });
    else bids.push({ value: event.bid, watermarkMs });
    watermarkMs = Math.max(watermarkMs, dateTimeOf(event) - 4000);
  }
  return { persons, auctions, bids };
}

function matches(auction: Auction, bid: Bid): boolean {
  const { id, dateTime, expires } = auction;
  return bid.auction === id && dateTime <= bid.dateTime && bid.dateTime <= expires;
}

function plainQ4({ auctions, bids }: Arrivals): Row[] {
  const highest = new Map<string, { category: number; price: number }>();
  for (const { value: auction } of auctions) {
    for (const { value: bid } of bids) {
      if (!matches(auction, bid)) continue;
      const group = `${auction.id}/${auction.category}`;
      const price = Math.max(bid.price, highest.get(group)?.price ?? 0);
      highest.set(group, { category: auction.category, price });
    }
  }
  const groups = Map.groupBy(highest.values(), ({ category }) => category);
  return [...groups].map(([id, prices]) => {
    const sum = prices.reduce((total, { price }) => total + BigInt(price), 0n);
    return { id, final: Number(sum / BigInt(prices.length)) };
  });
}

function plainQ5({ bids }: Arrivals): Row[] {
  const windows = new Map<number, Map<number, number>>();
  for (const { value, watermarkMs } of bids) {
    for (
      let start = floorTo(value.dateTime, 2000);
      start > value.dateTime - 10_000;
      start -= 2000
    ) {
      if (start + 9999 <= watermarkMs) continue;
      const counts = windows.get(start) ?? new Map<number, number>();
      windows.set(start, counts.set(value.auction, (counts.get(value.auction) ?? 0) + 1));
    }
  }
  return [...windows.values()].flatMap((counts) => {
    const most = Math.max(...counts.values());
    const winners = [...counts].filter(([, num]) => num === most);
    return winners.map(([auction, num]) => ({ auction, num }));
  });
}

function plainQ7({ bids }: Arrivals): Row[] {
  const highest = new Map<number, number>();
  for (const { value, watermarkMs } of bids) {
    const start = floorTo(value.dateTime, 10_000);
    if (start + 9999 <= watermarkMs) continue;
    highest.set(start, Math.max(value.price, highest.get(start) ?? 0));
  }
  return [...highest].flatMap(([start, highestPrice]) =>
    bids.flatMap(({ value: { auction, price, bidder, dateTime, extra } }) => {
      if (price !== highestPrice || dateTime < start || dateTime > start + 10_000) return [];
      return [{ auction, price, bidder, dateTime: iso(dateTime), extra }];
    }),
  );
}

function plainQ8({ persons, auctions }: Arrivals): Row[] {
  const registered = new Map<string, Row>();
  const sold = new Set<string>();
  for (const { value, watermarkMs } of persons) {
    const start = floorTo(value.dateTime, 10_000);
    if (start + 9999 <= watermarkMs) continue;
    const row = { id: value.id, name: value.name, stime: iso(start) };
    registered.set(JSON.stringify(row), row);
  }
  for (const { value, watermarkMs } of auctions) {
    const start = floorTo(value.dateTime, 10_000);
    if (start + 9999 > watermarkMs) sold.add(`${value.seller}/${iso(start)}`);
  }
  return [...registered.values()].filter(({ id, stime }) => sold.has(`${id}/${stime}`));
}

function plainQ9({ auctions, bids }: Arrivals): Row[] {
  return auctions.flatMap(({ value: auction }) => {
    const rivals = bids.map(({ value }) => value).filter((bid) => matches(auction, bid));
    const [best] = rivals.toSorted((a, b) => b.price - a.price || a.dateTime - b.dateTime);
    if (best === undefined) return [];
    const { id, itemName, description, initialBid, reserve, seller, category, extra } = auction;
    return [
      {
        ...{ id, itemName, description, initialBid, reserve },
        ...{ dateTime: iso(auction.dateTime), expires: iso(auction.expires) },
        ...{ seller, category, extra },
        ...{ auction: best.auction, bidder: best.bidder, price: best.price },
        ...{ bid_dateTime: iso(best.dateTime), bid_extra: best.extra },
      },
    ];
  });
}

interface Session {
  readonly bidder: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
}

function plainQ11({ bids }: Arrivals): Row[] {
  const fired: Session[] = [];
  let open: Session[] = [];
  for (const { value, watermarkMs } of bids) {
    fired.push(...open.filter((session) => session.endMs - 1 <= watermarkMs));
    open = open.filter((session) => session.endMs - 1 > watermarkMs);
    const startMs = value.dateTime;
    const endMs = startMs + 10_000;
    const touched = open.filter(
      (session) =>
        session.bidder === value.bidder && session.startMs <= endMs && session.endMs >= startMs,
    );
    const merged = {
      bidder: value.bidder,
      startMs: Math.min(startMs, ...touched.map((session) => session.startMs)),
      endMs: Math.max(endMs, ...touched.map((session) => session.endMs)),
      count: touched.reduce((count, session) => count + session.count, 1),
    };
    if (merged.endMs - 1 <= watermarkMs) continue;
    open = [...open.filter((session) => !touched.includes(session)), merged];
  }
  return [...fired, ...open].map(({ bidder, startMs, endMs, count }) => ({
    bidder,
    bid_count: count,
    starttime: iso(startMs),
    endtime: iso(endMs),
  }));
}

function floorTo(epochMs: number, sizeMs: number): number {
  return Math.floor(epochMs / sizeMs) * sizeMs;
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
