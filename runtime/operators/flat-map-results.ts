import type { Collector } from './functions.ts';
import type { UserFunction } from './user-function.ts';

/**
 * Collects what a flatMap function returned besides what it collected itself. Nothing at all is
 * the common case; `null` and `false` come from `condition && out.collect(...)`.
 */
export function collectReturned<O>(
  returned: unknown,
  out: Collector<O>,
  user: UserFunction,
  record: unknown,
): void {
  if (returned === undefined || returned === null || returned === false) return;
  if (returned instanceof Promise) throw user.asynchronous();
  if (isIterable<O>(returned)) {
    for (const value of returned) out.collect(value);
    return;
  }
  const hint = typeof returned === 'string' ? 'a string, which would become its characters' : '';
  throw user.misuse(
    'FLAT_MAP_NOT_ITERABLE',
    `returned ${hint === '' ? `a ${typeof returned}` : hint}: return an array or call out.collect(...), or use map for one result a record`,
    record,
  );
}

/** Strings are iterable, but not meant. */
function isIterable<O>(value: unknown): value is Iterable<O> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
