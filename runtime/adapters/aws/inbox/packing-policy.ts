/**
 * When what waits for an inbox is sent, and how much of it at once. Pure; `sqs-outbox.ts` carries
 * it out.
 *
 * A call is billed by started units of 64 KiB of its payload. So items wait for company as long as
 * they may, and a message that goes for age leaves younger ones that would begin a unit for little.
 * From a size on, the bucket is cheaper than the queue, however many items it is made of.
 *
 * - I1: items leave in the order they came.
 * - I2: no item waits longer than `lingerMs`, counted from when it came.
 * - I3: a message through the queue is smaller than `claimBytes`; one through the bucket is not.
 */

export interface PackingSettings {
  /** What is billed as one request. */
  readonly unitBytes: number;
  /** How long an item may wait for others. */
  readonly lingerMs: number;
  /** From this size on items go through the bucket. */
  readonly claimBytes: number;
  /** The most that goes through the bucket at once, but for a single item that is larger. */
  readonly maxClaimBytes: number;
}

/** An item that waits. */
export interface WaitingItem {
  readonly sizeBytes: number;
  readonly sinceMs: number;
}

export type PackingDecision =
  /** Undefined: for nothing. */
  | { readonly type: 'wait'; readonly untilMs: number | undefined }
  | { readonly type: 'send'; readonly count: number; readonly via: 'queue' | 'bucket' };

/** Left of a unit, at most, when a message leaves items behind. */
const WASTE_PER_UNIT = 1 / 8;

/** @param headerBytes of a message without items. */
export function decidePacking(
  items: readonly WaitingItem[],
  nowMs: number,
  headerBytes: number,
  settings: PackingSettings,
): PackingDecision {
  const { unitBytes, lingerMs, claimBytes, maxClaimBytes } = settings;
  const oldest = items[0];
  if (oldest === undefined) return { type: 'wait', untilMs: undefined };
  const expiredBeforeMs = nowMs - lingerMs;
  const isDue = oldest.sinceMs <= expiredBeforeMs;
  let sizeBytes = headerBytes;
  let thrifty = 0;
  for (const [i, item] of items.entries()) {
    const before = sizeBytes;
    sizeBytes += item.sizeBytes;
    if (sizeBytes >= claimBytes) {
      return before < claimBytes && sizeBytes > maxClaimBytes && i > 0
        ? { type: 'send', count: i, via: 'queue' }
        : throughBucket(items, headerBytes, settings);
    }
    const isYoungNext = (items[i + 1]?.sinceMs ?? Number.NEGATIVE_INFINITY) > expiredBeforeMs;
    const wasteBytes = (unitBytes - (sizeBytes % unitBytes)) % unitBytes;
    if (isYoungNext && wasteBytes <= WASTE_PER_UNIT * unitBytes) thrifty = i + 1;
  }
  if (!isDue) return { type: 'wait', untilMs: oldest.sinceMs + lingerMs };
  return { type: 'send', count: thrifty === 0 ? items.length : thrifty, via: 'queue' };
}

function throughBucket(
  items: readonly WaitingItem[],
  headerBytes: number,
  { maxClaimBytes }: PackingSettings,
): PackingDecision {
  let sizeBytes = headerBytes;
  let count = 0;
  for (const item of items) {
    sizeBytes += item.sizeBytes;
    if (count > 0 && sizeBytes > maxClaimBytes) break;
    count += 1;
  }
  return { type: 'send', count, via: 'bucket' };
}
