/**
 * What `npx cdk deploy` is told, by `-c name=value` or a variable of the environment. Pure.
 *
 * | `-c` | variable | |
 * | --- | --- | --- |
 * | `prefix` | `SLUICE_PREFIX` | name of the stack and of everything in it; `sluice` |
 * | `taskSlots` | | slots a TaskManager |
 * | `leaseSeconds`, `leaseMarginSeconds`, `leaseGraceSeconds` | | see `JobManagerProps` |
 * | `turnSeconds` | | how long a turn of the coordinator may take |
 * | `jobExpirationSeconds`, `continueAfterEvents` | | see `JobManagerProps` |
 * | `maxTaskManagers`, `reservedConcurrency` | | see `JobManagerProps` |
 * | `jwtIssuer`, `jwtAudience` | | together: callers bring tokens instead of signatures |
 * | `readFrom`, `writeTo` | | `bucket/path,…`: data that jobs read, or read and write |
 * | `dataKeyArns` | | `arn,…`: keys of those buckets |
 * | `encryption` | | `SERVICE_MANAGED` or `CUSTOMER_MANAGED` |
 * | `alarmTopicArn` | `SLUICE_ALARM_TOPIC_ARN` | told by the alarms |
 * | `destroyUserData=true` | | jobs, checkpoints and savepoints go with the stack |
 * | `credentials=cli` | `SLUICE_CDK_CREDENTIALS` | the caller's rights, not bootstrap's roles |
 */
import { Duration } from 'aws-cdk-lib/core';
import { StreamError } from '../runtime/core/index.ts';
import { dataBucketsOf } from './data-access.ts';
import type { Encryption, JobManagerProps } from './job-manager-props.ts';

/** All that `-c` takes; the table above. */
const NAMES: ReadonlySet<string> = new Set([
  ...['prefix', 'taskSlots', 'leaseSeconds', 'leaseMarginSeconds', 'leaseGraceSeconds'],
  ...['turnSeconds', 'jobExpirationSeconds', 'continueAfterEvents', 'maxTaskManagers'],
  ...['reservedConcurrency', 'jwtIssuer', 'jwtAudience', 'readFrom', 'writeTo', 'dataKeyArns'],
  ...['encryption', 'alarmTopicArn', 'destroyUserData', 'credentials'],
]);
/** CDK's own names have other characters in them. */
const PLAIN_NAME = /^[A-Za-z]+$/;

/** Where the app looks: CDK's context, then the environment. */
export interface AppSources {
  /** Of all values of the context, CDK's own too. */
  readonly contextNames: readonly string[];
  readonly context: (name: string) => unknown;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface AppSettings {
  readonly stackName: string;
  readonly cluster: JobManagerProps;
  readonly alarmTopicArn?: string;
  /** Without the roles that `cdk bootstrap` made. */
  readonly usesCliCredentials: boolean;
}

/** @throws {StreamError} `CONTEXT_INVALID`, naming the value. */
export function appSettings(sources: AppSources): AppSettings {
  const unknown = sources.contextNames.find((name) => PLAIN_NAME.test(name) && !NAMES.has(name));
  if (unknown !== undefined) {
    const known = [...NAMES].sort().join(', ');
    throw invalid(`there is no such context value, known are ${known}: name=${unknown}`);
  }
  const prefix = text(sources, 'prefix', 'SLUICE_PREFIX') ?? 'sluice';
  const alarmTopicArn = text(sources, 'alarmTopicArn', 'SLUICE_ALARM_TOPIC_ARN');
  const credentials = text(sources, 'credentials', 'SLUICE_CDK_CREDENTIALS') ?? 'bootstrap';
  oneOf('credentials', credentials, ['bootstrap', 'cli']);
  return {
    stackName: prefix,
    cluster: {
      prefix,
      ...numbers(sources),
      ...durations(sources),
      ...authorization(sources),
      ...encryption(sources),
      ...dataAccess(sources),
      destroyUserData: flag(sources, 'destroyUserData'),
    },
    ...(alarmTopicArn === undefined ? {} : { alarmTopicArn }),
    usesCliCredentials: credentials === 'cli',
  };
}

function numbers(sources: AppSources): Partial<JobManagerProps> {
  const names = [
    'taskSlots',
    'maxTaskManagers',
    'reservedConcurrency',
    'continueAfterEvents',
  ] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = number(sources, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function durations(sources: AppSources): Partial<JobManagerProps> {
  const names = {
    leaseLength: 'leaseSeconds',
    leaseMargin: 'leaseMarginSeconds',
    leaseGrace: 'leaseGraceSeconds',
    turnTimeout: 'turnSeconds',
    jobExpiration: 'jobExpirationSeconds',
  } as const;
  return Object.fromEntries(
    Object.entries(names).flatMap(([property, name]) => {
      const value = number(sources, name);
      return value === undefined ? [] : [[property, Duration.millis(Math.round(value * 1_000))]];
    }),
  );
}

function authorization(sources: AppSources): Partial<JobManagerProps> {
  const [issuer, audience] = [text(sources, 'jwtIssuer'), text(sources, 'jwtAudience')];
  if (issuer === undefined && audience === undefined) return {};
  if (issuer === undefined || audience === undefined) {
    throw invalid('jwtIssuer and jwtAudience are given together, or neither');
  }
  return { authorization: { issuer, audience: audience.split(',') } };
}

function encryption(sources: AppSources): Partial<JobManagerProps> {
  const value = text(sources, 'encryption');
  if (value === undefined) return {};
  oneOf('encryption', value, ['SERVICE_MANAGED', 'CUSTOMER_MANAGED']);
  return { encryption: value as Encryption };
}

function dataAccess(sources: AppSources): Partial<JobManagerProps> {
  const [readFrom, writeTo] = [text(sources, 'readFrom'), text(sources, 'writeTo')];
  const dataKeyArns = text(sources, 'dataKeyArns')?.split(',');
  const dataBuckets = [
    ...(readFrom === undefined ? [] : dataBucketsOf(readFrom, 'READ')),
    ...(writeTo === undefined ? [] : dataBucketsOf(writeTo, 'READ_WRITE')),
  ];
  return {
    ...(dataBuckets.length === 0 ? {} : { dataBuckets }),
    ...(dataKeyArns === undefined ? {} : { dataKeyArns }),
  };
}

function text(sources: AppSources, name: string, variable?: string): string | undefined {
  const value = sources.context(name);
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const found = variable === undefined ? undefined : sources.environment[variable];
  return found === '' ? undefined : found;
}

function number(sources: AppSources, name: string): number | undefined {
  const value = text(sources, name);
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  throw invalid(`a context value has to be a number ${name}=${value}`);
}

function flag(sources: AppSources, name: string): boolean {
  const value = text(sources, name) ?? 'false';
  oneOf(name, value, ['true', 'false']);
  return value === 'true';
}

function oneOf(name: string, value: string, values: readonly string[]): void {
  if (values.includes(value)) return;
  throw invalid(`a context value has to be one of ${values.join(', ')} ${name}=${value}`);
}

function invalid(message: string): StreamError {
  return new StreamError({ kind: 'invalid', code: 'CONTEXT_INVALID', message });
}
