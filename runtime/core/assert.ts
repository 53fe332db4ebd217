import { StreamError } from './errors.ts';

/**
 * Stays on in production. The message cites the invariant it guards (`I2: …`).
 *
 * @throws {StreamError} kind `internal`, code `ASSERTION`, when the condition is false.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new StreamError({ kind: 'internal', code: 'ASSERTION', message });
}

/** The value, which an invariant says is there. */
export function defined<T>(value: T | null | undefined, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
