/**
 * Starts MiniStack, the AWS emulator, from its pinned Python packages, and ends it.
 *
 * Owns: the process and its children, the work directory's content. Does not own what is before
 * it: a {@link FrontDoor} is started here, because both must know the other's address, and
 * stopped with it.
 *
 * I1  Emulator and functions are one process group; `stop` kills the group, frozen functions too.
 *     When this process dies without `stop`, the emulator sees its standard input end.
 *     It does not keep this process alive: a suite that forgets to stop it still ends.
 * I2  The emulator inherits nothing of AWS from this process's environment: its functions would
 *     take over a profile or an endpoint.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { type Credentials, createAdministrator, ROOT_KEY } from './administrator.ts';
import { type Invocation, readInvocations } from './invocation-records.ts';
import { EmulatorUnavailable, pythonEnvironment } from './python-environment.ts';

const LOOPBACK = '127.0.0.1';
const REGION = 'us-east-1';
const ACCOUNT = '000000000000';
const ROOT_CREDENTIALS: Credentials = { accessKeyId: ROOT_KEY, secretAccessKey: 'test' };
const START_TIMEOUT_MS = 60_000;
const HEALTH_POLL_MS = 50;
const PYTHON_FOLDER = join(import.meta.dirname, 'python');

/** Where a server listens on the loopback interface. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Something between clients and the emulator, such as a proxy that injects faults. */
export interface FrontDoor {
  /** Starts to serve and to forward to `target`, which is not up yet. */
  open(target: Address): Promise<Address>;
  close(): Promise<void>;
}

/** How to start an emulator. */
export interface EmulatorOptions {
  /** For its objects, logs and records; made when absent. One emulator a directory. */
  readonly workDirectory: string;
  /** Enforce signatures and IAM policies. @defaultValue false */
  readonly auth?: boolean;
  /** @defaultValue a free one */
  readonly port?: number;
  /** What clients and functions are to talk to in its stead. */
  readonly frontDoor?: FrontDoor;
  /**
   * An invocation that has run into its timeout is reported as such, but its process lives on:
   * the zombie that fencing is for. @defaultValue false
   */
  readonly timedOutInvocationsSurvive?: boolean;
  /** The account's limit of concurrent invocations. @defaultValue 1000 */
  readonly accountConcurrency?: number;
}

/** A running emulator. */
export interface Emulator {
  /** For `endpoint` of an SDK client; the front door's address when there is one. */
  readonly endpoint: string;
  /** Past the front door: for a test's own looks, which nobody counts or disturbs. */
  readonly directEndpoint: string;
  readonly region: string;
  readonly account: string;
  readonly auth: boolean;
  readonly workDirectory: string;
  /** Of a user that may do everything; with `auth` one whose signatures are checked. */
  readonly credentials: Credentials;
  /** `AWS_…` variables for a process that is to use the emulator, without any other of AWS. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the functions' processes have recorded so far. */
  invocations(): Invocation[];
  /** The end of the emulator's log, for messages. */
  logTail(): string;
  /** Kills it and its functions. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Installs what the emulator needs, unless it is there; returns its Python interpreter.
 *
 * @throws {EmulatorUnavailable} saying what is missing and how to get it.
 */
export async function prepareEmulator(): Promise<string> {
  if (process.platform === 'win32') {
    throw new EmulatorUnavailable('the AWS emulator needs a POSIX system; on Windows use WSL');
  }
  return pythonEnvironment(join(PYTHON_FOLDER, 'requirements.txt'));
}

/**
 * Starts an emulator on the loopback interface and waits until it answers.
 *
 * @throws {EmulatorUnavailable} when Python or its packages are missing, or it does not come up.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { workDirectory, frontDoor } = options;
  const python = await prepareEmulator();
  mkdirSync(join(workDirectory, 'tmp'), { recursive: true });
  const runtimeClient = await bundleRuntimeClient(workDirectory);
  const own = { host: LOOPBACK, port: await freePort(options.port) };
  const address = (await frontDoor?.open(own)) ?? own;
  const running = new EmulatorProcess(
    python,
    variablesOf(options, own, address, runtimeClient),
    join(workDirectory, 'emulator.log'),
  );
  const stop = async (): Promise<void> => {
    await running.stop();
    await frontDoor?.close();
  };
  const { auth = false } = options;
  let credentials = ROOT_CREDENTIALS;
  try {
    await running.healthy(urlOf(own));
    if (auth) credentials = await createAdministrator(urlOf(own), credentials.accessKeyId);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ endpoint: urlOf(address), directEndpoint: urlOf(own), region: REGION, account: ACCOUNT },
    ...{ auth, workDirectory, credentials },
    environment: clientEnvironment(urlOf(address), credentials),
    invocations: () => readInvocations(recordsFile(workDirectory)),
    logTail: () => running.logTail(),
    stop,
  };
}

function recordsFile(workDirectory: string): string {
  return join(workDirectory, 'invocations.jsonl');
}

function urlOf({ host, port }: Address): string {
  return `http://${host}:${port}`;
}

function clientEnvironment(
  endpoint: string,
  { accessKeyId, secretAccessKey }: Credentials,
): Record<string, string> {
  return {
    ...machineEnvironment(),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

/** I2: this process's environment without AWS's variables, and without options for its Node. */
function machineEnvironment(): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('AWS_') && !name.startsWith('NODE_'),
  );
  return Object.fromEntries(own.map(([name, value]) => [name, value ?? '']));
}

