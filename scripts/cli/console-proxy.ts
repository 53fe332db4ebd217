/**
 * Hands requests of the console on to a cluster, and its answers back.
 *
 * I1  What lets a request in, a signature or a token, is added here: it never gets to the browser.
 *     Of the browser's own headers only those of `TAKEN_HEADERS` go on.
 * I2  Bodies are handed on as they come, and no faster than they are taken; but what is signed is
 *     read first, up to what an HTTP API takes, for its hash is part of the signature. A program
 *     that is larger goes by way of the disk (`relayProgram`).
 * I3  A request cannot leave the path of the cluster's address.
 */
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { RequestSigner } from '../../runtime/adapters/aws/signing/index.ts';
import { HttpRefusal, SECURITY_HEADERS, sentAnswer } from '../../runtime/adapters/index.ts';
import { isStreamError } from '../../runtime/core/index.ts';
import { type ClientSettings, notLetIn, unreachable } from './cluster-client.ts';
import { isLargeProgram, type PreparedUpload, relayProgram } from './program-relay.ts';

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
/** A function behind an HTTP API takes 6 MB, in which bytes are base64. */
const MAX_SIGNED_BYTES = 4_000_000;
const ANSWER_TIMEOUT_MS = 60_000;
const MAX_SHOWN_CHARS = 200;
/** Of an answer with a URL that is signed. */
const MAX_PREPARED_CHARS = 65_536;

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
   * `NO_CREDENTIALS`, `UPLOAD_FAILED`.
   * @throws {HttpRefusal} 400, 413, 415
   */
  async forward(asked: IncomingMessage, answering: ServerResponse): Promise<void> {
    const url = this.#urlOf(asked.url ?? '/');
    const { isDeployed } = this.#settings.address;
    const path = url.pathname.slice(new URL(`${this.#settings.address.url}/`).pathname.length - 1);
    if (isDeployed && isLargeProgram(asked, path)) return await this.#relay(asked, answering, url);
    const plain = headersOf(asked, TAKEN_HEADERS);
    const signer = await this.#signerNow();
    const { method = 'GET' } = asked;
    // A body without an end that is known cannot be signed, and need not be for a token.
    const isHashed = isDeployed && signer !== undefined;
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
    await this.#checkLetIn(answer);
    await handBack(answer, answering);
  }

  async #relay(asked: IncomingMessage, answering: ServerResponse, url: URL): Promise<void> {
    const filename = await relayProgram(asked, answering, (name) => this.#prepare(url, name));
    const { headers, content } = sentAnswer({ status: 200, body: { filename, status: 'success' } });
    answering.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(content) });
    answering.end(content);
  }

  /** Asks where to put a program. */
  async #prepare(url: URL, fileName: string): Promise<PreparedUpload> {
    const body = JSON.stringify({ fileName });
    const plain = { 'content-type': 'application/json' };
    const signer = await this.#signerNow();
    const method = 'POST';
    const signed = (await signer?.sign({ method, url, headers: plain, body })) ?? plain;
    const headers = { ...signed, 'content-length': Buffer.byteLength(body) };
    const send = url.protocol === 'https:' ? secureRequest : request;
    const sent = send(url, { method, headers });
    const answer = await this.#answerOf(sent, () => sent.end(body));
    await this.#checkLetIn(answer);
    const text = await textOf(answer, MAX_PREPARED_CHARS);
    if (answer.statusCode === 200) return JSON.parse(text) as PreparedUpload;
    throw new HttpRefusal(answer.statusCode ?? 502, refusalIn(text));
  }

  /** @throws {StreamError} `NOT_AUTHORIZED` */
  async #checkLetIn(answer: IncomingMessage): Promise<void> {
    const { statusCode } = answer;
    if (statusCode !== 401 && statusCode !== 403) return;
    // The credentials may have been renewed by the next request.
    this.#signer = undefined;
    throw notLetIn(this.#settings.address.text, statusCode, await textOf(answer, MAX_SHOWN_CHARS));
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
    case 'UPLOAD_FAILED':
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
      throw new HttpRefusal(413, `A deployed cluster takes requests of ${MAX_SIGNED_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function textOf(answer: IncomingMessage, maxChars: number): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
    if (text.length < maxChars) text += chunk;
  }
  return text;
}

/** What a cluster says is wrong; of anything else that answers, its text. */
function refusalIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { readonly errors?: readonly unknown[] };
    if (Array.isArray(errors) && errors.length > 0) return String(errors[0]);
  } catch {
    // Shown as it is.
  }
  return text.slice(0, MAX_SHOWN_CHARS);
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
