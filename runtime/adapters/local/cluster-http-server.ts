/**
 * Serves the REST interface, and the web console beside it, on the loopback interface.
 *
 * I1  Only requests that name this machine by a loopback name are answered, so that no web page
 *     reaches the cluster by a name that was made to point here; what a browser sends for another
 *     site is refused.
 * I2  A body is read up to its limit, and no further.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isStreamError, StreamError } from '../../core/index.ts';
import {
  answerRequest,
  type ClusterApi,
  errorAnswer,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  sentAnswer,
} from '../http/index.ts';
import { reasonOf } from '../store-errors.ts';
import type { ConsoleAnswer, ConsoleFiles } from './console-files.ts';

const LOOPBACK = '127.0.0.1';
const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const MAX_JSON_BYTES = 1024 * 1024;
/** As Flink's `rest.server.max-content-length`. */
const MAX_UPLOAD_BYTES = 100 * 1024 * 1024;
const MAX_URL_CHARS = 4096;
/** How long requests under way are waited for at the end. */
const LAST_ANSWERS_MS = 1000;

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param port 0: any that is free.
 * @param consoleFiles undefined: no console is served.
 * @throws {StreamError} `PORT_IN_USE`.
 */
export async function serveCluster(
  api: ClusterApi,
  port: number,
  consoleFiles?: ConsoleFiles,
): Promise<HttpServer> {
  const answering = new Set<Promise<void>>();
  const server = createServer((message, response) => {
    const file = consoleFiles === undefined ? undefined : consoleFile(consoleFiles, message);
    if (file !== undefined) {
      sendFile(response, file);
      return;
    }
    const answered = handle(api, message).then((answer) => send(response, answer));
    answering.add(answered);
    void answered.then(() => answering.delete(answered));
  });
  await listen(server, port);
  const address = server.address() as AddressInfo;
  return {
    host: LOOPBACK,
    port: address.port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // Who asked for the end is answered before it.
      await Promise.race([Promise.all(answering), waited(LAST_ANSWERS_MS)]);
      server.closeAllConnections();
      await closed;
    },
  };
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, () => resolve());
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

/** Links of other sites may lead to the console: its files are the same for everyone. */
function consoleFile(files: ConsoleFiles, message: IncomingMessage): ConsoleAnswer | undefined {
  const { method = 'GET', headers, url = '/' } = message;
  if (!isLoopbackName(headers.host)) return undefined;
  return files.find(method, url.split('?')[0] ?? '', headers['if-none-match']);
}

function sendFile(response: ServerResponse, { status, headers, content }: ConsoleAnswer): void {
  response.writeHead(status, headers);
  response.end(content);
}

async function handle(api: ClusterApi, message: IncomingMessage): Promise<HttpAnswer> {
  try {
    return await answerRequest(api, await readRequest(message));
  } catch (thrown) {
    return errorAnswer(thrown);
  }
}

async function readRequest(message: IncomingMessage): Promise<HttpRequest> {
  const { method = 'GET', headers, url: target = '/' } = message;
  checkOrigin(headers.host, headers.origin, headers['sec-fetch-site']);
  if (target.length > MAX_URL_CHARS) throw new HttpRefusal(414, 'The URL is too long.');
  const url = parsed(target);
  const contentTypeHeader = headers['content-type'] ?? '';
  const contentType = (contentTypeHeader.split(';')[0] ?? '').trim().toLowerCase();
  const path = decoded(url.pathname).replace(/^\/v1(?=\/)/, '');
  const limitBytes = path === '/jars/upload' ? MAX_UPLOAD_BYTES : MAX_JSON_BYTES;
  const body = await readBody(message, limitBytes);
  const key = headers['idempotency-key'];
  const idempotency = typeof key === 'string' ? { idempotencyKey: key } : {};
  const query = url.searchParams;
  return { method, path, query, contentType, contentTypeHeader, body, ...idempotency };
}

/** I1. */
function checkOrigin(
  host: string | undefined,
  origin: string | undefined,
  fetchSite: string | string[] | undefined,
): void {
  if (!isLoopbackName(host)) {
    throw new HttpRefusal(403, `The host must be one of ${LOOPBACK_NAMES.join(', ')}.`);
  }
  // Browsers send no origin with a GET of an image or a form.
  const isOfOther = fetchSite === 'cross-site' || fetchSite === 'same-site';
  if (!isOfOther && (origin === undefined || origin === `http://${host}`)) return;
  throw new HttpRefusal(403, 'Requests of other sites are not answered.');
}

function isLoopbackName(host: string | undefined): boolean {
  return LOOPBACK_NAMES.includes((host ?? '').replace(/:\d+$/, '').toLowerCase());
}

function parsed(target: string): URL {
  try {
    return new URL(target, `http://${LOOPBACK}`);
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

/** I2. */
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

/** Settles when it is sent, or nobody takes it any more. */
function send(response: ServerResponse, answer: HttpAnswer): Promise<void> {
  const { headers, content } = sentAnswer(answer);
  response.writeHead(answer.status, {
    ...headers,
    'content-length': Buffer.byteLength(content),
    // A refused body is not read to its end.
    ...(answer.status === 413 ? { connection: 'close' } : {}),
  });
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.end(content);
  });
}
