/**
 * AWS as the SDK sees it, inside the process: takes signed HTTP requests and answers them. What may
 * go wrong on the way does, as a test asks for.
 */
import { AsyncResource } from 'node:async_hooks';
import { Readable } from 'node:stream';
import type { AwsRequestHandler } from './clients.ts';

/** A request of the SDK. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface FakeResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A service that answers at once. */
export interface FakeService {
  /** The operation a request asks for; undefined: the request is for another service. */
  operationOf(request: FakeRequest): string | undefined;
  answer(request: FakeRequest): FakeResponse;
  /** An error as this service phrases it. */
  refusal(status: number, code: string, message: string): FakeResponse;
  /** The code with which it throttles, and the status. */
  readonly throttling: readonly [status: number, code: string];
}

/**
 * What happens to a call. `lost-request`: it never arrives; `lost-response`: it happens, and nobody
 * hears of it; `late`: as if lost, and it happens at `arrive()`; `broken-before` and
 * `broken-after`: answered with 500, without and with effect. An object: refused like this.
 */
export type Fault =
  | 'none'
  | 'throttled'
  | 'lost-request'
  | 'lost-response'
  | 'late'
  | 'broken-before'
  | 'broken-after'
  | { readonly status: number; readonly code: string; readonly message?: string };

export class FakeAws implements AwsRequestHandler {
  /** Operations in the order in which they were sent. */
  readonly operations: string[] = [];
  /** Of the last request. */
  lastHeaders: Readonly<Record<string, string>> = {};
  faultOf: (operation: string) => Fault = () => 'none';
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #services: readonly FakeService[];
  readonly #late: (() => void)[] = [];

  constructor(...services: readonly FakeService[]) {
    this.#services = services;
  }

  /** The next calls of an operation fail like this, one after the other. */
  failNext(operation: string, ...faults: Fault[]): void {
    const before = this.faultOf;
    this.faultOf = (name) => {
      if (name === operation && faults.length > 0) return faults.shift() ?? 'none';
      return before(name);
    };
  }

  countOf(operation: string): number {
    return this.operations.filter((name) => name === operation).length;
  }

  /** Makes what is late happen now, or some of it. */
  arrive(count = this.#late.length): void {
    for (const happen of this.#late.splice(0, count)) happen();
  }

  async handle(request: unknown): Promise<{ response: never }> {
    const taken = requestOf(request);
    const service = this.#services.find((one) => one.operationOf(taken) !== undefined);
    const operation = service?.operationOf(taken);
    if (service === undefined || operation === undefined) throw new Error(`who? ${taken.path}`);
    this.operations.push(operation);
    this.lastHeaders = taken.headers;
    // Answers never come in the same turn.
    await Promise.resolve();
    return { response: asHttp(this.#outcome(service, operation, taken)) as never };
  }

  // What the SDK asks of a handler of requests.
  destroy(): void {}
  updateHttpClientConfig(): void {}
  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  #outcome(service: FakeService, operation: string, request: FakeRequest): FakeResponse {
    const fault = this.faultOf(operation);
    const { throttling } = service;
    if (typeof fault === 'object') {
      return service.refusal(fault.status, fault.code, fault.message ?? fault.code);
    }
    switch (fault) {
      case 'none':
        return service.answer(request);
      case 'throttled':
        return service.refusal(...throttling, 'slow down');
      case 'lost-request':
        throw lost();
      case 'lost-response':
        service.answer(request);
        throw lost();
      case 'late':
        // In the context of who sent it.
        this.#late.push(AsyncResource.bind(() => void service.answer(request)));
        throw lost();
      case 'broken-after':
        service.answer(request);
        return service.refusal(500, 'InternalServerError', 'we are sorry');
      case 'broken-before':
        return service.refusal(500, 'InternalServerError', 'we are sorry');
    }
  }
}

function lost(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

function requestOf(request: unknown): FakeRequest {
  const { method, path, query, headers, body } = request as {
    method: string;
    path: string;
    query?: FakeRequest['query'];
    headers: Record<string, string>;
    body?: Uint8Array | string;
  };
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method,
    path: decodeURIComponent(path),
    query: query ?? {},
    headers: Object.fromEntries(lower),
    body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(new Uint8Array(body ?? [])),
  };
}

function asHttp({ status, headers = {}, body = '' }: FakeResponse): unknown {
  const bytes = Buffer.from(body);
  return {
    statusCode: status,
    headers: { 'content-length': String(bytes.length), 'x-amzn-requestid': 'R1', ...headers },
    body: Readable.from(bytes.length === 0 ? [] : [bytes]),
  };
}
