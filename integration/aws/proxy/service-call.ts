/** What an HTTP request to AWS asks for. */
export interface ServiceCall {
  /** Lower case: `sqs`, `dynamodb`, `s3`, `lambda`, `states`, `execute-api`, … */
  readonly service: string;
  /** As the SDK names it: `SendMessage`; for an HTTP API `POST /jobs`. */
  readonly operation: string;
  /** Queue name, table name, `bucket/key`, function name, or empty where there is none or several. */
  readonly resource: string;
  /** The parsed input, of services that take JSON. */
  readonly input: JsonObject | undefined;
  /** Who calls, as far as the call says it; always set by `identifyCall`. */
  readonly caller?: Caller;
}

/** Read from the `User-Agent`. */
export interface Caller {
  /** Which of the project's programs: `coordinator`, `taskmanager`, …; empty: none of them. */
  readonly program: string;
  /** Of the function's process, see `runtime-client.ts`; undefined: it is none of a function. */
  readonly pid?: number;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The parts of a request that say what it is. Header names are lower case. */
export interface HttpCall {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const TARGET_SERVICES: Readonly<Record<string, string>> = {
  AmazonSQS: 'sqs',
  DynamoDB_20120810: 'dynamodb',
  AWSStepFunctions: 'states',
  Logs_20140328: 'logs',
};
const LAMBDA_INVOCATION = /^\/2015-03-31\/functions\/([^/]+)\/invocations/;

const PROGRAM = /(?:^|\s)sluice\/([\w-]+)/;
/** Other libraries append to it. */
const PROCESS = /(?:^|\s)app\/p([0-9a-z]+)(?:[\s-]|$)/;

/** Names the operation of a request by the protocol that its service speaks. */
export function identifyCall(call: HttpCall): ServiceCall {
  return { ...namedCall(call), caller: callerOf(headerOf(call, 'user-agent')) };
}

/** See {@link Caller}. */
export function callerOf(userAgent: string): Caller {
  const program = PROGRAM.exec(userAgent)?.[1] ?? '';
  const pid = PROCESS.exec(userAgent)?.[1];
  return pid === undefined ? { program } : { program, pid: Number.parseInt(pid, 36) };
}

function namedCall(call: HttpCall): ServiceCall {
  const url = new URL(call.path, 'http://endpoint');
  const target = headerOf(call, 'x-amz-target');
  if (target !== '') return targetedCall(call, target);
  if (headerOf(call, 'host').includes('.execute-api.')) {
    const operation = `${call.method} ${url.pathname}`;
    return { service: 'execute-api', operation, resource: '', input: undefined };
  }
  const service = signedService(call, url);
  if (service === 's3') return s3Call(call, url);
  const invoked = LAMBDA_INVOCATION.exec(url.pathname);
  if (invoked !== null) {
    const resource = functionName(decodeURIComponent(invoked[1] ?? ''));
    return { service: 'lambda', operation: 'Invoke', resource, input: undefined };
  }
  const form = new URLSearchParams(call.body.subarray(0, 200).toString());
  const operation = form.get('Action') ?? `${call.method} ${url.pathname}`;
  return { service: service || 'unknown', operation, resource: '', input: undefined };
}

/** A header's first value, or the empty string. */
export function headerOf({ headers }: Pick<HttpCall, 'headers'>, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

function targetedCall(call: HttpCall, target: string): ServiceCall {
  const [prefix = '', operation = ''] = target.split('.');
  const input = parseObject(call.body);
  const service = TARGET_SERVICES[prefix] ?? prefix.toLowerCase();
  return { service, operation, resource: resourceOf(input ?? {}), input };
}

function parseObject(body: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function resourceOf(input: JsonObject): string {
  const { QueueUrl, QueueName, TableName, stateMachineArn } = input;
  if (typeof QueueUrl === 'string') return QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
  return String(QueueName ?? TableName ?? stateMachineArn ?? '');
}

/** The service in the scope of the signature, which is in a header or, presigned, in the query. */
function signedService(call: HttpCall, url: URL): string {
  const scope =
    /Credential=([^,\s]+)/.exec(headerOf(call, 'authorization'))?.[1] ??
    url.searchParams.get('X-Amz-Credential') ??
    '';
  return scope.split('/')[3] ?? '';
}

function functionName(nameOrArn: string): string {
  const parts = nameOrArn.split(':');
  return parts.length > 6 ? (parts[6] ?? '') : (parts[0] ?? '');
}

function s3Call(call: HttpCall, url: URL): ServiceCall {
  const resource = decodeURIComponent(url.pathname.slice(1)).replace(/\/$/, '');
  const isObject = resource.includes('/');
  const operation = isObject
    ? objectOperation(call, url.searchParams)
    : bucketOperation(call.method, url.searchParams);
  return { service: 's3', operation, resource, input: undefined };
}

function objectOperation(call: HttpCall, query: URLSearchParams): string {
  const { method } = call;
  if (query.has('uploads')) return 'CreateMultipartUpload';
  if (query.has('uploadId')) {
    const names: Record<string, string> = {
      PUT: 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    };
    return names[method] ?? 'ListParts';
  }
  if (method === 'PUT' && headerOf(call, 'x-amz-copy-source') !== '') return 'CopyObject';
  const verb = `${method.charAt(0)}${method.slice(1).toLowerCase()}`;
  return `${verb}Object`;
}

function bucketOperation(method: string, query: URLSearchParams): string {
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
  if (method === 'GET' && query.has('list-type')) return 'ListObjectsV2';
  if (method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
  return `${method} bucket`;
}
