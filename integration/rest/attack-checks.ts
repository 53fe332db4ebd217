/** What every answer to an attack has in common. */
import assert from 'node:assert/strict';
import type { Answered } from './spawned-cluster.ts';

/** What changes nothing when it is answered. */
export function isHarmless(route: string): boolean {
  return route.startsWith('GET ') && !route.includes('yarn-');
}

/** It is an error of one of these, in Flink's shape, with every header. */
export function assertRefused(
  { status, headers, text }: Answered,
  statuses: readonly number[],
): void {
  assert.ok(statuses.includes(status), `${status} ${text}`);
  const { errors, ...others } = JSON.parse(text) as { errors?: unknown };
  assert.deepEqual([Array.isArray(errors), others], [true, {}], text);
  assertHeaders(headers);
}

/** Those of docs/security.md. */
export function assertHeaders(headers: Answered['headers']): void {
  for (const [name, value] of [
    ['x-content-type-options', /^nosniff$/],
    ['x-frame-options', /^DENY$/],
    ['content-security-policy', /default-src '(none|self)'.*frame-ancestors 'none'/],
    ['referrer-policy', /^same-origin$/],
    ['cross-origin-resource-policy', /^same-origin$/],
    ['cross-origin-opener-policy', /^same-origin$/],
  ] as const) {
    assert.match(String(headers[name]), value, name);
  }
}
