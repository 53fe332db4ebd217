/**
 * Flight delays per airport, out of three million flights of 2001: `npm start`.
 *
 *     npx sluice run -p 2 examples/flights/job.ts --flights 500000
 *
 * Reports come in as flights land, so that the departures they tell of are out of order; event
 * time is the departure. Four results, in directories of their own:
 *
 * - `daily`: each airport's flights and delays, day by day (tumbling windows).
 * - `hold-ups`: three hours, looked at every hour, in which most of an airport's flights were
 *   late (sliding windows).
 * - `bursts`: series of departures delayed by more than an hour, no more than 20 minutes apart
 *   (session windows).
 * - `late`: reports that came after a window they belonged to was done (side outputs).
 */
import {
  type Collector,
  type DataStream,
  EventTimeSessionWindows,
  fileSink,
  type JobResult,
  jsonLines,
  OutputTag,
  type ProcessWindowContext,
  SlidingEventTimeWindows,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from 'sluice';
import { parseArguments } from './arguments.ts';
import { type DelayStatistics, delayStatistics } from './delay-statistics.ts';
import { DepartureWatermarks } from './departure-watermarks.ts';
import { FLIGHT_COLUMNS, type Flight, flightsByLanding } from './flights.ts';
import { parquetSource } from './parquet-source.ts';
import { readOutput, summaryOf } from './summary.ts';

/** Delays of an airport's departures in a window. */
export interface AirportDelays extends DelayStatistics {
  readonly airport: string;
  /** ISO-8601, in UTC as the data has it. */
  readonly from: string;
  readonly to: string;
}

export type WindowName = 'daily' | 'hold-ups' | 'bursts';

export interface LateReport extends Flight {
  /** What it came too late for. */
  readonly window: WindowName;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOLD_UP_MIN_FLIGHTS = 20;
const HOLD_UP_MIN_DELAYED_SHARE = 0.5;
const BURST_MIN_DELAY_MINUTES = 60;
const BURST_MIN_FLIGHTS = 3;

export default async function flightDelays(
  env: StreamExecutionEnvironment,
  args: readonly string[],
): Promise<void> {
  const { dataFile, maxFlightCount, outputDirectory } = parseArguments(args);
  // One subtask reads and generates watermarks: which reports are late is then the same at any
  // parallelism. What it reads is spread by airport.
  const flights = env
    .fromSource(
      parquetSource({
        path: dataFile,
        columns: FLIGHT_COLUMNS,
        decode: flightsByLanding,
        ...(maxFlightCount !== undefined && { maxRowCount: maxFlightCount }),
      }),
      WatermarkStrategy.forGenerator(() => new DepartureWatermarks()).withTimestampAssigner(
        (flight: Flight) => flight.departureMs,
      ),
      'flights',
    )
    .uid('flights')
    .setParallelism(1);

  const sinkTo = <T>(rows: DataStream<T>, name: string): void => {
    rows
      .sinkTo(
        fileSink({
          directory: `${outputDirectory}/${name}`,
          format: jsonLines<T>(),
          overwrite: true,
        }),
      )
      .name(name);
  };
  const daily = flights
    .keyBy('origin')
    .window(TumblingEventTimeWindows.of(24 * HOUR_MS))
    .sideOutputLateData(LATE.daily)
    .aggregate(delayStatistics(), toAirportDelays)
    .name('daily')
    .uid('daily');
  const holdUps = flights
    .keyBy('origin')
    .window(SlidingEventTimeWindows.of(3 * HOUR_MS, HOUR_MS))
    .sideOutputLateData(LATE['hold-ups'])
    .aggregate(delayStatistics(), toAirportDelays)
    .name('hold-ups')
    .uid('hold-ups');
  const bursts = flights
    .filter((flight) => flight.delayMinutes > BURST_MIN_DELAY_MINUTES)
    .setParallelism(1)
    .keyBy('origin')
    .window(EventTimeSessionWindows.withGap(20 * MINUTE_MS))
    .sideOutputLateData(LATE.bursts)
    .aggregate(delayStatistics(), toAirportDelays)
    .name('bursts')
    .uid('bursts');

  sinkTo(daily, 'daily');
  sinkTo(holdUps.filter(isHoldUp), 'hold-ups');
  sinkTo(
    bursts.filter((burst) => burst.flights >= BURST_MIN_FLIGHTS),
    'bursts',
  );
  const lateFor = (windows: typeof daily, window: WindowName): DataStream<LateReport> =>
    windows.getSideOutput(LATE[window]).map((flight) => ({ window, ...flight }));
  sinkTo(
    lateFor(daily, 'daily').union(lateFor(holdUps, 'hold-ups'), lateFor(bursts, 'bursts')),
    'late',
  );
  await env.execute('Flight delays');
}

const LATE = {
  daily: new OutputTag<Flight>('late-for-daily'),
  'hold-ups': new OutputTag<Flight>('late-for-hold-ups'),
  bursts: new OutputTag<Flight>('late-for-bursts'),
} as const;

function isHoldUp({ flights, delayedShare }: AirportDelays): boolean {
  return flights >= HOLD_UP_MIN_FLIGHTS && delayedShare >= HOLD_UP_MIN_DELAYED_SHARE;
}

/** Shown after the job has finished. */
export async function onFinished(result: JobResult, args: readonly string[]): Promise<string> {
  const { outputDirectory } = parseArguments(args);
  return summaryOf(await readOutput(outputDirectory), result, outputDirectory);
}

/** Window results of an airport, times as ISO-8601. */
function toAirportDelays(
  airport: string,
  { window }: ProcessWindowContext,
  results: Iterable<DelayStatistics>,
  out: Collector<AirportDelays>,
): void {
  const from = new Date(window.start).toISOString();
  const to = new Date(window.end).toISOString();
  for (const statistics of results) out.collect({ airport, from, to, ...statistics });
}
