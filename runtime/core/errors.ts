/**
 * How a caller should act on an error. A new kind needs an ADR.
 *
 * - `user`: the job's own code or data failed; the restart strategy decides.
 * - `invalid`: wrong argument, setting or call order; fix the code.
 * - `unavailable`: throttled, timed out, network; retry with backoff.
 * - `conflict`: a conditional write lost; read again and decide again.
 * - `fenced`: a newer owner exists; stop and write nothing.
 * - `data`: persisted bytes are wrong; halt and keep the evidence.
 * - `internal`: an invariant is broken; crash.
 */
export type ErrorKind =
  | 'user'
  | 'invalid'
  | 'unavailable'
  | 'conflict'
  | 'fenced'
  | 'data'
  | 'internal';

/** Values that explain an error. JSON only, never secrets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** The persisted and transmitted shape of a {@link StreamError}. Written by `toJSON`. */
export interface StreamErrorRecord {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack?: string;
  readonly cause?: StreamErrorRecord | ThrownRecord;
}

/** Anything else that was thrown, and what it names as its cause. */
export interface ThrownRecord {
  /** `TypeError: x is not a function` */
  readonly message: string;
  readonly stack?: string;
  readonly cause?: StreamErrorRecord | ThrownRecord;
}

export interface StreamErrorInit {
  readonly kind: ErrorKind;
  /** Stable upper-snake identifier; callers match on it, never on the message. */
  readonly code: string;
  /** Lower case, no full stop; says what was wrong, where, and what to do. */
  readonly message: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** As errors are written by `String`. */
const NAMED = /^(\w*(?:Error|Exception)): ([\s\S]*)$/;
/** Of a chain of causes, which may be a circle. */
const MAX_CAUSES = 8;

const BRAND: unique symbol = Symbol.for('sluice.StreamError') as never;

/** The one error base. Recognise it with {@link isStreamError}: bundles and threads have copies. */
export class StreamError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly details: ErrorDetails;
  readonly [BRAND] = true;

  constructor(init: StreamErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'StreamError';
    this.kind = init.kind;
    this.code = init.code;
    this.details = init.details ?? {};
  }

  toJSON(): StreamErrorRecord {
    return recordOf(this, MAX_CAUSES);
  }

  /** Rebuilds an error from {@link StreamErrorRecord}; stack and cause are kept. */
  static fromJSON(record: StreamErrorRecord): StreamError {
    const { kind, code, message, details } = record;
    const cause = record.cause === undefined ? undefined : causeFromJson(record.cause);
    const error = new StreamError({ kind, code, message, details, cause });
    if (record.stack !== undefined) error.stack = record.stack;
    return error;
  }
}

/** True for a {@link StreamError} of any copy of this module. */
export function isStreamError(value: unknown): value is StreamError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Wraps anything thrown that is not a StreamError yet as `internal`. */
export function toStreamError(thrown: unknown): StreamError {
  if (isStreamError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new StreamError({ kind: 'internal', code: 'UNEXPECTED', message, cause: thrown });
}

function recordOf(error: StreamError, maxCauses: number): StreamErrorRecord {
  const { kind, code, message, details } = error;
  return { kind, code, message, details, ...stackAndCause(error, maxCauses) };
}

function stackAndCause({ stack, cause }: Error, maxCauses: number): Omit<ThrownRecord, 'message'> {
  const hasCause = cause !== undefined && maxCauses > 0;
  return {
    ...(stack === undefined ? {} : { stack }),
    ...(hasCause ? { cause: causeToJson(cause, maxCauses - 1) } : {}),
  };
}

function causeToJson(cause: unknown, maxCauses: number): StreamErrorRecord | ThrownRecord {
  if (isStreamError(cause)) return recordOf(cause, maxCauses);
  if (!(cause instanceof Error)) return { message: String(cause) };
  return { message: String(cause), ...stackAndCause(cause, maxCauses) };
}

function causeFromJson(record: StreamErrorRecord | ThrownRecord): unknown {
  if ('kind' in record) return StreamError.fromJSON(record);
  const { message, stack, cause } = record;
  const further = cause === undefined ? {} : { cause: causeFromJson(cause) };
  const [, name = 'Error', text = message] = NAMED.exec(message) ?? [];
  const error = new Error(text, further);
  if (name !== 'Error') error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
