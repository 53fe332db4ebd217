/** Requests to the REST interface that served this page. */
import type { ConsoleWorld } from './console-world.ts';

/** An answer that refuses; its message is the server's. */
export class RestError extends Error {
  readonly status: number;

  constructor(status: number, errors: readonly string[]) {
    super(errors[0] ?? `The server answered ${status}.`);
    this.name = 'RestError';
    this.status = status;
  }
}

/** There was no answer, or none that can be read. */
export class ConnectionError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ConnectionError';
  }
}

const TIMEOUT_MS = 15_000;
const GATEWAY_STATUSES: readonly number[] = [502, 503, 504];

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** @throws of all methods {RestError} {ConnectionError}; `AbortError` when the signal aborts. */
export class RestClient {
  readonly #world: ConsoleWorld;

  constructor(world: ConsoleWorld) {
    this.#world = world;
  }

  /** @param path with a leading `/`, without the place where the page lies. */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return await this.#json<T>('GET', path, undefined, signal);
  }

  async send<T>(method: Method, path: string, body?: object): Promise<T> {
    return await this.#json<T>(method, path, body);
  }

  /** Of logs. */
  async text(path: string, signal?: AbortSignal): Promise<string> {
    const response = await this.#ask('GET', path, undefined, signal);
    const text = await response.text();
    if (response.ok) return text;
    throw refusal(response.status, parsed(text));
  }

  /** @param onProgress a share of 1. */
  async upload<T>(
    path: string,
    file: File,
    onProgress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<T> {
    const sent = this.#world.upload(`.${path}`, file, onProgress, signal);
    const { status, text } = await sent.catch((thrown: unknown) => {
      if (signal.aborted) throw thrown;
      throw new ConnectionError('The connection was lost while the file was sent.');
    });
    const value = parsed(text);
    if (status < 200 || status > 299) throw refusal(status, value);
    if (value === undefined) throw new ConnectionError('The answer is no JSON.');
    return value as T;
  }

  async #json<T>(
    method: Method,
    path: string,
    body: object | undefined,
    signal?: AbortSignal,
  ): Promise<T> {
    const response = await this.#ask(method, path, body, signal);
    const value = parsed(await response.text());
    if (GATEWAY_STATUSES.includes(response.status)) {
      throw new ConnectionError(refusal(response.status, value).message);
    }
    if (!response.ok) throw refusal(response.status, value);
    if (value === undefined) throw new ConnectionError('The answer is no JSON.');
    return value as T;
  }

  async #ask(
    method: Method,
    path: string,
    body: object | undefined,
    signal?: AbortSignal,
  ): Promise<Response> {
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    signal?.addEventListener('abort', abort);
    const stopTimer = method === 'GET' ? this.#world.after(TIMEOUT_MS, abort) : undefined;
    try {
      return await this.#world.fetch(`.${path}`, {
        method,
        signal: aborter.signal,
        ...(body === undefined ? {} : jsonInit(body)),
      });
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown;
      const isLate = aborter.signal.aborted;
      throw new ConnectionError(
        isLate ? `No answer within ${TIMEOUT_MS / 1000} s.` : 'The cluster cannot be reached.',
      );
    } finally {
      stopTimer?.();
      signal?.removeEventListener('abort', abort);
    }
  }
}

function jsonInit(body: object): RequestInit {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refusal(status: number, body: unknown): RestError {
  const errors = (body as { errors?: unknown } | null | undefined)?.errors;
  const texts = Array.isArray(errors) ? errors.filter((one) => typeof one === 'string') : [];
  return new RestError(status, texts as string[]);
}
