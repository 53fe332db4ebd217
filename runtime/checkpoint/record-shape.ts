/** Checks that JSON has the shape a persisted record asks for. Unknown fields are kept. */
import { storageError } from './errors.ts';

/**
 * Gives the value back, typed.
 *
 * @param at where it lies, for the message.
 * @throws {StreamError} `RECORD_SHAPE`, kind `data`.
 */
export type Check<T> = (value: unknown, at: string) => T;

type OptionalKey<T> = {
  [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K> ? K : never;
}[keyof T];
type RequiredKey<T> = Exclude<keyof T, OptionalKey<T>>;

export const text: Check<string> = (value, at) =>
  typeof value === 'string' ? value : fail('a string', value, at);

export const flag: Check<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : fail('a boolean', value, at);

export const count: Check<number> = (value, at) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : fail('an integer from 0', value, at);

export const finite: Check<number> = (value, at) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail('a number', value, at);

/** Anything but nothing. */
export const anything: Check<unknown> = (value, at) =>
  value === undefined ? fail('a value', value, at) : value;

export function oneOf<T extends string>(...literals: readonly T[]): Check<T> {
  return (value, at) =>
    literals.find((literal) => literal === value) ?? fail(literals.join(' or '), value, at);
}

export function listOf<T>(item: Check<T>): Check<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return fail('an array', value, at);
    for (const [index, element] of value.entries()) item(element, `${at}[${index}]`);
    return value;
  };
}

/** An object used as a map. */
export function mapOf<T>(item: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value, at) => {
    const object = objectAt(value, at);
    for (const [key, element] of Object.entries(object)) item(element, `${at}.${key}`);
    return object as Record<string, T>;
  };
}

export function record<T extends object>(
  required: { readonly [K in RequiredKey<T>]: Check<T[K]> },
  optional: { readonly [K in OptionalKey<T>]: Check<Required<T>[K]> },
): Check<T> {
  const requiredChecks = Object.entries<Check<unknown>>(required);
  const optionalChecks = Object.entries<Check<unknown>>(optional);
  return (value, at) => {
    const object = objectAt(value, at);
    for (const [key, check] of requiredChecks) check(object[key], `${at}.${key}`);
    for (const [key, check] of optionalChecks) {
      if (object[key] !== undefined) check(object[key], `${at}.${key}`);
    }
    return object as T;
  };
}

/** For checks between fields. */
export function checkThat(holds: boolean, expected: string, value: unknown, at: string): void {
  if (!holds) fail(expected, value, at);
}

export function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail('an object', value, at);
}

function fail(expected: string, value: unknown, at: string): never {
  const found = (JSON.stringify(value) ?? 'nothing').slice(0, 40);
  throw storageError('data', 'RECORD_SHAPE', `a record has ${found} instead of ${expected}`, {
    at,
  });
}
