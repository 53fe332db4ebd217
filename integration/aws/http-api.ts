/** Calls an HTTP API of the emulator, whose host name no resolver knows, signed or not. */
import { request as openRequest } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { Sha256 } from '../../runtime/adapters/aws/signing/index.ts';
import type { Emulator } from './emulator/index.ts';

/** A request to an HTTP API. */
export interface HttpApiRequest {
  readonly method: string;
  /** With its query string. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Signs for IAM authorization; absent: not signed. */
  readonly credentials?: Credentials;
}

export interface HttpApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The host name of an HTTP API, with the port of the emulator. */
export function httpApiHost({ endpoint }: Emulator, apiId: string): string {
  return `${apiId}.execute-api.localhost:${new URL(endpoint).port}`;
}

/** Sends a request to the emulator under the API's host name, which is also what is signed. */
export async function callHttpApi(
  emulator: Emulator,
  apiId: string,
  request: HttpApiRequest,
): Promise<HttpApiAnswer> {
  const { method, path, body = '' } = request;
  const headers = await headersOf(emulator, httpApiHost(emulator, apiId), request);
  const { hostname: host, port } = new URL(emulator.endpoint);
  const { promise, resolve, reject } = Promise.withResolvers<HttpApiAnswer>();
  const outgoing = openRequest({ host, port, method, path, headers }, (incoming) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    incoming.on('end', () =>
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
    );
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

async function headersOf(
  { region }: Emulator,
  host: string,
  { method, path, headers = {}, body = '', credentials }: HttpApiRequest,
): Promise<Readonly<Record<string, string>>> {
  const all = { ...headers, host, 'content-length': String(Buffer.byteLength(body)) };
  if (credentials === undefined) return all;
  const url = new URL(path, `http://${host}`);
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  const signed = await signer.sign({
    ...{ method, protocol: 'http:', hostname: url.hostname, path: url.pathname },
    ...{ query: Object.fromEntries(url.searchParams), headers: all, body },
  });
  return signed.headers;
}
