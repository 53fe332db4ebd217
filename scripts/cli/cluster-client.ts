/** Talks to a cluster over its REST interface. */
import { StreamError, type StreamErrorRecord } from '../../runtime/core/index.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

const DEFAULT_ADDRESS = '127.0.0.1:8081';
const FIRST_POLL_MS = 20;
const LAST_POLL_MS = 500;
/** `client.timeout`. */
const OPERATION_TIMEOUT_MS = 60_000;
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

export class ClusterClient {
  readonly address: string;

  /** @param address `host:port`, with or without `http://`. */
  constructor(address: string) {
    const match = /^(?:http:\/\/)?([\w.-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})\/?$/.exec(address);
    if (match === null) throw badArguments(`The address must be <host:port>: ${address}`);
    this.address = `${match[1]}:${match[2]}`;
  }

  /** Of `-m`. */
  static of(options: ParsedOptions): ClusterClient {
    return new ClusterClient(options.values.get('jobmanager')?.[0] ?? DEFAULT_ADDRESS);
  }

  async get(path: string): Promise<JsonObject> {
    return await this.#request('GET', path);
  }

  async send(method: 'POST' | 'PATCH', path: string, body: JsonObject = {}): Promise<JsonObject> {
    const headers = { 'content-type': 'application/json' };
    return await this.#request(method, path, { headers, body: JSON.stringify(body) });
  }

  /** @returns the id of the uploaded program. */
  async upload(name: string, code: string): Promise<string> {
    const path = `/jars/upload?name=${encodeURIComponent(name)}`;
    const headers = { 'content-type': 'application/javascript' };
    return String((await this.#request('POST', path, { headers, body: code })).filename);
  }

  /** @returns the trigger's id. */
  async trigger({ path, body }: Operation): Promise<string> {
    return String((await this.send('POST', path, body))['request-id']);
  }

  /** Triggers an operation and waits for its result. */
  async perform(operation: Operation): Promise<JsonObject> {
    const path = `${operation.resultPath}/${await this.trigger(operation)}`;
    const untilMs = performance.now() + OPERATION_TIMEOUT_MS;
    const answer = await this.poll(path, (now) => {
      if (now < untilMs) return;
      throw new StreamError({
        kind: 'unavailable',
        code: 'OPERATION_TIMEOUT',
        message: `the cluster has not answered in a minute; it goes on with it: address=${this.address}`,
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
  async poll(path: string, onWait: (nowMs: number) => void): Promise<JsonObject> {
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
      onWait(performance.now());
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      delayMs = Math.min(LAST_POLL_MS, delayMs * 2);
    }
  }

  async #request(
    method: string,
    path: string,
    init: { readonly headers?: Record<string, string>; readonly body?: string } = {},
  ): Promise<JsonObject> {
    let text: string;
    try {
      const response = await fetch(`http://${this.address}/v1${path}`, { method, ...init });
      text = await response.text();
    } catch (thrown) {
      throw unreachable(this.address, thrown);
    }
    const answer = parsed(text, this.address);
    const { errors } = answer;
    if (!Array.isArray(errors) || Object.keys(answer).length !== 1) return answer;
    throw refusalOf(errors.map(String));
  }
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

function unreachable(address: string, cause: unknown): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'CLUSTER_UNREACHABLE',
    message:
      "no cluster answers: start one with 'sluice cluster', or name another with " +
      `-m <host:port>; address=${address}`,
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
