/**
 * A `Map` of encoded keys without its limit: a JS `Map` throws at 16,777,216 entries, so a table
 * opens another map before one is full.
 *
 * I1  A key is in at most one of the maps.
 * I2  Iteration visits keys in the order of their first insertion while one map suffices.
 * I3  Keys held are flat strings, see {@link flatCopy}.
 */
import type { EncodedKey } from '../core/index.ts';
import { flatCopy } from './flat-copy.ts';

/** Entries a map may take: under 2^24, where V8's `Map` throws a RangeError. */
export const MAX_MAP_ENTRIES = 16_000_000;

export class KeyTable<V> {
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

  has(key: EncodedKey): boolean {
    return this.#first.has(key) || (this.#overflow !== undefined && !!this.#mapWith(key));
  }

  set(key: EncodedKey, value: V): void {
    if (this.#overflow !== undefined) this.#setSplit(key, value);
    else if (this.#first.size >= this.#maxMapEntries && !this.#first.has(key)) {
      this.#overflow = [];
      this.#setSplit(key, value);
    } else setFlat(this.#first, key, value);
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
    const overflow = this.#overflow ?? [];
    const room = (map: Map<EncodedKey, V>): boolean => map.size < this.#maxMapEntries;
    let map = this.#mapWith(key) ?? (room(this.#first) ? this.#first : overflow.find(room));
    if (map === undefined) {
      map = new Map();
      overflow.push(map);
    }
    setFlat(map, key, value);
  }
}

/** `Map.set` keeps the key of an entry that exists, so only a new key needs the copy. */
function setFlat<V>(map: Map<EncodedKey, V>, key: EncodedKey, value: V): void {
  if (typeof key === 'string' && !map.has(key)) map.set(flatCopy(key), value);
  else map.set(key, value);
}
