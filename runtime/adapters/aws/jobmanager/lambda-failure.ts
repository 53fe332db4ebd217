/**
 * What a state machine has caught of a function, as an error. Pure.
 *
 * A function of ours throws with its code as the error's name and its kind at the message's end
 * ({@link thrownByFunction}); everything else is the service's, and means that the process is gone.
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
const OUR_CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;

/** An error as a function throws it, so that a state machine shows its code. */
export function thrownByFunction(thrown: unknown): Error {
  const error = toStreamError(thrown);
  const shown = new Error(`${error.message} [kind=${error.kind}]`, { cause: error });
  shown.name = error.code;
  return shown;
}

/** Undefined stacks: those of another process say little, and are logged there. */
export function lambdaFailure({
  Error: name = '',
  Cause: cause = '',
}: CaughtError): StreamErrorRecord {
  const text = messageOf(cause);
  if (OUR_CODE.test(name)) {
    const kind = KINDS.find((one) => one === KIND_MARK.exec(text)?.[1]) ?? 'unavailable';
    return record(kind, name, text.replace(KIND_MARK, ''), name);
  }
  const [code, what] = serviceFailure(name, text);
  return record('unavailable', code, `${what} error=${name} cause=${shortened(text)}`, name);
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
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    if (typeof errorMessage === 'string') return errorMessage;
  } catch {
    // It is a text.
  }
  return cause;
}

function record(kind: ErrorKind, code: string, message: string, name: string): StreamErrorRecord {
  const error = new StreamError({ kind, code, message, details: { caught: name } });
  const { stack: _, ...rest } = error.toJSON();
  return rest;
}

function shortened(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 500)}…`;
}
