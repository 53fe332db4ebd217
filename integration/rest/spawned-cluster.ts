/** `sluice cluster` as a process of its own, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../scripts/sluice.mjs', import.meta.url));

export interface SpawnOptions {
  /** `-D`. */
  readonly configuration?: Readonly<Record<string, string | number>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly slots?: number;
}

export interface Asked {
  readonly method?: string;
  /** As it is sent: not normalised. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export class SpawnedCluster {
  readonly directory: string;
  readonly port: number;
  readonly #options: SpawnOptions;
  #process: ClusterProcess;

  private constructor(directory: string, options: SpawnOptions, process: ClusterProcess) {
    this.directory = directory;
    this.port = process.port;
    this.#options = options;
    this.#process = process;
  }

  /** @throws {Error} with what it says, when it does not start. */
  static async start(options: SpawnOptions = {}): Promise<SpawnedCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
    try {
      return new SpawnedCluster(directory, options, await spawnCluster(directory, options, 0));
    } catch (thrown) {
      rmSync(directory, { recursive: true, force: true });
      throw thrown;
    }
  }

  /** It dies without a word. */
  async kill(): Promise<void> {
    const { child } = this.#process;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    if (this.isAlive) await ended;
  }

  /** Another one at the same place, with what the first has left. */
  async restart(): Promise<void> {
    this.#process = await spawnCluster(this.directory, this.#options, this.port);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** What it has written to the terminal. */
  get output(): string {
    return this.#process.output();
  }

  get isAlive(): boolean {
    const { exitCode, signalCode } = this.#process.child;
    return exitCode === null && signalCode === null;
  }

  /** A request as it is given: no path is tidied up, no header added but `host`. */
  send({ method = 'GET', path, headers = {}, body }: Asked): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, method, path, agent: false as const };
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const all = { ...length, ...headers };
      const sent = httpRequest({ ...options, headers: all }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        const end = (): void => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        };
        response.on('end', end);
        response.on('error', end);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async json(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const json =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const { text } = await this.send({ method, path, ...json });
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Uploads a program and runs it. @returns the job's id. */
  async run(code: string, options: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const headers = { 'content-type': 'application/javascript' };
    const path = '/jars/upload?name=job.mjs';
    const { text } = await this.send({ method: 'POST', path, headers, body: code });
    const { filename } = JSON.parse(text) as { filename?: string };
    if (filename === undefined) throw new Error(text);
    const answer = await this.json('POST', `/jars/${filename}/run`, options);
    if (typeof answer.jobid !== 'string') throw new Error(JSON.stringify(answer));
    return answer.jobid;
  }

  async untilStatus(jobId: string, wanted: string): Promise<void> {
    for (;;) {
      const { status } = await this.json('GET', `/jobs/${jobId}/status`);
      if (status === wanted) return;
      if (status === 'FAILED') {
        throw new Error(JSON.stringify(await this.json('GET', `/jobs/${jobId}/exceptions`)));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async untilEnded(jobId: string): Promise<void> {
    const ended = ['FINISHED', 'FAILED', 'CANCELED'];
    for (;;) {
      const { status } = await this.json('GET', `/jobs/${jobId}/status`);
      if (ended.includes(String(status))) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A bare connection. */
  socket(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
    });
  }

  async close(): Promise<void> {
    await this.kill();
    // Its TaskManagers notice by and by, and may still write.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

interface ClusterProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** What it has written to the terminal. */
  readonly output: () => string;
}

async function spawnCluster(
  directory: string,
  { configuration = {}, environment = {}, slots = 4 }: SpawnOptions,
  wantedPort: number,
): Promise<ClusterProcess> {
  const settings = Object.entries(configuration).flatMap(([key, value]) => {
    return ['-D', `${key}=${value}`];
  });
  const child = spawn(
    process.execPath,
    [
      ...[launcher, 'cluster', '--port', String(wantedPort), '--data-dir', join(directory, 'data')],
      ...['--slots', String(slots), '--verbose', ...settings],
    ],
    { cwd: directory, env: { ...process.env, SLUICE_LOG_DIR: directory, ...environment } },
  );
  let output = '';
  const port = await new Promise<number>((resolve, reject) => {
    const listen = (chunk: unknown): void => {
      output += String(chunk);
      const found = /listening on http:\/\/\S+:(\d+)\n/.exec(output)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('close', () => reject(new Error(output)));
  });
  return { child, port, output: () => output };
}
