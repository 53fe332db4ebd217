/** Talks to a cluster over its REST interface. */
import { resolve } from 'node:path';
import type { RequestSigner } from '../../runtime/adapters/aws/signing/index.ts';
import { ConfigOptions, StreamError, type StreamErrorRecord } from '../../runtime/core/index.ts';
import { type ClusterAddress, clusterAddress, signerOf } from './cluster-address.ts';
import { checkTarget } from './cluster-target.ts';
import type { ConsoleWorld } from './console-world.ts';
import { configurationOf } from './effective-configuration.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';
import { type PresignedUpload, putProgram } from './presigned-upload.ts';

const DEFAULT_HOST = '127.0.0.1';
const FIRST_POLL_MS = 20;
const LAST_POLL_MS = 500;
/** Every look at a deployed cluster is paid for; as Flink's clients. */
const LAST_DEPLOYED_POLL_MS = 2_000;
/** A function takes requests of 6 MB: what is in them counted as base64, or as JSON escapes it. */
const MAX_UPLOAD_BYTES = 4_000_000;
const MAX_ESCAPED_BYTES = 5_500_000;
/** A cluster that starts again answers within this time. */
const RETRY_MS = 60_000;

export type JsonObject = Readonly<Record<string, unknown>>;

/** A trigger whose result is fetched later. */
export interface Operation {
  /** What is triggered. */
  readonly path: string;
  readonly body: JsonObject;
  /** Where the result is; the trigger's id is added to it. */
  readonly resultPath: string;
}

/** What a client is made of. */
export interface ClientSettings {
  readonly address: ClusterAddress;
  /** Makes what requests are signed with; not before the first of them. */
  readonly signerOf: () => Promise<RequestSigner | undefined>;
  /** How long an operation may take; `client.timeout`. */
  readonly timeoutMs: number;
}

interface RequestParts {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class ClusterClient {
  readonly #address: ClusterAddress;
  readonly #signerOf: ClientSettings['signerOf'];
  readonly #timeoutMs: number;
  #signer: Promise<RequestSigner | undefined> | undefined;

  constructor({ address, signerOf, timeoutMs }: ClientSettings) {
    this.#address = address;
    this.#signerOf = signerOf;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Of `-m`; else `rest.address` and `rest.port` of `-D` and the configuration file.
   *
   * @throws {StreamError} `BAD_ARGUMENTS`, and as `configurationOf`.
   */
  static async of(options: ParsedOptions, world: ConsoleWorld): Promise<ClusterClient> {
    checkTarget(options);
    const configuration = await configurationOf(options, world);
    const host = configuration.get(ConfigOptions.REST_ADDRESS) ?? DEFAULT_HOST;
    const configured = `${host}:${configuration.get(ConfigOptions.REST_PORT)}`;
    const address = clusterAddress(options.values.get('jobmanager')?.[0] ?? configured);
    const timeoutMs = configuration.get(ConfigOptions.CLIENT_TIMEOUT_MS);
    const token = configuration.get(ConfigOptions.REST_AUTHENTICATION_TOKEN);
    const ofFile = token === undefined ? {} : { SLUICE_TOKEN: token };
    const environment = { ...ofFile, ...world.environment };
    const signer = (): Promise<RequestSigner | undefined> => signerOf(address, environment);
    return new ClusterClient({ address, signerOf: signer, timeoutMs });
  }

  get address(): string {
    return this.#address.text;
  }

  /** What it is made of. */
  get settings(): ClientSettings {
    return { address: this.#address, signerOf: this.#signerOf, timeoutMs: this.#timeoutMs };
  }

  /** It shares no directory with this machine. */
  get isDeployed(): boolean {
    return this.#address.isDeployed;
  }

  async get(path: string): Promise<JsonObject> {
    return await this.#request('GET', path);
  }

  /** A file: as it is. */
  async getText(path: string): Promise<string> {
    const { status, text } = await this.#ask('GET', path, {});
    if (status >= 400) throw refusalOf([`${status} ${text.slice(0, 200)}`]);
    return text;
  }

  async send(method: 'POST' | 'PATCH', path: string, body: JsonObject = {}): Promise<JsonObject> {
    const headers = { 'content-type': 'application/json' };
    return await this.#request(method, path, { headers, body: JSON.stringify(body) });
  }

  /** @returns the id of the uploaded program. */
  async upload(name: string, code: string): Promise<string> {
    if (this.isDeployed && isTooLarge(code)) return await this.#uploadBeside(name, code);
    const path = `/jars/upload?name=${encodeURIComponent(name)}`;
    const headers = { 'content-type': 'application/javascript' };
    return String((await this.#request('POST', path, { headers, body: code })).filename);
  }

  /** To where the cluster says, for it is too large for a request. */
  async #uploadBeside(fileName: string, code: string): Promise<string> {
    const { filename, upload } = await this.send('POST', '/jars/upload', { fileName });
    await putProgram(upload as PresignedUpload, code);
    return String(filename);
  }

  /** @returns the trigger's id. */
  async trigger({ path, body }: Operation): Promise<string> {
    return String((await this.send('POST', path, body))['request-id']);
  }

  /**
   * Triggers an operation and waits for its result.
   *
   * @param onWait before each wait.
   */
  async perform(operation: Operation, onWait?: () => Promise<void>): Promise<JsonObject> {
    const path = `${operation.resultPath}/${await this.trigger(operation)}`;
    const untilMs = performance.now() + this.#timeoutMs;
    const answer = await this.poll(path, async (now) => {
      if (now < untilMs) return await onWait?.();
      throw new StreamError({
        kind: 'unavailable',
        code: 'OPERATION_TIMEOUT',
        message:
          'the cluster has not answered in time, and goes on with it; -D client.timeout=10min ' +
          `waits longer: address=${this.address} timeoutMs=${this.#timeoutMs}`,
      });
    });
    const result = (answer.operation ?? {}) as JsonObject;
    const failure = result['failure-cause'] ?? result.failureCause;
    if (failure !== undefined) throw failureOf(failure as JsonObject);
    return result;
  }

  /**
   * Asks until a status is COMPLETED.
   *
   * @param onWait before each wait; what it throws ends the waiting.
   */
  async poll(path: string, onWait: (nowMs: number) => Promise<void>): Promise<JsonObject> {
    let delayMs = FIRST_POLL_MS;
    let lastAnswerMs = performance.now();
    for (;;) {
      const answer = await this.get(path).catch((thrown: unknown) => {
        const isGone = thrown instanceof StreamError && thrown.code === 'CLUSTER_UNREACHABLE';
        if (!isGone || performance.now() - lastAnswerMs > RETRY_MS) throw thrown;
        return undefined;
      });
      if (answer !== undefined) {
        lastAnswerMs = performance.now();
        if ((answer.status as JsonObject | undefined)?.id === 'COMPLETED') return answer;
      }
      await onWait(performance.now());
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      delayMs = Math.min(this.isDeployed ? LAST_DEPLOYED_POLL_MS : LAST_POLL_MS, delayMs * 2);
    }
  }

  async #request(method: string, path: string, init: RequestParts = {}): Promise<JsonObject> {
    const { status, text } = await this.#ask(method, path, init);
    const answer = parsed(text, this.address);
    const { errors } = answer;
    const isError = Array.isArray(errors) && Object.keys(answer).length === 1;
    if (isError) throw refusalOf(errors.map(String));
    if (status >= 400) throw refusalOf([`${status} ${String(answer.message ?? text)}`]);
    return answer;
  }

  async #ask(method: string, path: string, init: RequestParts): Promise<Answer> {
    this.#signer ??= this.#signerOf();
    const signer = await this.#signer;
    const url = new URL(`${this.#address.url}/v1${path}`);
    const { headers: plain = {}, body = '' } = init;
    const headers = (await signer?.sign({ method, url, headers: plain, body })) ?? plain;
    const answer = await this.#fetch(url, {
      ...{ method, headers },
      ...(body === '' ? {} : { body }),
    });
    const { status, text } = answer;
    if (status === 401 || status === 403) throw notLetIn(this.address, status, text);
    return answer;
  }

