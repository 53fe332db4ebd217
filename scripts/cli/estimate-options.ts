/** The options of `sluice estimate`, and their values. */
import type { OperatorFacts } from '../../runtime/adapters/aws/cost/index.ts';
import { isStreamError, nearestName, parseDurationMs } from '../../runtime/core/index.ts';
import { CONFIG_DIR, HELP, JOB_MANAGER, PARALLELISM, PROPERTY, VERBOSE } from './options.ts';
import { badArguments, type OptionSpec, type ParsedOptions } from './parse-options.ts';

/** `estimate [OPTIONS] <job-file> [-- <arguments>]`. */
export const ESTIMATE_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'rate',
    argument: 'records/time',
    description: 'Records that all sources together take in: 500/s, 30000/min, 2M/d.',
  },
  {
    long: 'record-bytes',
    argument: 'bytes',
    description: 'Size of a record between operators; 200 if it is not given.',
  },
  {
    long: 'operator',
    argument: 'name:setting=value,…',
    repeatable: true,
    description:
      'What is different for one operator, by uid or name: rate (of a source), selectivity ' +
      '(records given for one taken; 1), bytes (of a record it gives), keys, state-bytes (of a ' +
      'key), dirty (keys that change between checkpoints, such as 5%). May be repeated.',
  },
  {
    long: 'keys',
    argument: 'count',
    description: 'Keys of each keyed operator; 10,000 if it is not given.',
  },
  {
    long: 'state-bytes',
    argument: 'bytes',
    description: 'State of a key in a checkpoint; 100 if it is not given.',
  },
  {
    long: 'checkpoint-interval',
    argument: 'duration',
    description: 'In place of the program’s execution.checkpointing.interval.',
  },
  {
    long: 'slots',
    argument: 'count',
    description: 'Slots a TaskManager, 1 (default) to 6; each adds 1,769 MB, up to 10,240.',
  },
  { long: 'lease', argument: 'duration', description: 'Of a TaskManager; 14 min if not given.' },
  {
    long: 'linger',
    argument: 'duration',
    description: 'How long records to another TaskManager wait for others; 100 ms if not given.',
  },
  {
    long: 'active',
    argument: 'share',
    description: 'Of the time, that the job does not hibernate, such as 5%; 100% if not given.',
  },
  {
    long: 'wakes',
    argument: 'count/time',
    description: 'How often it wakes or restarts; 1/h with --active, otherwise 0.',
  },
  {
    long: 'api-requests',
    argument: 'count/time',
    description: 'Requests to the HTTP API, a dashboard’s for example; 0 if not given.',
  },
  {
    long: 'from-run',
    argument: 'file-or-job-id',
    description:
      'Takes rates, sizes and state from a run: a job of a cluster (see -m), or a file with what ' +
      'GET /jobs/<id> has answered. --rate then scales them.',
  },
  { long: 'requests', description: 'Shows the requests of an hour, too, by operation.' },
  { long: 'json', description: 'Prints everything as JSON.' },
  { ...JOB_MANAGER, description: 'With --from-run: the cluster that has the job.' },
  PARALLELISM,
  PROPERTY,
  CONFIG_DIR,
  VERBOSE,
  HELP,
];

/** What was asked for, read; what was not given is absent. */
export interface EstimateSettings {
  readonly rateRecordsPerS?: number;
  readonly recordBytes?: number;
  readonly operators: readonly OperatorFacts[];
  readonly keys?: number;
  readonly stateBytesPerKey?: number;
  readonly checkpointIntervalMs?: number;
  readonly taskSlots?: number;
  readonly leaseMs?: number;
  readonly lingerMs?: number;
  readonly activeShare?: number;
  readonly attemptsPerHour?: number;
  readonly apiRequestsPerHour?: number;
}

const MAX_TASK_SLOTS = 6;
const MAX_LEASE_MS = 870_000;
const HOUR_S = 3_600;
/** What is asked for above these is a slip of the pen, and its dollars would be nonsense. */
const MOST = {
  rateRecordsPerS: 1e9,
  recordBytes: 1e9,
  keys: 1e12,
  stateBytes: 1e9,
  selectivity: 1e6,
  requestsPerS: 10_000,
  wakesPerS: 1,
  slots: 5_000,
} as const;
const MULTIPLES: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const TIMES_S: Readonly<Record<string, number>> = { s: 1, min: 60, h: HOUR_S, d: 86_400 };

/** @throws {StreamError} `BAD_ARGUMENTS` */
export function estimateSettings({ values }: ParsedOptions): EstimateSettings {
  const read = <T>(name: string, parse: (text: string, what: string) => T): T | undefined => {
    const text = values.get(name)?.[0];
    return text === undefined ? undefined : parse(text, `--${name}`);
  };
  const perHour =
    (mostPerS: number) =>
    (text: string, what: string): number =>
      atMost(parseRate(text, what), mostPerS, '/s', what, text) * HOUR_S;
  checkParallelism(values.get('parallelism')?.[0]);
  const settings = {
    rateRecordsPerS: read('rate', recordRate),
    recordBytes: read('record-bytes', recordBytes),
    keys: read('keys', keyCount),
    stateBytesPerKey: read('state-bytes', stateBytes),
    checkpointIntervalMs: read('checkpoint-interval', durationFrom(10)),
    taskSlots: read('slots', parseSlots),
    leaseMs: read('lease', durationFrom(1_000, MAX_LEASE_MS)),
    lingerMs: read('linger', durationFrom(0, 60_000)),
    activeShare: read('active', parseShare),
    attemptsPerHour: read('wakes', perHour(MOST.wakesPerS)),
    apiRequestsPerHour: read('api-requests', perHour(MOST.requestsPerS)),
  };
  return {
    operators: (values.get('operator') ?? []).map(parseOperator),
    ...(Object.fromEntries(
      Object.entries(settings).filter(([, value]) => value !== undefined),
    ) as Partial<EstimateSettings>),
  };
}

