/** Why a state cannot be asked for. */

import type { EncodedKey } from '../core/index.ts';
import { nearestName, StreamError } from '../core/index.ts';
import type { KeyedStateMetaRecord, QueryKeyType, StateQueryRecord } from '../protocol/index.ts';
import { queryKeyTypeOf } from './query-key.ts';

/** What the operator has under no such name; or has, and does not show. */
export function stateNotAsked(
  operator: string,
  name: string,
  metas: readonly KeyedStateMetaRecord[],
): StreamError {
  const names = metas.flatMap(({ queryable }) => queryable ?? []);
  if (metas.some((meta) => meta.name === name && meta.queryable === undefined)) {
    return new StreamError({
      kind: 'invalid',
      code: 'STATE_NOT_QUERYABLE',
      message: `the state may not be asked for: call setQueryable() on its descriptor, or give it { queryable: true }, and start the job anew; state=${name} operator=${operator}`,
      details: { state: name, operator },
    });
  }
  const guess = nearestName(name, names);
  const known = names.length === 0 ? 'none is queryable' : `queryable=${names.join(', ')}`;
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_NOT_FOUND',
    message: `the operator has no such queryable state${guess === undefined ? '' : `, did you mean ${guess}?`}; state=${name} operator=${operator} ${known}`,
    details: { state: name, operator },
  });
}

/** The operator keeps nothing by key. @param lists names of its operator states. */
export function noKeyedState(operator: string, lists: readonly string[]): StreamError {
  const held = lists.length === 0 ? '' : ` operatorStates=${lists.join(', ')}`;
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_NOT_KEYED',
    message: `the operator has no keyed state, and states without keys cannot be asked for: name an operator behind a keyBy; operator=${operator}${held}`,
    details: { operator },
  });
}

/** What the query says does not go with the state. */
export function queryUnfit(name: string, reason: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_QUERY_INVALID',
    message: `${reason}; state=${name}`,
    details: { state: name },
  });
}

/** @param example any key that has the state. */
export function keyNotFound(
  { name, key, mapKey, window }: StateQueryRecord,
  what: 'key' | 'mapKey',
  example?: EncodedKey,
): StreamError {
  const asked = what === 'key' ? key : (mapKey ?? key);
  const other = example === undefined ? undefined : queryKeyTypeOf(example);
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_KEY_NOT_FOUND',
    message: `the state holds nothing for the ${what}${hint(what, asked.type, other)}; state=${name} ${what}=${asked.text} ${what}Type=${asked.type}${window === undefined ? '' : ` window=${window}`}`,
    details: { state: name },
  });
}

function hint(what: string, asked: QueryKeyType, found: QueryKeyType | undefined): string {
  if (found === undefined || found === asked) return '';
  return `, and has keys of another type: did you mean ${what}Type=${found}?`;
}

/** The user's aggregate function has failed. */
export function resultFailed(name: string, cause: unknown): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'STATE_RESULT_FAILED',
    message: `getResult of the state's aggregate function failed; state=${name} cause=${String(cause)}`,
    details: { state: name },
    cause,
  });
}
