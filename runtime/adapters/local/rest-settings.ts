/** How the REST interface of a local cluster is served. Pure. */
import { isIP } from 'node:net';
import { ConfigOptions, type Configuration, StreamError } from '../../core/index.ts';
import type { RequestGuard } from '../http/index.ts';

export interface RestSettings {
  /** An address, or a name of this machine. */
  readonly bindHost: string;
  readonly guard: RequestGuard;
  readonly maxUploadBytes: number;
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly maxConnections: number;
  /** Pages to serve. */
  readonly pagesDirectory: string | undefined;
  readonly uploadDirectory: string | undefined;
}

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const MIN_TOKEN_CHARS = 16;
const MIN_TIMEOUT_MS = 100;

/**
 * @param hostName of this machine.
 * @throws {StreamError} kind `invalid`: `TOKEN_NEEDED` for what would listen to others without one,
 * `TOKEN_TOO_SHORT`, `MALFORMED_ORIGIN`.
 */
export function restSettings(configuration: Configuration, hostName: string): RestSettings {
  const address = configuration.get(ConfigOptions.REST_BIND_ADDRESS).trim().toLowerCase();
  const bindHost = address === 'localhost' ? '127.0.0.1' : address;
  const token = configuration.get(ConfigOptions.REST_AUTHENTICATION_TOKEN);
  const isLoopback = /^127(\.\d{1,3}){3}$/.test(bindHost) || bindHost === '::1';
  if (!isLoopback && token === undefined) throw tokenNeeded(bindHost);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) throw tokenTooShort();
  if (token !== undefined && token.length < MIN_TOKEN_CHARS) throw tokenTooShort();
  const named = isIP(bindHost) === 6 ? `[${bindHost}]` : bindHost;
  const ofClients = configuration.get(ConfigOptions.REST_ADDRESS)?.toLowerCase();
  const others = isLoopback ? [] : [hostName.toLowerCase()];
  const further = ofClients === undefined ? [] : [ofClients];
  const timeoutOf = (ms: number): number => Math.max(MIN_TIMEOUT_MS, ms);
  return {
    bindHost,
    guard: {
      hostNames: [...new Set([...LOOPBACK_NAMES, named, ...others, ...further])],
      takesAddresses: !isLoopback,
      allowedOrigins: originsOf(configuration.get(ConfigOptions.WEB_ALLOW_ORIGIN)),
      token,
    },
    maxUploadBytes: configuration.get(ConfigOptions.REST_MAX_CONTENT_LENGTH),
    requestTimeoutMs: timeoutOf(configuration.get(ConfigOptions.REST_REQUEST_TIMEOUT_MS)),
    headersTimeoutMs: timeoutOf(configuration.get(ConfigOptions.REST_HEADERS_TIMEOUT_MS)),
    maxConnections: configuration.get(ConfigOptions.REST_MAX_CONNECTIONS),
    pagesDirectory: configuration.get(ConfigOptions.WEB_UI_DIR),
    uploadDirectory: configuration.get(ConfigOptions.WEB_UPLOAD_DIR),
  };
}

function originsOf(text: string | undefined): readonly string[] {
  const origins = (text ?? '').split(',').map((one) => one.trim().replace(/\/$/, ''));
  const given = origins.filter((one) => one !== '');
  for (const origin of given) {
    if (/^https?:\/\/[\w.-]+(:\d{1,5})?$/.test(origin)) continue;
    throw new StreamError({
      kind: 'invalid',
      code: 'MALFORMED_ORIGIN',
      message:
        'web.access-control-allow-origin is a list of origins such as https://host:port; every ' +
        `site, *, is not taken, for its pages could cancel jobs: origin=${origin}`,
      details: { origin },
    });
  }
  return given;
}

function tokenNeeded(address: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'TOKEN_NEEDED',
    message:
      'a cluster that listens to other machines runs the code of whoever reaches it: set ' +
      `rest.authentication.token, in a file, or SLUICE_TOKEN; rest.bind-address=${address}`,
    details: { address },
  });
}

function tokenTooShort(): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'TOKEN_TOO_SHORT',
    message:
      `rest.authentication.token has ${MIN_TOKEN_CHARS} characters at least, without spaces, of ` +
      'ASCII: take what openssl rand -hex 32 prints',
  });
}
