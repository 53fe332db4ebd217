/** The options of `sluice logs`, and their values. */
import { isStreamError, type LogLevel, parseDurationMs } from '../../runtime/core/index.ts';
import { CONFIG_DIR, HELP, JOB_MANAGER, PROPERTY, VERBOSE } from './options.ts';
import { badArguments, type OptionSpec, type ParsedOptions } from './parse-options.ts';

/** `logs [OPTIONS] <Job ID>`. */
export const LOGS_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'prefix',
    argument: 'name',
    description:
      'Of the deployed cluster that has the job: what it was deployed as, sluice if nothing else ' +
      'was said. Without, the job is one of this machine.',
  },
  {
    long: 'region',
    argument: 'region',
    description: 'Of the deployed cluster; that of your AWS profile or environment if not given.',
  },
  { short: 'f', long: 'follow', description: 'Goes on showing lines as they come, until Ctrl-C.' },
  {
    long: 'since',
    argument: 'time',
    description: 'A duration back from now (10min, 2h) or a time (2026-01-31T12:00Z); 24h.',
  },
  {
    long: 'level',
    argument: 'level',
    description: 'debug, info (default), warn or error: this, and what is worse.',
  },
  {
    long: 'log-dir',
    argument: 'directory',
    description:
      'Of jobs of this machine: where their logs are, if they were not where they usually are.',
  },
  { long: 'json', description: 'Prints the lines as they were written, each a JSON document.' },
  {
    long: 'stdout',
    description:
      'Shows instead what the job has printed on a cluster of this machine, print() included, of ' +
      'each of its TaskManagers that the cluster remembers.',
  },
  {
    ...JOB_MANAGER,
    description: 'With --stdout: address of the cluster; 127.0.0.1:8081 if it is not given.',
  },
  PROPERTY,
  CONFIG_DIR,
  VERBOSE,
  HELP,
];

export interface LogsSettings {
  readonly jobId: string;
  readonly sinceEpochMs: number;
  readonly level: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const DEFAULT_SINCE = '24h';

/** @throws {StreamError} `BAD_ARGUMENTS` */
export function logsSettings({ values, rest }: ParsedOptions, nowEpochMs: number): LogsSettings {
  const [jobId] = rest;
  if (jobId === undefined) throw badArguments('One job id is needed.');
  if (!/^[0-9a-fA-F]{32}$/.test(jobId)) {
    throw badArguments(`A job id has 32 hexadecimal digits: ${jobId}`);
  }
  const given = values.get('level')?.[0] ?? 'info';
  const level = LEVELS.find((one) => one === given.toLowerCase());
  if (level === undefined) throw badArguments(`The level must be one of ${LEVELS.join(', ')}.`);
  const since = values.get('since')?.[0] ?? DEFAULT_SINCE;
  return { jobId: jobId.toLowerCase(), level, sinceEpochMs: parseSince(since, nowEpochMs) };
}

/** Milliseconds of the epoch of `10min`, or of a time. */
export function parseSince(text: string, nowEpochMs: number): number {
  const atEpochMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(atEpochMs)) return atEpochMs;
  try {
    return nowEpochMs - parseDurationMs(text);
  } catch (error) {
    if (!isStreamError(error)) throw error;
    throw badArguments(
      `The value of --since must be a duration such as 10min, or a time such as ` +
        `2026-01-31T12:00Z: ${text}`,
    );
  }
}
