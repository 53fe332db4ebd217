/**
 * What `npx cdk deploy` is told, by `-c name=value` or a variable of the environment. Pure. All of
 * it is checked here, before anything is built, and refused in the words in which it was given.
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
import { isStreamError, nearestName, StreamError } from '../runtime/core/index.ts';
import { dataBucketsOf, dataGrants } from './data-access.ts';
import type { Encryption, JobManagerProps } from './job-manager-props.ts';
import { clusterNames } from './names.ts';
import { clusterSettings } from './settings.ts';

/** Of properties that are whole numbers. */
const NUMBERS = [
  'taskSlots',
  'maxTaskManagers',
  'reservedConcurrency',
  'continueAfterEvents',
] as const;
/** Properties that are durations, and what gives them, in seconds. */
const DURATIONS: Readonly<Record<string, string>> = {
  leaseLength: 'leaseSeconds',
  leaseMargin: 'leaseMarginSeconds',
  leaseGrace: 'leaseGraceSeconds',
  turnTimeout: 'turnSeconds',
  jobExpiration: 'jobExpirationSeconds',
};
/** All that `-c` takes; the table above. */
const NAMES: readonly string[] = [
  ...['prefix', ...NUMBERS, ...Object.values(DURATIONS), 'jwtIssuer', 'jwtAudience'],
  ...['readFrom', 'writeTo', 'dataKeyArns', 'encryption', 'alarmTopicArn'],
  ...['destroyUserData', 'credentials'],
];
/** CDK's own names have other characters in them. */
const PLAIN_NAME = /^\w+$/;
const TOPIC_ARN = /^arn:[\w-]+:sns:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?$/;
const KEY_ARN = /^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

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

/** @throws {StreamError} `CONTEXT_INVALID`, or `PREFIX_INVALID`, naming the value. */
export function appSettings(sources: AppSources): AppSettings {
  checkNames(sources.contextNames);
  const prefix = stackName(sources);
  const alarmTopicArn = text(sources, 'alarmTopicArn', 'SLUICE_ALARM_TOPIC_ARN');
  if (alarmTopicArn !== undefined && !TOPIC_ARN.test(alarmTopicArn)) {
    const form = 'arn:aws:sns:<region>:<account>:<topic>';
    throw invalid(`alarmTopicArn has to be the ARN of an SNS topic, ${form}`, { alarmTopicArn });
  }
  const credentials = text(sources, 'credentials', 'SLUICE_CDK_CREDENTIALS') ?? 'bootstrap';
  oneOf('credentials', credentials, ['bootstrap', 'cli']);
  const cluster = {
    prefix,
    ...numbers(sources),
    ...durations(sources),
    ...authorization(sources),
    ...encryption(sources),
    ...dataAccess(sources),
    destroyUserData: flag(sources, 'destroyUserData'),
  };
  checkRanges(cluster);
  return {
    stackName: prefix,
    cluster,
    ...(alarmTopicArn === undefined ? {} : { alarmTopicArn }),
    usesCliCredentials: credentials === 'cli',
  };
}

/** One that is nearly ours is not CDK's. */
function checkNames(contextNames: readonly string[]): void {
  const unknown = contextNames.find((name) => {
    const isOurs = NAMES.some(
      (known) => known.toLowerCase() === name.replace(/\W/g, '').toLowerCase(),
    );
    return !NAMES.includes(name) && (PLAIN_NAME.test(name) || isOurs);
  });
  if (unknown === undefined) return;
  const plain = unknown.replace(/[\W_]/g, '').toLowerCase();
  const nearest =
    NAMES.find((known) => known.toLowerCase() === plain) ?? nearestName(unknown, NAMES);
  const hint =
    nearest === undefined
      ? `known are ${NAMES.toSorted().join(', ')}`
      : `did you mean ${nearest}? docs/aws/deploy.md and cdk/app-settings.ts have all`;
  throw invalid(`there is no such context value (-c); ${hint}`, { name: unknown });
}

function stackName(sources: AppSources): string {
  const prefix = text(sources, 'prefix', 'SLUICE_PREFIX') ?? 'sluice';
  clusterNames(prefix);
  if (/^[a-z]/.test(prefix)) return prefix;
  throw invalid('prefix is also the name of the stack, which begins with a letter', { prefix });
}

/** As the construct does, with the names and units in which values were given. */
function checkRanges(cluster: JobManagerProps): void {
  try {
    clusterSettings(cluster);
  } catch (error) {
    if (!isStreamError(error) || error.code !== 'PROPERTY_OUT_OF_RANGE') throw error;
    const { property, min, max, value } = error.details;
    const name = DURATIONS[String(property)];
    if (name === undefined) {
      const range = `a whole number from ${String(min)} to ${String(max)}`;
      throw invalid(`${String(property)} has to be ${range}`, { [String(property)]: value });
    }
    const [from, to, given] = [min, max, value].map((ms) => Number(ms) / 1_000);
    throw invalid(`${name} has to be from ${from} to ${to} seconds`, { [name]: given });
  }
}

