/**
 * Timers by timestamp: a heap of distinct timestamps, and a map of timers for each of them, which
 * makes duplicates, deletion and the order of registration come for free.
 *
 * A snapshot sees a timer as an entry of its key: its place in the order of registration under
 * (timestamp, namespace).
 *
 * I1  A timestamp is in the heap exactly once while it has a bucket; an empty bucket stays until
 *     its timestamp reaches the top.
 * I2  A bucket is in order of registration when its timers fire: one that was restored, in
 *     whatever order, is sorted then. Timers registered after a restore come after restored ones.
 */
import type { EncodedKey } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import {
  ChangeLog,
  type EntryVisitor,
  flatCopy,
  type SnapshotTable,
  type Tracked,
} from '../state/index.ts';

export interface Timer {
  readonly timestampMs: number;
  readonly key: EncodedKey;
  readonly namespace: string | undefined;
}

interface QueuedTimer extends Timer, Tracked {
  /** Grows with every registration. */
  readonly sequence: number;
}

type Bucket = Map<EncodedKey, QueuedTimer>;

export class TimerQueue implements SnapshotTable {
  readonly meta: KeyedStateMetaRecord;
  readonly #timestamps: number[] = [];
  readonly #buckets = new Map<number, Bucket>();
  readonly #log: ChangeLog<QueuedTimer>;
  /** Timestamps of buckets that are not in order yet (I2). */
  readonly #unsorted = new Set<number>();
  #size = 0;
  #nextSequence = 0;

  /** @param name of the table in snapshots. */
  constructor(name = 'timers', tracksChanges = false) {
    this.meta = { name, kind: 'timers', version: 1 };
    this.#log = new ChangeLog(tracksChanges);
  }

  get size(): number {
    return this.#size;
  }

  get changeCount(): number {
    return this.#log.changeCount;
  }

  /** @returns false when the timer was there already. */
  add(timestampMs: number, key: EncodedKey, namespace: string | undefined): boolean {
    const bucket = this.#bucketOf(timestampMs);
    const id = timerId(key, namespace);
    if (bucket.has(id)) return false;
    const sequence = this.#nextSequence++;
    const flat = flatKey(key);
    const timer: QueuedTimer = { timestampMs, key: flat, namespace, sequence, mark: 0 };
    bucket.set(namespace === undefined ? flat : id, timer);
    this.#log.added(timer);
    this.#size += 1;
    return true;
  }

  /** @returns false when there was no such timer. */
  delete(timestampMs: number, key: EncodedKey, namespace: string | undefined): boolean {
    const bucket = this.#buckets.get(timestampMs);
    const id = timerId(key, namespace);
    const timer = bucket?.get(id);
    if (bucket === undefined || timer === undefined) return false;
    this.#remove(bucket, id, timer);
    return true;
  }

  /** The earliest timestamp with a timer. */
  nextTimestampMs(): number | undefined {
    this.#dropEmpty();
    return this.#timestamps[0];
  }

