/** A server that answers as a cluster does, as a test has told it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is answered to a request, and to further ones like it: the last for ever. */
export interface GivenAnswer {
  readonly status?: number;
  readonly body: unknown;
}

export class AnsweringCluster {
  /** `host:port`. */
  address = '';
  /** `METHOD path body` of every request. */
  asked: string[] = [];
  #answers = new Map<string, GivenAnswer[]>();
  readonly #server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const key = `${request.method} ${request.url}`;
      this.asked.push(body === '' ? key : `${key} ${body}`);
      const given = this.#answers.get(key) ?? [];
      const answer = (given.length > 1 ? given.shift() : given[0]) ?? {
        status: 404,
        body: { errors: [`Not found: ${key}`] },
      };
      const { status = 200, body: told } = answer;
      response.writeHead(status).end(typeof told === 'string' ? told : JSON.stringify(told));
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.address = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Forgets what it was asked, and what it was told. */
  reset(): void {
    this.asked = [];
    this.#answers = new Map();
  }

  /** @param key `METHOD /v1/path` */
  answer(key: string, ...answers: readonly GivenAnswer[]): void {
    this.#answers.set(key, [...answers]);
  }

  /** An operation that ends with this at the look after `pendingCount` others. */
  operation(path: string, resultPath: string, result: object, pendingCount = 0): void {
    this.answer(`POST /v1${path}`, { status: 202, body: { 'request-id': 'a1' } });
    const pending = { body: { status: { id: 'IN_PROGRESS' } } };
    const done = { body: { status: { id: 'COMPLETED' }, operation: result } };
    const answers = [...Array.from({ length: pendingCount }, () => pending), done];
    this.answer(`GET /v1${resultPath}/a1`, ...answers);
  }
}
