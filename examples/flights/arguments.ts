import { parseOptions, refuse } from '../options.ts';

export interface FlightsArguments {
  /** A Parquet file with the columns of vega-datasets' flights. */
  readonly dataFile: string;
  /** undefined: all. */
  readonly maxFlightCount?: number;
  readonly outputDirectory: string;
}

/** What an npm package of the development dependencies ships; from the repository's root. */
const DEFAULT_DATA_FILE = 'node_modules/vega-datasets/data/flights-3m.parquet';
const USAGE =
  'usage: sluice run examples/flights/job.ts ' +
  '[--flights <n>|all] [--data <file.parquet>] [--output <directory>]';

const OPTIONS = {
  flights: { type: 'string' },
  data: { type: 'string' },
  output: { type: 'string' },
} as const;

/** @throws {StreamError} `BAD_ARGUMENTS`: which argument is wrong, and what it may be. */
export function parseArguments(args: readonly string[]): FlightsArguments {
  const { flights = 'all', data, output } = parseOptions(args, OPTIONS, USAGE);
  if (flights !== 'all' && !/^[1-9]\d{0,14}$/.test(flights)) {
    refuse(`--flights must be a whole number from 1 on, or all, not ${flights}`, USAGE);
  }
  return {
    dataFile: data ?? DEFAULT_DATA_FILE,
    ...(flights !== 'all' && { maxFlightCount: Number(flights) }),
    outputDirectory: output ?? 'out/flights',
  };
}