  /** Removes and fires what is due, and what `fire` adds that is due as well. */
  fireUpTo(limitMs: number, fire: (timer: Timer) => void): void {
    for (;;) {
      const timestampMs = this.nextTimestampMs();
      if (timestampMs === undefined || timestampMs > limitMs) return;
      const bucket: Bucket = this.#buckets.get(timestampMs) ?? new Map();
      if (this.#unsorted.delete(timestampMs)) sortBucket(bucket);
      for (const [id, timer] of bucket) {
        this.#remove(bucket, id, timer);
        fire(timer);
        // An earlier timer was registered: it comes first.
        if ((this.#timestamps[0] ?? timestampMs) < timestampMs) break;
      }
    }
  }

  visitAll(visitor: EntryVisitor): void {
    for (const bucket of this.#buckets.values()) {
      for (const timer of bucket.values()) visitor.put(timer.key, subKeyOf(timer), timer.sequence);
    }
    this.#log.reset();
  }

  visitChanges(visitor: EntryVisitor): void {
    this.#log.visit(
      (timer) => visitor.put(timer.key, subKeyOf(timer), timer.sequence),
      (timer) => {
        const { timestampMs, key, namespace } = timer;
        const again = this.#buckets.get(timestampMs)?.has(timerId(key, namespace)) ?? false;
        if (!again) visitor.remove(key, subKeyOf(timer));
      },
    );
  }

  dropAll(): void {
    this.#timestamps.length = 0;
    this.#buckets.clear();
    this.#unsorted.clear();
    this.#size = 0;
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    const { timestampMs, namespace } = timerOf(subKey);
    const sequence = Number(value);
    const bucket = this.#bucketOf(timestampMs);
    const flat = flatKey(key);
    const id = timerId(flat, namespace);
    if (!bucket.has(id)) this.#size += 1;
    bucket.set(id, { timestampMs, key: flat, namespace, sequence, mark: 0 });
    this.#unsorted.add(timestampMs);
    if (sequence >= this.#nextSequence) this.#nextSequence = sequence + 1;
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    const { timestampMs, namespace } = timerOf(subKey);
    if (this.#buckets.get(timestampMs)?.delete(timerId(key, namespace))) this.#size -= 1;
  }

  #bucketOf(timestampMs: number): Bucket {
    let bucket = this.#buckets.get(timestampMs);
    if (bucket === undefined) {
      bucket = new Map();
      this.#buckets.set(timestampMs, bucket);
      pushHeap(this.#timestamps, timestampMs);
    }
    return bucket;
  }

  #remove(bucket: Bucket, id: EncodedKey, timer: QueuedTimer): void {
    bucket.delete(id);
    this.#size -= 1;
    this.#log.removed(timer);
  }

  #dropEmpty(): void {
    for (;;) {
      const timestampMs = this.#timestamps[0];
      if (timestampMs === undefined || this.#buckets.get(timestampMs)?.size !== 0) return;
      popHeap(this.#timestamps);
      this.#buckets.delete(timestampMs);
      this.#unsorted.delete(timestampMs);
    }
  }
}

function sortBucket(bucket: Bucket): void {
  const timers = [...bucket].sort(([, left], [, right]) => left.sequence - right.sequence);
  bucket.clear();
  for (const [id, timer] of timers) bucket.set(id, timer);
}

function subKeyOf({ timestampMs, namespace }: Timer): EncodedKey {
  return namespace === undefined ? timestampMs : `${timestampMs}:${namespace}`;
}

/** What a timer of a snapshot has beside its key. */
export function timerOf(subKey: EncodedKey | undefined): Pick<Timer, 'timestampMs' | 'namespace'> {
  if (typeof subKey !== 'string') return { timestampMs: Number(subKey), namespace: undefined };
  const colon = subKey.indexOf(':');
  const namespace = flatCopy(subKey.slice(colon + 1));
  return { timestampMs: Number(subKey.slice(0, colon)), namespace };
}

/** Keys are often slices of a large buffer's text. */
function flatKey(key: EncodedKey): EncodedKey {
  return typeof key === 'string' ? flatCopy(key) : key;
}

/** No encoded key looks like this: those that start with U+0000 go on with JSON. */
function timerId(key: EncodedKey, namespace: string | undefined): EncodedKey {
  if (namespace === undefined) return key;
  return `\u0000:${namespace.length}:${namespace}:${typeof key}:${key}`;
}

/** Adds to a binary min-heap. */
function pushHeap(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const parentValue = heap[parent] ?? 0;
    if (parentValue <= value) break;
    heap[at] = parentValue;
    at = parent;
  }
  heap[at] = value;
}

/** Removes the least of a binary min-heap. */
function popHeap(heap: number[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child += 1;
    const childValue = heap[child] ?? 0;
    if (childValue >= last) break;
    heap[at] = childValue;
    at = child;
  }
  heap[at] = last;
}
