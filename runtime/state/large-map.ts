/**
 * A `Map` of encoded keys without its limit: a JS `Map` throws at 16,777,216 entries, so a large
 * map opens another one before one is full.
 *
 * I1  A key is in at most one of the maps.
 * I2  Iteration visits keys in the order of their first insertion while one map suffices.
 * I3  Keys held are flat strings, see {@link flatCopy}.
 */
import type { EncodedKey } from '../core/index.ts';
import { flatCopy } from './flat-copy.ts';

/** Entries a map may take: under 2^24, where V8's `Map` throws a RangeError. */
export const MAX_MAP_ENTRIES = 16_000_000;

export class LargeMap<V> {
  readonly #maxMapEntries: number;
  readonly #first = new Map<EncodedKey, V>();
  #overflow: Map<EncodedKey, V>[] | undefined;

  /** @param maxMapEntries lower only in tests. @defaultValue {@link MAX_MAP_ENTRIES} */
  constructor(maxMapEntries = MAX_MAP_ENTRIES) {
    this.#maxMapEntries = maxMapEntries;
  }

  get size(): number {
    let size = this.#first.size;
    for (const map of this.#overflow ?? []) size += map.size;
    return size;
  }

  get(key: EncodedKey): V | undefined {
    const value = this.#first.get(key);
    if (value !== undefined || this.#overflow === undefined) return value;
    return this.#mapWith(key)?.get(key);
  }

  set(key: EncodedKey, value: V): void {
    if (this.#overflow !== undefined || this.#first.size >= this.#maxMapEntries) {
      this.#setSplit(key, value);
    } else if (typeof key !== 'string' || this.#first.has(key)) this.#first.set(key, value);
    else this.#first.set(flatCopy(key), value);
  }

  /** As {@link set}, of a flat key. */
  setFlat(key: EncodedKey, value: V): void {
    if (this.#overflow === undefined && this.#first.size < this.#maxMapEntries) {
      this.#first.set(key, value);
    } else this.#setSplit(key, value);
  }

  delete(key: EncodedKey): boolean {
    return this.#first.delete(key) || (this.#overflow?.some((map) => map.delete(key)) ?? false);
  }

  clear(): void {
    this.#first.clear();
    this.#overflow = undefined;
  }

  forEach(visit: (value: V, key: EncodedKey) => void): void {
    this.#first.forEach(visit);
    for (const map of this.#overflow ?? []) map.forEach(visit);
  }

  *entries(): IterableIterator<[EncodedKey, V]> {
    yield* this.#first;
    for (const map of this.#overflow ?? []) yield* map;
  }

  #mapWith(key: EncodedKey): Map<EncodedKey, V> | undefined {
    if (this.#first.has(key)) return this.#first;
    return this.#overflow?.find((map) => map.has(key));
  }

  #setSplit(key: EncodedKey, value: V): void {
    const known = this.#mapWith(key);
    if (known !== undefined) {
      known.set(key, value);
      return;
    }
    this.#overflow ??= [];
    const maps = [this.#first, ...this.#overflow];
    let map = maps.find(({ size }) => size < this.#maxMapEntries);
    if (map === undefined) {
      map = new Map();
      this.#overflow.push(map);
    }
    map.set(typeof key === 'string' ? flatCopy(key) : key, value);
  }
}
