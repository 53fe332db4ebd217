import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delayStatistics } from './delay-statistics.ts';
import { DepartureWatermarks } from './departure-watermarks.ts';
import { type Flight, flightsByLanding, landingOf } from './flights.ts';

const MINUTE_MS = 60_000;

function columns(rows: readonly (readonly [minute: number, late: number, miles: number])[]) {
  return {
    date: rows.map(([minute]) => new Date(minute * MINUTE_MS)),
    delay: rows.map(([, late]) => BigInt(late)),
    distance: rows.map(([, , miles]) => BigInt(miles)),
    origin: rows.map((_, row) => `O${row}`),
    destination: rows.map((_, row) => `D${row}`),
  };
}

function flight(delayMinutes: number): Flight {
  return { departureMs: 0, delayMinutes, distanceMiles: 100, origin: 'A', destination: 'B' };
}

describe('flightsByLanding', () => {
  it('orders by estimated landing, equal ones as in the file', () => {
    // Landings at minutes 130, 41, 130 and 42.
    const records = flightsByLanding(
      columns([
        [0, 0, 800],
        [1, 0, 80],
        [0, 95, 40],
        [2, 0, 80],
      ]),
    );
    const origins = Array.from({ length: records.count }, (_, i) => records.at(i).origin);
    assert.deepEqual(origins, ['O1', 'O3', 'O0', 'O2']);
  });

  it('makes plain flights of a row', () => {
    assert.deepEqual(flightsByLanding(columns([[5, -3, 250]])).at(0), {
      departureMs: 5 * MINUTE_MS,
      delayMinutes: -3,
      distanceMiles: 250,
      origin: 'O0',
      destination: 'D0',
    });
  });
});

describe('landingOf', () => {
  it('adds ground time, flight time and delay to the departure', () => {
    assert.equal(landingOf({ ...flight(15), distanceMiles: 400 }), (30 + 50 + 15) * MINUTE_MS);
  });

  it('is never less than the ground time after the departure, whatever the data says', () => {
    assert.equal(landingOf(flight(-1116)), 30 * MINUTE_MS);
  });
});

describe('delayStatistics', () => {
  const statistics = delayStatistics();
  const sumsOf = (delays: readonly number[]) =>
    delays.reduce(
      (sums, delay) => statistics.add(flight(delay), sums),
      statistics.createAccumulator(),
    );

  it('averages, finds the worst, and counts what is more than 15 minutes late', () => {
    assert.deepEqual(statistics.getResult(sumsOf([16, 15, -4])), {
      flights: 3,
      averageDelayMinutes: 9,
      worstDelayMinutes: 16,
      delayedShare: 0.3333,
    });
  });

  it('merges to what all flights together give', () => {
    const merged = statistics.merge?.(sumsOf([70, 5]), sumsOf([-20, 61, 300]));
    assert.deepEqual(merged, sumsOf([70, 5, -20, 61, 300]));
  });
});

describe('DepartureWatermarks', () => {
  it('emits six hours and a millisecond behind every newer departure, and nothing else', () => {
    const emitted: number[] = [];
    const output = {
      emitWatermark: (watermarkMs: number) => void emitted.push(watermarkMs),
      markIdle: () => {},
      markActive: () => {},
    };
    const watermarks = new DepartureWatermarks();
    const hourMs = 60 * MINUTE_MS;
    for (const departureMs of [10 * hourMs, 9 * hourMs, 10 * hourMs, 11 * hourMs]) {
      watermarks.onEvent(flight(0), departureMs, output);
    }
    watermarks.onPeriodicEmit();
    assert.deepEqual(emitted, [4 * hourMs - 1, 5 * hourMs - 1]);
  });
});
