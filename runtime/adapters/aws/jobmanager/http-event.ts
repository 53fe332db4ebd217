/** Events of an HTTP API, payload format 2.0, as requests of the REST interface. Pure. */
import { type HttpAnswer, HttpRefusal, type HttpRequest, sentAnswer } from '../../http/index.ts';

/** The part of an event that is read. */
export interface HttpEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case; several values are joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: string | undefined;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly http: { readonly method: string };
    /** `$default` is not part of the path. */
    readonly stage?: string;
  };
}

export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body is no text. */
  readonly isBase64Encoded?: boolean;
}

/** Lambda answers with up to 6 MB, of JSON: a body of JSON in it has its quotes escaped. */
const MAX_ANSWER_BYTES = 6_000_000;

/** @throws {HttpRefusal} 400 for a path that does not decode. */
export function httpRequestOf(event: HttpEvent): HttpRequest {
  const { rawPath, rawQueryString, headers, body = '', isBase64Encoded, requestContext } = event;
  const contentTypeHeader = headers['content-type'] ?? '';
  const key = headers['idempotency-key'];
  return {
    method: requestContext.http.method,
    path: pathOf(rawPath, requestContext.stage),
    query: new URLSearchParams(rawQueryString),
    contentType: (contentTypeHeader.split(';')[0] ?? '').trim().toLowerCase(),
    contentTypeHeader,
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
    ...(key === undefined || key === '' ? {} : { idempotencyKey: key }),
  };
}

export function httpResultOf(answer: HttpAnswer): HttpResult {
  const { headers, content } = sentAnswer(answer);
  const isText = typeof content === 'string';
  const result: HttpResult = {
    statusCode: answer.status,
    headers,
    body: isText ? content : Buffer.from(content).toString('base64'),
    ...(isText ? {} : { isBase64Encoded: true }),
  };
  if (Buffer.byteLength(JSON.stringify(result)) <= MAX_ANSWER_BYTES) return result;
  const errors = ['The answer is larger than the API can give: ask for less of it.'];
  const refusal = sentAnswer({ status: 500, body: { errors } });
  return { statusCode: 500, headers: refusal.headers, body: JSON.stringify({ errors }) };
}

function pathOf(rawPath: string, stage: string | undefined): string {
  const start = stage === undefined || stage === '$default' ? '' : `/${stage}`;
  const path =
    start !== '' && rawPath.startsWith(`${start}/`) ? rawPath.slice(start.length) : rawPath;
  try {
    return decodeURIComponent(path).replace(/^\/v1(?=\/)/, '');
  } catch {
    throw new HttpRefusal(400, 'The URL is malformed.');
  }
}
