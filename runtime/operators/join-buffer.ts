import { type EncodedKey, encodeKey } from '../core/index.ts';
import { flattenStrings, type HeapKeyedStateBackend, MapTable } from '../state/index.ts';

const NOTHING: readonly never[] = [];

/**
 * The records of one side of an interval join, by key and timestamp: keyed state, of which a
 * snapshot of changes holds the timestamps that changed.
 */
export class JoinBuffer<T> {
  readonly #table: MapTable<T[]>;

  /** Restored records are in it when the constructor returns. */
  constructor(name: string, backend: HeapKeyedStateBackend) {
    const meta = { name, kind: 'map', version: 1 };
    this.#table = new MapTable({ meta, tracksChanges: backend.tracksChanges });
    backend.registerTable(this.#table);
  }

  add(key: EncodedKey, timestampMs: number, value: T): void {
    const held = flattenStrings(value);
    const bucket = this.#table.find(key, encodeKey(timestampMs));
    if (bucket === undefined) this.#table.put(key, encodeKey(timestampMs), [held]);
    else {
      bucket.value.push(held);
      this.#table.touch(bucket);
    }
  }

  /** Calls back for the key's records of this span, ends included, in no set order. */
  forEachWithin(
    key: EncodedKey,
    fromMs: number,
    toMs: number,
    visit: (value: T, timestampMs: number) => void,
  ): void {
    const buckets = this.#table.mapOf(key);
    if (buckets === undefined) return;
    // A few milliseconds are looked up; what is kept may span minutes of disorder.
    if (
      toMs - fromMs < buckets.size &&
      Number.isSafeInteger(fromMs) &&
      Number.isSafeInteger(toMs)
    ) {
      for (let timestampMs = fromMs; timestampMs <= toMs; timestampMs++) {
        for (const one of buckets.get(encodeKey(timestampMs))?.value ?? NOTHING) {
          visit(one, timestampMs);
        }
      }
      return;
    }
    for (const { mapKey, value } of buckets.values()) {
      // A whole number is its own encoding.
      const timestampMs = Number(mapKey);
      if (timestampMs < fromMs || timestampMs > toMs) continue;
      for (const one of value) visit(one, timestampMs);
    }
  }

  remove(key: EncodedKey, timestampMs: number): void {
    const bucket = this.#table.find(key, encodeKey(timestampMs));
    if (bucket !== undefined) this.#table.remove(bucket);
  }
}
