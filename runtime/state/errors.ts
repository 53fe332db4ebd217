import { StreamError } from '../core/index.ts';

/** Keyed state was used while no key was set: in open, in close, for a broadcast record. */
export function noCurrentKey(operator: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_CURRENT_KEY',
    message: `keyed state was used where there is no key, in open, close or processBroadcastElement; register it in open, use it for records and timers of the keyed stream, or by applyToKeyedState: operator=${operator}`,
    details: { operator },
  });
}

/** What a function on a stream without `keyBy` gets when it asks for state. */
export function noKeyedContext(operator: string, state: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_KEYED_CONTEXT',
    message: `keyed state needs a keyed stream, call keyBy before this operator: state=${state} operator=${operator}`,
    details: { state, operator },
  });
}

/** One name was registered twice, as different kinds of state. */
export function stateNameClash(
  state: string,
  known: string,
  kind: string,
  operator: string,
): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_NAME_CLASH',
    message: `state "${state}" is registered as ${known} and as ${kind} state, give each state its own name: operator=${operator}`,
    details: { state, operator },
  });
}

/**
 * What is stored under a name cannot be what is declared now.
 *
 * @param reason what `compareStateMeta` found: old and new.
 */
export function stateIncompatible(state: string, operator: string, reason: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_INCOMPATIBLE',
    message: `restored state "${state}" does not fit its descriptor, declare another version with a migrate function, name the new state differently, or restore without this operator's state: ${reason} operator=${operator}`,
    details: { state, operator, reason },
  });
}

/** Two states of an operator are queryable under one name. */
export function queryableNameTaken(
  queryable: string,
  states: readonly string[],
  operator: string,
): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_QUERYABLE_NAME_TAKEN',
    message: `two states of an operator are queryable under one name, give each its own with setQueryable(name): queryable=${queryable} states=${states.join(', ')} operator=${operator}`,
    details: { queryable, operator },
  });
}
