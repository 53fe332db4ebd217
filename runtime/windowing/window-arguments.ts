/** Checks of what triggers, evictors and assigners are made of, when they are made. */
import { type Duration, parseDurationMs, StreamError } from '../core/index.ts';

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function positiveCount(where: string, what: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw windowInvalid(`${where} needs a whole number over 0`, { [what]: value });
}

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function positiveMs(where: string, what: string, value: Duration): number {
  const ms = typeof value === 'string' ? parseDurationMs(value) : value;
  if (Number.isSafeInteger(ms) && ms > 0) return ms;
  throw windowInvalid(`${where} needs whole milliseconds over 0`, { [what]: value });
}

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function checkThreshold(where: string, threshold: number): void {
  if (typeof threshold === 'number' && Number.isFinite(threshold)) return;
  throw windowInvalid(`${where} needs a number as threshold`, { threshold });
}

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function checkCallback(where: string, what: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw windowInvalid(`${where} needs ${what}`, { value });
}

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function checkTrigger(trigger: unknown, where: string): void {
  const methods = ['onElement', 'onProcessingTime', 'onEventTime', 'clear'];
  checkComponent(trigger, where, 'a trigger, such as CountTrigger.of(3)', methods);
}

/** @throws {StreamError} kind `invalid`, code `WINDOW_INVALID`. */
export function checkEvictor(evictor: unknown, where: string): void {
  const methods = ['evictBefore', 'evictAfter'];
  checkComponent(evictor, where, 'an evictor, such as CountEvictor.of(3)', methods);
}

function checkComponent(
  value: unknown,
  where: string,
  what: string,
  methods: readonly string[],
): void {
  const fields = typeof value === 'object' && value !== null ? value : {};
  const missing = methods.find((method) => typeof Reflect.get(fields, method) !== 'function');
  if (missing === undefined) return;
  throw windowInvalid(`${where} expects ${what}, an object with '${missing}'`, { value });
}

/** The message ends with the values. */
export function windowInvalid(
  problem: string,
  values: Readonly<Record<string, unknown>>,
): StreamError {
  const entries = Object.entries(values).map(([name, value]) => [name, String(value)] as const);
  const given = entries.map(([name, value]) => `${name}=${value}`).join(' ');
  return new StreamError({
    kind: 'invalid',
    code: 'WINDOW_INVALID',
    message: `${problem}: ${given}`,
    details: Object.fromEntries(entries),
  });
}