/** Events a second of `500/s`, `30k/min`, `1.5M/d`. */
export function parseRate(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kMG]?)\s*\/\s*(s|min|h|d)$/.exec(text.trim());
  const [, digits = '', multiple = '', time = ''] = match ?? [];
  const [factor, timeS] = [MULTIPLES[multiple], TIMES_S[time]];
  if (match === null || factor === undefined || timeS === undefined) {
    throw badArguments(
      `The value of ${what} must be a rate such as 500/s, 30k/min or 2M/d: ${text}`,
    );
  }
  return (Number(digits) * factor) / timeS;
}

/** A number that is not negative, with `k`, `M` or `G`. */
export function parseCount(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text.trim());
  const factor = MULTIPLES[match?.[2] ?? ''];
  if (match === null || factor === undefined) {
    throw badArguments(`The value of ${what} must be a number such as 200, 10k or 2M: ${text}`);
  }
  return Number(match[1]) * factor;
}

function recordRate(text: string, what: string): number {
  return atMost(parseRate(text, what), MOST.rateRecordsPerS, '/s', what, text);
}

const recordBytes = countFrom(1, MOST.recordBytes);
const stateBytes = countFrom(0, MOST.stateBytes);
const keyCount = countFrom(0, MOST.keys);

function countFrom(min: number, max: number): (text: string, what: string) => number {
  return (text, what) => {
    const count = parseCount(text, what);
    if (count >= min) return atMost(count, max, '', what, text);
    throw badArguments(`The value of ${what} must be ${min} or more: ${text}`);
  };
}

function atMost(value: number, max: number, unit: string, what: string, text: string): number {
  if (value <= max) return value;
  const [multiple = '', factor = 1] =
    Object.entries(MULTIPLES)
      .filter(([, one]) => one <= max)
      .at(-1) ?? [];
  const most = `${(max / factor).toLocaleString('en')}${multiple}${unit}`;
  throw badArguments(`The value of ${what} must be ${most} at most: ${text}`);
}

/** All channels of a job are laid out to plan it: their number is the square of this. */
function checkParallelism(text: string | undefined): void {
  if (text === undefined || !(Number(text) > MOST.slots)) return;
  throw badArguments(
    `An estimate is of a parallelism of ${MOST.slots.toLocaleString('en')} at most: ${text}`,
  );
}

/** `5%` or `0.05`. */
export function parseShare(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim());
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw badArguments(`The value of ${what} must be a share from 0% to 100%: ${text}`);
}

function parseSlots(text: string, what: string): number {
  const slots = Number(text);
  if (Number.isInteger(slots) && slots >= 1 && slots <= MAX_TASK_SLOTS) return slots;
  throw badArguments(`The value of ${what} must be a number from 1 to ${MAX_TASK_SLOTS}: ${text}`);
}

function durationFrom(
  minMs: number,
  maxMs: number = Number.POSITIVE_INFINITY,
): (text: string, what: string) => number {
  return (text, what) => {
    const durationMs = durationOf(text);
    if (durationMs !== undefined && durationMs >= minMs && durationMs <= maxMs) return durationMs;
    const most = Number.isFinite(maxMs)
      ? `, from ${minMs} ms to ${maxMs} ms`
      : `, ${minMs} ms or more`;
    throw badArguments(
      `The value of ${what} must be a duration such as 20ms, 10s or 14min${most}: ${text}`,
    );
  };
}

function durationOf(text: string): number | undefined {
  try {
    return parseDurationMs(text);
  } catch (error) {
    if (isStreamError(error)) return undefined;
    throw error;
  }
}

const OPERATOR_SETTINGS: Readonly<
  Record<
    string,
    readonly [Exclude<keyof OperatorFacts, 'operator'>, (text: string, what: string) => number]
  >
> = {
  rate: ['rateRecordsPerS', recordRate],
  selectivity: ['selectivity', countFrom(0, MOST.selectivity)],
  bytes: ['recordBytes', recordBytes],
  keys: ['keys', keyCount],
  'state-bytes': ['stateBytesPerKey', stateBytes],
  dirty: ['dirtyShare', parseShare],
};

/** `name:setting=value,…`; the name may hold colons, as those of sources do. */
function parseOperator(text: string): OperatorFacts {
  const match = /^(.+):([^:]*)$/.exec(text);
  if (match === null) {
    throw badArguments(`The value of --operator must be <name>:<setting>=<value>,…: ${text}`);
  }
  const [, operator = '', list = ''] = match;
  const facts = list.split(',').map((pair) => {
    const [name = '', value = ''] = pair.split('=', 2).map((part) => part.trim());
    const setting = OPERATOR_SETTINGS[name];
    if (setting === undefined) throw unknownSetting(name);
    const [key, parse] = setting;
    return [key, parse(value, `${name} of '${operator.trim()}'`)];
  });
  return { operator: operator.trim(), ...Object.fromEntries(facts) };
}

function unknownSetting(name: string): Error {
  const names = Object.keys(OPERATOR_SETTINGS);
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? names.join(', ') : `did you mean ${nearest}?`;
  return badArguments(`--operator knows no setting '${name}'; ${hint}`);
}
