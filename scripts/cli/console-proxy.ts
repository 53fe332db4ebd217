/**
 * Hands requests of the console on to a cluster, and its answers back.
 *
 * I1  What lets a request in, a signature or a token, is added here: it never gets to the browser.
 *     Of the browser's own headers only those of `TAKEN_HEADERS` go on.
 * I2  Bodies are handed on as they come, and no faster than they are taken; but what is signed is
 *     read first, up to what an HTTP API takes, for its hash is part of the signature.
 * I3  A request cannot leave the path of the cluster's address.
 */
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { RequestSigner } from '../../runtime/adapters/aws/signing/index.ts';
import { HttpRefusal, SECURITY_HEADERS } from '../../runtime/adapters/index.ts';
import { isStreamError } from '../../runtime/core/index.ts';
import { type ClientSettings, notLetIn, unreachable } from './cluster-client.ts';

const TAKEN_HEADERS: readonly string[] = [
  'accept',
  'content-type',
  'idempotency-key',
  'if-none-match',
  'range',
];
const RETURNED_HEADERS: readonly string[] = [
  'accept-ranges',
  'content-disposition',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'location',
];
/** Of an HTTP API. */
const MAX_SIGNED_BYTES = 6 * 1024 * 1024;
const ANSWER_TIMEOUT_MS = 60_000;
const MAX_SHOWN_CHARS = 200;

export class ConsoleProxy {
  readonly #settings: ClientSettings;
  #signer: Promise<RequestSigner | undefined> | undefined;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  /**
   * Settles when it is answered.
   *
   * @throws {StreamError} before anything is answered: `CLUSTER_UNREACHABLE`, `NOT_AUTHORIZED`,
   * `NO_CREDENTIALS`.
   * @throws {HttpRefusal} 400, 413
   */
  async forward(asked: IncomingMessage, answering: ServerResponse): Promise<void> {
    const url = this.#urlOf(asked.url ?? '/');
    const plain = headersOf(asked, TAKEN_HEADERS);
    const signer = await this.#signerNow();
    const { method = 'GET' } = asked;
    // A body without an end that is known cannot be signed, and need not be for a token.
    const isHashed = this.#settings.address.isDeployed && signer !== undefined;
    const body = isHashed ? await readAll(asked) : undefined;
    const headers =
      (await signer?.sign({ method, url, headers: plain, body: body ?? '' })) ?? plain;
    const length = asked.headers['content-length'];
    const sized = body === undefined && length !== undefined ? { 'content-length': length } : {};
    const send = url.protocol === 'https:' ? secureRequest : request;
    const sent = send(url, { method, headers: { ...headers, ...sized } });
    const answer = await this.#answerOf(sent, () => {
      if (body === undefined) asked.pipe(sent);
      else sent.end(body);
    });
    if (answer.statusCode === 401 || answer.statusCode === 403) {
      // The credentials may have been renewed by the next request.
      this.#signer = undefined;
      const { statusCode } = answer;
      throw notLetIn(this.#settings.address.text, statusCode, await textOf(answer));
    }
    await handBack(answer, answering);
  }

  async #signerNow(): Promise<RequestSigner | undefined> {
    this.#signer ??= this.#settings.signerOf();
    try {
      return await this.#signer;
    } catch (thrown) {
      this.#signer = undefined;
      throw thrown;
    }
  }

  /** I3. */
  #urlOf(target: string): URL {
    const { url } = this.#settings.address;
    const base = new URL(`${url}/`);
    const whole = URL.parse(`${url}${target.startsWith('/') ? '' : '/'}${target}`);
    const isInside = whole?.origin === base.origin && whole.pathname.startsWith(base.pathname);
    if (whole === null || !isInside) throw new HttpRefusal(400, 'The URL is malformed.');
    return whole;
  }

  #answerOf(sent: ClientRequest, write: () => void): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      sent.setTimeout(ANSWER_TIMEOUT_MS, () => sent.destroy(new Error('no answer in a minute')));
      sent.once('response', resolve);
      sent.once('error', (error) => reject(unreachable(this.#settings.address, error)));
      write();
    });
  }
}

/** The status of an error on the way to the cluster. */
export function gatewayStatus(thrown: unknown): number | undefined {
  if (!isStreamError(thrown)) return undefined;
  switch (thrown.code) {
    case 'CLUSTER_UNREACHABLE':
      return 502;
    // Not 401: the browser would ask for a password that nobody has.
    case 'NOT_AUTHORIZED':
    case 'NO_CREDENTIALS':
    case 'AWS_SDK_MISSING':
      return 403;
    default:
      return undefined;
  }
}

function headersOf(
  { headers }: IncomingMessage,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const found = names.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(
    found.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** I2. */
async function readAll(asked: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of asked as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_SIGNED_BYTES) {
      throw new HttpRefusal(
        413,
        `A deployed cluster takes requests of ${MAX_SIGNED_BYTES} bytes: send a larger program ` +
          "with 'sluice run -m'.",
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (text.length < MAX_SHOWN_CHARS) text += chunk.toString('utf8');
  }
  return text;
}

/** The security headers are ours, whatever the cluster says. */
function handBack(answer: IncomingMessage, answering: ServerResponse): Promise<void> {
  const headers = { ...headersOf(answer, RETURNED_HEADERS), ...SECURITY_HEADERS };
  answering.writeHead(answer.statusCode ?? 502, headers);
  return new Promise((resolve) => {
    answering.once('close', () => {
      answer.destroy();
      resolve();
    });
    // The connection of a download that breaks off is cut, so that nobody takes it for whole.
    answer.once('error', () => answering.destroy());
    answer.pipe(answering);
  });
}
