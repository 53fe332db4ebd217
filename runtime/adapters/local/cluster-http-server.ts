/**
 * Serves the REST interface, and the files of web pages.
 *
 * I1  Who may ask is decided before anything of a request is looked at (`checkRequest`).
 * I2  A body is read up to its limit, and no further; an upload goes to the disk as it comes, and
 *     what is left of it goes when it is answered.
 * I3  Who sends or reads slowly loses the connection. There are only so many connections, and so
 *     many bodies under way: who has sent nothing yet makes room for who comes.
 * I4  Every answer has the headers of `SECURITY_HEADERS`, or of its page, errors of HTTP itself
 *     included.
 * I5  The port is had before anything is there that could answer; until then it is 503, which
 *     clients ask again after.
 */
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isStreamError, StreamError } from '../../core/index.ts';
import {
  answerRequest,
  assertUploadType,
  type ClusterApi,
  checkRequest,
  corsHeaders,
  errorAnswer,
  type HttpAnswer,
  HttpContent,
  HttpRefusal,
  type HttpRequest,
  type ReceivedFile,
  SECURITY_HEADERS,
  sentAnswer,
} from '../http/index.ts';
import { reasonOf } from '../store-errors.ts';
import { Connections } from './connections.ts';
import type { PageFile, PageFiles } from './page-files.ts';
import { receiveUpload } from './receive-upload.ts';
import type { RestSettings } from './rest-settings.ts';

const UPLOAD_PATH = '/jars/upload';
const MAX_JSON_BYTES = 1024 * 1024;
const MAX_URL_CHARS = 4096;
const MAX_HEADER_BYTES = 16 * 1024;
const NO_CONTENT: readonly number[] = [204, 304];
const KEPT_ALIVE_MS = 5000;
/** How much later than its time a connection is closed. */
const MAX_CHECK_MS = 500;
/** How long an answer may be thought about. */
const LONGEST_ANSWER_MS = 600_000;
/** How long requests under way are waited for at the end. */
const LAST_ANSWERS_MS = 1000;

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Served {
  readonly api: ClusterApi;
  readonly options: ServeOptions;
}

const STARTING = new HttpRefusal(503, 'The cluster is starting: ask again in a moment.');

/** Files below a prefix of the path, where the REST interface is, too: `/flink`. */
export interface ServedPages {
  readonly prefix: '' | `/${string}`;
  readonly files: PageFiles;
}

export interface ServeOptions {
  readonly settings: RestSettings;
  /** Where an upload may be put: a new name each time. */
  readonly uploadPath: () => string;
  /** The first that has a file gives it. */
  readonly pages: readonly ServedPages[];
}

/**
 * @param port 0: any that is free.
 * @throws {StreamError} `PORT_IN_USE`.
 */
export async function serveCluster(
  api: ClusterApi,
  port: number,
  options: ServeOptions,
): Promise<HttpServer> {
  const server = await listenCluster(port, options.settings);
  server.serve(api, options);
  return server;
}

/** I5. */
export interface ListeningServer extends HttpServer {
  /** From now on, requests are answered. */
  serve(api: ClusterApi, options: ServeOptions): void;
}

/** I5. @throws {StreamError} `PORT_IN_USE`. */
export async function listenCluster(
  port: number,
  settings: RestSettings,
): Promise<ListeningServer> {
  const answering = new Set<Promise<void>>();
  let served: Served | undefined;
  const connections = new Connections(settings.maxConnections);
  const server = createServer(httpOptions(settings), (message, response) => {
    connections.asks(message.socket, response);
    const answered =
      served === undefined
        ? send(response, errorAnswer(STARTING), { connection: 'close' })
        : handle(served.api, { ...served.options, connections }, message, response);
    answering.add(answered);
    void answered.then(() => answering.delete(answered));
  });
  server.on('connection', (socket) => connections.came(socket));
  limit(server, settings);
  const { bindHost } = settings;
  await listen(server, port, bindHost);
  const address = server.address() as AddressInfo;
  return {
    host: bindHost.includes(':') ? `[${bindHost}]` : bindHost,
    port: address.port,
    serve: (api, options) => {
      served = { api, options };
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // Who asked for the end is answered before it.
      await Promise.race([Promise.all(answering), waited(LAST_ANSWERS_MS)]);
      server.closeAllConnections();
      await closed;
    },
  };
}

