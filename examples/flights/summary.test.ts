import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobResult } from 'sluice';
import type { AirportDelays } from './job.ts';
import { type FlightsOutput, summaryOf } from './summary.ts';

const EMPTY: FlightsOutput = { daily: [], holdUps: [], bursts: [], late: [] };

function delays(airport: string, day: string, flights: number, average: number): AirportDelays {
  return {
    airport,
    from: `${day}T00:00:00.000Z`,
    to: `${day}T10:20:00.000Z`,
    flights,
    averageDelayMinutes: average,
    worstDelayMinutes: 1200,
    delayedShare: 0.25,
  };
}

function finished(numRecordsIn: number): JobResult {
  const vertices = [
    { isSource: true, numRecordsIn, parallelism: 1 },
    { isSource: false, numRecordsIn: 5, parallelism: 2 },
  ];
  return { netRuntimeMs: 2000, metrics: { vertices } } as unknown as JobResult;
}

describe('summaryOf', () => {
  it('shows the busiest airports, weighted over days, and the worst windows', () => {
    const daily = [
      delays('ABC', '2001-01-01', 100, 10),
      delays('ABC', '2001-01-02', 300, 20),
      delays('XYZ', '2001-01-01', 1500, -1),
    ];
    const holdUps = [delays('ABC', '2001-01-02', 30, 61.25)];
    const bursts = [delays('XYZ', '2001-01-01', 12, 90)];
    const text = summaryOf({ ...EMPTY, daily, holdUps, bursts }, finished(1900), 'out/f');
    assert.deepEqual(text.split('\n').slice(0, 13), [
      'Delays at the 2 busiest of 2 airports',
      '  airport   flights   average delay   over 15 min',
      '  XYZ         1,500        -1.0 min        25.0 %',
      '  ABC           400        17.5 min        25.0 %',
      '',
      'Worst of 1 hold-ups: 3 hours in which most flights were late',
      '  airport               from   flights   average delay   over 15 min',
      '  ABC       2001-01-02 00:00        30        61.3 min        25.0 %',
      '',
      'Largest of 1 bursts: delays over 1 hour, at most 20 minutes apart',
      '  airport               from                 to   flights   worst delay',
      '  XYZ       2001-01-01 00:00   2001-01-01 10:20        12     1,200 min',
      '',
    ]);
  });

  it('ends with totals, where the output lies and what to try next', () => {
    const late = new Array(3).fill({}) as FlightsOutput['late'];
    const text = summaryOf({ ...EMPTY, late }, finished(3_000_000), 'out/f');
    const [totals, where, next] = text.split('\n').slice(-3);
    assert.equal(
      totals,
      '3,000,000 records in 2.0 s · 1,500,000 records/s · 3 subtasks · watermark past nothing · ' +
        '3 late records',
    );
    assert.equal(where, 'Full output: out/f/{daily,hold-ups,bursts,late}/*.jsonl');
    assert.match(next ?? '', /^Next: `npx sluice run /);
  });
});
