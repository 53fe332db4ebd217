import { parseOptions, refuse } from '../options.ts';

export interface StateMachineArguments {
  readonly seed: number;
  /** Undefined: the events never end. */
  readonly eventCount?: number;
  /** Undefined: as fast as can be. Given for events that never end, which fill a disk otherwise. */
  readonly ratePerSecond?: number;
  /** Undefined: alerts are printed. */
  readonly outputDirectory?: string;
}

/** Of events that never end, if no other is given: some 40 alerts a second. */
const ENDLESS_RATE = 1_000;

const USAGE =
  'usage: sluice run examples/state-machine/job.ts [--events <n>] [--rate <events/s>] ' +
  '[--seed <n>] [--output <directory>]';

const OPTIONS = {
  events: { type: 'string' },
  rate: { type: 'string' },
  seed: { type: 'string' },
  output: { type: 'string' },
} as const;

/** @throws {StreamError} `BAD_ARGUMENTS`: which argument is wrong, and what it may be. */
export function parseArguments(args: readonly string[]): StateMachineArguments {
  const { events, rate: given, seed = '1', output } = parseOptions(args, OPTIONS, USAGE);
  const rate = given ?? (events === undefined ? String(ENDLESS_RATE) : undefined);
  return {
    seed: wholeNumber('seed', seed),
    ...(events !== undefined && { eventCount: wholeNumber('events', events) }),
    ...(rate !== undefined && { ratePerSecond: positive('rate', rate) }),
    ...(output !== undefined && { outputDirectory: output }),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
  return refuse(`--${name} must be a number above 0, not ${text}`, USAGE);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return refuse(`--${name} must be a whole number from 0 on, not ${text}`, USAGE);
}
