/**
 * Serves the console's files and, as the same site, a cluster's REST interface.
 *
 * I1  It listens on loopback only, and what a page of another site sends is refused as by a cluster
 *     (`checkRequest`): whoever gets through here acts with the user's credentials.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  checkRequest,
  errorAnswer,
  HttpRefusal,
  type PageFile,
  type PageFiles,
  type RequestGuard,
  sentAnswer,
} from '../../runtime/adapters/index.ts';
import { StreamError } from '../../runtime/core/index.ts';
import { type ConsoleProxy, gatewayStatus } from './console-proxy.ts';

const LOOPBACK = '127.0.0.1';
const HEADERS_TIMEOUT_MS = 10_000;
/** An upload may take its time. */
const REQUEST_TIMEOUT_MS = 300_000;
const MAX_CONNECTIONS = 128;
const MAX_URL_CHARS = 4096;

const GUARD: RequestGuard = {
  hostNames: ['localhost', LOOPBACK, '[::1]'],
  takesAddresses: false,
  allowedOrigins: [],
  token: undefined,
};

export interface ConsoleServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param port 0: any that is free.
 * @throws {StreamError} `PORT_IN_USE`.
 */
export async function serveConsole(
  pages: PageFiles,
  proxy: ConsoleProxy,
  port: number,
): Promise<ConsoleServer> {
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (asked, answering) => void handle(pages, proxy, asked, answering),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, resolve);
    });
  } catch (cause) {
    throw new StreamError({
      kind: 'invalid',
      code: 'PORT_IN_USE',
      message:
        `the console cannot listen on its port, take another --port: port=${port} ` +
        `reason=${String((cause as Error).message)}`,
      details: { port },
      cause,
    });
  }
}

async function handle(
  pages: PageFiles,
  proxy: ConsoleProxy,
  asked: IncomingMessage,
  answering: ServerResponse,
): Promise<void> {
  try {
    const { url = '/', method = 'GET', headers } = asked;
    if (url.length > MAX_URL_CHARS) throw new HttpRefusal(414, 'The URL is too long.');
    const path = pathOf(url);
    const isPage = (method === 'GET' || method === 'HEAD') && pages.has(path);
    checkRequest(GUARD, { headers, isPage, path });
    const page = isPage ? await pages.read(path) : undefined;
    if (page !== undefined) sendPage(asked, answering, page);
    else await proxy.forward(asked, answering);
  } catch (thrown) {
    sendError(answering, thrown);
  }
}

function pathOf(url: string): string {
  try {
    return decodeURIComponent(url.split('?')[0] ?? '/');
  } catch {
    throw new HttpRefusal(400, 'The URL is malformed.');
  }
}

function sendPage(
  { method, headers: given }: IncomingMessage,
  answering: ServerResponse,
  { type, content, etag, headers }: PageFile,
): void {
  const isKnown = given['if-none-match'] === etag;
  const length = isKnown ? {} : { 'content-length': content.byteLength };
  answering.writeHead(isKnown ? 304 : 200, { 'content-type': type, ...headers, ...length, etag });
  answering.end(isKnown || method === 'HEAD' ? '' : content);
}

function sendError(answering: ServerResponse, thrown: unknown): void {
  if (answering.headersSent) {
    answering.destroy();
    return;
  }
  const answer = errorAnswer(thrown);
  const { headers, content } = sentAnswer(answer);
  answering.writeHead(gatewayStatus(thrown) ?? answer.status, {
    ...headers,
    'content-length': Buffer.byteLength(content),
    // What was refused is not read to its end.
    connection: 'close',
  });
  answering.end(content);
}