  async #fetch(url: URL, init: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(url, init);
      return { status: response.status, text: await response.text() };
    } catch (thrown) {
      throw unreachable(this.#address, thrown);
    }
  }
}

/** What stands before a deployed cluster has refused the caller. */
export function notLetIn(address: string, status: number, text: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NOT_AUTHORIZED',
    message:
      'the cluster does not let you in: sign with AWS credentials that may execute-api:Invoke ' +
      'on its API, or set SLUICE_TOKEN where it asks for tokens; ' +
      `address=${address} status=${status} answer=${text.slice(0, 200)}`,
    details: { address, status },
  });
}

/**
 * A path of the command line, as the cluster understands it: one on this machine may be in another
 * directory, a deployed one sees nothing of this machine.
 *
 * @throws {StreamError} `BAD_ARGUMENTS`.
 */
export function locationFor(path: string, { cwd }: ConsoleWorld, client: ClusterClient): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(path) ?? [];
  if (scheme !== undefined && !(client.isDeployed && scheme === 'file')) return path;
  if (!client.isDeployed) return resolve(cwd, path);
  throw badArguments(
    `A deployed cluster does not see the files of this machine, write s3://<bucket>/<path>: ${path}`,
  );
}

/** The record of a failure inside an answer. */
export function failureOf(failure: JsonObject): StreamError {
  if (failure.error !== undefined) return StreamError.fromJSON(failure.error as StreamErrorRecord);
  const message = String(failure['stack-trace'] ?? failure.class ?? 'unknown').split('\n')[0] ?? '';
  return new StreamError({ kind: 'internal', code: 'CLUSTER_FAILURE', message });
}

function refusalOf([message = 'unknown', ...further]: readonly string[]): StreamError {
  const code = further.map((line) => /^code: ([A-Z_]+)$/.exec(line)?.[1]).find(Boolean);
  return new StreamError({ kind: 'invalid', code: code ?? 'REQUEST_REFUSED', message });
}

export function unreachable(
  { text: address, isDeployed, region = '' }: ClusterAddress,
  cause: unknown,
): StreamError {
  const advice = isDeployed
    ? "check that the URL is the output ApiUrl of the cluster's stack (cluster.json, or the " +
      'stack in the console), that its region is the one deployed to, that the stack is ' +
      `still there, and DNS, proxy and VPN of this machine; address=${address} region=${region}`
    : "start one with 'sluice cluster', or name another with " +
      `-m <host:port>; address=${address}`;
  return new StreamError({
    kind: 'unavailable',
    code: 'CLUSTER_UNREACHABLE',
    message: `no cluster answers: ${advice}`,
    details: { address },
    cause,
  });
}

function parsed(text: string, address: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Answered below.
  }
  throw new StreamError({
    kind: 'invalid',
    code: 'NOT_A_CLUSTER',
    message: `what answers is no cluster of sluice: address=${address}`,
    details: { address },
  });
}

/** For a request. */
function isTooLarge(code: string): boolean {
  if (Buffer.byteLength(code) > MAX_UPLOAD_BYTES) return true;
  return Buffer.byteLength(JSON.stringify(code)) > MAX_ESCAPED_BYTES;
}