function httpOptions({ headersTimeoutMs, requestTimeoutMs }: RestSettings) {
  return {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(MAX_CHECK_MS, Math.ceil(headersTimeoutMs / 4)),
    keepAliveTimeout: KEPT_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The guard refuses, in our shape.
    requireHostHeader: false,
  };
}

/** I3. */
function limit(server: Server, { requestTimeoutMs }: RestSettings): void {
  // Nothing went either way: an answer that is not taken.
  server.setTimeout(requestTimeoutMs);
  server.on('checkExpectation', (_message, response: ServerResponse) => {
    const refusal = new HttpRefusal(417, 'Nothing but 100-continue can be expected.');
    void send(response, errorAnswer(refusal), { connection: 'close' });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else socket.end(rawAnswer(error.code ?? ''), () => socket.destroy());
  });
}

/** I4: of a request that does not read as one. */
function rawAnswer(code: string): string {
  const [status, reason] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'Request Timeout']
      : code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'Request Header Fields Too Large']
        : [400, 'Bad Request'];
  const { headers, content } = sentAnswer({ status, body: { errors: [`${reason}.`] } });
  const lines = Object.entries({
    ...headers,
    ...SECURITY_HEADERS,
    'content-length': Buffer.byteLength(content),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${String(content)}`;
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
  } catch (thrown) {
    if (isStreamError(thrown)) throw thrown;
    throw new StreamError({
      kind: 'invalid',
      code: 'PORT_IN_USE',
      message: `the cluster cannot listen on its port, take another --port: port=${port} reason=${reasonOf(thrown)}`,
      details: { port },
      cause: thrown,
    });
  }
}

async function handle(
  api: ClusterApi,
  options: HandleOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { guard } = options.settings;
  const cors = corsHeaders(guard, message.headers.origin);
  let file: ReceivedFile | undefined;
  try {
    const target = targetOf(message, options.pages);
    const isPreflight = message.method === 'OPTIONS' && 'access-control-allow-origin' in cors;
    // A preflight brings no token.
    const asked = isPreflight ? { ...guard, token: undefined } : guard;
    const { path } = target;
    checkRequest(asked, { headers: message.headers, isPage: target.page !== undefined, path });
    if (isPreflight)
      return await send(response, { status: 204, body: new HttpContent('', '') }, cors);
    const page = await target.page?.();
    if (page !== undefined) return await sendPage(message, response, page);
    const request = await receiveRequest(message, target, options);
    file = request.file;
    message.socket.setTimeout(LONGEST_ANSWER_MS);
    const answer = await answerRequest(api, request);
    message.socket.setTimeout(options.settings.requestTimeoutMs);
    await send(response, answer, cors);
  } catch (thrown) {
    // What was refused is not read to its end.
    const closing = message.complete ? {} : { connection: 'close' };
    await send(response, errorAnswer(thrown), { ...cors, ...closing });
  } finally {
    if (file !== undefined) await rm(file.path, { force: true });
  }
}

interface HandleOptions extends ServeOptions {
  readonly connections: Connections;
}

interface Target {
  /** Without prefixes. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Reads the file that is asked for; undefined: the request is one of the REST interface. */
  readonly page: (() => ReturnType<PageFiles['read']>) | undefined;
}

function targetOf({ method, url = '/' }: IncomingMessage, pages: readonly ServedPages[]): Target {
  if (url.length > MAX_URL_CHARS) throw new HttpRefusal(414, 'The URL is too long.');
  const { pathname, searchParams: query } = parsed(url);
  let path = decoded(pathname);
  const isRead = method === 'GET' || method === 'HEAD';
  const found = pages.find(({ prefix, files }) => {
    return path.startsWith(`${prefix}/`) && files.has(path.slice(prefix.length));
  });
  if (found !== undefined && isRead) {
    const name = path.slice(found.prefix.length);
    return { path, query, page: () => found.files.read(name) };
  }
  for (const { prefix } of pages) {
    if (prefix !== '' && path.startsWith(`${prefix}/`)) path = path.slice(prefix.length);
  }
  return { path: path.replace(/^\/v1(?=\/)/, ''), query, page: undefined };
}

/** I3. */
async function receiveRequest(
  message: IncomingMessage,
  target: Target,
  options: HandleOptions,
): Promise<HttpRequest> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = message.headers;
  if (encoding === undefined && length === '0') return await readRequest(message, target, options);
  const received = options.connections.receives(target.path === UPLOAD_PATH ? 'upload' : 'body');
  try {
    // Not one byte: it is not coming.
    message.socket.setTimeout(options.settings.headersTimeoutMs);
    return await readRequest(message, target, options);
  } finally {
    received();
  }
}

/** I2. */
async function readRequest(
  message: IncomingMessage,
  { path, query }: Target,
  options: ServeOptions,
): Promise<HttpRequest> {
  const { method = 'GET', headers } = message;
  const contentTypeHeader = headers['content-type'] ?? '';
  const contentType = (contentTypeHeader.split(';')[0] ?? '').trim().toLowerCase();
  const key = headers['idempotency-key'];
  const idempotency = typeof key === 'string' ? { idempotencyKey: key } : {};
  const request = { method, path, query, contentType, contentTypeHeader, ...idempotency };
  if (method !== 'POST' || path !== UPLOAD_PATH) {
    const body = await readBody(message, MAX_JSON_BYTES);
    // A page of another site can send any other type without asking before.
    if (body.length === 0 || contentType === 'application/json') return { ...request, body };
    throw new HttpRefusal(415, 'The content type must be application/json.');
  }
  assertUploadType(contentType);
  const isForm = contentType === 'multipart/form-data';
  const { maxUploadBytes: maxBytes } = options.settings;
  const upload = { contentTypeHeader, isForm, maxBytes, path: options.uploadPath() };
  return { ...request, body: new Uint8Array(), file: await receiveUpload(message, upload) };
}

function parsed(target: string): URL {
  try {
    // A target may begin with two slashes, and is no host then.
    return new URL(`http://localhost${target.startsWith('/') ? '' : '/'}${target}`);
  } catch {
    throw new HttpRefusal(400, 'The URL is malformed.');
  }
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw new HttpRefusal(400, 'The URL is malformed.');
  }
}

async function readBody(message: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw new HttpRefusal(413, `The body is larger than ${limitBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function sendPage(
  message: IncomingMessage,
  response: ServerResponse,
  { type, content, etag, headers }: PageFile,
): Promise<void> {
  const known = (message.headers['if-none-match'] ?? '').split(',');
  const isKnown = known.some((tag) => tag.trim().replace(/^W\//, '') === etag);
  const isEmpty = isKnown || message.method === 'HEAD';
  const body = new HttpContent(type, isEmpty ? '' : content);
  await send(response, { status: isKnown ? 304 : 200, body }, { ...headers, etag });
}

/** Settles when it is sent, or nobody takes it any more. */
function send(
  response: ServerResponse,
  answer: HttpAnswer,
  further: Readonly<Record<string, string>>,
): Promise<void> {
  const { headers, content } = sentAnswer(answer);
  const asking = answer.status === 401 ? { 'www-authenticate': 'Basic realm="sluice"' } : {};
  const length = NO_CONTENT.includes(answer.status)
    ? {}
    : { 'content-length': Buffer.byteLength(content) };
  response.writeHead(answer.status, { ...headers, ...length, ...asking, ...further });
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.end(content);
  });
}
