import { type Duration, parseDurationMs, StreamError } from '../core/index.ts';

/** Codes of the errors that arguments of the API are refused with. */
export type ArgumentErrorCode =
  /** Not a function, nor an object with the method that is called. */
  | 'INVALID_FUNCTION'
  /** Not a text, or an empty one. */
  | 'INVALID_NAME'
  /** Not a stream, a sink, a source, a tag or another object of the API. */
  | 'INVALID_ARGUMENT'
  /** Not made by `Types`. */
  | 'INVALID_TYPE'
  /** The stream belongs to a job that was executed already. */
  | 'JOB_ALREADY_EXECUTED'
  /** Streams of two environments in one job. */
  | 'FOREIGN_STREAM'
  /** Nothing can run a job here. */
  | 'NO_EXECUTOR'
  /** Flink has it, this version does not. */
  | 'NOT_SUPPORTED';

/** An error of kind `invalid`; the message ends with a short form of the wrong value. */
export function invalid(
  code: ArgumentErrorCode,
  message: string,
  ...value: unknown[]
): StreamError {
  const shown = value.length === 0 ? '' : ` value=${describe(value[0])}`;
  return new StreamError({ kind: 'invalid', code, message: `${message}${shown}` });
}

/**
 * @param where the call the function was given to, e.g. `map`.
 * @param method the method that stands for the function in an object, e.g. `map`.
 * @throws {StreamError} `INVALID_FUNCTION`.
 */
export function checkFunction(value: unknown, where: string, method?: string): void {
  if (typeof value === 'function') return;
  const isObject = typeof value === 'object' && value !== null;
  if (isObject && method !== undefined) {
    if (typeof (value as Record<string, unknown>)[method] === 'function') return;
  }
  const also = method === undefined ? '' : ` or an object with a method '${method}'`;
  throw invalid('INVALID_FUNCTION', `${where} expects a function${also}`, value);
}

/** @throws {StreamError} `INVALID_FUNCTION` unless the object has all of these methods. */
export function checkMethods(value: unknown, where: string, methods: readonly string[]): void {
  for (const method of methods) {
    if (typeof value !== 'object' || value === null) {
      throw invalid('INVALID_FUNCTION', `${where} expects an object with '${method}'`, value);
    }
    if (typeof (value as Record<string, unknown>)[method] === 'function') continue;
    throw invalid('INVALID_FUNCTION', `${where} expects a method '${method}'`, value);
  }
}

/** @throws {StreamError} `INVALID_NAME` unless it is a text with more than white space. */
export function checkText(value: unknown, what: string): asserts value is string {
  if (typeof value === 'string' && value.trim() !== '') return;
  throw invalid('INVALID_NAME', `${what} must be a text that is not empty`, value);
}

/**
 * @param limits `positive` refuses 0; negative ones are always refused.
 * @throws {StreamError} `INVALID_ARGUMENT`, `MALFORMED_DURATION`.
 */
export function durationMs(value: Duration, what: string, limits: { positive: boolean }): number {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw invalid('INVALID_ARGUMENT', `${what} must be a number of ms or a text like '5 s'`, value);
  }
  const result = parseDurationMs(value);
  if (!limits.positive || result > 0) return result;
  throw invalid('INVALID_ARGUMENT', `${what} must be longer than 0`, value);
}

/** @throws {StreamError} `INVALID_ARGUMENT`. */
export function checkWatermarkStrategy(strategy: unknown, where: string): void {
  if (typeof strategy === 'object' && strategy !== null && 'createGenerator' in strategy) return;
  throw invalid(
    'INVALID_ARGUMENT',
    `${where} expects a WatermarkStrategy, such as WatermarkStrategy.noWatermarks()`,
    strategy,
  );
}

/** @throws {StreamError} `INVALID_ARGUMENT`. */
export function checkWindowAssigner(assigner: unknown, where: string): void {
  if (typeof assigner === 'object' && assigner !== null && 'isEventTime' in assigner) {
    // One of the user's own.
    const isOwn = !('kind' in assigner) || assigner.kind === undefined;
    if (isOwn) checkMethods(assigner, where, ['assignWindows', 'getDefaultTrigger']);
    return;
  }
  throw invalid(
    'INVALID_ARGUMENT',
    `${where} expects a window assigner, such as TumblingEventTimeWindows.of(60_000)`,
    assigner,
  );
}

/** @throws {StreamError} `INVALID_ARGUMENT`. */
export function checkOutputTag(tag: unknown, where: string): void {
  const isTag = typeof tag === 'object' && tag !== null && 'id' in tag;
  if (isTag && typeof tag.id === 'string') return;
  throw invalid('INVALID_ARGUMENT', `${where} expects an OutputTag`, tag);
}

/** A value in a few words: enough to recognise it, never a whole record. */
export function describe(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (typeof value === 'object' && value !== null) {
    const name: unknown = value.constructor?.name;
    const keys = Object.keys(value).slice(0, 5).join(', ');
    return Array.isArray(value) ? `array(${value.length})` : `${String(name)} {${keys}}`;
  }
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  return String(value);
}
