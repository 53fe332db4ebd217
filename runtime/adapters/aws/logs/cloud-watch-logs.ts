/**
 * Lines of a cluster's functions, from CloudWatch Logs.
 *
 * I1  Lines of several log groups come in the order of their times, a page of each in memory.
 * I2  Only lines of JSON that say the asked-for job are given; the service filters first, what it
 *     has let through is looked at again.
 */
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { type LogLevel, StreamError } from '../../../core/index.ts';
import { AwsCallFailed, type AwsCalls } from '../aws-calls.ts';
import { adviceOf, kindOfFailure } from '../aws-failure.ts';
import { type AwsClientSettings, awsClientConfig } from '../clients.ts';
import { mergeByTime } from './merge-by-time.ts';

export interface LogQuery {
  readonly groups: readonly string[];
  /** Undefined: of all jobs, and of none. */
  readonly jobId: string | undefined;
  readonly sinceEpochMs: number;
  /** This, and what is worse. */
  readonly level: LogLevel;
}

/** One line. */
export interface LogEvent {
  readonly group: string;
  readonly timestampEpochMs: number;
  /** As it was written, a JSON object. */
  readonly text: string;
  /** The same for the same line, whenever it is read. */
  readonly id: string;
}

export interface CloudWatchLogsParts {
  readonly logs: CloudWatchLogsClient;
  readonly calls: AwsCalls;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** With a client of its own. */
export function connectCloudWatchLogs(
  calls: AwsCalls,
  settings: AwsClientSettings = {},
): CloudWatchLogs {
  return new CloudWatchLogs({ logs: new CloudWatchLogsClient(awsClientConfig(settings)), calls });
}

export class CloudWatchLogs {
  readonly #logs: CloudWatchLogsClient;
  readonly #calls: AwsCalls;

  constructor({ logs, calls }: CloudWatchLogsParts) {
    this.#logs = logs;
    this.#calls = calls;
  }

  /**
   * What there is by now, by time (I1).
   *
   * @throws {StreamError} `LOGS_NOT_READ`, for a group that is not there, too.
   */
  read(query: LogQuery): AsyncGenerator<LogEvent> {
    return mergeByTime(query.groups.map((group) => this.#pages(group, query)));
  }

  /** Closes the connections. */
  close(): void {
    this.#logs.destroy();
  }

  async *#pages(
    group: string,
    { jobId, sinceEpochMs, level }: LogQuery,
  ): AsyncGenerator<readonly LogEvent[]> {
    let from: string | undefined;
    do {
      const page = await this.#page(
        new FilterLogEventsCommand({
          logGroupName: group,
          startTime: sinceEpochMs,
          filterPattern: filterPattern(jobId, level),
          ...(from === undefined ? {} : { nextToken: from }),
        }),
        group,
      );
      yield (page.events ?? []).flatMap((event) => {
        const { message = '', timestamp = 0, logStreamName = '' } = event;
        // I2.
        if (!isLineOf(message, jobId, level)) return [];
        const id = event.eventId ?? `${group}/${logStreamName}/${timestamp}/${message}`;
        return [{ group, timestampEpochMs: timestamp, text: message.trimEnd(), id }];
      });
      from = page.nextToken;
    } while (from !== undefined);
  }

  async #page(
    command: FilterLogEventsCommand,
    group: string,
  ): Promise<FilterLogEventsCommandOutput> {
    try {
      return await this.#calls.call({ permission: 'logs:FilterLogEvents' }, ({ options }) =>
        this.#logs.send(command, options),
      );
    } catch (thrown) {
      throw readFailure(thrown, group);
    }
  }
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html */
export function filterPattern(jobId: string | undefined, level: LogLevel): string {
  const worse = LEVELS.slice(LEVELS.indexOf(level)).map(
    (one) => `$.level = "${one.toUpperCase()}"`,
  );
  const isLoud = worse.join(' || ');
  if (jobId === undefined) return `{ ${isLoud} }`;
  const isOfJob = `$.jobId = "${jobId}"`;
  return level === 'debug' ? `{ ${isOfJob} }` : `{ ${isOfJob} && (${isLoud}) }`;
}

function isLineOf(text: string, jobId: string | undefined, level: LogLevel): boolean {
  if (!text.startsWith('{')) return false;
  try {
    const line = JSON.parse(text) as { readonly jobId?: unknown; readonly level?: unknown };
    const loudness = LEVELS.indexOf(String(line.level).toLowerCase() as LogLevel);
    const isOfJob = jobId === undefined || line.jobId === jobId;
    return isOfJob && loudness >= LEVELS.indexOf(level);
  } catch {
    return false;
  }
}

function readFailure(thrown: unknown, group: string): unknown {
  if (!(thrown instanceof AwsCallFailed)) return thrown;
  const { failure, cause } = thrown;
  const { reason, awsCode } = failure;
  const isMissing = awsCode === 'ResourceNotFoundException';
  const advice = isMissing
    ? 'there is no cluster of this prefix in this account and region'
    : adviceOf(failure);
  return new StreamError({
    kind: isMissing ? 'invalid' : kindOfFailure(failure),
    code: 'LOGS_NOT_READ',
    message: `logs cannot be read: ${advice} group=${group} awsCode=${awsCode}`,
    details: { group, reason, awsCode },
    cause,
  });
}
