/**
 * Queryable state over REST: this project's own, Flink has a server and a port for it.
 *
 * I1  What a path's or a parameter's text means is said by a type, never guessed by its looks: `1`
 *     is a string unless `keyType=number`.
 * I2  Values are given as they are: who may ask for a queryable state is told what it holds, also
 *     where it looks like a password.
 */
import type { StateAnswer } from '../../jobmaster/index.ts';
import {
  QUERY_KEY_TYPES,
  type QueryKeyRecord,
  type QueryKeyType,
  type StateQueryRecord,
} from '../../protocol/index.ts';
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import { badRequest, type HttpAnswer, type HttpRequest } from './http-records.ts';

const PARAMETERS = ['keyType', 'mapKey', 'mapKeyType', 'window', 'accumulator'];

export const STATE_ROUTES: readonly Route[] = [
  ['GET', '/jobs/:jobid/state/:uid/:name/:key', state],
];

async function state(
  { jobs }: ClusterApi,
  { query: parameters }: HttpRequest,
  { jobid = '', uid = '', name = '', key = '' }: PathParameters,
): Promise<HttpAnswer> {
  const query = queryOf(name, key, parameters);
  const answer = await jobs.queryState(jobid, { operator: uid, query });
  // I2.
  return { status: 200, body: stateJson(jobid, query, answer), handsOutSecrets: true };
}

/** @throws {HttpRefusal} 400. */
function queryOf(name: string, key: string, parameters: URLSearchParams): StateQueryRecord {
  for (const parameter of parameters.keys()) {
    if (PARAMETERS.includes(parameter)) continue;
    const known = PARAMETERS.join(', ');
    throw badRequest(`Query parameter ${parameter} is not known here: there are ${known}.`);
  }
  const mapKey = parameters.get('mapKey');
  if (mapKey === null && parameters.has('mapKeyType')) {
    throw badRequest('Query parameter mapKeyType needs a mapKey.');
  }
  const window = windowOf(parameters);
  return {
    name,
    key: { type: typeOf(parameters, 'keyType'), text: key },
    ...(mapKey === null ? {} : { mapKey: mapKeyOf(mapKey, parameters) }),
    ...(window === undefined ? {} : { window }),
    ...(isAccumulatorAsked(parameters) ? { withAccumulator: true } : {}),
  };
}

function mapKeyOf(text: string, parameters: URLSearchParams): QueryKeyRecord {
  return { type: typeOf(parameters, 'mapKeyType'), text };
}

function typeOf(parameters: URLSearchParams, parameter: string): QueryKeyType {
  const asked = parameters.get(parameter) ?? 'string';
  const type = QUERY_KEY_TYPES.find((one) => one === asked);
  if (type !== undefined) return type;
  throw badRequest(`Query parameter ${parameter} must be one of ${QUERY_KEY_TYPES.join(', ')}.`);
}

function windowOf(parameters: URLSearchParams): string | undefined {
  const text = parameters.get('window');
  if (text === null) return undefined;
  const [start, end, ...more] = text.split(',').map((part) => part.trim());
  const isTime = (part = ''): boolean =>
    /^-?\d{1,16}$/.test(part) && Number.isSafeInteger(Number(part));
  if (more.length === 0 && isTime(start) && isTime(end)) return `${Number(start)},${Number(end)}`;
  throw badRequest('Query parameter window must be start,end in milliseconds since 1970.');
}

function isAccumulatorAsked(parameters: URLSearchParams): boolean {
  const text = parameters.get('accumulator') ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw badRequest('Query parameter accumulator must be true or false.');
}

/** What a client reads; `docs/rest.md` describes it. */
function stateJson(jobId: string, query: StateQueryRecord, answer: StateAnswer): object {
  const { operator, value: held, source, asOfEpochMs, ageMs, checkpointId } = answer;
  const { kind, ...values } = held;
  return {
    jobId,
    operatorId: operator.operatorId,
    uid: operator.uid ?? null,
    operatorName: operator.name,
    name: query.name,
    kind,
    key: query.key.text,
    keyType: query.key.type,
    ...(query.mapKey === undefined
      ? {}
      : { mapKey: query.mapKey.text, mapKeyType: query.mapKey.type }),
    ...(query.window === undefined ? {} : { window: query.window }),
    keyGroup: operator.keyGroup,
    subtask: operator.subtaskIndex,
    ...values,
    source,
    asOfEpochMs,
    ageMs,
    ...(checkpointId === undefined ? {} : { checkpointId }),
  };
}
