/** Requests and answers of the REST interface, apart from any server. */
import {
  assert,
  isStreamError,
  maskText,
  maskUserInfo,
  type StreamError,
  toStreamError,
} from '../../core/index.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const MAX_JSON_DEPTH = 32;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

export interface HttpRequest {
  readonly method: string;
  /** Decoded, with a leading `/`, without `/v1` and the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower case, without parameters; empty: none. */
  readonly contentType: string;
  /** The whole header. */
  readonly contentTypeHeader: string;
  /** The header of this name. */
  readonly idempotencyKey?: string;
  readonly body: Uint8Array;
  /** An upload that a server has put on its disk; `body` is empty. */
  readonly file?: ReceivedFile;
}

/** A file that a client has sent, for as long as its request is answered. */
export interface ReceivedFile {
  /** As the client calls it: hostile. Absent: the body was the file. */
  readonly fileName?: string;
  readonly path: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** JSON, unless it is an {@link HttpContent}. */
  readonly body: unknown;
  /** A secret is what was asked for: a URL that lets its owner upload. Nothing is masked. */
  readonly handsOutSecrets?: true;
}

/** A body that is no JSON: a log, a file. Texts are sent as UTF-8. */
export class HttpContent {
  /** `text/plain; charset=UTF-8`. */
  readonly type: string;
  readonly content: string | Uint8Array;
  /** A browser stores it under this name. Undefined: it shows it. */
  readonly fileName: string | undefined;

  /** @param fileName letters, digits and `.-_` only. */
  constructor(type: string, content: string | Uint8Array, fileName?: string) {
    assert(fileName === undefined || /^[\w.-]+$/.test(fileName), 'a file name fits a header');
    this.type = type;
    this.content = content;
    this.fileName = fileName;
  }
}

/** An answer as a host sends it: the same on each. */
export interface SentAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | Uint8Array;
}

/** Headers and content of an answer's body. */
export function sentAnswer({ body, handsOutSecrets }: HttpAnswer): SentAnswer {
  const headers = SECURITY_HEADERS;
  if (!(body instanceof HttpContent)) {
    const type = 'application/json; charset=UTF-8';
    return {
      headers: { 'content-type': type, ...headers },
      content:
        handsOutSecrets === true
          ? JSON.stringify(body)
          : maskUserInfo(JSON.stringify(body, (_, value: unknown) => maskedValue(value))),
    };
  }
  const { type, content, fileName } = body;
  const disposition =
    fileName === undefined ? {} : { 'content-disposition': `attachment; filename="${fileName}"` };
  return {
    headers: { 'content-type': type, ...headers, ...disposition },
    content: maskedContent(type, content),
  };
}

function maskedValue(value: unknown): unknown {
  return typeof value === 'string' ? maskText(value) : value;
}

/** Texts, as logs are, are masked byte by byte: what is no UTF-8 in them stays; pages are not. */
function maskedContent(type: string, content: string | Uint8Array): string | Uint8Array {
  if (!type.startsWith('text/plain')) return content;
  if (typeof content === 'string') return maskText(content);
  return Buffer.from(maskText(Buffer.from(content).toString('latin1')), 'latin1');
}

/** An answer that refuses; its message is for the client. */
export class HttpRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'HttpRefusal';
    this.status = status;
  }
}

/** A value from outside was refused. */
export function badRequest(message: string): HttpRefusal {
  return new HttpRefusal(400, message);
}

/** Flink's shape of an error. */
export function errorAnswer(thrown: unknown): HttpAnswer {
  if (thrown instanceof HttpRefusal) {
    return { status: thrown.status, body: { errors: [thrown.message] } };
  }
  const error = toStreamError(thrown);
  const status = isStreamError(thrown) ? statusOf(error) : 500;
  return { status, body: { errors: [messageOf(error), `code: ${error.code}`] } };
}

function messageOf(error: StreamError): string {
  // Flink's clients look for this text.
  if (error.code === 'JOB_NOT_FOUND') return `Job ${String(error.details.jobId)} not found`;
  return error.message;
}

/** Where the kind of an error says too little. */
const STATUS_OF_CODES: Readonly<Record<string, number>> = {
  JOB_NOT_FOUND: 404,
  OPERATOR_NOT_FOUND: 404,
  STATE_JOB_ENDED: 404,
  STATE_OPERATOR_FINISHED: 404,
  STATE_NOT_FOUND: 404,
  STATE_KEY_NOT_FOUND: 404,
  STATE_NOT_QUERYABLE: 403,
  STATE_ANSWER_TOO_LARGE: 413,
  // It may have one later.
  STATE_NO_CHECKPOINT: 409,
};

function statusOf({ kind, code }: StreamError): number {
  const known = STATUS_OF_CODES[code];
  if (known !== undefined) return known;
  switch (kind) {
    case 'invalid':
    case 'user':
    case 'data':
      return 400;
    case 'conflict':
      return 409;
    case 'unavailable':
      // 503 would make Flink's clients try again for a minute.
      return code === 'CLUSTER_STOPPING' ? 503 : 500;
    default:
      return 500;
  }
}

/**
 * The body's JSON object; empty when there is no body.
 *
 * @throws {HttpRefusal} 415 for other content types, 400 for what is no JSON object.
 */
export function jsonBody({ body, contentType }: HttpRequest): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  if (contentType !== 'application/json') {
    throw new HttpRefusal(415, 'The content type must be application/json.');
  }
  checkDepth(body);
  const text = Buffer.from(body).toString('utf8');
  if (/\\u0000/.test(text)) checkNoNul(text);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ...value };
    }
  } catch {
    // Answered below.
  }
  throw badRequest('The body must be a JSON object.');
}

/** Nothing here has a name or a path with that, and the system refuses it late. */
function checkNoNul(json: string): void {
  // `\\u0000` is a backslash and five letters.
  if (!json.replaceAll('\\\\', '').includes('\\u0000')) return;
  throw badRequest('The body must not have NUL characters.');
}

/** Before anything walks down it. */
function checkDepth(json: Uint8Array): void {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (isInText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
    if (depth > MAX_JSON_DEPTH) {
      throw badRequest(`The body is nested deeper than ${MAX_JSON_DEPTH} levels.`);
    }
  }
}

/** A field of a body that may be left out or null. */
export function optionalText(
  body: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw badRequest(`Field '${name}' must be a text.`);
}

/** As {@link optionalText}, for paths. */
export function optionalPath(
  body: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const path = optionalText(body, name);
  if (path === undefined || !/\p{Cc}/u.test(path)) return path;
  throw badRequest(`Field '${name}' must be a path without control characters.`);
}

/** As {@link optionalText}, for booleans. */
export function flagOf(body: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = body[name];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw badRequest(`Field '${name}' must be true or false.`);
}

/** As {@link optionalText}, for counts from 1. */
export function optionalCount(
  body: Readonly<Record<string, unknown>>,
  name: string,
): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw badRequest(`Field '${name}' must be a positive integer.`);
}