function variablesOf(
  options: EmulatorOptions,
  own: Address,
  address: Address,
  runtimeClient: string,
): Record<string, string> {
  const { workDirectory, auth = false, timedOutInvocationsSurvive = false } = options;
  const { accountConcurrency = 1000 } = options;
  return {
    ...machineEnvironment(),
    GATEWAY_PORT: String(own.port),
    BIND_HOST: own.host,
    // Of HTTP APIs: API_ID.execute-api.localhost. Queue URLs name the public address.
    MINISTACK_HOST: 'localhost',
    LOG_LEVEL: 'WARNING',
    AUTH: String(auth),
    LAMBDA_ACCOUNT_CONCURRENCY: String(accountConcurrency),
    AWS_ACCESS_KEY_ID: ROOT_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROOT_CREDENTIALS.secretAccessKey,
    S3_DATA_DIR: join(workDirectory, 's3'),
    TMPDIR: join(workDirectory, 'tmp'),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    SLUICE_NODE_BINARY: process.execPath,
    SLUICE_RUNTIME_CLIENT: runtimeClient,
    SLUICE_INVOCATION_RECORDS: recordsFile(workDirectory),
    SLUICE_PUBLIC_HOST: address.host,
    SLUICE_PUBLIC_PORT: String(address.port),
    SLUICE_TIMED_OUT_SURVIVE: timedOutInvocationsSurvive ? '1' : '0',
  };
}

/** Functions start quicker when Node need not strip the types each time. */
async function bundleRuntimeClient(workDirectory: string): Promise<string> {
  const outfile = join(workDirectory, 'runtime-client.mjs');
  const entryPoints = [join(import.meta.dirname, 'runtime-client.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm' });
  return outfile;
}

/** @param wanted 0 is any. @throws {EmulatorUnavailable} when it is taken. */
function freePort(wanted = 0): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on('error', (cause) =>
    reject(new EmulatorUnavailable(`the port is not free: ${cause.message}`, { cause })),
  );
  server.listen(wanted, LOOPBACK, () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    server.close(() => resolve(port));
  });
  return promise;
}

class EmulatorProcess {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #closed: Promise<void>;
  #hasEnded = false;

  constructor(python: string, environment: Record<string, string>, logFile: string) {
    this.#logFile = logFile;
    const log = openSync(logFile, 'a');
    this.#child = spawn(python, [join(PYTHON_FOLDER, 'start.py')], {
      ...{ env: environment, stdio: ['pipe', log, log], detached: true },
    });
    closeSync(log);
    // I1
    this.#child.unref();
    if (this.#child.stdin instanceof Socket) this.#child.stdin.unref();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#child.on('error', () => resolve());
    this.#child.on('close', () => resolve());
    this.#closed = promise.then(() => {
      this.#hasEnded = true;
    });
  }

  async healthy(endpoint: string): Promise<void> {
    const endsAtMs = performance.now() + START_TIMEOUT_MS;
    while (!this.#hasEnded && performance.now() < endsAtMs) {
      const answer = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      await sleep(HEALTH_POLL_MS);
    }
    const end = this.#hasEnded ? 'ended' : `did not answer in ${START_TIMEOUT_MS} ms`;
    throw new EmulatorUnavailable(`the AWS emulator ${end}; its log ends:\n${this.logTail()}`);
  }

  logTail(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
  }

  async stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasEnded) return;
    try {
      // I1: the group.
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended in between.
    }
    this.#child.ref();
    await this.#closed;
  }
}
