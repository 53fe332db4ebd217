/**
 * The Lambda bootstrap: loads a handler and serves invocations from the Runtime API (2018-06-01),
 * as the managed Node runtime does. Runs in the function's process, transpiled by `emulator.ts`.
 *
 * Besides, it appends records of what happened to the file `_INVOCATION_RECORDS`: a model of money
 * is compared with them, and a test finds there the process that it wants to kill.
 *
 * I1  One invocation at a time; its answer is posted before the next one is asked for.
 * I2  An answer is not delayed by what the handler has left behind (timers, sockets): the process
 *     is frozen with it, as on AWS. What is left is in the record.
 * I3  `begin` is on disk before the handler runs, so a killed invocation has no `end`; `end` before
 *     the answer is posted, for the process is frozen as soon as it is.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RuntimeRecord } from './invocation-records.ts';

type Handler = (event: unknown, context: object) => unknown;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface ErrorReport {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

/** An error whose type Lambda reports under a name of its own. */
class RuntimeFault extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }
}

const environment = process.env;
const functionName = environment.AWS_LAMBDA_FUNCTION_NAME ?? '';
const memoryMb = environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? '';
const recordsFile = environment._INVOCATION_RECORDS ?? '';
// Clients of the SDK say so in each call: whoever sees it knows which process to kill.
// In base 36: with what other libraries append it may have 50 characters.
environment.AWS_SDK_UA_APP_ID = `p${process.pid.toString(36)}`;
const api = new URL(`http://${environment.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`);
const agent = new Agent({ keepAlive: true, maxSockets: 2 });
let inFlight: string | undefined;

function call(method: 'GET' | 'POST', path: string, body = '', headers = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(
    {
      ...{ host: api.hostname, port: api.port, path: api.pathname + path, method, agent },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

async function report(path: string, description: ErrorReport): Promise<void> {
  process.stderr.write(`${JSON.stringify(description)}\n`);
  await call('POST', path, JSON.stringify(description), {
    'content-type': 'application/json',
    'lambda-runtime-function-error-type': description.errorType,
  });
}

function describeError(thrown: unknown): ErrorReport {
  if (!(thrown instanceof Error)) {
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  }
  const trace = (thrown.stack ?? '').split('\n');
  return { errorType: thrown.name, errorMessage: thrown.message, trace };
}

function record(entry: RuntimeRecord): void {
  if (recordsFile !== '') appendFileSync(recordsFile, `${JSON.stringify(entry)}\n`);
}

async function loadHandler(): Promise<Handler> {
  const name = environment._HANDLER ?? '';
  const dot = name.lastIndexOf('.');
  const module = join(environment.LAMBDA_TASK_ROOT ?? '', name.slice(0, dot));
  const file = ['.mjs', '.js', '.cjs', ''].map((end) => module + end).find(existsSync);
  if (file === undefined) {
    throw new RuntimeFault('Runtime.ImportModuleError', `Cannot find module '${module}'`);
  }
  const loaded: Record<string, unknown> = await import(pathToFileURL(file).href);
  const exported = name.slice(dot + 1);
  const handler = loaded[exported] ?? Object(loaded.default)[exported];
  if (typeof handler === 'function') return handler as Handler;
  throw new RuntimeFault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
}

function contextOf(requestId: string, headers: IncomingHttpHeaders): object {
  const deadlineEpochMs = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    memoryLimitInMB: memoryMb,
    awsRequestId: requestId,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME ?? `/aws/lambda/${functionName}`,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadlineEpochMs - Date.now()),
  };
}

async function serve(handler: Handler, { headers, body }: Answer): Promise<void> {
  const requestId = String(headers['lambda-runtime-aws-request-id']);
  inFlight = requestId;
  const trace = headers['lambda-runtime-trace-id'];
  if (typeof trace === 'string') environment._X_AMZN_TRACE_ID = trace;
  const startedAtEpochMs = Date.now();
  const startedMs = performance.now();
  record({ phase: 'begin', requestId, functionName, pid: process.pid, startedAtEpochMs });
  let answer = '';
  let failure: ErrorReport | undefined;
  try {
    answer =
      JSON.stringify(await handler(JSON.parse(body), contextOf(requestId, headers))) ?? 'null';
  } catch (thrown) {
    failure = describeError(thrown);
  }
  record({
    ...{ phase: 'end', requestId, durationMs: performance.now() - startedMs },
    ...{ maxRssBytes: process.resourceUsage().maxRSS * 1024, leftovers: leftBehind() },
    ...(failure === undefined ? {} : { errorType: failure.errorType }),
  });
  inFlight = undefined;
  const path = `/invocation/${requestId}`;
  if (failure !== undefined) await report(`${path}/error`, failure);
  else await call('POST', `${path}/response`, answer, { 'content-type': 'application/json' });
}

/** What keeps the process alive now, its standard output and error apart. */
function leftBehind(): string[] {
  return process.getActiveResourcesInfo().filter((resource) => resource !== 'PipeWrap');
}

async function dieOf(fault: unknown): Promise<void> {
  const description = describeError(fault);
  try {
    await report(
      inFlight === undefined ? '/init/error' : `/invocation/${inFlight}/error`,
      description,
    );
  } finally {
    process.exit(128);
  }
}

process.on('uncaughtException', (error) => void dieOf(error));
process.on('unhandledRejection', (reason) => {
  const message = reason instanceof Error ? reason.message : String(reason);
  void dieOf(new RuntimeFault('Runtime.UnhandledPromiseRejection', message, { cause: reason }));
});

async function main(): Promise<void> {
  let handler: Handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    await report('/init/error', describeError(error));
    process.exit(1);
  }
  // Since the process was started: on AWS too, the runtime's own start belongs to the Init phase.
  const initMs = performance.now();
  record({ phase: 'init', functionName, memoryMb: Number(memoryMb), pid: process.pid, initMs });
  for (;;) {
    const next = await call('GET', '/invocation/next').catch(() => undefined);
    if (next?.status !== 200) process.exit(0);
    await serve(handler, next);
  }
}

await main();
