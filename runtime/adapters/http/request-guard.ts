/**
 * Who may ask a cluster that listens for itself. Pure.
 *
 * I1  A request names the cluster by a name that is its own: no page reaches it by a name that was
 *     made to point here (DNS rebinding). Addresses cannot be made to point elsewhere.
 * I2  Whatever a browser says that it sends for another site is refused, reads too, unless the site
 *     is on the list; but a link to a page may be followed.
 * I3  A GET that does something is answered to a browser only with a proof that it is of a page of
 *     this server: over plain HTTP browsers say nothing of where a navigation is from, and send the
 *     password that they remember.
 * I4  Where there is a token, nothing is answered without it; it is compared in constant time.
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
  /** Decoded. */
  readonly path: string;
}

/** What is a GET because Flink's dashboard asks so, and yet cancels a job or runs a program. */
const ACTING_GET = /\/yarn-(cancel|stop)\/*$|\/jars\/[^/]+\/plan\/*$/;
/** What browsers send with each request, and nobody else without meaning to look like one. */
const OF_BROWSERS: readonly string[] = ['upgrade-insecure-requests', 'cookie'];

/** @throws {HttpRefusal} 401, 403. */
export function checkRequest(guard: RequestGuard, request: GuardedRequest): void {
  const { headers } = request;
  const host = textOf(headers.host).toLowerCase();
  checkHost(guard, host);
  checkSite(guard, host, request);
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

/** I2, I3. */
function checkSite(
  { allowedOrigins }: RequestGuard,
  host: string,
  { headers, isPage, path }: GuardedRequest,
): void {
  const origin = textOf(headers.origin);
  if (origin !== '' && allowedOrigins.includes(origin)) return;
  const referrer = originOf(textOf(headers.referer));
  const site = textOf(headers['sec-fetch-site']);
  const isOwn = origin === '' || isOriginOf(host, origin);
  const isLink = isPage && origin === '' && textOf(headers['sec-fetch-mode']) === 'navigate';
  // Browsers send no origin with a GET of an image or a form.
  const isOfOther = site !== '' && site !== 'same-origin' && site !== 'none';
  const isReferred =
    !isPage && referrer !== '' && !isOriginOf(host, referrer) && !allowedOrigins.includes(referrer);
  if (!isOwn || (isOfOther && !isLink) || isReferred) {
    throw new HttpRefusal(403, 'Requests of other sites are not answered.');
  }
  if (!ACTING_GET.test(path) || !isOfBrowser(headers)) return;
  if (origin !== '' || referrer !== '' || site !== '') return;
  throw new HttpRefusal(
    403,
    'A browser must say from which site it asks for what this does: by Referer, Origin or Sec-Fetch-Site.',
  );
}

function isOfBrowser(headers: GuardedRequest['headers']): boolean {
  if (OF_BROWSERS.some((name) => headers[name] !== undefined)) return true;
  // No page can leave that out, or say another, of what it sends without asking before.
  if (/mozilla\//i.test(textOf(headers['user-agent']))) return true;
  return textOf(headers.accept).includes('text/html');
}

/** What stands before this server may speak TLS. */
function isOriginOf(host: string, origin: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Empty: there is none; what is no URL is nobody's. */
function originOf(referrer: string): string {
  if (referrer === '') return '';
  return URL.parse(referrer)?.origin ?? 'null';
}

/** I4. `Bearer <token>`, or `Basic` with the token as password, which browsers ask people for. */
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
