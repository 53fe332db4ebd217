import { parseOptions, refuse } from '../options.ts';
import { DEFAULT_GENERATOR_CONFIG, type GeneratorConfig } from './generator/config.ts';
import { QUERIES, type QueryName } from './queries/index.ts';

export interface NexmarkArguments {
  readonly query: QueryName;
  readonly input:
    | { readonly kind: 'file'; readonly path: string }
    | {
        readonly kind: 'generator';
        readonly count: number;
        readonly config: GeneratorConfig;
        /** Emits at the events' own rate instead of as fast as can be. */
        readonly paced: boolean;
      };
  readonly outputDirectory: string;
  /** Replaces the rows of an earlier run. */
  readonly overwrite: boolean;
}

const USAGE =
  'usage: sluice run examples/nexmark/job.ts --query q0 ' +
  '(--events <file.jsonl[.gz]> | --count <n> [--rate <events/s>] [--seed <n>] ' +
  '[--out-of-order <n>] [--paced]) --output <directory> [--overwrite]';

const OPTIONS = {
  query: { type: 'string' },
  events: { type: 'string' },
  count: { type: 'string' },
  rate: { type: 'string' },
  seed: { type: 'string' },
  'out-of-order': { type: 'string' },
  paced: { type: 'boolean' },
  output: { type: 'string' },
  overwrite: { type: 'boolean' },
} as const;

/** @throws {StreamError} `BAD_ARGUMENTS`: which argument is wrong, and what it may be. */
export function parseArguments(args: readonly string[]): NexmarkArguments {
  const values = parseOptions(args, OPTIONS, USAGE);
  const query = values.query ?? refuse(`--query is missing, one of ${knownQueries()}`, USAGE);
  if (!isQuery(query)) refuse(`unknown query ${query}, known are ${knownQueries()}`, USAGE);
  const outputDirectory =
    values.output ?? refuse('--output is missing: a directory for the rows', USAGE);
  const { events, count, overwrite = false } = values;
  if (events !== undefined && count !== undefined) {
    refuse('--events and --count exclude each other: read a file or generate', USAGE);
  }
  if (events !== undefined) {
    for (const name of ['rate', 'seed', 'out-of-order', 'paced'] as const) {
      if (values[name] !== undefined)
        refuse(`--${name} is for generated events, not for --events`, USAGE);
    }
    return { query, input: { kind: 'file', path: events }, outputDirectory, overwrite };
  }
  if (count === undefined) refuse('--events <file> or --count <n> is missing', USAGE);
  return {
    query,
    input: {
      kind: 'generator',
      count: wholeNumber('count', count, 1),
      config: {
        ...DEFAULT_GENERATOR_CONFIG,
        ...(values.rate && { eventsPerSecond: wholeNumber('rate', values.rate, 1) }),
        ...(values.seed && { seed: wholeNumber('seed', values.seed, 0) }),
        ...(values['out-of-order'] && {
          outOfOrderGroupCount: wholeNumber('out-of-order', values['out-of-order'], 1),
        }),
      },
      paced: values.paced === true,
    },
    outputDirectory,
    overwrite,
  };
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  return refuse(`--${name} must be a whole number from ${min} on, not ${text}`, USAGE);
}

function isQuery(name: string): name is QueryName {
  return Object.hasOwn(QUERIES, name);
}

function knownQueries(): string {
  return Object.keys(QUERIES).join(', ');
}
