import type { AggregateFunction } from 'sluice';
import type { Flight } from './flights.ts';

export interface DelayStatistics {
  readonly flights: number;
  /** Early departures count as negative delays; to two decimals. */
  readonly averageDelayMinutes: number;
  readonly worstDelayMinutes: number;
  /** Of flights more than 15 minutes late, as airlines count; 0 to 1, to four decimals. */
  readonly delayedShare: number;
}

/** Sums of integers: exact, whatever order flights come in. */
interface DelaySums {
  flights: number;
  delayMinutes: number;
  worstDelayMinutes: number;
  delayedFlights: number;
}

const DELAYED_MINUTES = 15;

export function delayStatistics(): AggregateFunction<Flight, DelaySums, DelayStatistics> {
  return {
    createAccumulator: () => ({
      flights: 0,
      delayMinutes: 0,
      worstDelayMinutes: Number.NEGATIVE_INFINITY,
      delayedFlights: 0,
    }),
    add({ delayMinutes }, sums) {
      sums.flights += 1;
      sums.delayMinutes += delayMinutes;
      if (delayMinutes > sums.worstDelayMinutes) sums.worstDelayMinutes = delayMinutes;
      if (delayMinutes > DELAYED_MINUTES) sums.delayedFlights += 1;
      return sums;
    },
    getResult: ({ flights, delayMinutes, worstDelayMinutes, delayedFlights }) => ({
      flights,
      averageDelayMinutes: rounded(delayMinutes / flights, 2),
      worstDelayMinutes,
      delayedShare: rounded(delayedFlights / flights, 4),
    }),
    merge: (left, right) => ({
      flights: left.flights + right.flights,
      delayMinutes: left.delayMinutes + right.delayMinutes,
      worstDelayMinutes: Math.max(left.worstDelayMinutes, right.worstDelayMinutes),
      delayedFlights: left.delayedFlights + right.delayedFlights,
    }),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
