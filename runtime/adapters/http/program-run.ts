/**
 * What a client asks of a program, from a request's body and query. Pure.
 *
 * I1  The body goes before the query. Of `savepointPath` that holds even when the body has it
 *     empty: Flink's dashboard writes the program's arguments into that parameter of the query.
 * I2  The token by which a client speaks to a cluster is nothing of a job: it is not kept with one.
 * I3  A field that does not exist is refused, as by Flink: a typing error would be lost in silence.
 */
import { createHash } from 'node:crypto';
import { ConfigOptions, Configuration, type ConfigValue, nearestName } from '../../core/index.ts';
import {
  badRequest,
  flagOf,
  type HttpRequest,
  jsonBody,
  optionalCount,
  optionalPath,
  optionalText,
} from './http-records.ts';

type Body = Readonly<Record<string, unknown>>;

/** A request to run a program, read. */
export interface RequestedRun {
  /** As the client has written it: not checked. Absent: it is to be made. */
  readonly jobId?: string;
  readonly args: readonly string[];
  readonly configuration: Configuration;
}

/** Names of the query, by field of the body. */
const QUERY_NAMES: Readonly<Record<string, string>> = {
  entryClass: 'entry-class',
  programArgs: 'program-args',
};
/** Of Flink, and ours: `idempotencyKey`, `program`. */
const FIELDS: readonly string[] = [
  ...['entryClass', 'programArgs', 'programArgsList', 'parallelism', 'jobId', 'savepointPath'],
  ...['allowNonRestoredState', 'claimMode', 'restoreMode', 'flinkConfiguration'],
  ...['idempotencyKey', 'program'],
];
const FLAGS: readonly string[] = ['allowNonRestoredState'];
const COUNTS: readonly string[] = ['parallelism'];
/** An argument as Flink's server splits it: bare, or in quotes. */
const ARGUMENT = /([^"']\S*|".+?"|'.+?')\s*/g;

/** @throws {HttpRefusal} 400 what is malformed. */
export function requestedRun(request: HttpRequest): RequestedRun {
  const body = fieldsOf(jsonBody(request), request.query);
  const jobId = jobIdOf(body, request.idempotencyKey);
  return {
    args: argumentsOf(body),
    // I2.
    configuration: configurationOf(body).without(ConfigOptions.REST_AUTHENTICATION_TOKEN),
    ...(jobId === undefined ? {} : { jobId }),
  };
}

/** I1. */
function fieldsOf(body: Body, query: URLSearchParams): Body {
  checkFields(body);
  const fields: Record<string, unknown> = { ...body };
  const isAbsent = (name: string): boolean => (body[name] ?? '') === '';
  for (const name of [
    ...['entryClass', 'programArgs', 'parallelism', 'savepointPath', 'allowNonRestoredState'],
    ...['claimMode', 'restoreMode', 'jobId'],
  ]) {
    const value = query.get(QUERY_NAMES[name] ?? name) || (query.get(name) ?? '');
    if (value === '' || !isAbsent(name)) continue;
    if (name === 'savepointPath' && Object.hasOwn(body, name)) continue;
    if (name === 'programArgs' && !isAbsent('programArgsList')) continue;
    fields[name] = value;
  }
  const listed = query.getAll('programArg').flatMap((text) => text.split(','));
  if (listed.length > 0 && isAbsent('programArgsList') && isAbsent('programArgs')) {
    fields.programArgsList = listed;
  }
  for (const name of COUNTS) fields[name] = countOf(fields[name]);
  for (const name of FLAGS) fields[name] = truthOf(fields[name]);
  return fields;
}

/** I3. */
function checkFields(body: Body): void {
  const unknown = Object.keys(body).find((name) => !FIELDS.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, FIELDS);
  const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  throw badRequest(`Request did not match expected format: no field is called '${unknown}'${hint}`);
}

/** Forms and queries have texts. */
function countOf(value: unknown): unknown {
  if (value === '') return undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}

function truthOf(value: unknown): unknown {
  if (value === '') return undefined;
  return value === 'true' ? true : value === 'false' ? false : value;
}

/** A submission that is sent again with its key is the same job. */
function jobIdOf(body: Body, header: string | undefined): string | undefined {
  const key = optionalText(body, 'idempotencyKey') ?? header;
  const jobId = optionalText(body, 'jobId');
  if (jobId !== undefined || key === undefined) return jobId;
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

function argumentsOf(body: Body): readonly string[] {
  const text = optionalText(body, 'programArgs');
  const list = body.programArgsList ?? [];
  if (!Array.isArray(list) || list.some((arg) => typeof arg !== 'string')) {
    throw badRequest("Field 'programArgsList' must be a list of texts.");
  }
  if (text === undefined) return list as readonly string[];
  if (list.length > 0) {
    throw badRequest(
      'Confusing request: programArgs and programArgsList are specified, please, use only ' +
        'programArgsList',
    );
  }
  return [...text.matchAll(ARGUMENT)].map(([, arg = '']) => arg.replaceAll(/["']/g, ''));
}

/** `flinkConfiguration`, then the fields with a name of their own. */
function configurationOf(body: Body): Configuration {
  const flinkConfiguration = body.flinkConfiguration ?? {};
  if (typeof flinkConfiguration !== 'object' || Array.isArray(flinkConfiguration)) {
    throw badRequest("Field 'flinkConfiguration' must be a map of options.");
  }
  const options = flinkConfiguration as Readonly<Record<string, ConfigValue>>;
  let configuration = Configuration.fromRecord(options, 'flinkConfiguration');
  const parallelism = optionalCount(body, 'parallelism');
  const path = optionalPath(body, 'savepointPath');
  const entry = optionalText(body, 'entryClass');
  if (parallelism !== undefined) {
    configuration = configuration.with(ConfigOptions.DEFAULT_PARALLELISM, parallelism);
  }
  if (entry !== undefined) configuration = configuration.with(ConfigOptions.JOB_EXPORT, entry);
  if (path !== undefined) {
    configuration = configuration.with(ConfigOptions.STATE_RECOVERY_PATH, path, 'savepointPath');
  }
  if (flagOf(body, 'allowNonRestoredState')) {
    const option = ConfigOptions.STATE_RECOVERY_IGNORE_UNCLAIMED_STATE;
    configuration = configuration.with(option, true);
  }
  const mode = (
    optionalText(body, 'claimMode') ?? optionalText(body, 'restoreMode')
  )?.toUpperCase();
  if (mode === undefined) return configuration;
  if (mode === 'CLAIM' || mode === 'NO_CLAIM') {
    return configuration.with(ConfigOptions.STATE_RECOVERY_CLAIM_MODE, mode);
  }
  throw badRequest(`Field 'claimMode' must be CLAIM or NO_CLAIM: ${mode}`);
}
