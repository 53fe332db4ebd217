/** The queries over random events, out of order and late, against plain loops. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linesBelow, runGolden } from '../../golden.ts';
import { dateTimeOf, type NexmarkEvent } from '../events.ts';
import { DEFAULT_GENERATOR_CONFIG } from '../generator/config.ts';
import { EventRandom } from '../generator/event-random.ts';
import { nexmarkGenerator } from '../generator/generator.ts';
import nexmark from '../job.ts';
import { PLAIN_ANSWERS } from '../plain-answers.ts';
import { settled } from '../settled-rows.ts';

const SEEDS = [1, 2, 3];
const EVENT_COUNT = 1200;
const PARALLELISM = 3;

describe('queries over random events', () => {
  let root: string;
  const files = new Map<number, { readonly path: string; readonly events: NexmarkEvent[] }>();

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-nexmark-'));
    for (const seed of SEEDS) {
      const path = join(root, `events-${seed}.jsonl`);
      const events = randomEvents(seed);
      await writeFile(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      files.set(seed, { path, events });
    }
  });
  after(() => rm(root, { recursive: true, force: true }));

  for (const [query, answer] of Object.entries(PLAIN_ANSWERS)) {
    it(`${query} answers what plain loops answer`, async () => {
      for (const { path, events } of files.values()) {
        const lines = await runGolden(
          nexmark,
          (output) => ['--query', query, '--events', path, '--output', output],
          PARALLELISM,
          linesBelow,
        );
        const expected = answer(events).map((row) => JSON.stringify(row));
        assert.ok(expected.length > 0, 'the events have no answer to compare');
        assert.deepEqual(settled(query, lines), expected.sort());
      }
    });
  }
});

/**
 * A minute of events with few keys and round prices and times, so that ties, exact window ends and
 * exact expiries occur; each delayed on its way by up to 7 s, one in fifty by 30 s.
 */
function randomEvents(seed: number): NexmarkEvent[] {
  const eventAt = nexmarkGenerator({ ...DEFAULT_GENERATOR_CONFIG, seed, eventsPerSecond: 20 });
  const random = new EventRandom();
  random.reset(seed, 0);
  const arrivals = Array.from({ length: EVENT_COUNT }, (_, index) => {
    const event = coarse(eventAt(index), random);
    const delayMs = random.nextInt(50) === 0 ? 30_000 : random.nextInt(7000);
    return { event, arrivesAtMs: dateTimeOf(event) + delayMs };
  });
  return arrivals.sort((a, b) => a.arrivesAtMs - b.arrivesAtMs).map(({ event }) => event);
}

function coarse(event: NexmarkEvent, random: EventRandom): NexmarkEvent {
  const roundTime = (epochMs: number): number => Math.floor(epochMs / 500) * 500;
  if (event.event_type === 2) {
    const { bid } = event;
    const price = 1 + random.nextInt(1000);
    const bidder = 1000 + random.nextInt(8) * random.nextInt(8);
    // A tie in price and time would have more than one right winner: times of bids stay fine.
    const dateTime = random.nextInt(20) === 0 ? roundTime(bid.dateTime) : bid.dateTime;
    return { event_type: 2, bid: { ...bid, price, bidder, dateTime } };
  }
  if (event.event_type === 1) {
    const { auction } = event;
    const dateTime = roundTime(auction.dateTime);
    const expires = dateTime + 500 * (1 + random.nextInt(20));
    return { event_type: 1, auction: { ...auction, dateTime, expires } };
  }
  const { person } = event;
  return { event_type: 0, person: { ...person, dateTime: roundTime(person.dateTime) } };
}
