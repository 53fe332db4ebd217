/** The same money spent on Amazon Managed Service for Apache Flink: what it costs, and from when. */
import type { AwsPrices } from '../prices.ts';
import {
  type CostModel,
  estimateOf,
  HOURS_A_MONTH,
  sourceRecordsPerS,
  withTraffic,
} from './cost-model.ts';

/** Rates above are not looked at. */
export const MAX_RATE_RECORDS_PER_S = 10_000_000;
const SEARCH_STEPS = 60;

export interface BreakEven {
  /** Of the smallest application, all day. */
  readonly managedUsdPerMonth: number;
  /**
   * Records a second of all sources, active all the time, from which the managed service is
   * cheaper. `always`: it is at any rate; `never`: it is not up to
   * {@link MAX_RATE_RECORDS_PER_S}, which its smallest application would not manage either.
   */
  readonly rateRecordsPerS: number | 'always' | 'never';
  /** At the rate given: the share of the time, up to 1, that a job may be active and cost less. */
  readonly activeShare: number;
}

/** One KPU to run, one for orchestration, and the running storage of the first. */
export function managedFlinkUsdPerMonth({ managedFlink }: AwsPrices): number {
  const { kpuHourUsd, storageGbMonthUsd, storageGbPerKpu, smallestApplicationKpus } = managedFlink;
  const storageUsd = (smallestApplicationKpus - 1) * storageGbPerKpu * storageGbMonthUsd;
  return smallestApplicationKpus * kpuHourUsd * HOURS_A_MONTH + storageUsd;
}

/** Searches the rate by halving: cost grows with it. Sources keep their shares of it. */
export function breakEven(model: CostModel): BreakEven {
  const managedUsdPerMonth = managedFlinkUsdPerMonth(model.prices);
  const limitUsd = managedUsdPerMonth / HOURS_A_MONTH;
  const rateRecordsPerS = sourceRecordsPerS(model.input, model.traffic);
  const hourAt = (rate: number): number =>
    estimateOf(atRate(model, rate / rateRecordsPerS)).usdPerActiveHour;
  return {
    managedUsdPerMonth,
    rateRecordsPerS: rateRecordsPerS === 0 ? 'never' : searchRate(hourAt, limitUsd),
    activeShare: Math.min(1, limitUsd / estimateOf(model).usdPerActiveHour),
  };
}

function searchRate(
  hourUsdAt: (rate: number) => number,
  limitUsd: number,
): BreakEven['rateRecordsPerS'] {
  if (hourUsdAt(MAX_RATE_RECORDS_PER_S) < limitUsd) return 'never';
  // A job that only waits for records.
  if (hourUsdAt(1e-6) >= limitUsd) return 'always';
  let [low, high] = [1e-6, MAX_RATE_RECORDS_PER_S];
  for (let step = 0; step < SEARCH_STEPS; step++) {
    const middle = Math.sqrt(low * high);
    if (hourUsdAt(middle) < limitUsd) low = middle;
    else high = middle;
  }
  return high;
}

/** The same job with so many times the records. */
export function atRate({ input, layout, prices }: CostModel, factor: number): CostModel {
  const operators = input.operators.map((facts) =>
    facts.rateRecordsPerS === undefined
      ? facts
      : { ...facts, rateRecordsPerS: facts.rateRecordsPerS * factor },
  );
  const rateRecordsPerS = input.rateRecordsPerS * factor;
  return withTraffic({ ...input, operators, rateRecordsPerS }, layout, prices);
}
