import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;

/**
 * Looks again and again until there is something to see.
 *
 * @param fact for the error: what was waited for.
 * @throws {Error} when `look` answers nothing but undefined for `timeoutMs`.
 */
export async function waitUntil<T>(
  fact: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
  pollMs = POLL_MS,
): Promise<T> {
  const endsAtMs = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > endsAtMs) throw new Error(`not in ${timeoutMs} ms: ${fact}`);
    await sleep(pollMs);
  }
}