function numbers(sources: AppSources): Partial<JobManagerProps> {
  return Object.fromEntries(
    NUMBERS.flatMap((name) => {
      const value = number(sources, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function durations(sources: AppSources): Partial<JobManagerProps> {
  return Object.fromEntries(
    Object.entries(DURATIONS).flatMap(([property, name]) => {
      const value = number(sources, name);
      return value === undefined ? [] : [[property, Duration.millis(Math.round(value * 1_000))]];
    }),
  );
}

function authorization(sources: AppSources): Partial<JobManagerProps> {
  const [jwtIssuer, jwtAudience] = [text(sources, 'jwtIssuer'), text(sources, 'jwtAudience')];
  if (jwtIssuer === undefined && jwtAudience === undefined) return {};
  if (jwtIssuer === undefined || jwtAudience === undefined) {
    throw invalid('jwtIssuer and jwtAudience are given together, or neither', {
      ...(jwtIssuer === undefined ? { jwtAudience } : { jwtIssuer }),
    });
  }
  if (!jwtIssuer.startsWith('https://')) {
    throw invalid('jwtIssuer has to begin with https://, as iss in its tokens', { jwtIssuer });
  }
  const audience = list('jwtAudience', jwtAudience);
  return { authorization: { issuer: jwtIssuer, audience } };
}

function encryption(sources: AppSources): Partial<JobManagerProps> {
  const value = text(sources, 'encryption');
  if (value === undefined) return {};
  oneOf('encryption', value, ['SERVICE_MANAGED', 'CUSTOMER_MANAGED']);
  return { encryption: value as Encryption };
}

function dataAccess(sources: AppSources): Partial<JobManagerProps> {
  const dataBuckets = [
    ...dataBucketsIn(sources, 'readFrom', 'READ'),
    ...dataBucketsIn(sources, 'writeTo', 'READ_WRITE'),
  ];
  const keys = text(sources, 'dataKeyArns');
  const dataKeyArns = keys === undefined ? [] : list('dataKeyArns', keys);
  const wrong = dataKeyArns.find((arn) => !KEY_ARN.test(arn));
  if (wrong !== undefined) {
    const form = 'arn:aws:kms:<region>:<account>:key/<id>, none of an alias';
    throw invalid(`dataKeyArns has to be ARNs of KMS keys, ${form}`, { dataKeyArns: wrong });
  }
  return {
    ...(dataBuckets.length === 0 ? {} : { dataBuckets }),
    ...(dataKeyArns.length === 0 ? {} : { dataKeyArns }),
  };
}

function dataBucketsIn(
  sources: AppSources,
  name: 'readFrom' | 'writeTo',
  access: 'READ' | 'READ_WRITE',
): NonNullable<JobManagerProps['dataBuckets']> {
  const given = text(sources, name);
  if (given === undefined) return [];
  const buckets = dataBucketsOf(given, access);
  try {
    dataGrants({ buckets, keyArns: [] }, 'aws');
  } catch (error) {
    if (!isStreamError(error)) throw error;
    const form = 'bucket or bucket/path, with commas between them, without wildcards';
    throw invalid(`${name} has to be ${form}`, { [name]: given });
  }
  return buckets;
}

function list(name: string, value: string): readonly string[] {
  const parts = value.split(',').map((part) => part.trim());
  if (!parts.includes('')) return parts;
  throw invalid(`${name} has an empty part between its commas`, { [name]: value });
}

/** Empty is refused: it is a shell's variable that is not set, and the default another cluster. */
function text(sources: AppSources, name: string, variable?: string): string | undefined {
  const value = sources.context(name);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === undefined) {
    const found = variable === undefined ? undefined : sources.environment[variable];
    return found === '' ? undefined : found;
  }
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  const what = value === '' ? 'is empty: leave it out, or give it a value' : 'is not a text';
  throw invalid(`${name} ${what}`, { [name]: JSON.stringify(value) });
}

function number(sources: AppSources, name: string): number | undefined {
  const value = text(sources, name);
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  throw invalid(`${name} has to be a number, of digits`, { [name]: value });
}

function flag(sources: AppSources, name: string): boolean {
  const value = text(sources, name) ?? 'false';
  oneOf(name, value, ['true', 'false']);
  return value === 'true';
}

function oneOf(name: string, value: string, values: readonly string[]): void {
  if (values.includes(value)) return;
  throw invalid(`${name} has to be one of ${values.join(', ')}`, { [name]: value });
}

function invalid(message: string, values: Readonly<Record<string, unknown>>): StreamError {
  const given = Object.entries(values).map(([name, value]) => [name, String(value)] as const);
  return new StreamError({
    ...{ kind: 'invalid', code: 'CONTEXT_INVALID', details: Object.fromEntries(given) },
    message: `${message}; ${given.map((one) => one.join('=')).join(' ')}`,
  });
}
