import type { ParquetColumns, RowGroupRecords } from './parquet-source.ts';

/** One flight of the data set, as reported once it has landed. */
export interface Flight {
  readonly departureMs: number;
  /** Negative: early. */
  readonly delayMinutes: number;
  readonly distanceMiles: number;
  /** IATA codes. */
  readonly origin: string;
  readonly destination: string;
}

export const FLIGHT_COLUMNS = ['date', 'delay', 'distance', 'origin', 'destination'] as const;

/** A jet's block speed, and taxi, climb and approach, for want of landing times in the data. */
const MILES_PER_MINUTE = 8;
const GROUND_MINUTES = 30;

/**
 * The flights of a row group in the order their reports come in: by landing. The file is sorted by
 * departure and has no landing times; they are estimated from distance and delay. Ties keep the
 * file's order.
 */
export function flightsByLanding(columns: ParquetColumns): RowGroupRecords<Flight> {
  const { date = [], delay = [], distance = [], origin = [], destination = [] } = columns;
  const at = (row: number): Flight => ({
    departureMs: (date[row] as Date).getTime(),
    delayMinutes: Number(delay[row]),
    distanceMiles: Number(distance[row]),
    origin: origin[row] as string,
    destination: destination[row] as string,
  });
  const landingMs = Float64Array.from(date, (_, row) => landingOf(at(row)));
  const order = Uint32Array.from(date, (_, row) => row).sort(
    (a, b) => (landingMs[a] ?? 0) - (landingMs[b] ?? 0) || a - b,
  );
  return { count: order.length, at: (index) => at(order[index] ?? 0) };
}

/** Estimated landing, in epoch ms; never before the shortest possible flight. */
export function landingOf(flight: Flight): number {
  const minutes = GROUND_MINUTES + flight.distanceMiles / MILES_PER_MINUTE;
  const late = Math.max(flight.delayMinutes, GROUND_MINUTES - minutes);
  return flight.departureMs + (minutes + late) * 60_000;
}
