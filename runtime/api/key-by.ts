import { type KeySelector, StreamError } from '../core/index.ts';
import { invalid } from './arguments.ts';

/** A field name or a key selector. */
export type KeyBy<T> = string | KeySelector<T, unknown>;

/** @throws {StreamError} `INVALID_ARGUMENT` for anything else. */
export function keySelectorOf<T>(key: KeyBy<T>, where: string): KeySelector<T, unknown> {
  if (typeof key === 'function') return key;
  if (typeof key !== 'string' || key === '') {
    throw invalid('INVALID_ARGUMENT', `${where} expects a field name or a function`, key);
  }
  // Its stack has the program's line, which that of a failure in the middle of a record has not.
  const declared = new Error(where);
  return (value) => {
    const found = (value as Readonly<Record<string, unknown>> | null | undefined)?.[key];
    if (found === undefined || found === null) throw fieldMissing(key, value, found, declared);
    return found;
  };
}

function fieldMissing(
  field: string,
  value: unknown,
  found: undefined | null,
  declared: Error,
): StreamError {
  const where = declared.message;
  const fields = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return new StreamError({
    kind: 'user',
    code: 'KEY_UNDEFINED',
    message:
      `the key field "${field}" of ${where} is ${found} in a record: every record needs a key, ` +
      `filter such records out before ${where}; fields=${fields.join(',')}`,
    details: { field },
    cause: declared,
  });
}
