/**
 * What a TaskManager says to the inboxes of others, and puts back into its own. Packs what waits
 * for one inbox into few messages, as `packing-policy.ts` decides.
 *
 * - I1: at most `maxInFlight` messages to one inbox are under way; the others wait, and are packed
 *   together. What waits is bounded by the links' credit.
 * - I2: what was offered arrives at least once, or `onFailed` is told; order is the links' affair.
 * - I3: closed, nothing is under way, waits or has a timer.
 */
import { crc32 } from 'node:zlib';
import type { BlobStore } from '../../../checkpoint/index.ts';
import type { Clock, Timers } from '../../../core/index.ts';
import {
  encodeClaim,
  encodeItems,
  type InboxAddress,
  type InboxItem,
  MAX_HEADER_BYTES,
  type PackedItem,
  packItem,
} from './envelope.ts';
import { decidePacking, type PackingSettings } from './packing-policy.ts';
import type { SqsQueues } from './sqs-queues.ts';

export interface SqsOutboxParts {
  readonly queues: Pick<SqsQueues, 'send'>;
  /** Take what is too large for a queue. */
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly address: InboxAddress;
  readonly inboxUrlOf: (taskManager: number) => string;
  /** A name for an object that nobody else has used or will. */
  readonly nextClaimLocation: () => string;
  readonly packing: PackingSettings;
  readonly maxInFlight: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Something will not arrive. */
  readonly onFailed: (thrown: unknown) => void;
}

interface Waiting {
  readonly item: PackedItem;
  readonly sizeBytes: number;
  readonly sinceMs: number;
}

export class SqsOutbox {
  readonly #parts: SqsOutboxParts;
  readonly #lanes = new Map<number, Lane>();

  constructor(parts: SqsOutboxParts) {
    this.#parts = parts;
  }

  offer(taskManager: number, item: InboxItem): void {
    let lane = this.#lanes.get(taskManager);
    if (lane === undefined) {
      lane = new Lane(this.#parts, this.#parts.inboxUrlOf(taskManager));
      this.#lanes.set(taskManager, lane);
    }
    lane.offer(packItem(item));
  }

  /** Sends all that waits; settles when nothing is under way any more. */
  async flush(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.flush()));
  }

  /** I3. Drops what waits; settles when what is under way has settled. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }
}

/** What goes to one inbox. */
class Lane {
  readonly #parts: SqsOutboxParts;
  readonly #inboxUrl: string;
  readonly #waiting: Waiting[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #isFlushing = false;
  #isClosed = false;
  #cancelTimer: (() => void) | undefined;

  constructor(parts: SqsOutboxParts, inboxUrl: string) {
    this.#parts = parts;
    this.#inboxUrl = inboxUrl;
  }

  offer(item: PackedItem): void {
    if (this.#isClosed) return;
    const sinceMs = this.#parts.clock.monotonicMs();
    this.#waiting.push({ item, sizeBytes: item.sizeBytes, sinceMs });
    this.#sendDue();
  }

  async flush(): Promise<void> {
    this.#isFlushing = true;
    this.#sendDue();
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    this.#isFlushing = false;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    await Promise.all(this.#inFlight);
  }

  #sendDue(): void {
    const { packing, maxInFlight, clock, timers } = this.#parts;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const settings = this.#isFlushing ? { ...packing, lingerMs: 0 } : packing;
    while (!this.#isClosed && this.#inFlight.size < maxInFlight) {
      const nowMs = clock.monotonicMs();
      const decision = decidePacking(this.#waiting, nowMs, MAX_HEADER_BYTES, settings);
      if (decision.type === 'wait') {
        if (decision.untilMs === undefined) return;
        const delayMs = Math.max(0, decision.untilMs - nowMs);
        this.#cancelTimer = timers.schedule(delayMs, () => this.#sendDue());
        return;
      }
      const items = this.#waiting.splice(0, decision.count).map(({ item }) => item);
      this.#track(this.#send(items, decision.via));
    }
  }

  #track(sending: Promise<void>): void {
    const settled = sending.catch(this.#parts.onFailed).then(() => {
      this.#inFlight.delete(settled);
      this.#sendDue();
    });
    this.#inFlight.add(settled);
  }

  async #send(items: readonly PackedItem[], via: 'queue' | 'bucket'): Promise<void> {
    const { queues, blobs, address, nextClaimLocation } = this.#parts;
    const bytes = encodeItems(address, items);
    if (via === 'queue') return await queues.send(this.#inboxUrl, bytes);
    const location = nextClaimLocation();
    await blobs.put(location, bytes);
    const claim = { location, sizeBytes: bytes.length, crc32: crc32(bytes) };
    await queues.send(this.#inboxUrl, encodeClaim(address, claim));
  }
}
