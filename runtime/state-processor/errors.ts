import { type ErrorDetails, type ErrorKind, nearestName, StreamError } from '../core/index.ts';

/** What can be wrong with reading or writing a savepoint. */
export type StateProcessorErrorCode =
  /** A kept checkpoint holds records on their way between operators: only a savepoint has none. */
  | 'CHECKPOINT_HOLDS_RECORDS'
  /** An operator would have more key groups than its savepoint. */
  | 'MAX_PARALLELISM_MISMATCH'
  /** Keys are not of the type that the caller declared. */
  | 'KEY_NOT_OF_TYPE'
  /** An operator would be there twice. */
  | 'OPERATOR_EXISTS'
  /** Twice the same change of one operator. */
  | 'OPERATOR_CHANGED_TWICE'
  /** The savepoint has no such operator. */
  | 'OPERATOR_NOT_FOUND'
  /** No operator would be in it, or a part of one did not arrive. */
  | 'SAVEPOINT_INCOMPLETE'
  /** Something is where a savepoint is to be written. */
  | 'SAVEPOINT_TARGET_NOT_EMPTY'
  /** A blob has not the bytes that its savepoint speaks of. */
  | 'STATE_BLOB_CORRUPT'
  /** Small segments are rows of a table, which a job cannot read. */
  | 'STATE_NOT_IN_FILES'
  /** What is stored is of another kind, type or version than what is asked for. */
  | 'STATE_NOT_AS_DECLARED'
  /** The operator has no such state. */
  | 'STATE_NOT_FOUND'
  /** A reader function asked for no state when it was opened. */
  | 'STATE_NOT_REGISTERED'
  /** Another kind of windows than those that are stored. */
  | 'WINDOWS_NOT_AS_DECLARED';

/** Message first, then the details as `key=value`. */
export function stateProcessorError(
  code: StateProcessorErrorCode,
  text: string,
  details: ErrorDetails = {},
  kind: ErrorKind = 'invalid',
): StreamError {
  const values = Object.entries(details).map(([key, value]) => ` ${key}=${value}`);
  return new StreamError({ kind, code, message: `${text}:${values.join('')}`, details });
}

/** `did you mean 'x'? there are: x, y`, as far as there are any. */
export function thereAre(name: string, names: readonly string[]): string {
  if (names.length === 0) return 'there is none';
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : `did you mean '${nearest}'? `;
  return `${hint}there are ${[...names].sort().join(', ')}`;
}
