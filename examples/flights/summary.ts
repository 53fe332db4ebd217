/** The readable end of the flights job: tables made from the files its sinks have written. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobResult } from 'sluice';
import type { AirportDelays, LateReport } from './job.ts';

interface AirportTotal {
  readonly airport: string;
  readonly flights: number;
  readonly delayMinutes: number;
  readonly delayedFlights: number;
}

/** Everything the job has written into its output directory. */
export interface FlightsOutput {
  readonly daily: readonly AirportDelays[];
  readonly holdUps: readonly AirportDelays[];
  readonly bursts: readonly AirportDelays[];
  readonly late: readonly LateReport[];
}

export async function readOutput(directory: string): Promise<FlightsOutput> {
  const [daily, holdUps, bursts, late] = await Promise.all([
    readRows<AirportDelays>(join(directory, 'daily')),
    readRows<AirportDelays>(join(directory, 'hold-ups')),
    readRows<AirportDelays>(join(directory, 'bursts')),
    readRows<LateReport>(join(directory, 'late')),
  ]);
  return { daily, holdUps, bursts, late };
}

/** Pure: the same output and result give the same text. */
export function summaryOf(output: FlightsOutput, result: JobResult, directory: string): string {
  return [
    ...busiestAirports(output),
    '',
    ...worstHoldUps(output),
    '',
    ...longestBursts(output),
    '',
    totals(output, result),
    `Full output: ${directory}/{daily,hold-ups,bursts,late}/*.jsonl`,
    'Next: `npx sluice run -p 4 examples/flights/job.ts --flights 500000`, change a window in ' +
      'examples/flights/job.ts, or see examples/README.md',
  ].join('\n');
}

function busiestAirports({ daily }: FlightsOutput): string[] {
  const totals = airportTotals(daily);
  const shown = totals.toSorted((a, b) => b.flights - a.flights).slice(0, 12);
  return [
    `Delays at the ${shown.length} busiest of ${totals.length} airports`,
    ...table(
      ['airport', 'flights', 'average delay', 'over 15 min'],
      shown.map(({ airport, flights, delayMinutes, delayedFlights }) => [
        airport,
        count(flights),
        `${(delayMinutes / flights).toFixed(1)} min`,
        percent(delayedFlights / flights),
      ]),
    ),
  ];
}

function worstHoldUps({ holdUps }: FlightsOutput): string[] {
  const shown = holdUps
    .toSorted((a, b) => b.averageDelayMinutes - a.averageDelayMinutes || order(a, b))
    .slice(0, 5);
  return [
    `Worst of ${count(holdUps.length)} hold-ups: 3 hours in which most flights were late`,
    ...table(
      ['airport', 'from', 'flights', 'average delay', 'over 15 min'],
      shown.map(({ airport, from, flights, averageDelayMinutes, delayedShare }) => [
        airport,
        minute(from),
        count(flights),
        `${averageDelayMinutes.toFixed(1)} min`,
        percent(delayedShare),
      ]),
    ),
  ];
}

function longestBursts({ bursts }: FlightsOutput): string[] {
  const shown = bursts.toSorted((a, b) => b.flights - a.flights || order(a, b)).slice(0, 5);
  return [
    `Largest of ${count(bursts.length)} bursts: delays over 1 hour, at most 20 minutes apart`,
    ...table(
      ['airport', 'from', 'to', 'flights', 'worst delay'],
      shown.map(({ airport, from, to, flights, worstDelayMinutes }) => [
        airport,
        minute(from),
        minute(to),
        count(flights),
        `${count(worstDelayMinutes)} min`,
      ]),
    ),
  ];
}

function totals({ daily, late }: FlightsOutput, { netRuntimeMs, metrics }: JobResult): string {
  const sources = metrics.vertices.filter((vertex) => vertex.isSource);
  const records = sources.reduce((sum, vertex) => sum + vertex.numRecordsIn, 0);
  const subtasks = metrics.vertices.reduce((sum, vertex) => sum + vertex.parallelism, 0);
  const lastDay =
    daily
      .map(({ to }) => to.slice(0, 10))
      .sort()
      .at(-1) ?? 'nothing';
  return [
    `${count(records)} records in ${(netRuntimeMs / 1000).toFixed(1)} s`,
    `${count(Math.round(records / (netRuntimeMs / 1000)))} records/s`,
    `${count(subtasks)} subtasks`,
    `watermark past ${lastDay}`,
    `${count(late.length)} late records`,
  ].join(' · ');
}

function airportTotals(daily: readonly AirportDelays[]): AirportTotal[] {
  const totals = new Map<string, AirportTotal>();
  for (const { airport, flights, averageDelayMinutes, delayedShare } of daily) {
    const former = totals.get(airport);
    totals.set(airport, {
      airport,
      flights: (former?.flights ?? 0) + flights,
      delayMinutes: (former?.delayMinutes ?? 0) + averageDelayMinutes * flights,
      delayedFlights: (former?.delayedFlights ?? 0) + delayedShare * flights,
    });
  }
  return [...totals.values()].sort((a, b) => (a.airport < b.airport ? -1 : 1));
}

/** First column left, the others right. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) => {
    const cells = line.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
    );
    return `  ${cells.join('   ')}`;
  });
}

/** Ties in tables: by time, then by airport. */
function order(a: AirportDelays, b: AirportDelays): number {
  if (a.from !== b.from) return a.from < b.from ? -1 : 1;
  return a.airport < b.airport ? -1 : 1;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function minute(isoTime: string): string {
  return isoTime.slice(0, 16).replace('T', ' ');
}

async function readRows<T>(directory: string): Promise<T[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
  );
}
