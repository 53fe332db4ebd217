/**
 * Timers by timestamp: a heap of distinct timestamps, and a map of timers for each of them, which
 * makes duplicates, deletion and the order of registration come for free.
 *
 * I1  A timestamp is in the heap exactly once while it has a bucket; an empty bucket stays until
 *     its timestamp reaches the top.
 */
import type { EncodedKey } from '../core/index.ts';

export interface Timer {
  readonly timestampMs: number;
  readonly key: EncodedKey;
  readonly namespace: string | undefined;
}

export class TimerQueue {
  readonly #timestamps: number[] = [];
  readonly #buckets = new Map<number, Map<EncodedKey, Timer>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns false when the timer was there already. */
  add(timestampMs: number, key: EncodedKey, namespace: string | undefined): boolean {
    let bucket = this.#buckets.get(timestampMs);
    if (bucket === undefined) {
      bucket = new Map();
      this.#buckets.set(timestampMs, bucket);
      pushHeap(this.#timestamps, timestampMs);
    }
    const id = timerId(key, namespace);
    if (bucket.has(id)) return false;
    bucket.set(id, { timestampMs, key, namespace });
    this.#size += 1;
    return true;
  }

  /** @returns false when there was no such timer. */
  delete(timestampMs: number, key: EncodedKey, namespace: string | undefined): boolean {
    const deleted = this.#buckets.get(timestampMs)?.delete(timerId(key, namespace)) ?? false;
    if (deleted) this.#size -= 1;
    return deleted;
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
      const bucket = this.#buckets.get(timestampMs) ?? new Map<EncodedKey, Timer>();
      for (const [id, timer] of bucket) {
        bucket.delete(id);
        this.#size -= 1;
        fire(timer);
        // An earlier timer was registered: it comes first.
        if ((this.#timestamps[0] ?? timestampMs) < timestampMs) break;
      }
    }
  }

  #dropEmpty(): void {
    for (;;) {
      const timestampMs = this.#timestamps[0];
      if (timestampMs === undefined || this.#buckets.get(timestampMs)?.size !== 0) return;
      popHeap(this.#timestamps);
      this.#buckets.delete(timestampMs);
    }
  }
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
