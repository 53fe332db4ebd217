/** Stands between a client and a cluster and writes down what passes. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it was sent, and what was answered. */
export interface RecordedExchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly answer: unknown;
}

/** Of the headers, those that change what a server does. */
const KEPT_HEADERS: readonly string[] = ['connection', 'content-type', 'content-length'];

export class RecordingProxy {
  readonly #server: Server;
  #exchanges: RecordedExchange[] = [];

  /** @param target `host:port` of the cluster. */
  constructor(target: string) {
    const [host, port] = target.split(':');
    this.#server = createServer(async (asked, answering) => {
      const body = await textOf(asked);
      const { method = '', url: path = '', headers } = asked;
      const options = { host, port, method, path, headers: { ...headers, host: target } };
      const forwarded = request(options, async (answer) => {
        const text = await textOf(answer);
        const status = answer.statusCode ?? 0;
        const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.includes(name));
        this.#exchanges.push({
          ...{ method, path, body, status },
          headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
          answer: JSON.parse(text),
        });
        answering.writeHead(status, answer.headers).end(text);
      });
      forwarded.on('error', () => answering.destroy());
      forwarded.end(body);
    });
  }

  /** @returns `host:port` */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What has passed since the last call. */
  take(): readonly RecordedExchange[] {
    const taken = this.#exchanges;
    this.#exchanges = [];
    return taken;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
