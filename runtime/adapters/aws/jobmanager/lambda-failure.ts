/**
 * What a state machine has caught of a function, as an error. Pure.
 *
 * A function of ours throws with its code as the error's name and its kind at the message's end
 * ({@link thrownByFunction}); everything else is the service's, and means that the process is gone.
 *
 * I1  The kind arrives, whatever the error's length: the state machine passes on a part of the
 *     cause, and what is cut off is no JSON any more.
 * I2  A lease that found somebody else in charge (`fenced`, `conflict`) says that of its process,
 *     not of the job: to the job it is a process that is gone.
 */
import {
  type ErrorKind,
  StreamError,
  type StreamErrorRecord,
  toStreamError,
} from '../../../core/index.ts';

/** As a state machine catches it. */
export interface CaughtError {
  readonly Error?: string;
  readonly Cause?: string;
}

const KINDS: readonly ErrorKind[] = [
  'user',
  'invalid',
  'unavailable',
  'conflict',
  'fenced',
  'data',
  'internal',
];
const KIND_MARK = / \[kind=([a-z]+)\]$/;
/** Of a code that the state machine says by itself, without a kind. */
const OUR_CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;
const MARKED_CODE = /^[A-Z][A-Z0-9_]*$/;
/** What state machines pass on of a cause: the states of thousands of TaskManagers have a limit. */
export const MAX_CAUSE_CHARS = 2_000;
/** I1. Of it, escaped; before it stands the code. */
const MAX_MESSAGE_CHARS = 1_600;

/**
 * An error as a function throws it, so that a state machine shows its code.
 *
 * @param readable of a message: what may leave the function.
 */
export function thrownByFunction(
  thrown: unknown,
  readable: (message: string) => string = (message) => message,
): Error {
  const { code, kind, message, stack } = toStreamError(thrown);
  const text = fitting(readable(message));
  const shown = new Error(`${text} [kind=${kind}]`);
  shown.name = code;
  // Where it comes from, not where it was named: without the message, which would be there twice.
  const frames = (stack ?? '').split('\n').filter((line) => /^ +at /.test(line));
  shown.stack = [`${code}: ${text}`, ...frames].join('\n');
  return shown;
}

/** As `lambdaFailure`, of a lease: what it means for its job. */
export function leaseFailure(caught: CaughtError): StreamErrorRecord {
  const failure = lambdaFailure(caught);
  // I2.
  const isOfProcess = failure.kind === 'fenced' || failure.kind === 'conflict';
  return isOfProcess ? { ...failure, kind: 'unavailable' } : failure;
}

/** Without a stack: that of the function is in its log. */
export function lambdaFailure({
  Error: name = '',
  Cause: cause = '',
}: CaughtError): StreamErrorRecord {
  const text = messageOf(cause);
  const kind = KINDS.find((one) => one === KIND_MARK.exec(text)?.[1]);
  if (kind !== undefined && MARKED_CODE.test(name)) {
    return record(kind, name, text.replace(KIND_MARK, ''), name);
  }
  if (OUR_CODE.test(name)) return record('unavailable', name, text, name);
  const [code, what] = serviceFailure(name, text);
  return record('unavailable', code, `${what} error=${name} cause=${shortened(text, 500)}`, name);
}

function serviceFailure(name: string, text: string): readonly [code: string, what: string] {
  if (/out of memory|heap limit|signal: killed|OutOfMemory/i.test(`${name} ${text}`)) {
    return [
      'LAMBDA_OUT_OF_MEMORY',
      'a function used up its memory: give it more, or keep less state in a slot',
    ];
  }
  if (name === 'Sandbox.Timedout' || name === 'States.Timeout' || /timed out after/i.test(text)) {
    return ['LAMBDA_TIMED_OUT', 'a function did not end in time: see its log'];
  }
  if (/TooManyRequests|Throttl|ConcurrentInvocation/i.test(name)) {
    return [
      'LAMBDA_THROTTLED',
      'a function could not be started: raise the concurrency of the account, or of the function',
    ];
  }
  if (/^(Runtime\.|Lambda\.Unknown)/.test(name)) {
    return ['LAMBDA_ENDED', 'the process of a function ended: see its log'];
  }
  return ['LAMBDA_FAILED', 'a function failed: see its log'];
}

/** A cause is what Lambda answered: JSON with a message, or a text. */
function messageOf(cause: string): string {
  try {
    // I1: what follows the message may be cut off.
    const [, escaped] = /"errorMessage":\s*("(?:[^"\\]|\\.)*")/.exec(cause) ?? [];
    if (escaped !== undefined) return JSON.parse(escaped) as string;
  } catch {
    // It is a text.
  }
  return cause;
}

/** I1. */
function fitting(message: string): string {
  let text = message;
  while (JSON.stringify(text).length > MAX_MESSAGE_CHARS) {
    text = `${text.slice(0, Math.floor(text.length * 0.9)).toWellFormed()}…`;
  }
  return text;
}

function record(kind: ErrorKind, code: string, message: string, name: string): StreamErrorRecord {
  const error = new StreamError({ kind, code, message, details: { caught: name } });
  // Of this process it would be no help; without one its readers would add their own.
  return { ...error.toJSON(), stack: `${code}: ${message}` };
}

function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}
