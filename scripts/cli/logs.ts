/** `sluice logs`: what a job's log says, of a job on this machine or on a deployed cluster. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamError } from '../../runtime/core/index.ts';
import type { ConsoleWorld } from './console-world.ts';
import { logDirectory, logFilesOf } from './job-log-files.ts';
import { levelOf, logLineText, parseLogLine } from './log-line.ts';
import { type LogsSettings, logsSettings } from './logs-options.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';
import { notTaken, printedOf } from './printed-output.ts';
import { tailLines } from './tail-lines.ts';

/** A line of JSON, and the function that has written it. */
export interface SourcedLine {
  readonly text: string;
  readonly source?: string;
}

/** Lines of a job since a time; those that are there, or, followed, those that come, too. */
export type LogSource = (
  settings: LogsSettings & { readonly follow: boolean },
) => AsyncIterable<SourcedLine>;

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const LOCAL_POLL_MS = 300;

/**
 * @returns 0; it ends with the log, or is interrupted.
 * @throws {StreamError} `BAD_ARGUMENTS`, `LOG_NOT_FOUND`, `LOGS_NOT_READ`
 */
export async function logs(options: ParsedOptions, world: ConsoleWorld): Promise<number> {
  const settings = logsSettings(options, Date.now());
  if (options.flags.has('stdout')) return await printedOf(settings.jobId, options, world);
  if (options.values.has('jobmanager')) throw notTaken();
  const follow = options.flags.has('follow');
  const source = sourceOf(options, world);
  const isJson = options.flags.has('json');
  for await (const { text, source: from } of source({ ...settings, follow })) {
    const shown = shownLine(text, settings, isJson, from);
    if (shown !== undefined) world.stdout.write(`${shown}\n`);
  }
  return 0;
}

function sourceOf({ values }: ParsedOptions, world: ConsoleWorld): LogSource {
  const value = (name: string): string | undefined => values.get(name)?.[0];
  const [prefix, given] = [value('prefix'), value('region')];
  const directory = value('log-dir');
  if (prefix === undefined) {
    if (given !== undefined) throw badArguments('--region is that of a cluster: give --prefix.');
    return localLogs(world, directory);
  }
  if (directory !== undefined) throw badArguments('--log-dir and --prefix exclude each other.');
  // The SDK knows the first of the two only.
  const { AWS_REGION, AWS_DEFAULT_REGION } = world.environment;
  const region = given ?? [AWS_REGION, AWS_DEFAULT_REGION].find((one) => (one ?? '') !== '');
  return async function* (settings) {
    // The SDK takes its time to load, and need not be there for local jobs.
    const { deployedLogs } = await import('./deployed-logs.ts');
    yield* deployedLogs({ prefix, ...(region === undefined ? {} : { region }) })(settings);
  };
}

/** Undefined: it is too early, or not loud enough. */
function shownLine(
  text: string,
  { sinceEpochMs, level }: LogsSettings,
  isJson: boolean,
  source: string | undefined,
): string | undefined {
  const line = parseLogLine(text);
  if (line === undefined) return undefined;
  if (LEVELS.indexOf(levelOf(line)) < LEVELS.indexOf(level)) return undefined;
  if (Date.parse(String(line.timestamp)) < sinceEpochMs) return undefined;
  return isJson ? text : logLineText(line, source);
}

/** @param given the directory, if it was said. */
function localLogs({ cwd, environment }: ConsoleWorld, given: string | undefined): LogSource {
  return async function* ({ jobId, follow }) {
    const directory = given === undefined ? logDirectory(environment) : resolve(cwd, given);
    const files = directory === undefined ? [] : logFilesOf(directory, jobId);
    if (!files.some((file) => existsSync(file))) throw notFound(jobId, directory);
    for (const [index, file] of files.entries()) {
      const isNewest = index === files.length - 1;
      const wait = follow && isNewest ? () => sleep(LOCAL_POLL_MS) : undefined;
      for await (const text of tailLines(file, wait)) yield { text };
    }
  };
}

function notFound(jobId: string, directory: string | undefined): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'LOG_NOT_FOUND',
    message:
      'no job of this machine has such a log; of a job on AWS say the cluster, --prefix <name>: ' +
      `job=${jobId} directory=${directory ?? ''}`,
    details: { jobId, directory: directory ?? '' },
  });
}
