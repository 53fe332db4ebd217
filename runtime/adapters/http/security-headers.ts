/** What browsers are told with every answer. */
type Headers = Readonly<Record<string, string>>;

const COMMON: Headers = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Others are told nothing; we are told that one of our pages asks: `checkRequest`.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** Of data: nothing in it is to be run or shown as a page. */
export const SECURITY_HEADERS: Headers = {
  ...COMMON,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
};

/** Of the files of our own console: nothing stands inline. */
export const CONSOLE_HEADERS: Headers = {
  ...COMMON,
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
};

/**
 * Of files of a page that brings everything with it; its frameworks write style attributes.
 *
 * @param scriptHashes of what its index runs inline: `'sha256-…'`.
 */
export function pageHeaders(scriptHashes: readonly string[]): Headers {
  const inline = scriptHashes.length === 0 ? [] : ["'unsafe-hashes'", ...scriptHashes];
  return {
    ...COMMON,
    'content-security-policy': [
      "default-src 'self'",
      ['script-src', "'self'", ...inline].join(' '),
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data: blob:",
      "font-src 'self' data:",
      "worker-src 'self' blob:",
      "object-src 'none'",
      "frame-ancestors 'none'",
      "base-uri 'self'",
      "form-action 'self'",
    ].join('; '),
    'cache-control': 'no-cache',
  };
}
