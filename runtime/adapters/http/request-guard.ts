/**
 * Who may ask a cluster that listens for itself. Pure.
 *
 * I1  A request names the cluster by a name that is its own: no page reaches it by a name that was
 *     made to point here (DNS rebinding). Addresses cannot be made to point elsewhere.
 * I2  Whatever a browser sends for another site is refused, reads too, unless the site is on the
 *     list; but a link to a page may be followed.
 * I3  Where there is a token, nothing is answered without it; it is compared in constant time.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { HttpRefusal } from './http-records.ts';

/** What a server lets in. */
export interface RequestGuard {
  /** Lower case; IPv6 in brackets. */
  readonly hostNames: readonly string[];
  /** Any address will do as a host name. */
  readonly takesAddresses: boolean;
  /** `https://host[:port]`. */
  readonly allowedOrigins: readonly string[];
  /** Undefined: everybody on this machine is trusted. */
  readonly token: string | undefined;
}

/** What of a request is looked at. */
export interface GuardedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** A file of a page is asked for, which changes nothing and says nothing of jobs. */
  readonly isPage: boolean;
}

/** @throws {HttpRefusal} 401, 403. */
export function checkRequest(guard: RequestGuard, { headers, isPage }: GuardedRequest): void {
  const host = textOf(headers.host).toLowerCase();
  checkHost(guard, host);
  checkSite(guard, host, { headers, isPage });
  if (guard.token === undefined || bringsToken(textOf(headers.authorization), guard.token)) return;
  throw new HttpRefusal(401, 'The request needs the token of this cluster, and has not got it.');
}

/** What lets a page of an allowed origin read the answer; empty for others. */
export function corsHeaders(
  { allowedOrigins }: RequestGuard,
  origin: string | undefined,
): Readonly<Record<string, string>> {
  if (allowedOrigins.length === 0) return {};
  if (origin === undefined || !allowedOrigins.includes(origin)) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, PATCH, PUT, DELETE',
    'access-control-allow-headers': 'authorization, content-type, idempotency-key',
    'access-control-max-age': '600',
  };
}

/** I1. */
function checkHost({ hostNames, takesAddresses }: RequestGuard, host: string): void {
  const name = host.replace(/:\d{1,5}$/, '');
  if (hostNames.includes(name)) return;
  if (takesAddresses && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return;
  throw new HttpRefusal(403, `The host must be one of ${hostNames.join(', ')}.`);
}

/** I2. */
function checkSite(
  { allowedOrigins }: RequestGuard,
  host: string,
  { headers, isPage }: GuardedRequest,
): void {
  const origin = textOf(headers.origin);
  if (origin !== '' && allowedOrigins.includes(origin)) return;
  // What stands before this server may speak TLS.
  const isOwn = origin === '' || origin === `http://${host}` || origin === `https://${host}`;
  const site = textOf(headers['sec-fetch-site']);
  const isLink = isPage && origin === '' && textOf(headers['sec-fetch-mode']) === 'navigate';
  // Browsers send no origin with a GET of an image or a form.
  const isOfOther = site !== '' && site !== 'same-origin' && site !== 'none';
  if (isOwn && (!isOfOther || isLink)) return;
  throw new HttpRefusal(403, 'Requests of other sites are not answered.');
}

/** I3. `Bearer <token>`, or `Basic` with the token as password, which browsers ask people for. */
function bringsToken(authorization: string, token: string): boolean {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  const isBasic = scheme.toLowerCase() === 'basic';
  if (!isBasic && scheme.toLowerCase() !== 'bearer') return false;
  const text = isBasic ? Buffer.from(credentials, 'base64').toString('utf8') : credentials;
  const brought = isBasic ? text.slice(text.indexOf(':') + 1) : text;
  return timingSafeEqual(digestOf(brought), digestOf(token));
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header : (header ?? []).join(',');
}
